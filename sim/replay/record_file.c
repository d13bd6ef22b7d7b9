/* record_file.c - the layout of a recording on disk; docs/formats.md describes it. */
#include <stdlib.h>
#include <zlib.h>

#include "sim/replay/record.h"

#define RECORD_MAGIC "RINGVREC"
#define PAYLOAD_MAX  (UINT64_C(1) << 30)

struct record_header {
	char magic[8];
	uint32_t version;
	uint32_t zero;
	uint64_t payload_size;    /* uncompressed */
	uint64_t compressed_size; /* what follows, to the end of the file */
	uint64_t hash;            /* of what follows, seeded with payload_size */
};

_Static_assert(sizeof(struct record_header) == 40, "format changed: bump RECORD_VERSION");

/* One list gives the order of the payload to writer and reader alike: a visitor is called for
 * each value. Integers are 64 bits little-endian; a text or an array is its length, then it. */
struct visitor {
	bool (*number)(struct visitor *v, uint64_t *value);
	bool (*text)(struct visitor *v, char **text);
	bool (*array)(struct visitor *v, void **data, size_t *count, size_t element);

	const uint8_t *from, *end; /* reading */
	FILE *out;                 /* writing */
};

static bool visit_digest(struct visitor *v, struct digest *d)
{
	return v->number(v, &d->low) && v->number(v, &d->high);
}

static bool visit_file(struct visitor *v, struct recorded_file *f)
{
	return v->text(v, &f->path) && v->number(v, &f->size) && visit_digest(v, &f->digest);
}

static bool visit_modules(struct visitor *v, struct recording *r)
{
	if (!v->number(v, &r->module_count) || r->module_count > BOOT_MODULES_MAX)
		return false;
	for (unsigned i = 0; i < r->module_count; i++)
		if (!visit_file(v, &r->modules[i]))
			return false;
	return true;
}

static bool visit_disks(struct visitor *v, struct recording *r)
{
	if (!v->number(v, &r->disk_count) || r->disk_count > VIRTIO_BLK_MAX)
		return false;
	for (unsigned i = 0; i < r->disk_count; i++)
		if (!visit_file(v, &r->disks[i].file) || !v->number(v, &r->disks[i].read_only))
			return false;
	return true;
}

static bool visit_faults(struct visitor *v, struct recording *r)
{
	if (!v->number(v, &r->fault_count) || r->fault_count > SESSION_FAULTS_MAX)
		return false;
	for (unsigned i = 0; i < r->fault_count; i++)
		if (!v->text(v, &r->faults[i]))
			return false;
	return true;
}

static bool visit_cores(struct visitor *v, struct recording *r)
{
	if (!v->number(v, &r->core_count) || r->core_count > CPU_MAX)
		return false;
	for (unsigned i = 0; i < r->core_count; i++) {
		struct recorded_core *c = &r->cores[i];

		if (!v->number(v, &c->steps) || !v->number(v, &c->insns) ||
			!v->number(v, &c->cycle))
			return false;
	}
	return true;
}

static bool visit_end(struct visitor *v, struct recording *r)
{
	return v->number(v, &r->steps) && v->number(v, &r->events) && v->number(v, &r->stop) &&
	       v->number(v, &r->stop_core) && v->number(v, &r->status) && visit_digest(v, &r->end);
}

static bool visit(struct visitor *v, struct recording *r)
{
	return v->text(v, &r->version) && v->text(v, &r->build) && v->text(v, &r->config) &&
	       v->text(v, &r->command_line) && visit_file(v, &r->image) && visit_modules(v, r) &&
	       visit_disks(v, r) && visit_file(v, &r->share) && visit_faults(v, r) &&
	       v->text(v, &r->program) && v->text(v, &r->schedule) &&
	       v->array(v, (void **)&r->inputs, &r->input_count, sizeof(r->inputs[0])) &&
	       v->number(v, &r->chain.window) &&
	       v->array(v, (void **)&r->chain.links, &r->chain.count, sizeof(r->chain.links[0])) &&
	       visit_end(v, r) && visit_cores(v, r);
}

/* --- writing --- */

static bool write_number(struct visitor *v, uint64_t *value)
{
	return fwrite(value, sizeof(*value), 1, v->out) == 1;
}

static bool write_array(struct visitor *v, void **data, size_t *count, size_t element)
{
	uint64_t length = *count;

	return write_number(v, &length) &&
	       (length == 0 || fwrite(*data, element, length, v->out) == length);
}

static bool write_text(struct visitor *v, char **text)
{
	size_t length = strlen(*text);

	return write_array(v, (void **)text, &length, 1);
}

static bool make_payload(const struct recording *r, struct blob *payload)
{
	struct visitor v = {.number = write_number, .text = write_text, .array = write_array};
	struct recording copy = *r; /* the visitor may write, though this one does not */
	bool good;

	v.out = open_memstream((char **)&payload->data, &payload->size);
	if (v.out == NULL)
		return false;
	good = visit(&v, &copy);
	return fclose(v.out) == 0 && good;
}

static bool make_file(const struct blob *payload, struct blob *file)
{
	struct record_header h = {.magic = RECORD_MAGIC, .version = RECORD_VERSION};
	uLongf size = compressBound(payload->size);

	file->data = malloc(sizeof(h) + size);
	if (file->data == NULL || compress2(file->data + sizeof(h), &size, payload->data,
					  payload->size, Z_BEST_SPEED) != Z_OK)
		return false;
	h.payload_size = payload->size;
	h.compressed_size = size;
	h.hash = hash_bytes(file->data + sizeof(h), size, h.payload_size);
	memcpy(file->data, &h, sizeof(h));
	file->size = sizeof(h) + size;
	return true;
}

