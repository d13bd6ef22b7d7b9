#include "sim/replay/record.h"

#include <stdlib.h>

#include "sim/replay/version.h"

static void free_file(struct recorded_file *f)
{
	free(f->path);
}

void recording_free(struct recording *r)
{
	free(r->version);
	free(r->build);
	free(r->config);
	free(r->command_line);
	free_file(&r->image);
	for (unsigned i = 0; i < BOOT_MODULES_MAX; i++)
		free_file(&r->modules[i]);
	for (unsigned i = 0; i < VIRTIO_BLK_MAX; i++)
		free_file(&r->disks[i].file);
	free_file(&r->share);
	for (unsigned i = 0; i < SESSION_FAULTS_MAX; i++)
		free(r->faults[i]);
	free(r->program);
	free(r->schedule);
	free(r->inputs);
	chain_free(&r->chain);
	memset(r, 0, sizeof(*r));
}

/* --- making one --- */

static bool describe_file(struct recorded_file *to, const char *path, size_t size,
	struct digest digest, struct error *e)
{
	to->path = realpath(path, NULL);
	to->size = size;
	to->digest = digest;
	return to->path != NULL || fail(e, "%s: %m", path);
}

static bool describe_files(struct recording *r, const struct session *s, struct error *e)
{
	if (!describe_file(&r->image, s->image.path, s->image.blob.size, s->image.digest, e))
		return false;
	for (; r->module_count < s->module_count; r->module_count++) {
		const struct session_file *f = &s->modules[r->module_count];

		if (!describe_file(
			    &r->modules[r->module_count], f->path, f->blob.size, f->digest, e))
			return false;
	}
	for (; r->disk_count < s->disk_count; r->disk_count++) {
		const struct session_disk *d = &s->disks[r->disk_count];

		r->disks[r->disk_count].read_only = d->read_only;
		if (!describe_file(
			    &r->disks[r->disk_count].file, d->path, d->map.size, d->digest, e))
			return false;
	}
	if (s->share_path == NULL) {
		r->share.path = strdup("");
		return r->share.path != NULL || fail(e, "the host has no memory for a recording");
	}
	return describe_file(
		&r->share, s->share_path, tree_size(&s->share), tree_digest(&s->share), e);
}

static bool config_text(const struct config *c, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);

	if (out == NULL)
		return false;
	config_print(c, CONFIG_INI, out);
	return fclose(out) == 0;
}

static bool schedule_text(const struct schedule *s, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);

	if (out == NULL)
		return false;
	schedule_print(s, out);
	return fclose(out) == 0;
}

bool recording_describe(struct recording *r, const struct session *s, struct error *e)
{
	memset(r, 0, sizeof(*r));
	r->version = strdup(ringv_version);
	r->build = strdup(ringv_build_id);
	r->command_line = strdup(s->command_line != NULL ? s->command_line : "");
	r->program = strdup(s->program != NULL ? s->program : "");
	if (r->version == NULL || r->build == NULL || r->command_line == NULL ||
		r->program == NULL || !config_text(&s->config, &r->config) ||
		!schedule_text(&s->schedule, &r->schedule))
		return fail(e, "the host has no memory for a recording");
	if (!describe_files(r, s, e))
		return false;
	for (unsigned i = 0; i < s->fault_count; i++) {
		r->faults[i] = strdup(s->faults[i]);
		if (r->faults[i] == NULL)
			return fail(e, "the host has no memory for a recording");
		r->fault_count++;
	}
	return true;
}

void recording_add_input(struct recording *r, const struct machine *m, uint8_t byte)
{
	if (r->input_count == r->input_room) {
		r->input_room = r->input_room != 0 ? 2 * r->input_room : 256;
		r->inputs = realloc(r->inputs, r->input_room * sizeof(r->inputs[0]));
		SIM_ASSERT(r->inputs != NULL);
	}
	r->inputs[r->input_count++] = (struct recorded_input){m->run.steps, m->run.events, byte};
}

void recording_finish(struct recording *r, struct chain *chain, struct machine *m, struct stop stop)
{
	r->end = chain_end(chain, m);
	r->chain = *chain;
	*chain = (struct chain){.window = chain->window};
	r->steps = m->run.steps;
	r->events = m->run.events;
	r->stop = stop.why;
	r->stop_core = stop.core;
	r->status = stop.status;
	r->core_count = m->cpu_count;
	for (unsigned i = 0; i < m->cpu_count; i++) {
		const struct core_state *arch = &m->cores[i].arch;

		r->cores[i] = (struct recorded_core){arch->step, arch->insns, arch->cycle};
	}
}

/* --- using one --- */

static bool same_file(const struct recorded_file *want, size_t size, struct digest digest,
	const char *name, struct error *e)
{
	if (want->size == size && digest_equal(want->digest, digest))
		return true;
	return fail(e,
		"%s: was recorded with another %s: digest %016" PRIx64 ", %" PRIu64
		" bytes; the file there now has %016" PRIx64 ", %zu bytes",
		name, want->path, want->digest.low, want->size, digest.low, size);
}

static bool same_build(const struct recording *r, const char *name, struct error *e)
{
	if (strcmp(r->version, ringv_version) == 0 && strcmp(r->build, ringv_build_id) == 0)
		return true;
	return fail(e,
		"%s: was recorded by ringv %s, build %s; this is %s, build %s, which may behave "
		"otherwise",
		name, r->version, r->build, ringv_version, ringv_build_id);
}

static bool load_disks(
	const struct recording *r, const char *name, struct session *s, struct error *e)
{
	for (unsigned i = 0; i < r->disk_count; i++) {
		const struct recorded_disk *d = &r->disks[i];

		if (!session_add_disk(s, d->file.path, d->read_only, e) ||
			!same_file(&d->file, s->disks[i].map.size, s->disks[i].digest, name, e))
			return false;
	}
	return true;
}

static bool load_share(
	const struct recording *r, const char *name, struct session *s, struct error *e)
{
	if (r->share.path[0] == '\0')
		return true;
	return session_set_share(s, r->share.path, e) &&
	       same_file(&r->share, tree_size(&s->share), tree_digest(&s->share), name, e);
}

static bool load_files(
	const struct recording *r, const char *name, struct session *s, struct error *e)
{
	if (!session_set_command_line(s, r->command_line, e) ||
		!session_set_image(s, r->image.path, e) ||
		!same_file(&r->image, s->image.blob.size, s->image.digest, name, e))
		return false;
	for (unsigned i = 0; i < r->module_count; i++)
		if (!session_add_module(s, r->modules[i].path, e) ||
			!same_file(&r->modules[i], s->modules[i].blob.size, s->modules[i].digest,
				name, e))
			return false;
	if (!load_disks(r, name, s, e) || !load_share(r, name, s, e))
		return false;
	for (unsigned i = 0; i < r->fault_count; i++)
		if (!session_add_fault(s, r->faults[i], e))
			return false;
	if (r->program[0] != '\0' && !session_set_program(s, r->program, e))
		return false;
	if (!schedule_read(&s->schedule, name, r->schedule, strlen(r->schedule), e))
		return false;
	return config_read_text(&s->config, name, r->config, strlen(r->config), e);
}

bool record_session(const struct recording *r, const char *name, struct session *s, struct error *e)
{
	session_init(s);
	if (!same_build(r, name, e))
		return false;
	if (load_files(r, name, s, e))
		return true;
	session_free(s);
	return false;
}
