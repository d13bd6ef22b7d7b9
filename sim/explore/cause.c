#include "sim/explore/cause.h"

#include "sim/explore/attempt.h"

struct finding_out {
	struct attempts tries;
	struct testbed *bed;
	struct schedule s; /* fails; forcing n is the one that is moved */
	struct until end;  /* of a hold, in terms that do not move with its beginning */
	bool flowing;      /* what follows the late step is not held */
	unsigned n;
	struct cause *cause;
};

/* --- where a step is --- */

static void name_stream(const struct testbed *b, unsigned core, char *text, size_t size)
{
	const struct identity *who = watch_identity(testbed_watch(b));
	int vcoreid, pid = identity_owner(who, core, &vcoreid);
	const char *name = pid != 0 ? identity_name(who, pid) : NULL;

	if (name != NULL)
		snprintf(text, size, "%.60s:v%d", name, vcoreid);
	else
		snprintf(text, size, "c%u", core);
}

static struct cause_step look_at(
	struct finding_out *f, const struct schedule *s, unsigned core, uint64_t step)
{
	struct cause_step at = {.core = core, .step = step};
	struct machine *m = testbed_machine(f->bed);
	struct watch *w = testbed_watch(f->bed);

	if (!testbed_stand(f->bed, s, core, step, NULL, 0, NULL))
		return at;
	at.known = true;
	name_stream(f->bed, core, at.stream, sizeof(at.stream));
	watch_place(w, core, m->cores[core].arch.rip, false, at.code, sizeof(at.code));
	watch_place(w, core, m->cores[core].arch.rip, true, at.place, sizeof(at.place));
	return at;
}

static struct schedule without_it(const struct finding_out *f)
{
	struct schedule rest = f->s;

	memmove(&rest.at[f->n], &rest.at[f->n + 1], (--rest.count - f->n) * sizeof(rest.at[0]));
	return rest;
}

/* --- the end of a hold --- */

/* The steps that the cores had made when the held one went on, or when the run ended. */
static void steps_at_end(struct finding_out *f, uint64_t steps[MACHINE_CPUS_MAX])
{
	const struct point *at = &f->s.at[f->n].at;
	struct machine *m = testbed_machine(f->bed);
	bool gone_on =
		testbed_stand(f->bed, &f->s, at->stream.number, at->number + 1, NULL, 0, NULL);

	(void)gone_on; /* or the machine stands where the run ended */
	for (unsigned i = 0; i < m->cpu_count; i++)
		steps[i] = m->cores[i].arch.step;
}

static bool steps_at_begin(struct finding_out *f, uint64_t steps[MACHINE_CPUS_MAX])
{
	const struct point *at = &f->s.at[f->n].at;
	struct machine *m = testbed_machine(f->bed);
	bool there = testbed_stand(f->bed, &f->s, at->stream.number, at->number, NULL, 0, NULL);

	for (unsigned i = 0; i < m->cpu_count; i++)
		steps[i] = m->cores[i].arch.step;
	return there;
}

/* How a hold ends when a core comes to a step. */
static struct until until_step(unsigned core, uint64_t step)
{
	struct until u = {.kind = UNTIL_POINT};

	u.point = (struct point){.kind = POINT_EXACT, .number = step};
	u.point.stream = (struct stream){.kind = STREAM_PCORE, .number = core};
	return u;
}

/* --- the window of the point --- */

static bool find_window(struct finding_out *f)
{
	struct schedule s = f->s;
	uint64_t *number = &s.at[f->n].at.number, given = *number;
	struct cause *c = f->cause;

	if (!attempt_fails(&f->tries, &s))
		return false;
	c->last = attempt_stretch(&f->tries, &s, number, given, true, 0);
	c->first = attempt_stretch(&f->tries, &s, number, given, false, 1);
	return !attempts_over(&f->tries);
}

/* --- the step in between --- */

struct release {
	unsigned core;
	uint64_t step, cycle; /* before that step of the core, the first at which it fails */
};

static struct forcing pause_at(unsigned core, uint64_t step, struct until until)
{
	struct forcing f = {.kind = FORCING_PAUSE, .until = until, .expires = SCHEDULE_EXPIRES};

	f.at = until_step(core, step).point;
	f.stream = f.at.stream;
	return f;
}

