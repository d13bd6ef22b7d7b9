#include "sim/symbols/images.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/machine/loader.h"
#include "sim/symbols/cpio.h"
#include "sim/symbols/images_parts.h"

/* An image and what it owns. */
struct owned_image {
	struct elf_image image; /* first: what others see */
	char *path, *name;
	struct symbols *symbols;
	struct probe_list probes;
	struct fault_list faults;
	struct parameter_list parameters;
};

struct images {
	size_t count;
	struct owned_image **at; /* each by itself: lists point to their image */
};

/* --- life --- */

static void image_free(struct owned_image *o)
{
	free(o->path);
	free(o->name);
	free(o->probes.at);
	free(o->faults.at);
	symbols_destroy(o->symbols);
	free(o);
}

void images_destroy(struct images *images)
{
	if (images == NULL)
		return;
	for (size_t i = 0; i < images->count; i++)
		image_free(images->at[i]);
	free(images->at);
	free(images);
}

static struct owned_image *image_new(struct images *images)
{
	struct owned_image *o = calloc(1, sizeof(*o));

	images->at = realloc(images->at, (images->count + 1) * sizeof(images->at[0]));
	SIM_ASSERT(o != NULL && images->at != NULL);
	o->symbols = symbols_create();
	images->at[images->count++] = o;
	o->image.kernel = &images->at[0]->image;
	return o;
}

static void set_names(struct owned_image *o, const char *name, const char *module, const char *path)
{
	int length = module != NULL ? asprintf(&o->path, "%s:%s", module, path)
				    : asprintf(&o->path, "%s", path);

	o->name = strdup(name);
	SIM_ASSERT(length >= 0 && o->name != NULL);
	o->image.name = o->name;
	o->image.path = o->path;
}

/* What others see of what was read. */
static void publish(struct owned_image *o)
{
	o->image.symbols = o->symbols;
	o->image.probe_count = o->probes.count;
	o->image.probes = o->probes.at;
	o->image.fault_count = o->faults.count;
	o->image.faults = o->faults.at;
	o->image.parameters = &o->parameters;
}

/* offset: of the ELF file in the file that is loaded. */
static bool read_image(
	struct owned_image *o, const struct elf_file *f, uint64_t offset, struct error *e)
{
	struct elf_section rules;

	if (!symbols_add_memory(o->symbols, f->path, f->data, f->size, 0, NULL)) {
		/* an image need not have symbols */
	}
	if (!probe_notes_read(f, &o->image, &o->probes, e) ||
		!fault_points_read(f, &o->image, &o->faults, e) ||
		!parameters_read(f, &o->parameters, e))
		return false;
	for (size_t i = 0; i < o->faults.count; i++)
		o->faults.at[i].file_offset += offset;
	if (elf_file_section(f, ".ringv.races", &rules)) {
		o->image.race_rules = (const char *)rules.data;
		o->image.race_rules_size = rules.size;
	}
	publish(o);
	return true;
}

/* Without an image, for archives by themselves, the kernel is a name alone. */
static bool add_kernel(struct images *images, const struct boot_file *file, struct error *e)
{
	struct owned_image *o = image_new(images);
	struct elf_file f;
	bool good;

	set_names(o, "kernel", NULL, file->name != NULL ? file->name : "");
	o->image.module = -1;
	publish(o);
	if (file->data == NULL || !elf_file_open(&f, o->path, file->data, file->size))
		return true;
	good = read_image(o, &f, 0, e);
	elf_file_close(&f);
	return good;
}

static bool add_program(struct images *images, const struct boot_file *module, int number,
	const struct cpio_entry *entry, struct error *e)
{
	struct owned_image *o;
	struct elf_file f;
	bool good;

	if (!elf_file_open(&f, entry->name, entry->data, entry->size))
		return true;
	o = image_new(images);
	set_names(o, path_last(entry->name), module->name, entry->name);
	o->image.module = number;
	o->image.user = true;
	f.path = o->path;
	good = read_image(o, &f, (uint64_t)(entry->data - module->data), e);
	elf_file_close(&f);
	return good;
}

static bool add_module(
	struct images *images, const struct boot_file *module, int number, struct error *e)
{
	struct cpio archive = {.file = module->name, .data = module->data, .size = module->size};
	struct cpio_entry entry;
	struct error broken = {""};

	if (!cpio_is_archive(module->data, module->size))
		return true;
	while (cpio_next(&archive, &entry, &broken))
		if (!add_program(images, module, number, &entry, e))
			return false;
	return broken.text[0] == '\0' || fail(e, "%s", broken.text);
}

struct images *images_load(const struct boot *boot, struct error *e)
{
	struct images *images = calloc(1, sizeof(*images));
	bool good;

	SIM_ASSERT(images != NULL);
	good = add_kernel(images, &boot->image, e);
	for (unsigned i = 0; good && i < boot->module_count; i++)
		good = add_module(images, &boot->modules[i], (int)i, e);
	if (good)
		return images;
	images_destroy(images);
	return NULL;
}

/* --- asking --- */

size_t images_count(const struct images *images)
{
	return images->count;
}

const struct elf_image *images_at(const struct images *images, size_t number)
{
	SIM_ASSERT(number < images->count);
	return &images->at[number]->image;
}

const struct elf_image *images_kernel(const struct images *images)
{
	return images_at(images, 0);
}

const struct elf_image *images_program(const struct images *images, const char *name)
{
	for (size_t i = 1; i < images->count; i++)
		if (strcmp(images->at[i]->name, path_last(name)) == 0)
			return &images->at[i]->image;
	return NULL;
}

const struct probe *image_probes_at(const struct elf_image *image, uint64_t address, size_t *count)
{
	size_t low = 0, high = image->probe_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->probes[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < image->probe_count; ++*count)
		if (image->probes[low + *count].address != address)
			break;
	return *count != 0 ? &image->probes[low] : NULL;
}

bool images_have_probe(const struct images *images, const char *name)
{
	for (size_t i = 0; i < images->count; i++) {
		const struct probe_list *list = &images->at[i]->probes;

		for (size_t k = 0; k < list->count; k++)
			if (strcmp(list->at[k].name, name) == 0)
				return true;
	}
	return false;
}
