/* chance.h - a run by a baton whose holder is chosen at random, in which now and then a vcore is
 * preempted, and somebody who is held back waits for a timer.
 */
#ifndef EXPLORE_CHANCE_H
#define EXPLORE_CHANCE_H

#include "sim/base/rng.h"
#include "sim/explore/baton.h"
#include "sim/explore/strategy.h"

struct chance {
	struct testbed *bed;
	struct rng rng;          /* of this run */
	uint64_t preempt_one_in; /* so many visible steps; 0: in none */
	/* as of struct baton_chooser; its context is the struct chance */
	unsigned (*choose)(struct chance *c, const struct baton_view *view);
};

/* For the run of that number; name is whose numbers they are. No preemptions yet. */
struct chance chance_of(
	struct testbed *b, const struct strategy_options *o, const char *name, uint64_t number);

/* In half of the runs vcores of the program are preempted. */
void chance_preempts(struct chance *c);

/* One of these, which has at least one bit. */
unsigned chance_any(struct chance *c, uint64_t cores);

/* The run, made again exactly if it fails. visible_steps may be NULL. */
struct testbed_run chance_run(
	struct chance *c, uint64_t *visible_steps, const volatile int *please);

#endif