/* The late step is made right before that step of the core, and what follows it not before the end:
 * so nothing else than the order of these two steps changes. What is held back in a store buffer
 * leaves it then. */
static struct schedule late_step_at(const struct finding_out *f, unsigned core, uint64_t step)
{
	uint64_t late = f->cause->last;
	unsigned held = f->s.at[f->n].at.stream.number;
	struct schedule s = f->s;

	if (s.at[f->n].kind == FORCING_HOLD) {
		s.at[f->n].at.number = late;
		s.at[f->n].until = until_step(core, step);
		return s;
	}
	s.at[f->n] = pause_at(held, late, until_step(core, step));
	s.at[s.count++] = pause_at(core, step, until_step(held, late + 1));
	if (!f->flowing)
		s.at[s.count++] = pause_at(held, late + 1, f->end);
	return s;
}

static bool fails_at(struct finding_out *f, unsigned core, uint64_t step, uint64_t *cycle)
{
	struct schedule s = late_step_at(f, core, step);
	bool fails = attempt_fails(&f->tries, &s);

	*cycle = testbed_forcings(f->bed)[f->n].ended.cycle;
	return fails;
}

/* The earliest step of the core for which that fails; the last one may be that of an idle core. */
static bool earliest_release(
	struct finding_out *f, unsigned core, uint64_t from, uint64_t to, struct release *r)
{
	*r = (struct release){.core = core};
	for (uint64_t last = to + 1; last + 2 > to && last > from; last--) {
		uint64_t good = last, bad = from;

		if (!fails_at(f, core, last, &r->cycle))
			continue;
		while (bad + 1 < good) {
			uint64_t middle = bad + (good - bad) / 2, cycle;

			*(fails_at(f, core, middle, &cycle) ? &good : &bad) = middle;
		}
		r->step = good;
		return fails_at(f, core, good, &r->cycle);
	}
	return false;
}

/* When core a lets the late step be made, and core b is kept from the step before its own until
 * then: does it still fail? Then the step of b is not the one. */
static bool does_without(struct finding_out *f, const struct release *a, const struct release *b)
{
	struct schedule s = late_step_at(f, a->core, a->step);
	unsigned held = f->s.at[f->n].at.stream.number;

	s.at[s.count++] = pause_at(b->core, b->step - 1, until_step(held, f->cause->last + 1));
	return attempt_fails(&f->tries, &s);
}

/* Of the cores whose steps can end the hold, the one whose step must have been made. */
static const struct release *decisive(
	struct finding_out *f, const struct release *list, unsigned count)
{
	const struct release *best = &list[0];

	for (unsigned i = 1; i < count; i++)
		if (list[i].cycle < best->cycle)
			best = &list[i];
	for (unsigned i = 0; f->s.at[f->n].kind == FORCING_PAUSE && count > 1 && i < count; i++)
		if (!does_without(f, &list[i == 0], &list[i]))
			return &list[i];
	return best;
}

static unsigned find_releases(struct finding_out *f, struct release list[MACHINE_CPUS_MAX])
{
	uint64_t from[MACHINE_CPUS_MAX], to[MACHINE_CPUS_MAX];
	unsigned held = f->s.at[f->n].at.stream.number, count = 0;

	if (!steps_at_begin(f, from))
		return 0;
	steps_at_end(f, to);
	if (f->end.kind == UNTIL_POINT) /* beyond that it fails no more */
		to[f->end.point.stream.number] = f->end.point.number - 1;
	for (unsigned i = 0; i < testbed_machine(f->bed)->cpu_count; i++)
		if (i != held && to[i] > from[i] &&
			earliest_release(f, i, from[i], to[i], &list[count]))
			count++;
	return count;
}

/* Where no time makes it fail less: all others idle, or else the last step of another core. */
static bool find_end(struct finding_out *f)
{
	uint64_t to[MACHINE_CPUS_MAX];
	struct schedule s = f->s;
	struct until *u = &s.at[f->n].until;
	unsigned held = f->s.at[f->n].at.stream.number;
	bool good;

	*u = (struct until){.kind = UNTIL_IDLE};
	good = attempt_fails(&f->tries, &s);
	if (!good)
		steps_at_end(f, to);
	for (unsigned i = 0; !good && i < testbed_machine(f->bed)->cpu_count; i++) {
		*u = until_step(i, to[i]);
		good = i != held && attempt_fails(&f->tries, &s);
		if (good)
			attempt_stretch(&f->tries, &s, &u->point.number, u->point.number, true, 0);
	}
	if (good)
		f->s = s;
	f->end = f->s.at[f->n].until;
	return good;
}

