/* testbed_count.c - how often points have been reached, the boot counted. */
#include <stdlib.h>

#include "sim/explore/testbed_parts.h"

struct testbed_count {
	struct point point; /* its number does not count */
	uint64_t before;
};

static bool same_point(const struct point *a, const struct point *b)
{
	return a->kind == b->kind && stream_equal(&a->stream, &b->stream) &&
	       strcmp(a->name, b->name) == 0 && a->offset == b->offset;
}

static const struct testbed_count *known(const struct testbed *b, const struct point *p)
{
	for (unsigned i = 0; i < b->count_count; i++)
		if (same_point(&b->counts[i].point, p))
			return &b->counts[i];
	return NULL;
}

/* A forcing that counts how often its point is reached, and does nothing. */
static struct forcing counter(const struct point *p)
{
	struct forcing f = {.kind = FORCING_DO, .at = *p};

	f.stimulation.kind = STIMULATE_IRQ;
	f.at.number = SCHEDULE_NUMBER;
	return f;
}

static void boot_and_count(struct testbed *b, struct schedule *s)
{
	struct trial_setup bare = b->setup;
	struct run_limit limit = RUN_FREELY;
	struct director *d;
	struct trial t;
	struct error e;
	bool good;

	bare.without_schedule = bare.without_explanation = true;
	good = trial_create(&t, b->scenario, &bare, &e);
	SIM_ASSERT(good); /* as it was for the testbed */
	d = director_create(t.machine, t.watch, s, b->program, &e);
	SIM_ASSERT(d != NULL);
	limit.steps = b->boot_steps;
	while (t.machine->run.steps < limit.steps)
		machine_run(t.machine, &limit);
	b->counts = realloc(b->counts, (b->count_count + s->count) * sizeof(*b->counts));
	SIM_ASSERT(b->counts != NULL);
	for (unsigned i = 0; i < s->count; i++)
		b->counts[b->count_count++] =
			(struct testbed_count){s->at[i].at, director_state(d)->forcing[i].times};
	director_destroy(d);
	trial_destroy(&t);
}

void testbed_learn(struct testbed *b, const struct point *points, unsigned count)
{
	struct schedule s = {.count = 0};

	for (unsigned i = 0; i < count && s.count < FORCINGS_MAX; i++)
		if (points[i].kind != POINT_EXACT && known(b, &points[i]) == NULL)
			s.at[s.count++] = counter(&points[i]);
	if (s.count != 0)
		boot_and_count(b, &s);
}

uint64_t testbed_before(struct testbed *b, const struct point *p)
{
	if (p->kind == POINT_EXACT || b->boot_steps == 0)
		return 0;
	if (known(b, p) == NULL)
		testbed_learn(b, p, 1);
	return known(b, p)->before;
}

static void count_all(struct testbed *b, const struct schedule *s, uint64_t before[FORCINGS_MAX])
{
	struct point points[FORCINGS_MAX];

	for (unsigned n = 0; n < s->count; n++)
		points[n] = s->at[n].at;
	if (b->boot_steps != 0)
		testbed_learn(b, points, s->count);
	for (unsigned n = 0; n < s->count; n++)
		before[n] = testbed_before(b, &points[n]);
}

struct testbed_run testbed_run_spelled(
	struct testbed *b, const struct schedule *s, const volatile int *please)
{
	uint64_t before[FORCINGS_MAX];

	count_all(b, s, before);
	return testbed_run_after(b, s, before, please);
}

static struct director *go_to(
	struct testbed *b, const struct schedule *s, unsigned core, uint64_t step)
{
	struct machine *m = b->trial.machine;
	struct run_limit limit = {b->scenario->limit.steps, core, step, NULL};
	uint64_t before[FORCINGS_MAX];
	struct director *d;
	struct error e;

	count_all(b, s, before);
	testbed_rewind(b);
	d = director_create(m, b->trial.watch, s, b->program, &e);
	SIM_ASSERT(d != NULL);
	for (unsigned n = 0; n < s->count; n++)
		director_state(d)->forcing[n].times = before[n];
	machine_run(m, &limit);
	return d;
}

bool testbed_stand(struct testbed *b, const struct schedule *s, unsigned core, uint64_t step,
	const struct point *points, unsigned count, uint64_t *times)
{
	struct schedule all = *s;
	struct director *d;

	SIM_ASSERT(s->count + count <= FORCINGS_MAX);
	for (unsigned i = 0; i < count; i++)
		all.at[all.count++] = counter(&points[i]);
	d = go_to(b, &all, core, step);
	for (unsigned i = 0; i < count; i++)
		times[i] = director_state(d)->forcing[s->count + i].times;
	director_destroy(d);
	return b->trial.machine->cores[core].arch.step == step;
}

void testbed_walk(struct testbed *b, const struct schedule *s, unsigned core, uint64_t first,
	uint64_t last, void (*look)(void *context, const struct vcpu *c), void *context)
{
	struct machine *m = b->trial.machine;
	const struct vcpu *c = &m->cores[core];
	struct director *d = go_to(b, s, core, first);

	for (uint64_t step = first; step <= last && c->arch.step == step; step++) {
		struct run_limit limit = {b->scenario->limit.steps, core, step + 1, NULL};

		look(context, c);
		machine_run(m, &limit);
	}
	director_destroy(d);
}
