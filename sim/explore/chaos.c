/* chaos.c - pcores have priorities that change now and then, run for slices of random length, and
 * some are starved for a while: in the manner of rr's chaos mode.
 */
#include <stdlib.h>

#include "sim/base/rng.h"
#include "sim/explore/baton.h"
#include "sim/explore/strategy.h"

#define LOW_IN 4 /* one pcore in so many has the low priority */

struct chaos {
	struct testbed *bed;
	struct strategy_options options;
};

struct chaos_run {
	struct rng rng;
	struct strategy_stimuli stimuli;
	uint64_t slice_max, phase_max;   /* visible steps */
	uint64_t slice_left, phase_left; /* for who runs; for the priorities */
	uint64_t low;                    /* pcores that run only when no other can */
};

static void begin_phase(struct chaos_run *run)
{
	run->phase_left = 1 + rng_below(&run->rng, run->phase_max);
	run->low = 0;
	for (unsigned i = 0; i < CPU_MAX; i++)
		if (rng_below(&run->rng, LOW_IN) == 0)
			run->low |= BIT(i);
}

static unsigned choose(void *context, const struct baton_view *v)
{
	struct chaos_run *run = context;
	uint64_t from = v->able;

	if (run->phase_left-- == 0)
		begin_phase(run);
	if ((from & ~run->low) != 0)
		from &= ~run->low;
	if (v->hit != NULL && run->slice_left != 0 && (from & BIT(v->core)) != 0) {
		run->slice_left--;
		return v->core;
	}
	run->slice_left = rng_below(&run->rng, run->slice_max);
	return strategy_any(&run->rng, from);
}

static bool wait(void *context, const struct baton_view *v)
{
	struct chaos_run *run = context;

	(void)v;
	return strategy_waits(&run->rng);
}

static bool stimulate(void *context, const struct baton_view *v, struct stimulation *what)
{
	struct chaos_run *run = context;

	(void)v;
	return strategy_stimulate(&run->stimuli, &run->rng, what);
}

static void *create(struct testbed *b, const struct strategy_options *o)
{
	struct chaos *s = calloc(1, sizeof(*s));

	SIM_ASSERT(s != NULL);
	*s = (struct chaos){b, *o};
	return s;
}

static uint64_t count(const void *state)
{
	(void)state;
	return UINT64_MAX;
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct chaos *s = state;
	struct chaos_run run = {.rng = strategy_rng(&s->options, "chaos", number)};

	run.stimuli = strategy_stimuli(s->bed, &run.rng);
	run.slice_max = UINT64_C(1) << (1 + rng_below(&run.rng, 8));
	run.phase_max = UINT64_C(16) << rng_below(&run.rng, 8);
	begin_phase(&run);
	return strategy_baton_run(
		s->bed, (struct baton_chooser){&run, choose, wait, stimulate}, NULL, please);
}

const struct strategy strategy_chaos = {
	.name = "chaos",
	.help = "priorities and slices that change at random; some pcores starve for a while",
	.create = create,
	.destroy = free,
	.count = count,
	.run = run_number,
};