/* The failure itself is what comes too early. */
static bool fails_while_held(struct finding_out *f, struct schedule *s)
{
	const struct finding *found = &f->tries.last;

	*s = f->s;
	if (!attempt_fails(&f->tries, s) ||
		testbed_forcings(f->bed)[f->n].status != FORCING_HOLDING ||
		found->core == f->s.at[f->n].at.stream.number)
		return false;
	f->cause->between = look_at(f, s, found->core, found->core_step);
	return f->cause->between.known;
}

static bool move_hold(struct finding_out *f)
{
	struct release list[MACHINE_CPUS_MAX];
	const struct release *which;
	struct schedule s;
	unsigned count;

	if (f->s.count + 3 > FORCINGS_MAX)
		return false;
	f->flowing = !find_end(f);
	if (!find_window(f))
		return false;
	f->s.at[f->n].at.number = f->cause->last;
	if (f->s.at[f->n].kind == FORCING_PARK || fails_while_held(f, &s))
		return true;
	count = find_releases(f, list);
	if (count == 0 && !f->flowing) {
		f->flowing = true; /* a core that is held takes no interrupt, which may matter */
		count = find_releases(f, list);
	}
	if (count == 0)
		return true;
	which = decisive(f, list, count);
	s = late_step_at(f, which->core, which->step);
	f->cause->between = look_at(f, &s, which->core, which->step - 1);
	return !attempts_over(&f->tries);
}

/* --- the whole --- */

/* What tells most: a store buffer held, before a core held, before something done. */
static unsigned weight(const struct forcing *f)
{
	return f->kind == FORCING_HOLD ? 2 : f->kind != FORCING_DO;
}

/* Of those that tell most the one that began last. */
static bool choose_forcing(struct finding_out *f)
{
	const struct forcing_state *was = testbed_forcings(f->bed);
	bool any = false;

	for (unsigned n = 0; n < f->s.count; n++) {
		unsigned mine = weight(&f->s.at[n]), best = weight(&f->s.at[f->n]);

		if (f->s.at[n].at.kind != POINT_EXACT)
			continue;
		if (!any || mine > best ||
			(mine == best && was[n].began.cycle >= was[f->n].began.cycle))
			f->n = n;
		any = true;
	}
	return any;
}

static void make_key(struct finding_out *f)
{
	const struct forcing *what = &f->s.at[f->n];
	struct cause *c = f->cause;

	if (what->kind == FORCING_DO)
		snprintf(c->key, sizeof(c->key), "%s: %.180s / %s",
			verdict_name(f->tries.target.verdict), f->tries.last.oracle,
			stimulus_name(what->stimulation.kind));
	else
		snprintf(c->key, sizeof(c->key), "%s: %.180s / %.180s",
			verdict_name(f->tries.target.verdict), c->late.code, c->between.code);
}

bool cause_find(struct testbed *b, const struct schedule *s, const struct finding *target,
	struct cause_budget *budget, struct cause *c)
{
	struct finding_out f = {.bed = b, .s = *s, .cause = c};
	struct schedule rest;
	unsigned core;

	*c = (struct cause){.known = false};
	f.tries = (struct attempts){.bed = b,
		.target = *target,
		.loose = true,
		.runs = budget->runs,
		.limit = budget->limit,
		.please = budget->please};
	if (attempt_fails(&f.tries, &f.s) && choose_forcing(&f)) {
		c->forcing = f.n;
		core = f.s.at[f.n].at.stream.number;
		c->known = f.s.at[f.n].kind == FORCING_DO ? find_window(&f) : move_hold(&f);
		rest = without_it(&f);
		c->late = look_at(&f, &rest, core, c->last);
		c->early = look_at(&f, &rest, core, c->first - 1);
		c->known &= c->late.known;
		make_key(&f);
	}
	budget->runs = f.tries.runs;
	return c->known;
}
