/* strategy.h - a way to choose what is forced in a run, and the runs that it makes, by their
 * numbers.
 *
 * Run 0 is the one without forcings. All others are a function of the scenario, the options and
 * their number alone: so they can be split among processes and machines, and each can be made
 * again.
 */
#ifndef EXPLORE_STRATEGY_H
#define EXPLORE_STRATEGY_H

#include "sim/explore/testbed.h"

struct strategy_options {
	uint64_t seed;
	bool memory;          /* accesses to shared memory are visible steps too */
	uint64_t depth;       /* pct: one more than there are changes of priority */
	uint64_t preemptions; /* preempt: asked for in a run */
	uint64_t pauses;      /* preempt: in a run, at most */
};

/* What is drawn for preempt if nothing is said; delays of interrupts come on top. */
#define PREEMPT_PREEMPTIONS  36
#define PREEMPT_PAUSES       4
#define PREEMPT_DELAYS       1
#define PREEMPT_FORCINGS_MAX (FORCINGS_MAX - PREEMPT_DELAYS)

#define STRATEGY_DEPTH     3
#define STRATEGY_DEPTH_MAX 64

struct strategy {
	const char *name, *help;
	/* Measures what it has to know; the testbed must outlive it. */
	void *(*create)(struct testbed *b, const struct strategy_options *o);
	void (*destroy)(void *state);
	/* Numbers from 1 on; UINT64_MAX: without end. */
	uint64_t (*count)(const void *state);
	/* What fails is answered as testbed_exactly does. */
	struct testbed_run (*run)(void *state, uint64_t number, const volatile int *please);
	/* What it has measured and what it promises, a line or more; NULL: nothing. */
	void (*describe)(const void *state, FILE *out);
};

extern const struct strategy strategy_chaos, strategy_pause, strategy_pct, strategy_preempt,
	strategy_random;

/* Makes its state: with the accesses that are visible, if they are to be, marked before. */
void *strategy_create(
	const struct strategy *s, struct testbed *b, const struct strategy_options *o);

/* NULL: none of that name, or the end of the list. */
const struct strategy *strategy_find(const char *name);
const struct strategy *strategy_at(unsigned number);

/* What strategies share. */
struct strategy_state {
	struct testbed *bed;
	struct strategy_options options;
};
void *strategy_create_plain(struct testbed *b, const struct strategy_options *o);
uint64_t strategy_endless(const void *state);

#endif
