#include "sim/symbols/faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/symbols/images_parts.h"

#define SECTION      "fault_points"
#define NAME_MAX_LEN 64

/* An entry of the section; see sim/abi/fault_point.h. */
struct entry {
	uint64_t nop, target, name;
};

/* SDM "NOP": the recommended one of 5 bytes; and JMP rel32, which takes its place. */
static const uint8_t nop5[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
#define JMP_REL32 0xe9

/* --- reading --- */

static bool read_entry(const struct elf_file *f, const struct entry *entry, size_t number,
	struct fault_place *place, struct error *e)
{
	uint64_t target_offset, distance = entry->target - (entry->nop + sizeof(nop5));

	place->name = elf_file_text(f, entry->name);
	place->address = entry->nop;
	place->target = entry->target;
	if (place->name == NULL || place->name[0] == '\0' || strlen(place->name) > NAME_MAX_LEN)
		return fail(e, "%s: section " SECTION ": entry %zu has no name", f->path, number);
	if (!elf_file_offset(f, entry->nop, sizeof(nop5), true, &place->file_offset) ||
		!elf_file_offset(f, entry->target, 1, true, &target_offset) ||
		(uint64_t)(int64_t)(int32_t)distance != distance)
		return fail(e,
			"%s: fault point %s: no code of the image is at %#" PRIx64 " or %#" PRIx64,
			f->path, place->name, entry->nop, entry->target);
	if (memcmp(f->data + place->file_offset, nop5, sizeof(nop5)) != 0)
		return fail(e,
			"%s: fault point %s: expected the 5-byte NOP 0f 1f 44 00 00 at %#" PRIx64,
			f->path, place->name, entry->nop);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct fault_place *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->address < y->address ? -1 : x->address > y->address;
}

bool fault_points_read(const struct elf_file *f, const struct elf_image *image,
	struct fault_list *list, struct error *e)
{
	struct elf_section section;
	struct entry entry;

	*list = (struct fault_list){0};
	if (!elf_file_section(f, SECTION, &section) || section.size == 0)
		return true;
	if (section.size % sizeof(entry) != 0)
		return fail(e, "%s: section " SECTION " has %zu bytes, no multiple of %zu", f->path,
			section.size, sizeof(entry));
	list->count = section.size / sizeof(entry);
	list->at = calloc(list->count, sizeof(list->at[0]));
	SIM_ASSERT(list->at != NULL);
	for (size_t i = 0; i < list->count; i++) {
		memcpy(&entry, section.data + i * sizeof(entry), sizeof(entry));
		list->at[i].image = image;
		if (!read_entry(f, &entry, i, &list->at[i], e)) {
			free(list->at);
			*list = (struct fault_list){0};
			return false;
		}
	}
	qsort(list->at, list->count, sizeof(list->at[0]), by_name);
	return true;
}

/* --- asking --- */

static const struct fault_place *find(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; i < image->fault_count; i++)
		if (strcmp(image->faults[i].name, name) == 0)
			return &image->faults[i];
	return NULL;
}

bool images_have_fault(const struct images *images, const char *name)
{
	for (size_t i = 0; i < images_count(images); i++)
		if (find(images_at(images, i), name) != NULL)
			return true;
	return false;
}

/* The names, each once, as many as fit. */
static void list_names(const struct images *images, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->fault_count; k++) {
			const char *name = image->faults[k].name;
			bool again = k > 0 && strcmp(name, image->faults[k - 1].name) == 0;

			for (size_t before = 0; before < i; before++)
				again |= find(images_at(images, before), name) != NULL;
			if (!again && used + strlen(name) + 3 < size)
				used += (size_t)snprintf(text + used, size - used, "%s%s",
					used != 0 ? ", " : "", name);
		}
	}
}

/* --- turning on --- */

static bool copy_file(struct boot_file *file, struct blob *copy, struct error *e)
{
	if (copy->data != NULL)
		return true;
	copy->data = malloc(file->size + 1);
	if (copy->data == NULL)
		return fail(e, "%s: no memory for %zu bytes", file->name, file->size);
	memcpy(copy->data, file->data, file->size);
	copy->data[file->size] = 0;
	copy->size = file->size;
	file->data = copy->data;
	return true;
}

static bool turn_on(const struct fault_place *place, struct boot *boot,
	struct faults_patched *patched, struct error *e)
{
	int number = place->image->module;
	struct boot_file *file = number < 0 ? &boot->image : &boot->modules[number];
	struct blob *copy = number < 0 ? &patched->image : &patched->modules[number];
	uint32_t distance = (uint32_t)(place->target - (place->address + sizeof(nop5)));

	if (!copy_file(file, copy, e))
		return false;
	SIM_ASSERT(place->file_offset + sizeof(nop5) <= copy->size);
	copy->data[place->file_offset] = JMP_REL32;
	memcpy(copy->data + place->file_offset + 1, &distance, sizeof(distance));
	return true;
}

static bool inject(const struct images *images, const char *name, struct boot *boot,
	struct faults_patched *patched, struct error *e)
{
	char known[400];
	bool any = false;

	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->fault_count; k++) {
			if (strcmp(image->faults[k].name, name) != 0)
				continue;
			any = true;
			if (!turn_on(&image->faults[k], boot, patched, e))
				return false;
		}
	}
	if (any)
		return true;
	list_names(images, known, sizeof(known));
	return fail(e, "no image has a fault point %.64s; there are: %s", name, known);
}

bool faults_inject(const struct images *images, const char *const *names, size_t count,
	struct boot *boot, struct faults_patched *patched, struct error *e)
{
	*patched = (struct faults_patched){0};
	for (size_t i = 0; i < count; i++) {
		if (!inject(images, names[i], boot, patched, e)) {
			faults_free(patched);
			return false;
		}
	}
	return true;
}

void faults_free(struct faults_patched *patched)
{
	blob_free(&patched->image);
	for (unsigned i = 0; i < BOOT_MODULES_MAX; i++)
		blob_free(&patched->modules[i]);
}
