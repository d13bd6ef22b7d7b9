/* record.h - recordings: everything that a run depended on, and the digests of what it became.
 *
 * A recording holds names and digests of image and modules, not their bytes; docs/formats.md has
 * the layout. It is written whole or not at all. A reader trusts nothing in it: any bytes give
 * either a recording that is consistent in itself or an error.
 */
#ifndef REPLAY_RECORD_H
#define REPLAY_RECORD_H

#include "sim/replay/chain.h"
#include "sim/replay/session.h"

#define RECORD_VERSION 5

struct recorded_file {
	char *path; /* absolute, as of the recording */
	uint64_t size;
	struct digest digest;
};

struct recorded_disk {
	struct recorded_file file;
	uint64_t read_only; /* 0 or 1 */
};

/* A byte that the serial line received at a position. */
struct recorded_input {
	uint64_t steps, events;
	uint64_t byte;
};

struct recorded_core {
	uint64_t steps, insns, cycle;
};

struct recording {
	char *version, *build; /* of the ringv that wrote it */
	char *config;          /* the effective options, as ini text */
	char *command_line;
	struct recorded_file image;
	uint64_t module_count;
	struct recorded_file modules[BOOT_MODULES_MAX];
	uint64_t disk_count;
	struct recorded_disk disks[VIRTIO_BLK_MAX];
	struct recorded_file share; /* its path is empty: none */
	uint64_t fault_count;
	char *faults[SESSION_FAULTS_MAX]; /* fault points that were on */
	char *program;                    /* that the schedule is about; "": none */
	char *schedule;                   /* in canonical form */

	size_t input_count, input_room;
	struct recorded_input *inputs;

	struct chain chain;

	/* how it ended */
	uint64_t steps, events;
	uint64_t stop; /* enum stop_why */
	uint64_t stop_core, status;
	struct digest end;
	uint64_t core_count;
	struct recorded_core cores[CPU_MAX];
};

void recording_free(struct recording *r);

/* What a session is made of; the rest of r is empty. */
MUST_CHECK bool recording_describe(struct recording *r, const struct session *s, struct error *e);

void recording_add_input(struct recording *r, const struct machine *m, uint8_t byte);

/* How the run ended; chain is taken over. */
void recording_finish(
	struct recording *r, struct chain *chain, struct machine *m, struct stop stop);

MUST_CHECK bool record_write(const struct recording *r, const char *path, struct error *e);
MUST_CHECK bool record_read(struct recording *r, const char *path, struct error *e);
MUST_CHECK bool record_read_memory(
	struct recording *r, const char *name, const uint8_t *data, size_t size, struct error *e);

/* The session that the recording was made from: reads the files again and checks that they, and
 * this ringv, are the same. */
MUST_CHECK bool record_session(
	const struct recording *r, const char *name, struct session *s, struct error *e);

#endif
