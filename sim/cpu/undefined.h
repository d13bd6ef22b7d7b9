/* undefined.h - what the manual leaves undefined after an instruction, or only bounds, by the rows
 * of the decode table: whoever compares ringv with another CPU makes allowance for that.
 *
 * ringv itself gives one fixed value in each of these cases.
 */
#ifndef CPU_UNDEFINED_H
#define CPU_UNDEFINED_H

#include "sim/cpu/decode.h"

/* One execution of a row: all that decides what is undefined after it. */
struct execution {
	const struct row *row;
	unsigned width; /* operand size in bytes; 1 for rows of byte operands */
	uint64_t imm;   /* the immediate, for rows that have one */
	uint64_t rcx;   /* before */
};

/* The status flags that are undefined. */
uint64_t undefined_flags_of(const struct execution *x);

/* Whether the destination is undefined too. */
bool undefined_result_of(const struct execution *x);

/* The table behind it, for reports: false at the end. names are separated by blanks. */
bool undefined_rule(size_t i, const char **names, uint64_t *flags, const char **when);

/* Results that are within a bound of the truth, on both sides. */
enum bound {
	BOUND_EXACT,
	BOUND_RECIPROCAL,     /* SDM "RCPPS" and its like: a relative error of 1.5 * 2^-12 */
	BOUND_TRANSCENDENTAL, /* SDM "Transcendental Instruction Accuracy"; C1 tells its rounding */
};

enum bound bound_of(const struct row *row);

/* Whether two results can both be right: two singles each; and x87's numbers, where ringv rounds
 * correctly and others are within one unit in the last place of that. */
bool reciprocals_near(uint64_t a, uint64_t b);
bool transcendentals_near(const struct xmm *a, const struct xmm *b);

/* Is name one of names, which are separated by blanks? */
bool names_include(const char *names, const char *name);

#endif
