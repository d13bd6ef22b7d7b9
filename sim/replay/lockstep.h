/* lockstep.h - runs a machine beside one that drops every cache before each step, and compares.
 *
 * What the caches do must be invisible: any difference is a bug of ringv. There is no serial input
 * in this mode.
 */
#ifndef REPLAY_LOCKSTEP_H
#define REPLAY_LOCKSTEP_H

#include "sim/replay/diff.h"

/* m and checker come from the same session and stand equal. Ends as m does by itself, or with
 * STOP_INTERRUPTED at the first difference. chain is that of m. */
MUST_CHECK bool lockstep_run(struct chain *chain, struct machine *m, struct machine *checker,
	const struct run_limit *limit, struct stop *stop, struct difference *d, struct error *e);

#endif
