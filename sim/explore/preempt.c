/* preempt.c - vcores are preempted, pcores paused, and interrupts come late, at random points of
 * what a first run showed.
 */
#include <stdlib.h>

#include "sim/explore/preempt_parts.h"

struct preempt {
	struct testbed *bed;
	struct strategy_options options;
	struct preempt_profile profile;
};

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct preempt *p = context;

	(void)m;
	if (hit->probe != NULL)
		profile_hit(&p->profile, watch_identity(testbed_watch(p->bed)), hit);
}

static void measure(struct preempt *p)
{
	struct machine *m = testbed_machine(p->bed);
	struct watch *w = testbed_watch(p->bed);
	const struct schedule nothing = {.count = 0};

	testbed_rewind(p->bed);
	profile_begin(&p->profile, m, watch_identity(w));
	watch_add(w, (struct watch_listener){p, take_hit});
	testbed_run(p->bed, &nothing, NULL);
	watch_remove(w, p);
	profile_end(&p->profile, m);
}

static void *create(struct testbed *b, const struct strategy_options *o)
{
	struct preempt *p = calloc(1, sizeof(*p));

	SIM_ASSERT(p != NULL);
	p->bed = b;
	p->options = *o;
	profile_init(&p->profile, testbed_machine(b), testbed_program(b));
	measure(p);
	return p;
}

static void destroy(void *state)
{
	struct preempt *p = state;

	profile_free(&p->profile);
	free(p);
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct preempt *p = state;
	struct rng r = rng_from(stream_seed(p->options.seed, "fuzz") + number);
	struct schedule drawn;
	struct testbed_run run;

	profile_draw(&p->profile, &p->options, &r, &drawn);
	run = testbed_run(p->bed, &drawn, please);
	return testbed_exactly(p->bed, &run, please);
}

const struct strategy strategy_preempt = {
	.name = "preempt",
	.help = "vcores preempted, pcores paused, interrupts late, at random points",
	.create = create,
	.destroy = destroy,
	.count = strategy_endless,
	.run = run_number,
};
