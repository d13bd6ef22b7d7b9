#include "sim/explore/minimise.h"

#include <stdlib.h>

#include "sim/explore/minimise_parts.h"

/* --- tries --- */

static void tell_progress(const struct minimiser *m)
{
	if (m->options->progress != NULL)
		m->options->progress(m->options->context, m->tries.runs, m->now.count);
}

bool minimise_passes(struct minimiser *m, const struct schedule *s)
{
	struct testbed_run r;

	if (m->work->correct == NULL || attempts_over(&m->tries))
		return false;
	r = testbed_run_spelled(m->work->correct, s, m->tries.please);
	m->tries.runs++;
	return r.applied && !r.interrupted && r.finding.verdict == VERDICT_PASS;
}

/* What the testbed has just run is what we have from now on. */
static void keep(struct minimiser *m, const struct schedule *s)
{
	m->now = *s;
	m->taken = m->tries.last;
	m->exact = *testbed_applied(m->tries.bed);
	memcpy(m->forcings, testbed_forcings(m->tries.bed), sizeof(m->forcings));
}

bool minimise_take(struct minimiser *m, const struct schedule *s)
{
	bool good = attempt_fails(&m->tries, s);

	tell_progress(m);
	if (good && (!m->tries.loose || minimise_passes(m, s)))
		keep(m, s);
	else
		good = false;
	return good;
}

bool minimise_choose(struct minimiser *m, unsigned n, const struct forcing *list, unsigned count)
{
	struct schedule before = m->now;
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		struct schedule s = before;

		s.at[n] = list[i];
		if (!attempt_fails(&m->tries, &s))
			continue;
		if (minimise_passes(m, &s)) {
			keep(m, &s);
			return m->passes = true;
		}
		if (!any && !m->passes) {
			keep(m, &s);
			any = true;
		}
		if (m->work->correct == NULL)
			break;
	}
	tell_progress(m);
	return any;
}

/* --- the run that is given --- */

struct given {
	struct finding finding;
	struct schedule schedule, exact;
	struct forcing_state forcings[FORCINGS_MAX];
};

static bool does_not_fail(const struct scenario *s, const struct finding *f, struct error *e)
{
	if (f->verdict == VERDICT_PASS)
		return fail(e, "%.300s passes: expected a scenario that fails", s->path);
	return fail(e, "%.300s: its schedule does not apply: %.500s", s->path, f->reason);
}

static bool run_given(const struct scenario *s, const struct trial_setup *setup,
	const volatile int *please, struct given *g, struct error *e)
{
	struct trial_setup bare = *setup;
	struct trial t;
	bool good;

	bare.without_explanation = true;
	if (!trial_create(&t, s, &bare, e))
		return false;
	trial_run(&t, please);
	g->finding = t.finding;
	g->schedule = t.session.schedule;
	director_exact(t.director, &g->exact);
	memcpy(g->forcings, director_state(t.director)->forcing, sizeof(g->forcings));
	good = t.finding.verdict != VERDICT_PASS && t.finding.verdict != VERDICT_INFEASIBLE;
	if (t.stop.why == STOP_INTERRUPTED)
		good = fail(e, "interrupted");
	else if (!good)
		does_not_fail(s, &t.finding, e);
	trial_destroy(&t);
	return good;
}

/* --- testbeds --- */

static bool begins_in_boot(struct testbed *b, const struct given *g)
{
	const struct machine *m = testbed_machine(b);

	testbed_rewind(b);
	for (unsigned n = 0; n < g->schedule.count; n++) {
		const struct forcing_state *f = &g->forcings[n];

		if (f->status != FORCING_WAITING &&
			f->began.step < m->cores[f->began.core].arch.step)
			return true;
	}
	return false;
}

static struct testbed *make_bed(const struct workload *w, const struct scenario *s,
	const struct trial_setup *setup, struct error *e)
{
	return w->unbooted ? testbed_create_unbooted(s, setup, e) : testbed_create(s, setup, e);
}