bool record_write(const struct recording *r, const char *path, struct error *e)
{
	struct blob payload = {0}, file = {0};
	bool good;

	if (make_payload(r, &payload) && make_file(&payload, &file))
		good = file_replace(path, file.data, file.size, e);
	else
		good = fail(e, "%s: the host has no memory for the recording", path);
	blob_free(&payload);
	blob_free(&file);
	return good;
}

/* --- reading --- */

static bool read_bytes(struct visitor *v, void *to, size_t size)
{
	if ((size_t)(v->end - v->from) < size)
		return false;
	memcpy(to, v->from, size);
	v->from += size;
	return true;
}

static bool read_number(struct visitor *v, uint64_t *value)
{
	return read_bytes(v, value, sizeof(*value));
}

static bool read_length(struct visitor *v, size_t element, size_t *count)
{
	uint64_t length;

	if (!read_number(v, &length) || length > (size_t)(v->end - v->from) / element)
		return false;
	*count = length;
	return true;
}

static bool read_array(struct visitor *v, void **data, size_t *count, size_t element)
{
	size_t length;

	if (!read_length(v, element, &length))
		return false;
	*data = malloc(length * element + 1);
	*count = length;
	return *data != NULL && read_bytes(v, *data, length * element);
}

static bool read_text(struct visitor *v, char **text)
{
	size_t length;

	if (!read_array(v, (void **)text, &length, 1))
		return false;
	(*text)[length] = '\0';
	return strlen(*text) == length;
}

/* What a replay relies on. */
static bool consistent(const struct recording *r, const char *name, struct error *e)
{
	if (r->chain.window == 0 || r->chain.count != r->steps / r->chain.window)
		return fail(e, "%s: %zu digests do not make %" PRIu64 " steps", name,
			r->chain.count, r->steps);
	if (r->stop == STOP_NONE || r->stop > STOP_INTERRUPTED || r->stop_core >= CPU_MAX)
		return fail(e, "%s: unknown way to end, %" PRIu64, name, r->stop);
	for (unsigned i = 0; i < r->disk_count; i++)
		if (r->disks[i].read_only > 1)
			return fail(e, "%s: disk %u is out of range", name, i);
	for (size_t i = 0; i < r->input_count; i++) {
		const struct recorded_input *in = &r->inputs[i];

		if (in->byte > 0xff || in->steps > r->steps)
			return fail(e, "%s: input %zu is out of range", name, i);
		if (i > 0 && (in[-1].steps > in->steps || in[-1].events > in->events))
			return fail(e, "%s: inputs %zu and %zu are out of order", name, i - 1, i);
	}
	return true;
}

static bool read_payload(
	struct recording *r, const char *name, const struct blob *payload, struct error *e)
{
	struct visitor v = {
		.number = read_number,
		.text = read_text,
		.array = read_array,
		.from = payload->data,
		.end = payload->data + payload->size,
	};

	if (!visit(&v, r))
		return fail(e, "%s: altered: its contents end early or exceed a limit", name);
	if (v.from != v.end)
		return fail(e, "%s: altered: %td bytes follow its contents", name, v.end - v.from);
	return consistent(r, name, e);
}

static bool check_header(
	const struct record_header *h, const char *name, size_t size, struct error *e)
{
	if (memcmp(h->magic, RECORD_MAGIC, sizeof(h->magic)) != 0)
		return fail(
			e, "%s: not a recording: it does not start with %s", name, RECORD_MAGIC);
	if (h->version != RECORD_VERSION)
		return fail(e, "%s: a recording of format %u; this ringv reads format %d", name,
			h->version, RECORD_VERSION);
	if (h->zero != 0)
		return fail(e, "%s: altered: reserved bytes of its header are set", name);
	if (h->compressed_size != size - sizeof(*h))
		return fail(e,
			"%s: truncated or altered: %" PRIu64 " bytes should follow its header, "
			"%zu do",
			name, h->compressed_size, size - sizeof(*h));
	/* zlib makes at most 1032 bytes of one */
	if (h->payload_size > PAYLOAD_MAX || h->payload_size / 1032 > h->compressed_size)
		return fail(
			e, "%s: altered: claims to hold %" PRIu64 " bytes", name, h->payload_size);
	return true;
}

static bool inflate_payload(const struct record_header *h, const char *name, const uint8_t *data,
	struct blob *payload, struct error *e)
{
	uLongf size = h->payload_size;

	payload->data = malloc(size + 1);
	payload->size = size;
	if (payload->data == NULL)
		return fail(e, "%s: no memory for %" PRIu64 " bytes", name, h->payload_size);
	if (hash_bytes(data, h->compressed_size, h->payload_size) != h->hash ||
		uncompress(payload->data, &size, data, h->compressed_size) != Z_OK ||
		size != h->payload_size)
		return fail(e, "%s: altered: its checksum does not match", name);
	return true;
}

bool record_read_memory(
	struct recording *r, const char *name, const uint8_t *data, size_t size, struct error *e)
{
	struct record_header h;
	struct blob payload = {0};
	bool good;

	memset(r, 0, sizeof(*r));
	if (size < sizeof(h))
		return fail(e, "%s: not a recording: %zu bytes, its header alone has %zu", name,
			size, sizeof(h));
	memcpy(&h, data, sizeof(h));
	good = check_header(&h, name, size, e) &&
	       inflate_payload(&h, name, data + sizeof(h), &payload, e) &&
	       read_payload(r, name, &payload, e);
	blob_free(&payload);
	if (!good)
		recording_free(r);
	return good;
}

bool record_read(struct recording *r, const char *path, struct error *e)
{
	struct blob file;
	bool good;

	if (!file_read(path, PAYLOAD_MAX, &file, e))
		return false;
	good = record_read_memory(r, path, file.data, file.size, e);
	blob_free(&file);
	return good;
}
