#include "sim/replay/session.h"

#include <stdlib.h>

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

void session_free(struct session *s)
{
	free_file(&s->image);
	for (unsigned i = 0; i < s->module_count; i++)
		free_file(&s->modules[i]);
	free(s->command_line);
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

static struct boot_file boot_file(const struct session_file *f)
{
	return (struct boot_file){f->path, f->blob.data, f->blob.size};
}

struct machine *session_start(
	const struct session *s, const struct byte_sink *serial, struct error *e)
{
	struct boot boot = {
		.image = boot_file(&s->image),
		.command_line = s->command_line != NULL ? s->command_line : "",
		.module_count = s->module_count,
	};
	struct machine *m;

	for (unsigned i = 0; i < s->module_count; i++)
		boot.modules[i] = boot_file(&s->modules[i]);
	m = machine_create(&s->config, serial, e);
	if (m != NULL && !boot_load(m, &boot, e)) {
		machine_destroy(m);
		m = NULL;
	}
	return m;
}
