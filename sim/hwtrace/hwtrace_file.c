/* hwtrace_file.c - the layout of a trace on disk; docs/formats.md describes it. */
#include <stdlib.h>
#include <zlib.h>

#include "sim/base/hash.h"
#include "sim/hwtrace/hwtrace.h"
#include "sim/machine/file.h"

#define MAGIC       "RINGVHWT"
#define FILE_MAX    (UINT64_C(1) << 31)
#define SECTION_MAX (UINT64_C(1) << 32)
#define TEXT_MAX    65536
#define SECTIONS    (2 + STEP_STREAMS) /* description, events, the streams of steps */

struct section {
	uint64_t size, stored; /* bytes; those that zlib made of them */
};

struct header {
	char magic[8];
	uint32_t version;
	uint32_t sections;
	uint64_t hash; /* of what follows, seeded with version and sections */
	struct section section[SECTIONS];
};

_Static_assert(sizeof(struct header) == 24 + 16 * SECTIONS, "format changed: HWTRACE_VERSION");

void hwtrace_free(struct hwtrace *t)
{
	free(t->version);
	free(t->program);
	free(t->host.name);
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		bytes_free(&t->streams[i]);
	bytes_free(&t->events);
	memset(t, 0, sizeof(*t));
}

static struct bytes *section_bytes(struct hwtrace *t, struct bytes *description, unsigned i)
{
	if (i == 0)
		return description;
	return i == 1 ? &t->events : &t->streams[i - 2];
}

static uint64_t hash_file(const uint8_t *file, size_t size)
{
	const size_t start = offsetof(struct header, section);
	uint64_t seed;

	memcpy(&seed, file + offsetof(struct header, version), sizeof(seed));
	return hash_bytes(file + start, size - start, seed);
}

/* --- writing --- */

static void describe(const struct hwtrace *t, struct bytes *b)
{
	bytes_put_text(b, t->version);
	bytes_put_text(b, t->program);
	bytes_put_text(b, t->host.name);
	bytes_put_number(b, t->host.family);
	bytes_put_number(b, t->host.model);
	bytes_put_number(b, t->host.stepping);
	bytes_put_number(b, t->steps);
	bytes_put_number(b, t->end);
	bytes_put_number(b, t->status);
	for (unsigned i = 0; i < HW_WORDS; i++)
		bytes_put_number(b, t->first.w[i]);
}

static bool put_section(
	struct bytes *file, const struct bytes *b, struct section *s, struct error *e)
{
	uLongf size = compressBound(b->size);
	uint8_t *packed = malloc(size);

	if (packed == NULL || b->size > SECTION_MAX ||
		compress2(packed, &size, b->data, b->size, Z_BEST_COMPRESSION) != Z_OK) {
		free(packed);
		return fail(e, "the host has no memory for the trace");
	}
	*s = (struct section){b->size, size};
	bytes_put(file, packed, size);
	free(packed);
	return true;
}

bool hwtrace_write_memory(const struct hwtrace *t, struct bytes *file, struct error *e)
{
	struct header h = {.magic = MAGIC, .version = HWTRACE_VERSION, .sections = SECTIONS};
	struct hwtrace copy = *t;
	struct bytes description = {0};
	bool good = true;

	*file = (struct bytes){0};
	describe(t, &description);
	bytes_put(file, &h, sizeof(h));
	for (unsigned i = 0; i < SECTIONS && good; i++)
		good = put_section(file, section_bytes(&copy, &description, i), &h.section[i], e);
	memcpy(file->data, &h, sizeof(h));
	h.hash = hash_file(file->data, file->size);
	memcpy(file->data, &h, sizeof(h));
	bytes_free(&description);
	return good;
}

bool hwtrace_write(const struct hwtrace *t, const char *path, struct error *e)
{
	struct bytes file;
	bool good =
		hwtrace_write_memory(t, &file, e) && file_replace(path, file.data, file.size, e);

	bytes_free(&file);
	return good;
}

/* --- reading --- */

static bool read_description(struct hwtrace *t, const struct bytes *b)
{
	struct bytes_reader r = bytes_read(b);

	t->version = bytes_get_text(&r, TEXT_MAX);
	t->program = bytes_get_text(&r, TEXT_MAX);
	t->host.name = bytes_get_text(&r, TEXT_MAX);
	t->host.family = bytes_get_number(&r);
	t->host.model = bytes_get_number(&r);
	t->host.stepping = bytes_get_number(&r);
	t->steps = bytes_get_number(&r);
	t->end = bytes_get_number(&r);
	t->status = bytes_get_number(&r);
	for (unsigned i = 0; i < HW_WORDS; i++)
		t->first.w[i] = bytes_get_number(&r);
	return !r.bad && r.at == r.end && t->end < HWTRACE_ENDS;
}

static bool check_header(
	const struct header *h, const char *name, const uint8_t *data, size_t size, struct error *e)
{
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0)
		return fail(e, "%s: not a hardware trace: it does not start with %s", name, MAGIC);
	if (h->version != HWTRACE_VERSION)
		return fail(e, "%s: a hardware trace of format %u; this ringv reads format %d",
			name, h->version, HWTRACE_VERSION);
	if (h->sections != SECTIONS)
		return fail(
			e, "%s: altered: %u sections, %d expected", name, h->sections, SECTIONS);
	if (h->hash != hash_file(data, size))
		return fail(e, "%s: truncated or altered: its checksum does not match", name);
	return true;
}

static bool read_section(
	struct bytes *b, const struct section *s, const uint8_t **at, const uint8_t *end)
{
	uLongf size = s->size;

	/* zlib makes at most 1032 bytes of one */
	if (s->stored > (size_t)(end - *at) || s->size > SECTION_MAX || s->size / 1032 > s->stored)
		return false;
	b->data = malloc(s->size + 1);
	b->room = b->size = s->size;
	if (b->data == NULL || uncompress(b->data, &size, *at, s->stored) != Z_OK ||
		size != s->size)
		return false;
	*at += s->stored;
	return true;
}

static bool read_sections(
	struct hwtrace *t, const struct header *h, const uint8_t *data, const uint8_t *end)
{
	struct bytes description = {0};
	bool good = true;

	for (unsigned i = 0; i < SECTIONS && good; i++)
		good = read_section(section_bytes(t, &description, i), &h->section[i], &data, end);
	good = good && data == end && read_description(t, &description);
	bytes_free(&description);
	return good;
}

bool hwtrace_read_memory(
	struct hwtrace *t, const char *name, const uint8_t *data, size_t size, struct error *e)
{
	struct header h;

	memset(t, 0, sizeof(*t));
	if (size < sizeof(h))
		return fail(e, "%s: not a hardware trace: %zu bytes, its header alone has %zu",
			name, size, sizeof(h));
	memcpy(&h, data, sizeof(h));
	if (!check_header(&h, name, data, size, e))
		return false;
	if (read_sections(t, &h, data + sizeof(h), data + size))
		return true;
	hwtrace_free(t);
	return fail(e, "%s: altered: its contents are not what its header says", name);
}

bool hwtrace_read(struct hwtrace *t, const char *path, struct error *e)
{
	struct blob file;
	bool good;

	if (!file_read(path, FILE_MAX, &file, e))
		return false;
	good = hwtrace_read_memory(t, path, file.data, file.size, e);
	blob_free(&file);
	return good;
}
