#include "sim/machine/image.h"

#include <gelf.h>
#include <libelf.h>

/* "OS image format": the header lies within the first 8192 bytes, 4-byte aligned. */
#define HEADER_SEARCH 8192
#define HEADER_MAGIC  0x1badb002u

#define HEADER_PAGE_ALIGN BIT(0)
#define HEADER_MEMORY     BIT(1)
#define HEADER_ADDRESSES  BIT(16)
#define HEADER_REQUIRED   0xffffu /* bits that a loader must know */

enum header_field {
	FIELD_MAGIC,
	FIELD_FLAGS,
	FIELD_CHECKSUM,
	FIELD_HEADER_ADDR,
	FIELD_LOAD_ADDR,
	FIELD_LOAD_END_ADDR,
	FIELD_BSS_END_ADDR,
	FIELD_ENTRY_ADDR,
	HEADER_FIELDS,
};

struct multiboot_header {
	uint64_t offset; /* in the file */
	uint32_t field[HEADER_FIELDS];
};

struct bytes {
	const char *name;
	const uint8_t *data;
	size_t size;
};

const char *image_kind_name(enum image_kind kind)
{
	static const char *const names[] = {
		[IMAGE_MULTIBOOT] = "multiboot 1, by its address fields",
		[IMAGE_MULTIBOOT_ELF] = "multiboot 1 in ELF",
		[IMAGE_PVH] = "PVH in ELF",
		[IMAGE_ELF] = "ELF",
	};

	return names[kind];
}

/* --- the list of segments --- */

/* Keeps the list sorted by address, and refuses overlaps. */
static bool add_segment(
	struct image *image, const struct bytes *b, struct segment_load s, struct error *e)
{
	unsigned i = image->count;

	if (s.memory_size == 0)
		return true;
	if (image->count == IMAGE_SEGMENTS_MAX)
		return fail(e, "%s: more than %d segments", b->name, IMAGE_SEGMENTS_MAX);
	if (s.pa + s.memory_size < s.pa)
		return fail(e, "%s: segment at %#" PRIx64 " wraps around the end of memory",
			b->name, s.pa);
	for (; i > 0 && image->segments[i - 1].pa > s.pa; i--)
		image->segments[i] = image->segments[i - 1];
	image->segments[i] = s;
	image->count++;
	for (i = 1; i < image->count; i++) {
		const struct segment_load *left = &image->segments[i - 1];

		if (left->pa + left->memory_size > left[1].pa)
			return fail(e,
				"%s: segments at %#" PRIx64 " and %#" PRIx64 " (physical) overlap",
				b->name, left->pa, left[1].pa);
	}
	return true;
}

static bool check_entry(const struct image *image, const struct bytes *b, struct error *e)
{
	for (unsigned i = 0; i < image->count; i++)
		if (image->entry - image->segments[i].pa < image->segments[i].memory_size)
			return true;
	return fail(
		e, "%s: entry %#" PRIx64 " lies outside of every segment", b->name, image->entry);
}

/* --- multiboot, by the header's address fields --- */

static bool find_header(const struct bytes *b, struct multiboot_header *h)
{
	size_t end = b->size < HEADER_SEARCH ? b->size : HEADER_SEARCH;

	for (h->offset = 0; h->offset + 12 <= end; h->offset += 4) {
		size_t left = b->size - h->offset;

		memset(h->field, 0, sizeof(h->field));
		memcpy(h->field, b->data + h->offset,
			left < sizeof(h->field) ? left : sizeof(h->field));
		if (h->field[FIELD_MAGIC] == HEADER_MAGIC &&
			h->field[FIELD_MAGIC] + h->field[FIELD_FLAGS] + h->field[FIELD_CHECKSUM] ==
				0)
			return true;
	}
	return false;
}

static bool check_flags(const struct multiboot_header *h, const struct bytes *b, struct error *e)
{
	uint32_t unknown = h->field[FIELD_FLAGS] & HEADER_REQUIRED &
			   ~(uint32_t)(HEADER_PAGE_ALIGN | HEADER_MEMORY);

	if (unknown != 0)
		return fail(e,
			"%s: multiboot header requires features %#x; known are page alignment (1) "
			"and memory information (2)",
			b->name, unknown);
	return true;
}

static bool parse_addresses(struct image *image, const struct bytes *b,
	const struct multiboot_header *h, struct error *e)
{
	uint32_t load = h->field[FIELD_LOAD_ADDR], header = h->field[FIELD_HEADER_ADDR];
	uint32_t load_end = h->field[FIELD_LOAD_END_ADDR], bss_end = h->field[FIELD_BSS_END_ADDR];
	struct segment_load s = {.pa = load};

	if (b->size < h->offset + sizeof(h->field))
		return fail(e, "%s: file ends within the multiboot header", b->name);
	if (load > header || header - load > h->offset)
		return fail(e,
			"%s: multiboot header_addr %#x and load_addr %#x do not fit the header's "
			"place in the file, %#" PRIx64,
			b->name, header, load, h->offset);
	s.file_offset = h->offset - (header - load);
	s.file_size = b->size - s.file_offset;
	if (load_end != 0) {
		if (load_end < load || load_end - load > s.file_size)
			return fail(e,
				"%s: multiboot load_end_addr %#x lies before load_addr %#x or "
				"beyond the file's end at %#" PRIx64,
				b->name, load_end, load, load + s.file_size);
		s.file_size = load_end - load;
	}
	s.memory_size = s.file_size;
	if (bss_end != 0) {
		if (bss_end < load + s.file_size)
			return fail(e,
				"%s: multiboot bss_end_addr %#x lies before the end of what is "
				"loaded, %#" PRIx64,
				b->name, bss_end, load + s.file_size);
		s.memory_size = bss_end - load;
	}
	image->entry = h->field[FIELD_ENTRY_ADDR];
	return add_segment(image, b, s, e);
}

