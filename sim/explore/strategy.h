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

/* The parts that strategies share: a run by a baton, made again exactly if it fails; and the stream
 * of random numbers of a run. */
struct baton_chooser;
struct rng;
struct testbed_run strategy_baton_run(struct testbed *b, struct baton_chooser chooser,
	uint64_t *visible_steps, const volatile int *please);
/* In some runs, now and then, a vcore is preempted: of the program, on any pcore. */
struct strategy_stimuli {
	struct testbed *bed;
	uint64_t one_in; /* so many visible steps; 0: in none */
};
/* One of these, which has at least one bit. */
unsigned strategy_any(struct rng *r, uint64_t cores);

struct strategy_stimuli strategy_stimuli(struct testbed *b, struct rng *r);
struct stimulation;
bool strategy_stimulate(const struct strategy_stimuli *s, struct rng *r, struct stimulation *what);

/* One time in four somebody stays held back while a timer runs down. */
bool strategy_waits(struct rng *r);
struct rng strategy_rng(const struct strategy_options *o, const char *name, uint64_t number);

#endif
