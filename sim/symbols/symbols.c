#include "sim/symbols/symbols.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/symbols/dwarf.h"

#define SYMBOL_REACH UINT64_C(0x100000) /* of one without a size, if no other follows */

struct symbol_image {
	Dwfl *dwfl;
	Dwfl_Module *module;
	uint64_t bias;
	size_t count;
	struct symbol *symbols; /* by address */
};

struct symbols {
	size_t count;
	struct symbol_image *images;
};

struct symbols *symbols_create(void)
{
	struct symbols *s = calloc(1, sizeof(*s));

	SIM_ASSERT(s != NULL);
	return s;
}

static void image_free(struct symbol_image *image)
{
	free(image->symbols);
	dwfl_end(image->dwfl);
}

void symbols_destroy(struct symbols *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		image_free(&s->images[i]);
	free(s->images);
	free(s);
}

/* --- reading --- */

/* A place in the image; absolute symbols are constants. */
static bool wanted(const GElf_Sym *symbol, const char *name)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return name != NULL && name[0] != '\0' && symbol->st_shndx != SHN_UNDEF &&
	       symbol->st_shndx != SHN_ABS &&
	       (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE);
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->size != y->size) /* the one with a size wins: it comes last */
		return x->size < y->size ? -1 : 1;
	return strcmp(y->name, x->name);
}

/* A label without a size reaches to the next symbol. */
static void give_sizes(struct symbol_image *image)
{
	for (size_t i = 0; i < image->count; i++) {
		struct symbol *symbol = &image->symbols[i];
		uint64_t reach = SYMBOL_REACH;

		if (i + 1 < image->count)
			reach = min_u64(reach, symbol[1].address - symbol->address);
		if (symbol->size == 0)
			symbol->size = reach;
	}
}

static void read_symbols(struct symbol_image *image)
{
	int count = dwfl_module_getsymtab(image->module);

	if (count <= 0)
		return;
	image->symbols = calloc((size_t)count, sizeof(image->symbols[0]));
	SIM_ASSERT(image->symbols != NULL);
	for (int i = 0; i < count; i++) {
		GElf_Sym elf;
		GElf_Addr address;
		const char *name =
			dwfl_module_getsym_info(image->module, i, &elf, &address, NULL, NULL, NULL);

		if (wanted(&elf, name))
			image->symbols[image->count++] =
				(struct symbol){name, address + image->bias, elf.st_size};
	}
	qsort(image->symbols, image->count, sizeof(image->symbols[0]), by_address);
	give_sizes(image);
}

/* A file in memory brings all that is known of it. */
static int no_other_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
	const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)module, (void)user, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static const Dwfl_Callbacks file_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static const Dwfl_Callbacks memory_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = no_other_file,
	.section_address = dwfl_offline_section_address,
};

/* An image of what dwfl has been told of; NULL in module: it was no good. */
static bool add(struct symbols *s, struct symbol_image *image, const char *name, struct error *e)
{
	struct symbol_image *images;

	if (image->module == NULL || dwfl_report_end(image->dwfl, NULL, NULL) != 0) {
		fail(e, "%s: no ELF file with symbols: %s", name, dwfl_errmsg(-1));
		dwfl_end(image->dwfl);
		return false;
	}
	read_symbols(image);
	images = realloc(s->images, (s->count + 1) * sizeof(images[0]));
	SIM_ASSERT(images != NULL);
	s->images = images;
	s->images[s->count++] = *image;
	return true;
}

bool symbols_add(struct symbols *s, const char *path, uint64_t bias, struct error *e)
{
	struct symbol_image image = {.bias = bias, .dwfl = dwfl_begin(&file_callbacks)};

	SIM_ASSERT(image.dwfl != NULL);
	image.module = dwfl_report_offline(image.dwfl, path, path, -1);
	return add(s, &image, path, e);
}

bool symbols_add_memory(struct symbols *s, const char *name, const uint8_t *data, size_t size,
	uint64_t bias, struct error *e)
{
	struct symbol_image image = {.bias = bias, .dwfl = dwfl_begin(&memory_callbacks)};

	SIM_ASSERT(image.dwfl != NULL);
	image.module =
		dwfl_report_offline_memory(image.dwfl, name, name, (char *)(uintptr_t)data, size);
	return add(s, &image, name, e);
}

Dwarf *symbols_dwarf(const struct symbols *s)
{
	Dwarf_Addr bias;

	return s->count != 0 ? dwfl_module_getdwarf(s->images[0].module, &bias) : NULL;
}

/* --- asking --- */

/* The last symbol at or before the address, if it covers it. */
static const struct symbol *image_symbol(const struct symbol_image *image, uint64_t address)
{
	size_t low = 0, high = image->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	if (address - image->symbols[low - 1].address >= image->symbols[low - 1].size)
		return NULL;
	return &image->symbols[low - 1];
}

bool symbols_at(const struct symbols *s, uint64_t address, struct symbol *symbol)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct symbol *found = image_symbol(&s->images[i], address);

		if (found != NULL) {
			*symbol = *found;
			return true;
		}
	}
	return false;
}

bool symbols_named(const struct symbols *s, const char *name, struct symbol *symbol)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct symbol_image *image = &s->images[i];

		for (size_t k = 0; k < image->count; k++) {
			if (strcmp(image->symbols[k].name, name) == 0) {
				*symbol = image->symbols[k];
				return true;
			}
		}
	}
	return false;
}

bool symbols_line(const struct symbols *s, uint64_t address, struct source_line *line)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct symbol_image *image = &s->images[i];
		Dwfl_Line *found = dwfl_module_getsrc(image->module, address - image->bias);

		if (found == NULL)
			continue;
		line->file = dwfl_lineinfo(found, NULL, &line->line, NULL, NULL, NULL);
		return line->file != NULL;
	}
	return false;
}

void symbols_print(
	const struct symbols *s, uint64_t address, bool with_line, char *text, size_t size)
{
	struct symbol symbol;
	struct source_line line;
	size_t used = 0;

	text[0] = '\0';
	if (symbols_at(s, address, &symbol))
		used = (size_t)snprintf(
			text, size, "%s+%#" PRIx64, symbol.name, address - symbol.address);
	if (with_line && used < size && symbols_line(s, address, &line))
		snprintf(text + used, size - used, " (%s:%d)", line.file, line.line);
}
