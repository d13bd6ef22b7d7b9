/* assemble.h - the machine code of litmus tests, by the host's assembler. */
#ifndef LITMUS_ASSEMBLE_H
#define LITMUS_ASSEMBLE_H

#include "sim/litmus/test.h"

#define LITMUS_CODE 512 /* bytes of a thread at most */

struct litmus_bytes {
	unsigned size;
	uint8_t bytes[LITMUS_CODE];
};

struct litmus_code {
	struct litmus_bytes thread[LITMUS_THREADS];
	struct litmus_bytes handler[LITMUS_THREADS]; /* with its IRET */
};

/* Fills code[i] for tests[i], with one run of `as`. An instruction that it refuses is an error with
 * its file and line; so is a host without `as`. */
MUST_CHECK bool litmus_assemble(
	const struct litmus_test *tests, size_t count, struct litmus_code *code, struct error *e);

#endif
