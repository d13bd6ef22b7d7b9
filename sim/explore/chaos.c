/* chaos.c - pcores have priorities that change now and then, run for slices of random length, and
 * some are starved for a while: in the manner of rr's chaos mode.
 */
#include <stdlib.h>

#include "sim/explore/chance.h"

#define LOW_IN 4 /* one pcore in so many has the low priority */

struct chaos_run {
	struct chance chance;
	uint64_t slice_max, phase_max;   /* visible steps */
	uint64_t slice_left, phase_left; /* for who runs; for the priorities */
	uint64_t low;                    /* pcores that run only when no other can */
};

static void begin_phase(struct chaos_run *run)
{
	struct rng *r = &run->chance.rng;

	run->phase_left = 1 + rng_below(r, run->phase_max);
	run->low = 0;
	for (unsigned i = 0; i < MACHINE_CPUS_MAX; i++)
		if (rng_below(r, LOW_IN) == 0)
			run->low |= BIT(i);
}

static unsigned choose(struct chance *c, const struct baton_view *v)
{
	struct chaos_run *run = (struct chaos_run *)c;
	uint64_t from = v->able;

	if (run->phase_left-- == 0)
		begin_phase(run);
	if ((from & ~run->low) != 0)
		from &= ~run->low;
	if (v->hit != NULL && run->slice_left != 0 && (from & BIT(v->core)) != 0) {
		run->slice_left--;
		return v->core;
	}
	run->slice_left = rng_below(&c->rng, run->slice_max);
	return chance_any(c, from);
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct strategy_state *s = state;
	struct chaos_run run = {.chance = chance_of(s->bed, &s->options, "chaos", number)};

	run.chance.choose = choose;
	chance_preempts(&run.chance);
	run.slice_max = UINT64_C(1) << (1 + rng_below(&run.chance.rng, 8));
	run.phase_max = UINT64_C(16) << rng_below(&run.chance.rng, 8);
	begin_phase(&run);
	return chance_run(&run.chance, NULL, please);
}

const struct strategy strategy_chaos = {
	.name = "chaos",
	.help = "priorities and slices that change at random; some pcores starve for a while",
	.create = strategy_create_plain,
	.destroy = free,
	.count = strategy_endless,
	.run = run_number,
};