bool workload_start(struct workload *w, const struct trial_setup *setup, struct error *e)
{
	struct trial_setup fixed = *setup;

	fixed.without_faults = true;
	w->bed = make_bed(w, &w->limited, setup, e);
	if (w->bed == NULL || w->scenario.fault_count == 0 || setup->without_faults)
		return w->bed != NULL;
	w->correct = make_bed(w, &w->scenario, &fixed, e);
	if (w->correct != NULL)
		return true;
	testbed_destroy(w->bed);
	w->bed = NULL;
	return false;
}

void workload_free(struct workload *w)
{
	if (w == NULL)
		return;
	testbed_destroy(w->bed);
	testbed_destroy(w->correct);
	free(w->program);
	free(w);
}

/* Runs begin at the program, if the forcings do not before it does, or the run ends before. */
static bool make_work(
	struct minimiser *m, const struct scenario *s, const struct given *g, struct error *e)
{
	struct testbed *b = testbed_create(s, &m->setup, e);

	m->work = calloc(1, sizeof(*m->work));
	SIM_ASSERT(m->work != NULL);
	m->work->scenario = m->work->limited = *s;
	m->work->unbooted = b == NULL || begins_in_boot(b, g);
	testbed_destroy(b);
	e->text[0] = '\0';
	if (!workload_start(m->work, &m->setup, e))
		return false;
	m->tries.bed = m->work->bed;
	return true;
}

/* By when they begin, which is easier to read. */
static void sort(struct minimiser *m)
{
	struct schedule s = m->now;
	bool moved = false;

	for (unsigned i = 1; i < s.count; i++)
		for (unsigned k = i; k > 0; k--) {
			struct forcing f = s.at[k];
			struct forcing_state was = m->forcings[k];

			if (m->forcings[k - 1].began.cycle <= was.began.cycle)
				break;
			s.at[k] = s.at[k - 1];
			s.at[k - 1] = f;
			m->forcings[k] = m->forcings[k - 1];
			m->forcings[k - 1] = was;
			moved = true;
		}
	if (moved && !minimise_take(m, &s)) {
		s = m->now;
		minimise_take(m, &s);
	}
}

/* Whoever goes on for much longer than the run that failed does not fail like it; and the correct
 * programs, which may have more to do, hang. */
static void limit_runs(struct minimiser *m, const struct given *g)
{
	uint64_t enough = testbed_boot_steps(m->tries.bed) + 2 * m->tries.steps + UINT64_C(200000);

	if (g->finding.verdict == VERDICT_STUCK)
		return;
	m->work->limited.limit.steps = min_u64(m->work->limited.limit.steps, enough);
	m->work->scenario.limit.steps = min_u64(m->work->scenario.limit.steps, 10 * enough);
}

/* As it is written, if all of it applies; else what of it did. */
static bool start(struct minimiser *m, const struct given *g, struct error *e)
{
	struct testbed_run r;
	struct schedule s;

	m->tries.target = g->finding;
	m->tries.limit = UINT64_MAX;
	if (!minimise_take(m, &g->schedule)) {
		r = testbed_run(m->tries.bed, &g->exact, m->tries.please);
		r = testbed_exactly(m->tries.bed, &r, m->tries.please);
		s = *testbed_applied(m->tries.bed);
		if (!minimise_take(m, &s))
			return fail(e,
				"the run ended with %s (%.300s), but another time with %s (%.300s)",
				verdict_name(g->finding.verdict), g->finding.reason,
				verdict_name(r.finding.verdict), r.finding.reason);
	}
	sort(m);
	limit_runs(m, g);
	m->tries.runs = 0;
	m->tries.limit = m->options->runs;
	return true;
}

/* --- steps --- */

#define FEW 3

static void polish(struct minimiser *m)
{
	m->passes = minimise_passes(m, &m->now);
	minimise_shorten(m);
	m->passes = minimise_passes(m, &m->now);
	minimise_points(m);
}

