#include "sim/replay/session.h"

#include <stdlib.h>

#include "sim/symbols/faults.h"

void session_init(struct session *s)
{
	memset(s, 0, sizeof(*s));
	config_defaults(&s->config);
}

static void free_file(struct session_file *f)
{
	free(f->path);
	blob_free(&f->blob);
	f->path = NULL;
}

static void free_disk(struct session_disk *d)
{
	free(d->path);
	file_unmap(&d->map);
}

void session_free(struct session *s)
{
	free_file(&s->image);
	for (unsigned i = 0; i < s->module_count; i++)
		free_file(&s->modules[i]);
	for (unsigned i = 0; i < s->disk_count; i++)
		free_disk(&s->disks[i]);
	free(s->share_path);
	tree_free(&s->share);
	for (unsigned i = 0; i < s->fault_count; i++)
		free(s->faults[i]);
	free(s->command_line);
	free(s->program);
	memset(s, 0, sizeof(*s));
}

static bool copy_text(char **to, const char *text, struct error *e)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return fail(e, "the host has no memory");
	free(*to);
	*to = copy;
	return true;
}

bool session_set_command_line(struct session *s, const char *text, struct error *e)
{
	return copy_text(&s->command_line, text, e);
}

static bool read_file(struct session_file *f, const char *path, struct error *e)
{
	struct blob blob;

	if (!file_read(path, SESSION_FILE_MAX, &blob, e))
		return false;
	free_file(f);
	f->blob = blob;
	f->digest = digest_bytes(blob.data, blob.size, 0);
	return copy_text(&f->path, path, e);
}

bool session_set_image(struct session *s, const char *path, struct error *e)
{
	return read_file(&s->image, path, e);
}

bool session_add_module(struct session *s, const char *path, struct error *e)
{
	if (s->module_count == BOOT_MODULES_MAX)
		return fail(e, "%s: more than %d modules", path, BOOT_MODULES_MAX);
	if (!read_file(&s->modules[s->module_count], path, e))
		return false;
	s->module_count++;
	return true;
}

bool session_add_disk(struct session *s, const char *path, bool read_only, struct error *e)
{
	struct session_disk *d = &s->disks[s->disk_count];

	if (s->disk_count == VIRTIO_BLK_MAX)
		return fail(e, "%s: more than %d disks", path, VIRTIO_BLK_MAX);
	if (!file_map(path, &d->map, e))
		return false;
	s->disk_count++; /* from here on session_free sees it */
	if (d->map.size == 0 || d->map.size % VIRTIO_BLK_SECTOR != 0)
		return fail(e, "%s: %zu bytes; expected a disk image, sectors of %d bytes", path,
			d->map.size, VIRTIO_BLK_SECTOR);
	d->digest = digest_bytes(d->map.data, d->map.size, 0);
	d->read_only = read_only;
	return copy_text(&d->path, path, e);
}

bool session_set_share(struct session *s, const char *path, struct error *e)
{
	struct share tree;

	if (!tree_read(path, &tree, e))
		return false;
	tree_free(&s->share);
	s->share = tree;
	return copy_text(&s->share_path, path, e);
}

bool session_add_fault(struct session *s, const char *name, struct error *e)
{
	char *copy = NULL;
	unsigned at = 0;

	while (at < s->fault_count && strcmp(s->faults[at], name) < 0)
		at++;
	if (at < s->fault_count && strcmp(s->faults[at], name) == 0)
		return true;
	if (s->fault_count == SESSION_FAULTS_MAX)
		return fail(e, "%s: more than %d fault points", name, SESSION_FAULTS_MAX);
	if (!copy_text(&copy, name, e))
		return false;
	memmove(&s->faults[at + 1], &s->faults[at], (s->fault_count - at) * sizeof(s->faults[0]));
	s->faults[at] = copy;
	s->fault_count++;
	return true;
}

bool session_add_forcing(struct session *s, const char *where, const char *text, struct error *e)
{
	return schedule_add(&s->schedule, where, text, e);
}

bool session_set_program(struct session *s, const char *name, struct error *e)
{
	return copy_text(&s->program, name, e);
}

/* --- what is made of it --- */

static struct boot_file boot_file(const struct session_file *f)
{
	return (struct boot_file){f->path, f->blob.data, f->blob.size};
}

static struct boot session_boot(const struct session *s)
{
	struct boot boot = {
		.image = boot_file(&s->image),
		.command_line = s->command_line != NULL ? s->command_line : "",
		.module_count = s->module_count,
	};

	for (unsigned i = 0; i < s->module_count; i++)
		boot.modules[i] = boot_file(&s->modules[i]);
	return boot;
}

struct images *session_images(const struct session *s, struct error *e)
{
	const struct boot boot = session_boot(s);

	return images_load(&boot, e);
}

static bool inject_faults(
	const struct session *s, struct boot *boot, struct faults_patched *patched, struct error *e)
{
	struct images *images;
	bool good;

	if (s->fault_count == 0)
		return true;
	images = images_load(boot, e);
	good = images != NULL && faults_inject(images, (const char *const *)s->faults,
					 s->fault_count, boot, patched, e);
	images_destroy(images);
	return good;
}

static bool add_devices(const struct session *s, struct machine *m, struct error *e)
{
	for (unsigned i = 0; i < s->disk_count; i++) {
		const struct session_disk *d = &s->disks[i];

		if (!machine_add_disk(m, d->map.data, d->map.size, d->read_only, e))
			return false;
	}
	if (s->share_path != NULL)
		machine_add_share(m, &s->share);
	return true;
}

struct machine *session_start(
	const struct session *s, const struct byte_sink *serial, struct error *e)
{
	struct boot boot = session_boot(s);
	struct faults_patched patched = {0};
	struct machine *m = NULL;

	if (!inject_faults(s, &boot, &patched, e))
		return NULL;
	m = machine_create(&s->config, serial, e);
	if (m != NULL && (!add_devices(s, m, e) || !boot_load(m, &boot, e))) {
		machine_destroy(m);
		m = NULL;
	}
	faults_free(&patched);
	return m;
}
