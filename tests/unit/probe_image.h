/* probe_image.h - an ELF file in memory that holds code, notes of probes and fault points; no
 * symbols.
 */
#ifndef UNIT_PROBE_IMAGE_H
#define UNIT_PROBE_IMAGE_H

#include <stdlib.h>

#include <elf.h>

#include "sim/base/base.h"

#define PROBE_IMAGE_CODE 0x200 /* where in the file the code begins, which is loaded at address */

struct probe_image {
	uint64_t address;
	const void *code, *notes, *faults;
	size_t code_size, notes_size, faults_size;
};

static inline size_t probe_image_put(uint8_t *file, size_t *at, const void *data, size_t size)
{
	size_t offset = *at;

	if (file != NULL && size != 0)
		memcpy(file + offset, data, size);
	*at = (offset + size + 7) & ~(size_t)7;
	return offset;
}

/* Lays the file out; with file NULL only its size is found. */
static inline size_t probe_image_lay_out(const struct probe_image *p, uint8_t *file)
{
	static const char names[] = "\0.note.stapsdt\0fault_points\0.shstrtab";
	Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = p->address,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 4,
		.e_shstrndx = 3,
	};
	const Elf64_Phdr segment = {.p_type = PT_LOAD,
		.p_flags = 1 /* executable; elf.h's name is another thing in mmu.h */,
		.p_offset = PROBE_IMAGE_CODE,
		.p_vaddr = p->address,
		.p_paddr = p->address,
		.p_filesz = p->code_size,
		.p_memsz = p->code_size};
	Elf64_Shdr sections[4] = {
		{0},
		{.sh_name = 1, .sh_type = SHT_NOTE, .sh_size = p->notes_size},
		{.sh_name = 15, .sh_type = SHT_PROGBITS, .sh_size = p->faults_size},
		{.sh_name = 28, .sh_type = SHT_STRTAB, .sh_size = sizeof(names)},
	};
	size_t at = PROBE_IMAGE_CODE;

	probe_image_put(file, &at, p->code, p->code_size);
	sections[1].sh_offset = probe_image_put(file, &at, p->notes, p->notes_size);
	sections[2].sh_offset = probe_image_put(file, &at, p->faults, p->faults_size);
	sections[3].sh_offset = probe_image_put(file, &at, names, sizeof(names));
	header.e_shoff = probe_image_put(file, &at, sections, sizeof(sections));
	if (file != NULL) {
		memcpy(file, &header, sizeof(header));
		memcpy(file + sizeof(header), &segment, sizeof(segment));
	}
	return at;
}

/* The caller frees it. */
static inline uint8_t *probe_image_make(const struct probe_image *p, size_t *size)
{
	uint8_t *file;

	*size = probe_image_lay_out(p, NULL);
	file = calloc(1, *size);
	SIM_ASSERT(file != NULL);
	probe_image_lay_out(p, file);
	return file;
}

/* Adds the note of a probe of provider ringv; the answer is the new size of the notes. */
static inline size_t probe_image_note(
	uint8_t *notes, size_t at, uint64_t address, const char *name, const char *args)
{
	static const char owner[] = "stapsdt", provider[] = "ringv";
	const uint64_t addresses[3] = {address};
	const size_t name_size = strlen(name) + 1, args_size = strlen(args) + 1;
	const uint32_t head[3] = {sizeof(owner),
		(uint32_t)(sizeof(addresses) + sizeof(provider) + name_size + args_size), 3};

	memcpy(notes + at, head, sizeof(head));
	at += sizeof(head);
	memcpy(notes + at, owner, sizeof(owner));
	at += sizeof(owner);
	memcpy(notes + at, addresses, sizeof(addresses));
	at += sizeof(addresses);
	memcpy(notes + at, provider, sizeof(provider));
	at += sizeof(provider);
	memcpy(notes + at, name, name_size);
	at += name_size;
	memcpy(notes + at, args, args_size);
	at += args_size;
	for (; at % 4 != 0; at++)
		notes[at] = 0;
	return at;
}

#endif
