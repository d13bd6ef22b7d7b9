/* random.c - at each visible step, with a probability that is the run's own, any pcore goes on. */
#include <stdlib.h>

#include "sim/explore/chance.h"

#define RARENESS 10 /* powers of two */

struct random_run {
	struct chance chance;
	uint64_t one_in; /* so many visible steps, somebody is drawn */
};

static unsigned choose(struct chance *c, const struct baton_view *v)
{
	struct random_run *run = (struct random_run *)c;

	if (v->hit != NULL && rng_below(&c->rng, run->one_in) != 0)
		return v->core;
	return chance_any(c, v->able);
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct strategy_state *s = state;
	struct random_run run = {.chance = chance_of(s->bed, &s->options, "random", number)};

	run.chance.choose = choose;
	chance_preempts(&run.chance);
	run.one_in = UINT64_C(1) << rng_below(&run.chance.rng, RARENESS);
	return chance_run(&run.chance, NULL, please);
}

const struct strategy strategy_random = {
	.name = "random",
	.help = "at visible steps, as often as the run has drawn, any pcore goes on",
	.create = strategy_create_plain,
	.destroy = free,
	.count = strategy_endless,
	.run = run_number,
};