/* The same oracle may say the same in other words: 1 message, 2 messages. That it is the same is
 * sure only where the correct programs pass. */
static void make_few(struct minimiser *m)
{
	unsigned strictly = m->now.count;

	m->tries.loose = m->work->correct != NULL;
	if (m->tries.loose)
		minimise_remove(m);
	if (m->now.count > FEW)
		minimise_pick(m);
	m->tries.loose = false;
	if (m->now.count < strictly) {
		m->tries.target = m->taken;
		minimise_remove(m);
		polish(m);
	}
}

static void make_smaller(struct minimiser *m)
{
	minimise_remove(m);
	polish(m);
	if (m->now.count > FEW)
		make_few(m);
	minimise_workload(m);
}

static bool finish(struct minimiser *m, struct scenario_limit limit, struct minimised *result,
	bool *bug, struct error *e)
{
	struct cause_budget budget = {m->tries.runs, m->tries.limit, m->tries.please};
	struct testbed_run r;
	char *comment;

	cause_find(m->tries.bed, &m->exact, &m->tries.target, &budget, &result->cause);
	m->work->limited.limit = m->work->scenario.limit = limit;
	result->runs = budget.runs;
	result->cut_short =
		budget.runs >= budget.limit || (m->tries.please != NULL && *m->tries.please != 0);
	if (m->work->correct != NULL) {
		r = testbed_run_spelled(m->work->correct, &m->now, NULL);
		result->fixed =
			r.applied && r.finding.verdict == VERDICT_PASS ? FIXED_PASSES : FIXED_FAILS;
	}
	r = testbed_run_spelled(m->tries.bed, &m->now, NULL);
	result->finding = r.finding;
	result->digest = r.digest;
	result->schedule = m->now;
	comment = minimised_comment(result, m->work->scenario.path);
	result->text =
		testbed_scenario_of(m->tries.bed, &r, &m->now, "that ringv minimise left", comment);
	free(comment);
	*bug = !testbed_confirm(m->tries.bed, &r, result->text, e);
	return !*bug;
}

static void describe(const struct minimiser *m, struct minimised *result)
{
	result->program = m->work->program != NULL ? strdup(m->work->program) : NULL;
	result->cpus = m->work->scenario.config.machine.cpus;
	for (unsigned n = 0; n < m->now.count; n++) {
		const struct forcing *f = &m->now.at[n];

		result->exact |= f->at.kind == POINT_EXACT ||
				 (f->kind != FORCING_DO && f->until.kind == UNTIL_POINT &&
					 f->until.point.kind == POINT_EXACT);
	}
}

bool minimise(const struct scenario *s, const struct trial_setup *setup,
	const struct minimise_options *options, struct minimised *result, bool *bug,
	struct error *e)
{
	struct minimiser *m = calloc(1, sizeof(*m));
	struct given *g = calloc(1, sizeof(*g));
	bool good;

	SIM_ASSERT(m != NULL);
	SIM_ASSERT(g != NULL);
	*result = (struct minimised){.from = s->forcing_count};
	*bug = false;
	m->options = options;
	m->setup = *setup;
	m->tries.please = options->please;
	good = run_given(s, setup, options->please, g, e) && make_work(m, s, g, e);
	if (good && !start(m, g, e)) {
		good = false;
		*bug = options->please == NULL || *options->please == 0;
		if (!*bug)
			fail(e, "interrupted");
	}
	if (good) {
		make_smaller(m);
		result->reworded = !testbed_same_kind(&g->finding, &m->tries.target);
		describe(m, result);
		good = finish(m, s->limit, result, bug, e);
	}
	workload_free(m->work);
	free(m);
	free(g);
	return good;
}

void minimised_free(struct minimised *result)
{
	free(result->program);
	free(result->text);
	*result = (struct minimised){0};
}
