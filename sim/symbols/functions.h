/* functions.h - where the code of functions lies, as DWARF says: also where they are inlined.
 */
#ifndef SYMBOLS_FUNCTIONS_H
#define SYMBOLS_FUNCTIONS_H

#include "sim/symbols/images.h"

/* Told of each range [first, end) of code that belongs to a function of that name, or was inlined
 * from one. */
struct function_listener {
	void *context;
	void (*range)(void *context, const char *name, uint64_t first, uint64_t end);
};

/* All functions of the image that DWARF names. Ranges of what is inlined come after those of the
 * function that it is inlined into. */
void image_functions(const struct elf_image *image, struct function_listener listener);

#endif
