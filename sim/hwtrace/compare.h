/* compare.h - whether ringv did what the hardware did, where the manual says what that is.
 *
 * What it leaves undefined (sim/cpu/undefined.h), and results that it gives only within a bound
 * (reciprocals, x87's transcendental functions), may differ; they are then taken over from the
 * hardware, so that they do no harm later.
 */
#ifndef HWTRACE_COMPARE_H
#define HWTRACE_COMPARE_H

#include "sim/cpu/decode.h"
#include "sim/hwtrace/state.h"

struct hw_comparison {
	const struct row *row; /* of the instruction; NULL: not known */
	const struct insn *insn;
	const struct hw_state *before, *hardware;
	struct hw_state *ringv; /* takes over what may differ */
	bool taken_over;        /* something was */
	bool bounded;           /* among it a result that is not the same, but within its bound */
	unsigned word;          /* the first that differs */
};

bool hw_compare(struct hw_comparison *c);

#endif
