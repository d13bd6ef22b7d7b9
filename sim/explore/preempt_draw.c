#include <stdio.h>

#include "sim/explore/preempt_parts.h"

/* From min on over so many powers of two, each as likely. */
static uint64_t draw_size(struct rng *r, uint64_t min, unsigned powers)
{
	uint64_t size = min << rng_below(r, powers);

	return size + rng_below(r, size);
}

static bool one_of(struct rng *r, uint64_t n)
{
	return rng_below(r, n) == 0;
}

/* --- points --- */

static struct stream pcore(unsigned number)
{
	return (struct stream){.kind = STREAM_PCORE, .number = number};
}

static struct stream vcore(const struct preempt_profile *p, unsigned number)
{
	struct stream s = {.kind = STREAM_VCORE, .number = number};

	memcpy(s.program, p->program, sizeof(s.program));
	return s;
}

static struct point exact(unsigned core, uint64_t step)
{
	return (struct point){.kind = POINT_EXACT, .stream = pcore(core), .number = step};
}

/* A probe that was reached; rare ones are as likely as frequent ones, since races are rare. */
static struct point at_probe(
	struct rng *r, const struct preempt_place *place, struct stream stream, uint64_t most)
{
	struct point point = {.kind = POINT_PROBE, .stream = stream};

	snprintf(point.name, sizeof(point.name), "%s", place->probe);
	point.number = 1 + rng_below(r, min_u64(place->times, most));
	return point;
}

static const struct preempt_place *draw_place(struct rng *r, const struct preempt_places *places)
{
	return &places->at[rng_below(r, places->count)];
}

static uint64_t core_steps(const struct preempt_profile *p, unsigned core)
{
	return p->last[core] - p->first[core];
}

/* Any step of any pcore, each as likely. */
static struct point draw_step(const struct preempt_profile *p, struct rng *r)
{
	uint64_t sum = 0, n;
	unsigned core;

	for (core = 0; core < p->cpu_count; core++)
		sum += core_steps(p, core);
	n = rng_below(r, max_u64(sum, 1));
	for (core = 0; core + 1 < p->cpu_count && n >= core_steps(p, core); core++)
		n -= core_steps(p, core);
	return exact(core, p->first[core] + n);
}

/* Any step of a vcore, each as likely. */
static const struct preempt_span *draw_span(
	const struct preempt_profile *p, struct rng *r, struct point *at)
{
	uint64_t sum = 0, n;
	const struct preempt_span *s = p->spans;

	for (size_t i = 0; i < p->span_count; i++)
		sum += p->spans[i].to - p->spans[i].from;
	for (n = rng_below(r, max_u64(sum, 1)); n >= s->to - s->from && n != 0; s++)
		n -= s->to - s->from;
	*at = exact(s->core, s->from + n);
	return s;
}

/* --- preemptions --- */

/* For a time in which the others come across the gap or not, that they are busy with, or that
 * brings others in. */
static uint64_t draw_microseconds(struct rng *r)
{
	return one_of(r, 8) ? draw_size(r, 64, 2) : draw_size(r, 1, 5);
}

/* Most at any moment, of whoever runs there; the others where something happens. */
static void draw_preemption(const struct preempt_profile *p, struct rng *r, struct forcing *f)
{
	*f = (struct forcing){.kind = FORCING_DO};
	f->stimulation =
		(struct stimulation){.kind = STIMULATE_PREEMPT, .number = draw_microseconds(r)};
	if (one_of(r, 4)) {
		const struct preempt_place *place = draw_place(r, &p->by_vcore);

		f->stimulation.stream = vcore(p, place->number);
		f->at = at_probe(r, place, f->stimulation.stream, UINT64_MAX);
	} else {
		f->stimulation.stream = pcore(draw_span(p, r, &f->at)->core);
	}
}

/* For ever now and then, but once: where there are several pcores for it, the process keeps some.
 */
static void draw_preemptions(
	const struct preempt_profile *p, struct rng *r, uint64_t count, struct schedule *s)
{
	bool for_ever = p->cpu_count > 2 && one_of(r, 4);

	while (count-- > 0)
		draw_preemption(p, r, &s->at[s->count++]);
	if (for_ever && s->count != 0)
		s->at[rng_below(r, s->count)].stimulation.number = UINT64_MAX;
}

/* --- pauses --- */

static struct point draw_point(const struct preempt_profile *p, struct rng *r)
{
	const struct preempt_place *place;

	if (p->by_core.count == 0 || one_of(r, 4))
		return draw_step(p, r);
	place = draw_place(r, &p->by_core);
	return at_probe(r, place, pcore(place->number), UINT64_MAX);
}

#define EXPIRES 200000 /* cycles */

static void draw_until(const struct preempt_profile *p, struct rng *r, struct until *u)
{
	uint64_t how = rng_below(r, 3);

	if (how == 0)
		*u = (struct until){.kind = UNTIL_IDLE};
	else if (how == 1 || p->by_core.count == 0)
		*u = (struct until){.kind = UNTIL_CYCLES, .cycles = draw_size(r, 64, 11)};
	else
		*u = (struct until){.kind = UNTIL_POINT,
			.point = at_probe(r, draw_place(r, &p->by_core), (struct stream){0}, 3)};
}

static void draw_pause(const struct preempt_profile *p, struct rng *r, struct forcing *f)
{
	*f = (struct forcing){.kind = FORCING_PAUSE, .expires = EXPIRES};
	f->at = draw_point(p, r);
	f->stream = f->at.stream;
	draw_until(p, r, &f->until);
}

/* --- late interrupts --- */

static void draw_delay(const struct preempt_profile *p, struct rng *r, struct forcing *f)
{
	const struct preempt_vector *v = &p->vectors[rng_below(r, p->vector_count)];

	*f = (struct forcing){.kind = FORCING_DO, .at = draw_step(p, r)};
	f->stimulation = (struct stimulation){.kind = STIMULATE_DELAY,
		.stream = pcore(v->core),
		.number = v->vector,
		.cycles = draw_size(r, 64, 10)};
}

void profile_draw(const struct preempt_profile *p, const struct strategy_options *o, struct rng *r,
	struct schedule *s)
{
	uint64_t preemptions = p->span_count != 0 ? o->preemptions : 0;
	uint64_t pauses = rng_below(r, o->pauses + 1);
	bool delay = p->vector_count != 0 && one_of(r, 4);

	SIM_ASSERT(preemptions + pauses + PREEMPT_DELAYS <= FORCINGS_MAX);
	s->count = 0;
	draw_preemptions(p, r, preemptions, s);
	while (pauses-- > 0)
		draw_pause(p, r, &s->at[s->count++]);
	if (delay)
		draw_delay(p, r, &s->at[s->count++]);
	for (unsigned i = 0; i < s->count; i++)
		snprintf(s->at[i].where, sizeof(s->at[i].where), "forcing %u", i + 1);
}
