/* validator.h - ringv's core makes the steps of a trace, and every register is compared after each.
 *
 * Memory is compared where the trace has checksums of it: before system calls and signals, and
 * every 100,000 steps.
 */
#ifndef HWTRACE_VALIDATOR_H
#define HWTRACE_VALIDATOR_H

#include "sim/hwtrace/hwtrace.h"

/* What is not as on the hardware. */
struct hw_difference {
	uint64_t step, rip;
	const char *mnemonic; /* of the decode table; "" if there is none */
	char insn[96];        /* disassembled */
	char field[24];       /* a register, "memory", "exception", "instruction" */
	bool has_values;
	uint64_t expected, got;
	char text[256]; /* a sentence about it */
};

struct hw_validation {
	bool go_on;      /* after a difference, with the hardware's state */
	uint64_t memory; /* bytes that the program may need; 0: PLAYER_MEMORY */
	/* Called for each difference, and now and then; false ends it there. May be NULL. */
	void (*differs)(void *context, const struct hw_difference *d);
	bool (*progress)(void *context, uint64_t steps);
	void *context;
};

struct hw_result {
	uint64_t steps, differences, checks, given, signals;
	uint64_t bounded;       /* results that differ within their bound (sim/cpu/undefined.h) */
	uint64_t *rows;         /* steps by row of the decode table */
	uint64_t *row_failures; /* differences by row */
	bool interrupted;
};

/* False when the trace itself is damaged: then e says how. Free the result in both cases. */
MUST_CHECK bool hwtrace_validate(const struct hwtrace *t, const char *name,
	const struct hw_validation *v, struct hw_result *result, struct error *e);
void hw_result_free(struct hw_result *r);

#endif
