/* probe_notes.c - .note.stapsdt: a note a probe. Three addresses (of the NOP; of .stapsdt.base when
 * the note was made; of a semaphore, 0 here), then three texts: provider, name, arguments.
 */
#include <stdlib.h>

#include "sim/symbols/images_parts.h"
#include "sim/symbols/probe_args.h"

#define NOTES        ".note.stapsdt"
#define BASE         ".stapsdt.base"
#define NOTE_OWNER   "stapsdt"
#define NOTE_TYPE    3
#define PROVIDER     "ringv"
#define NAME_MAX_LEN 64

struct note {
	const uint8_t *at, *end;
	unsigned address_size;
};

static bool note_address(struct note *n, uint64_t *address)
{
	*address = 0;
	if ((size_t)(n->end - n->at) < n->address_size)
		return false;
	memcpy(address, n->at, n->address_size);
	n->at += n->address_size;
	return true;
}

static const char *note_text(struct note *n)
{
	const uint8_t *end = memchr(n->at, '\0', (size_t)(n->end - n->at));
	const char *text = (const char *)n->at;

	if (end == NULL)
		return NULL;
	n->at = end + 1;
	return text;
}

static enum elf_found find_symbol(const void *context, const char *name, bool tls, uint64_t *value)
{
	return elf_file_symbol(context, name, tls, value);
}

static bool read_args(const struct elf_file *f, struct probe *p, struct error *e)
{
	const struct probe_names names = {f, find_symbol};
	const char *text = p->arg_text;
	struct error cause;

	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		if (p->arg_count == PROBE_ARGS_MAX)
			return fail(e, "%s: probe %s at %#" PRIx64 " has more than %d arguments",
				f->path, p->name, p->address, PROBE_ARGS_MAX);
		if (!probe_arg_read(&p->args[p->arg_count++], &text, &names, &cause))
			return fail(e, "%s: probe %s at %#" PRIx64 ": %s", f->path, p->name,
				p->address, cause.text);
	}
	return true;
}

static bool good_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_");

	return length != 0 && length <= NAME_MAX_LEN && name[length] == '\0';
}

/* The image may have been moved as a whole after the note was made. */
static uint64_t moved(const struct elf_file *f, uint64_t base)
{
	struct elf_section section;

	return base != 0 && elf_file_section(f, BASE, &section) ? section.address - base : 0;
}

/* ours: false for the notes of other providers, which are not looked into. */
static bool read_note(
	const struct elf_file *f, struct note n, struct probe *p, bool *ours, struct error *e)
{
	const size_t offset = (size_t)(n.at - f->data);
	uint64_t base, semaphore, in_file;
	const char *provider = NULL;

	if (!note_address(&n, &p->address) || !note_address(&n, &base) ||
		!note_address(&n, &semaphore) || (provider = note_text(&n)) == NULL)
		return fail(e, "%s: " NOTES ": the note at file offset %#zx is cut off", f->path,
			offset);
	*ours = strcmp(provider, PROVIDER) == 0;
	if (!*ours)
		return true;
	p->name = note_text(&n);
	p->arg_text = p->name != NULL ? note_text(&n) : NULL;
	if (p->arg_text == NULL)
		return fail(e, "%s: " NOTES ": the note at file offset %#zx is cut off", f->path,
			offset);
	if (!good_name(p->name))
		return fail(e,
			"%s: " NOTES ": the note at file offset %#zx has a name that is no "
			"identifier of at most %d letters",
			f->path, offset, NAME_MAX_LEN);
	p->address += moved(f, base);
	if (!elf_file_offset(f, p->address, 1, true, &in_file))
		return fail(e, "%s: probe %s: no code of the image is at its address, %#" PRIx64,
			f->path, p->name, p->address);
	return read_args(f, p, e);
}

static void add(struct probe_list *list, const struct probe *p)
{
	list->at = realloc(list->at, (list->count + 1) * sizeof(list->at[0]));
	SIM_ASSERT(list->at != NULL);
	list->at[list->count++] = *p;
}

static int by_address(const void *a, const void *b)
{
	const struct probe *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Name and contents of a note are padded to 4 bytes each. */
static uint64_t align4(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

static bool read_notes(const struct elf_file *f, const struct elf_image *image,
	const struct elf_section *notes, struct probe_list *list, struct error *e)
{
	for (size_t at = 0; at < notes->size;) {
		const uint8_t *header = notes->data + at;
		struct probe p = {.image = image};
		uint32_t word[3]; /* sizes of owner and contents, type */
		uint64_t contents, next;
		bool ours;

		if (notes->size - at < sizeof(word))
			return fail(e, "%s: " NOTES " ends within a note", f->path);
		memcpy(word, header, sizeof(word));
		contents = sizeof(word) + align4(word[0]);
		next = contents + align4(word[1]);
		if (contents + word[1] > notes->size - at)
			return fail(e, "%s: " NOTES ": a note of %u bytes reaches beyond its end",
				f->path, word[1]);
		at += min_u64(next, notes->size - at);
		if (word[2] != NOTE_TYPE || word[0] != sizeof(NOTE_OWNER) ||
			memcmp(header + sizeof(word), NOTE_OWNER, sizeof(NOTE_OWNER)) != 0)
			continue;
		if (!read_note(f,
			    (struct note){header + contents, header + contents + word[1],
				    f->address_size},
			    &p, &ours, e))
			return false;
		if (ours)
			add(list, &p);
	}
	return true;
}

bool probe_notes_read(const struct elf_file *f, const struct elf_image *image,
	struct probe_list *list, struct error *e)
{
	struct elf_section notes;

	*list = (struct probe_list){0};
	if (!elf_file_section(f, NOTES, &notes))
		return true;
	if (!read_notes(f, image, &notes, list, e)) {
		free(list->at);
		*list = (struct probe_list){0};
		return false;
	}
	if (list->count != 0)
		qsort(list->at, list->count, sizeof(list->at[0]), by_address);
	return true;
}