/* --- ELF --- */

#define XEN_ELFNOTE_PHYS32_ENTRY 18 /* xen/include/public/elfnote.h */

static bool parse_program_header(
	struct image *image, const struct bytes *b, const GElf_Phdr *p, struct error *e)
{
	struct segment_load s = {p->p_paddr, p->p_memsz, p->p_offset, p->p_filesz};

	if (p->p_type != PT_LOAD)
		return true;
	if (p->p_filesz > p->p_memsz)
		return fail(e,
			"%s: segment at %#" PRIx64 " has more bytes in the file (%#" PRIx64
			") than in memory (%#" PRIx64 ")",
			b->name, s.pa, s.file_size, s.memory_size);
	if (p->p_offset > b->size || p->p_filesz > b->size - p->p_offset)
		return fail(e,
			"%s: segment at %#" PRIx64 " ends at file offset %#" PRIx64
			", beyond the file's %zu bytes: truncated?",
			b->name, s.pa, s.file_offset + s.file_size, b->size);
	return add_segment(image, b, s, e);
}

/* An entry given as a virtual address is turned into the physical one. */
static void set_entry(struct image *image, uint64_t entry, const GElf_Phdr *p)
{
	if (p->p_type == PT_LOAD && entry - p->p_vaddr < p->p_memsz)
		image->entry = entry - p->p_vaddr + p->p_paddr;
}

/* A note of Xen's says where a PVH guest is entered. A bad note is no note. */
static void find_pvh_entry(struct image *image, Elf *elf, const GElf_Phdr *p)
{
	Elf_Data *notes;
	size_t at = 0, next, name, value;
	GElf_Nhdr note;
	uint32_t entry;

	if (p->p_type != PT_NOTE || image->kind != IMAGE_ELF)
		return;
	notes = elf_getdata_rawchunk(elf, (int64_t)p->p_offset, p->p_filesz, ELF_T_NHDR);
	for (; notes != NULL && (next = gelf_getnote(notes, at, &note, &name, &value)) > 0;
		at = next) {
		const char *data = notes->d_buf;

		if (note.n_type != XEN_ELFNOTE_PHYS32_ENTRY || note.n_descsz < sizeof(entry) ||
			note.n_namesz != sizeof("Xen") || memcmp(data + name, "Xen", 4) != 0)
			continue;
		memcpy(&entry, data + value, sizeof(entry));
		image->kind = IMAGE_PVH;
		image->entry = entry;
	}
}

static bool parse_headers(struct image *image, const struct bytes *b, Elf *elf, struct error *e)
{
	GElf_Ehdr header;
	size_t count;

	if (gelf_getehdr(elf, &header) == NULL)
		return fail(e, "%s: bad ELF header: %s", b->name, elf_errmsg(-1));
	if (header.e_ident[EI_DATA] != ELFDATA2LSB ||
		(header.e_machine != EM_386 && header.e_machine != EM_X86_64))
		return fail(e, "%s: ELF for machine %u; expected little-endian 386 or x86-64",
			b->name, header.e_machine);
	if (header.e_type != ET_EXEC)
		return fail(
			e, "%s: ELF type %u; expected an executable (2)", b->name, header.e_type);
	if (elf_getphdrnum(elf, &count) != 0)
		return fail(e, "%s: bad ELF program headers: %s", b->name, elf_errmsg(-1));
	image->entry = header.e_entry;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, (int)i, &p) == NULL)
			return fail(e, "%s: bad ELF program header %zu: %s", b->name, i,
				elf_errmsg(-1));
		if (!parse_program_header(image, b, &p, e))
			return false;
		set_entry(image, header.e_entry, &p);
	}
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, (int)i, &p) != NULL)
			find_pvh_entry(image, elf, &p);
	}
	if (image->count == 0)
		return fail(e, "%s: ELF without a segment to load", b->name);
	return true;
}

static bool parse_elf(struct image *image, const struct bytes *b, struct error *e)
{
	Elf *elf;
	bool good;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return fail(e, "libelf is older than its header: %s", elf_errmsg(-1));
	elf = elf_memory((char *)(uintptr_t)b->data, b->size);
	if (elf == NULL || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return fail(e, "%s: neither a multiboot 1 image nor ELF", b->name);
	}
	good = parse_headers(image, b, elf, e);
	elf_end(elf);
	return good;
}

bool image_parse(
	struct image *image, const char *name, const uint8_t *data, size_t size, struct error *e)
{
	struct bytes b = {name, data, size};
	struct multiboot_header h;
	bool multiboot = find_header(&b, &h);

	memset(image, 0, sizeof(*image));
	image->kind = multiboot ? IMAGE_MULTIBOOT_ELF : IMAGE_ELF;
	if (multiboot && !check_flags(&h, &b, e))
		return false;
	if (multiboot && (h.field[FIELD_FLAGS] & HEADER_ADDRESSES)) {
		image->kind = IMAGE_MULTIBOOT;
		if (!parse_addresses(image, &b, &h, e))
			return false;
	} else if (!parse_elf(image, &b, e)) {
		return false;
	}
	return check_entry(image, &b, e);
}
