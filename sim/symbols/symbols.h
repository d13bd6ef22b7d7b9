/* symbols.h - what an address is called: function, file and line, from the symbol table and DWARF
 * of one or several ELF images, by elfutils.
 *
 * Where images cover the same address, the one that was added first answers.
 */
#ifndef SYMBOLS_SYMBOLS_H
#define SYMBOLS_SYMBOLS_H

#include "sim/base/error.h"

struct symbols;

struct symbol {
	const char *name; /* lives as long as the struct symbols */
	uint64_t address, size;
};

struct source_line {
	const char *file; /* lives as long as the struct symbols */
	int line;
};

struct symbols *symbols_create(void);
void symbols_destroy(struct symbols *s);

/* bias is added to the addresses of the image. An image without symbols is fine, a file that is
 * not ELF is not. */
MUST_CHECK bool symbols_add(struct symbols *s, const char *path, uint64_t bias, struct error *e);

/* The same for a file in memory, whose bytes must live as long; its debugging information is its
 * own, never another file's. name is for messages. */
MUST_CHECK bool symbols_add_memory(struct symbols *s, const char *name, const uint8_t *data,
	size_t size, uint64_t bias, struct error *e);

/* The function (or object) that covers an address; one without a size reaches to the next. */
MUST_CHECK bool symbols_at(const struct symbols *s, uint64_t address, struct symbol *symbol);
MUST_CHECK bool symbols_named(const struct symbols *s, const char *name, struct symbol *symbol);
MUST_CHECK bool symbols_line(const struct symbols *s, uint64_t address, struct source_line *line);

/* "name+0x12", and with a line " (file:12)"; "" where nothing is known. */
void symbols_print(
	const struct symbols *s, uint64_t address, bool with_line, char *text, size_t size);

#endif
