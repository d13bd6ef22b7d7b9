/* parameters.h - the arguments that a program declares (sim/abi/parameter.h). */
#ifndef SYMBOLS_PARAMETERS_H
#define SYMBOLS_PARAMETERS_H

#include "sim/symbols/elf_file.h"

#define PARAMETERS_MAX 8

struct program_parameter {
	char name[32];
	uint64_t least;
};

struct parameter_list {
	unsigned count;
	struct program_parameter at[PARAMETERS_MAX]; /* argument 1 and on */
};

/* False: the section is broken; the list is empty then. */
MUST_CHECK bool parameters_read(
	const struct elf_file *f, struct parameter_list *list, struct error *e);

#endif
