/* session.h - what identifies a run: image, modules, command line, configuration, fault points that
 * are on, and a schedule; and a machine made of it.
 *
 * The files are read once, and their digests say whether a later run has the same ones.
 */
#ifndef REPLAY_SESSION_H
#define REPLAY_SESSION_H

#include "sim/machine/file.h"
#include "sim/machine/loader.h"
#include "sim/machine/tree.h"
#include "sim/replay/schedule.h"
#include "sim/symbols/images.h"

#define SESSION_FILE_MAX   (UINT64_C(1) << 30)
#define SESSION_FAULTS_MAX 64

struct session_file {
	char *path;
	struct blob blob;
	struct digest digest;
};

struct session_disk {
	char *path;
	struct file_map map;
	struct digest digest;
	bool read_only;
};

struct session {
	struct config config;
	char *command_line;
	struct session_file image;
	unsigned module_count;
	struct session_file modules[BOOT_MODULES_MAX];
	unsigned disk_count;
	struct session_disk disks[VIRTIO_BLK_MAX];
	char *share_path; /* NULL: no share */
	struct share share;
	unsigned fault_count;
	char *faults[SESSION_FAULTS_MAX]; /* each once, in alphabetical order */
	struct schedule schedule;         /* stage_set applies it */
	char *program;                    /* that its points are about; NULL: none */
};

/* Starts an empty session with default options. */
void session_init(struct session *s);
void session_free(struct session *s);

MUST_CHECK bool session_set_command_line(struct session *s, const char *text, struct error *e);
MUST_CHECK bool session_set_image(struct session *s, const char *path, struct error *e);
MUST_CHECK bool session_add_module(struct session *s, const char *path, struct error *e);

/* The next disk: a file that is mapped, and hashed here, since a run's identity must be known
 * before it begins. It is never written. */
MUST_CHECK bool session_add_disk(
	struct session *s, const char *path, bool read_only, struct error *e);

/* A folder, read here as a whole, that the machine has as its file share. */
MUST_CHECK bool session_set_share(struct session *s, const char *path, struct error *e);

/* Turns a fault point on; whether an image has it shows when the session starts. */
MUST_CHECK bool session_add_fault(struct session *s, const char *name, struct error *e);

/* schedule_add to its schedule. */
MUST_CHECK bool session_add_forcing(
	struct session *s, const char *where, const char *text, struct error *e);
MUST_CHECK bool session_set_program(struct session *s, const char *name, struct error *e);

/* The kernel and the programs in the modules, as long as the session lives. NULL on error. */
struct images *session_images(const struct session *s, struct error *e);

/* A new machine with the image loaded, and its fault points on. NULL on error. */
struct machine *session_start(
	const struct session *s, const struct byte_sink *serial, struct error *e);

#endif
