/* random.c - at each visible step, with a probability that is the run's own, any pcore goes on. */
#include <stdlib.h>

#include "sim/base/rng.h"
#include "sim/explore/baton.h"
#include "sim/explore/strategy.h"

#define RARENESS 10 /* powers of two */

struct random {
	struct testbed *bed;
	struct strategy_options options;
};

struct random_run {
	struct rng rng;
	struct strategy_stimuli stimuli;
	uint64_t one_in; /* so many visible steps, somebody is drawn */
};

static unsigned choose(void *context, const struct baton_view *v)
{
	struct random_run *run = context;

	if (v->hit != NULL && rng_below(&run->rng, run->one_in) != 0)
		return v->core;
	return strategy_any(&run->rng, v->able);
}

static bool wait(void *context, const struct baton_view *v)
{
	struct random_run *run = context;

	(void)v;
	return strategy_waits(&run->rng);
}

static bool stimulate(void *context, const struct baton_view *v, struct stimulation *what)
{
	struct random_run *run = context;

	(void)v;
	return strategy_stimulate(&run->stimuli, &run->rng, what);
}

static void *create(struct testbed *b, const struct strategy_options *o)
{
	struct random *s = calloc(1, sizeof(*s));

	SIM_ASSERT(s != NULL);
	*s = (struct random){b, *o};
	return s;
}

static uint64_t count(const void *state)
{
	(void)state;
	return UINT64_MAX;
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct random *s = state;
	struct random_run run = {.rng = strategy_rng(&s->options, "random", number)};

	run.stimuli = strategy_stimuli(s->bed, &run.rng);
	run.one_in = UINT64_C(1) << rng_below(&run.rng, RARENESS);
	return strategy_baton_run(
		s->bed, (struct baton_chooser){&run, choose, wait, stimulate}, NULL, please);
}

const struct strategy strategy_random = {
	.name = "random",
	.help = "at visible steps, as often as the run has drawn, any pcore goes on",
	.create = create,
	.destroy = free,
	.count = count,
	.run = run_number,
};
