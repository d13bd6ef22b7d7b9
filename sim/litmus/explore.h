/* explore.h - all that a litmus test can end in, as real code on the cores of a simulated machine.
 *
 * From each state every core makes its next step, takes its interrupt, which may be sent just then
 * or have been waiting since, and its oldest store leaves its store buffer: the states are searched
 * exhaustively, each once.
 */
#ifndef LITMUS_EXPLORE_H
#define LITMUS_EXPLORE_H

#include "sim/base/config.h"
#include "sim/litmus/assemble.h"
#include "sim/litmus/outcomes.h"

struct litmus_explorer;

/* NULL: the host lacks memory. */
struct litmus_explorer *litmus_explorer_create(enum memory_model model, struct error *e);
void litmus_explorer_destroy(struct litmus_explorer *x);

/* Adds the outcomes to o; *states counts the states met. False: a thread faulted, or there are too
 * many states. */
MUST_CHECK bool litmus_explore(struct litmus_explorer *x, const struct litmus_test *t,
	const struct litmus_code *code, struct litmus_outcomes *o, uint64_t *states,
	struct error *e);

#endif
