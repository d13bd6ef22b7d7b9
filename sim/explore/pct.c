/* pct.c - probabilistic concurrency testing: pcores have random priorities, the highest that can
 * runs, and at depth - 1 random visible steps whoever runs becomes the lowest.
 *
 * Burckhardt, Kothari, Musuvathi, Nagarakatti, "A Randomized Scheduler with Probabilistic
 * Guarantees of Finding Bugs" (ASPLOS 2010): a bug of depth d, in a program of n threads and k
 * steps, is found by a run with a probability of at least 1 / (n k^(d-1)).
 */
#include <math.h>
#include <stdlib.h>

#include "sim/explore/chance.h"

#define MEASURED 8 /* runs of depth 1 */

struct pct {
	struct testbed *bed;
	struct strategy_options options;
	unsigned cpu_count;
	uint64_t steps; /* visible ones of a run, at most: k */
};

struct pct_run {
	struct chance chance;
	uint64_t depth;
	int64_t priority[CPU_MAX], lowest;
	uint64_t change[STRATEGY_DEPTH_MAX]; /* the visible steps, in no order */
};

static void draw(const struct pct *p, uint64_t depth, struct pct_run *run)
{
	struct rng *r = &run->chance.rng;

	run->depth = depth;
	for (unsigned i = 0; i < p->cpu_count; i++) {
		unsigned other = (unsigned)rng_below(r, i + 1);

		run->priority[i] = run->priority[other];
		run->priority[other] = i + 1;
	}
	for (unsigned i = 0; i + 1 < depth; i++)
		run->change[i] = 1 + rng_below(r, p->steps);
}

static unsigned highest(const struct pct_run *run, uint64_t able)
{
	unsigned best = (unsigned)__builtin_ctzll(able);

	for (; able != 0; able &= able - 1) {
		unsigned core = (unsigned)__builtin_ctzll(able);

		if (run->priority[core] > run->priority[best])
			best = core;
	}
	return best;
}

static unsigned choose(struct chance *c, const struct baton_view *v)
{
	struct pct_run *run = (struct pct_run *)c;

	if (v->spins)
		run->priority[v->core] = --run->lowest;
	for (unsigned i = 0; v->hit != NULL && i + 1 < run->depth; i++)
		if (run->change[i] == v->number)
			run->priority[v->core] = --run->lowest;
	return highest(run, v->able);
}

static struct testbed_run run_by(
	struct pct *p, uint64_t depth, uint64_t number, uint64_t *steps, const volatile int *please)
{
	const char *name = depth == 1 ? "pct-measure" : "pct";
	struct pct_run run = {.chance = chance_of(p->bed, &p->options, name, number)};

	run.chance.choose = choose;
	draw(p, depth, &run);
	if (depth > 1)
		chance_preempts(&run.chance);
	return chance_run(&run.chance, steps, please);
}

static void *create(struct testbed *b, const struct strategy_options *o)
{
	struct pct *p = calloc(1, sizeof(*p));

	SIM_ASSERT(p != NULL);
	*p = (struct pct){.bed = b, .options = *o, .steps = 1};
	p->cpu_count = testbed_machine(b)->cpu_count;
	for (uint64_t i = 1; i <= MEASURED; i++) {
		uint64_t steps;

		run_by(p, 1, i, &steps, NULL);
		p->steps = max_u64(p->steps, steps);
	}
	return p;
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct pct *p = state;

	return run_by(p, p->options.depth, number, NULL, please);
}

static void describe(const void *state, FILE *out)
{
	const struct pct *p = state;
	double d = (double)p->options.depth - 1;

	fprintf(out,
		"n = %u pcores, k = %" PRIu64 " visible steps, d = %" PRIu64
		": a bug of that depth is found by one of %.3g runs at least",
		p->cpu_count, p->steps, p->options.depth, p->cpu_count * pow((double)p->steps, d));
}

const struct strategy strategy_pct = {
	.name = "pct",
	.help = "random priorities, which change at --depth less 1 visible steps",
	.create = create,
	.destroy = free,
	.count = strategy_endless,
	.run = run_number,
	.describe = describe,
};
