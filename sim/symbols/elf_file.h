/* elf_file.h - one ELF file in memory: sections, what lies at an address, symbols by name. For the
 * readers of this layer.
 *
 * By libelf. The file may be any bytes.
 */
#ifndef SYMBOLS_ELF_FILE_H
#define SYMBOLS_ELF_FILE_H

#include "sim/base/error.h"

struct Elf; /* of libelf, whose header defines what mmu.h does */

struct elf_file {
	const char *path; /* for messages */
	const uint8_t *data;
	size_t size;
	struct Elf *elf;
	unsigned address_size; /* 4 or 8 */
};

struct elf_section {
	uint64_t address;
	const uint8_t *data;
	size_t size;
};

/* False: it is no ELF file for an x86. */
MUST_CHECK bool elf_file_open(
	struct elf_file *f, const char *path, const uint8_t *data, size_t size);
void elf_file_close(struct elf_file *f);

/* A section with contents; false where there is none of that name, or it lies beyond the file. */
MUST_CHECK bool elf_file_section(
	const struct elf_file *f, const char *name, struct elf_section *section);

/* The file's offset of what is loaded at an address, size bytes of it at least; of code alone, if
 * asked. */
MUST_CHECK bool elf_file_offset(
	const struct elf_file *f, uint64_t address, uint64_t size, bool code, uint64_t *offset);

/* The text at an address, which must end within the file. NULL: there is none. */
const char *elf_file_text(const struct elf_file *f, uint64_t address);

/* A symbol by name. One in thread-local storage has the offset from the thread pointer (System V
 * ABI, "ELF Handling For Thread-Local Storage", variant II). */
enum elf_found { ELF_NONE, ELF_ONE, ELF_SEVERAL };
enum elf_found elf_file_symbol(
	const struct elf_file *f, const char *name, bool tls, uint64_t *value);

#endif
