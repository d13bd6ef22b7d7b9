#include "sim/replay/trial.h"

#include <stdarg.h>
#include <stdlib.h>

#include "sim/symbols/faults.h"

#define OUTPUT_MAX (1u << 20) /* bytes that are kept */

/* --- serial output --- */

static void put_byte(void *context, uint8_t byte)
{
	struct trial_output *o = context;

	if (o->tee.put != NULL)
		o->tee.put(o->tee.context, byte);
	if (o->size + 1 >= o->room) {
		if (o->room >= OUTPUT_MAX)
			return;
		o->room = o->room != 0 ? 2 * o->room : 4096;
		o->text = realloc(o->text, o->room);
		SIM_ASSERT(o->text != NULL);
	}
	o->text[o->size++] = byte != 0 ? (char)byte : ' ';
	o->text[o->size] = '\0';
}

/* --- from the scenario to a machine --- */

static bool set_files(struct trial *t, const struct trial_setup *setup, struct error *e)
{
	const struct scenario *s = t->scenario;
	const char *initrd = s->initrd.text != NULL ? s->initrd.text : setup->initrd;

	if (!session_set_image(
		    &t->session, s->kernel.text != NULL ? s->kernel.text : setup->kernel, e))
		return s->kernel.text != NULL ? scenario_fail(s, s->kernel.line, e) : false;
	if (!session_add_module(&t->session, initrd, e))
		return s->initrd.text != NULL ? scenario_fail(s, s->initrd.line, e) : false;
	return true;
}

static bool set_faults(struct trial *t, const struct trial_setup *setup, struct error *e)
{
	const struct scenario *s = t->scenario;

	for (unsigned i = 0; i < s->fault_count; i++) {
		if (!images_have_fault(t->images, s->faults[i].text))
			return fail(e,
				       "no image has the fault point %s; `ringv info` of the "
				       "kernel and the programs lists those that there are",
				       s->faults[i].text) ||
			       scenario_fail(s, s->faults[i].line, e);
		if (!setup->without_faults && !session_add_fault(&t->session, s->faults[i].text, e))
			return scenario_fail(s, s->faults[i].line, e);
	}
	return true;
}

static bool check_names(const struct trial *t, struct error *e)
{
	const struct scenario *s = t->scenario;
	char program[64];

	scenario_program(s, program);
	if (program[0] != '\0' && images_program(t->images, program) == NULL)
		return fail(e, "the initrd has no program %s", program) ||
		       scenario_fail(s, s->program.line, e);
	if (s->expect.verdict == VERDICT_RACE && !t->session.config.oracle.races)
		return fail(e, "a race can be found with oracle.races = on alone") ||
		       scenario_fail(s, s->expect.line, e);
	return oracles_can_find(t->images, s->expect.verdict, e) ||
	       scenario_fail(s, s->expect.line, e);
}

static bool read_schedule(struct trial *t, struct error *e)
{
	const struct scenario *s = t->scenario;
	char where[SCHEDULE_WHERE];

	for (unsigned i = 0; i < s->forcing_count; i++) {
		snprintf(where, sizeof(where), "%s:%u", s->path, s->forcings[i].line);
		if (!session_add_forcing(&t->session, where, s->forcings[i].text, e))
			return false;
	}
	return true;
}

static bool make_session(struct trial *t, const struct trial_setup *setup, struct error *e)
{
	char line[SCENARIO_LINE_MAX];

	session_init(&t->session);
	t->session.config = t->scenario->config;
	scenario_command_line(t->scenario, line);
	if (!session_set_command_line(&t->session, line, e) || !set_files(t, setup, e))
		return false;
	t->images = session_images(&t->session, e);
	return t->images != NULL && check_names(t, e) && set_faults(t, setup, e) &&
	       read_schedule(t, e);
}

static bool add_director(struct trial *t, struct error *e)
{
	char program[64];

	scenario_program(t->scenario, program);
	t->director = director_create(t->machine, t->watch, &t->session.schedule, program, e);
	return t->director != NULL && session_set_program(&t->session, program, e);
}

static bool make_machine(struct trial *t, const struct trial_setup *setup, struct error *e)
{
	const struct byte_sink sink = {.put = put_byte, .context = &t->output};
	const struct config *c = &t->session.config;
	const struct oracle_limits limits = {
		.period = c->oracle.period,
		.patience = c->oracle.patience,
		.livelock = c->oracle.livelock,
	};
	const char *rules = strcmp(c->oracle.race_rules, "none") != 0 ? c->oracle.race_rules : NULL;

	t->machine = session_start(&t->session, &sink, e);
	if (t->machine == NULL)
		return false;
	t->watch = watch_create(t->machine, t->images);
	if (!setup->without_schedule && !add_director(t, e))
		return false;
	if (!setup->without_explanation)
		t->explain = explain_create(t->machine, t->watch);
	t->oracles = oracles_create(t->machine, t->watch, limits);
	if (c->oracle.races && !oracles_watch_races(t->oracles, rules, e))
		return false;
	chain_init(&t->chain, c->record.window);
	return true;
}

bool trial_create(
	struct trial *t, const struct scenario *s, const struct trial_setup *setup, struct error *e)
{
	*t = (struct trial){
		.scenario = s,
		.expected = setup->without_faults ? VERDICT_PASS : s->expect.verdict,
		.output.tee = setup->tee,
		.drop_every = setup->drop_every,
		.drop_from = setup->drop_from,
	};
	if (make_session(t, setup, e) && make_machine(t, setup, e))
		return true;
	trial_destroy(t);
	return false;
}

void trial_destroy(struct trial *t)
{
	director_destroy(t->director);
	watch_destroy(t->watch);
	oracles_destroy(t->oracles);
	explain_destroy(t->explain);
	machine_destroy(t->machine);
	images_destroy(t->images);
	session_free(&t->session);
	chain_free(&t->chain);
	free(t->output.text);
	*t = (struct trial){0};
}

/* --- the verdict --- */

static void PRINTF(3, 4) judge(struct trial *t, enum verdict v, const char *reason, ...)
{
	struct machine *m = t->machine;
	struct finding *f = &t->finding;
	unsigned core = t->stop.core < m->cpu_count ? t->stop.core : 0;
	va_list args;

	*f = (struct finding){
		.verdict = v,
		.steps = m->run.steps,
		.core = core,
		.core_step = m->cores[core].arch.step,
		.cycle = machine_cycles(m),
		.rip = m->cores[core].arch.rip,
	};
	va_start(args, reason);
	vsnprintf(f->reason, sizeof(f->reason), reason, args);
	va_end(args);
}

/* The run ended by itself. */
static void judge_exit(struct trial *t)
{
	const struct scenario *s = t->scenario;
	const char *wanted = s->expect.output.text;

	if (t->stop.status != s->expect.exit)
		judge(t, VERDICT_UNEXPECTED_OUTPUT, "the exit status is %u, not %u", t->stop.status,
			s->expect.exit);
	else if (wanted != NULL &&
		 (t->output.text == NULL || strstr(t->output.text, wanted) == NULL))
		judge(t, VERDICT_UNEXPECTED_OUTPUT, "the output lacks \"%.200s\"", wanted);
	else
		judge(t, VERDICT_PASS, "%s", "");
}

static void judge_stop(struct trial *t)
{
	struct machine *m = t->machine;
	char waits[400];

	switch (t->stop.why) {
	case STOP_EXIT:
	case STOP_OFF:
		judge_exit(t);
		break;
	case STOP_RESET:
		judge(t, VERDICT_UNEXPECTED_OUTPUT, "%s", "the machine was reset");
		break;
	case STOP_UNIMPLEMENTED:
		judge(t, VERDICT_STUCK, "pcore %u needs what ringv does not have: %s", t->stop.core,
			m->absent != NULL ? m->absent : m->cores[t->stop.core].refused);
		break;
	case STOP_HELD:
		judge(t, VERDICT_INFEASIBLE, "%s",
			"nothing can go on but what the schedule holds back");
		break;
	default:
		oracles_describe_waits(t->oracles, waits, sizeof(waits));
		judge(t, VERDICT_STUCK,
			"the limit was reached: %" PRIu64 " steps, %" PRIu64 " cycles%s%s",
			m->run.steps, machine_cycles(m), waits[0] != '\0' ? "; " : "", waits);
	}
}

/* --- the run --- */

/* Runs up to that step of the machine at the latest. */
static void run_until(struct trial *t, uint64_t steps, const volatile int *please)
{
	struct machine *m = t->machine;
	struct run_limit limit = RUN_FREELY;

	limit.please = please;
	do {
		bool dropping = m->run.steps >= t->drop_from;

		m->drop_every = dropping ? t->drop_every : 0;
		limit.steps = dropping ? steps : min_u64(steps, t->drop_from);
		t->stop = chain_run(&t->chain, m, &limit, NULL);
	} while (t->stop.why == STOP_STEPS && m->run.steps < steps);
}

static uint64_t next_multiple(uint64_t n, uint64_t of)
{
	return (n / of + 1) * of;
}

/* A race is told when the caches please, so that the run cannot end there: it ends at the next
 * multiple of so many steps. */
#define RACE_STEPS 1000

/* To the next look, or to where a race would end the run. False: the limit of the scenario is
 * reached. */
static bool run_on(struct trial *t, const volatile int *please)
{
	const struct scenario *s = t->scenario;
	uint64_t now = t->machine->run.steps;
	uint64_t next = next_multiple(now, t->session.config.oracle.period);

	if (t->session.config.oracle.races)
		next = min_u64(next, next_multiple(now, RACE_STEPS));
	run_until(t, min_u64(next, s->limit.steps), please);
	return t->machine->run.steps < s->limit.steps &&
	       machine_cycles(t->machine) < s->limit.cycles;
}

/* What the forcings did, for the explanation. */
static void note_forcings(struct trial *t)
{
	const struct director_state *state = director_state(t->director);
	char text[EXPLAIN_NOTE];

	for (unsigned i = 0; i < t->session.schedule.count; i++) {
		const struct forcing_state *f = &state->forcing[i];
		const char *what =
			t->session.schedule.at[i].kind == FORCING_DO ? "is done" : "begins";

		if (f->status == FORCING_WAITING)
			continue;
		snprintf(text, sizeof(text), "forcing %u %s: %s", i + 1, what,
			t->scenario->forcings[i].text);
		explain_note(
			t->explain, (unsigned)f->began.core, f->began.step, f->began.cycle, text);
		if (t->session.schedule.at[i].kind == FORCING_DO || f->ended.cycle == 0)
			continue;
		snprintf(text, sizeof(text), "forcing %u ends%s", i + 1,
			f->status == FORCING_EXPIRED ? " by expiry" : "");
		explain_note(
			t->explain, (unsigned)f->ended.core, f->ended.step, f->ended.cycle, text);
	}
}

/* A schedule that did not apply proves nothing: who waits then may only have waited for it. What
 * must never happen counts however it came about. */
static void judge_schedule(struct trial *t)
{
	enum verdict v = t->finding.verdict;
	bool waiting = v == VERDICT_DEADLOCK || v == VERDICT_LIVELOCK || v == VERDICT_LOST_EVENT ||
		       v == VERDICT_LOST_WAKEUP;
	char why[300];

	if (!waiting && v != VERDICT_PASS && v != VERDICT_STUCK)
		return;
	if (!director_feasible(t->director, why, sizeof(why)))
		judge(t, VERDICT_INFEASIBLE, "%s", why);
}

static void ask_oracles(struct trial *t, bool at_limit)
{
	uint64_t period = t->session.config.oracle.period;

	if (t->stop.why == STOP_INTERRUPTED)
		return;
	if (t->stop.why != STOP_STEPS)
		oracles_rest(t->oracles, t->stop);
	else if (at_limit || t->machine->run.steps % period == 0)
		oracles_look(t->oracles);
}

void trial_run(struct trial *t, const volatile int *please)
{
	const struct finding *f = NULL;

	do {
		bool within = run_on(t, please);

		ask_oracles(t, !within);
		f = oracles_finding(t->oracles);
		if (!within)
			break;
	} while (f == NULL && t->stop.why == STOP_STEPS);
	if (f != NULL && t->stop.why == STOP_INTERRUPTED)
		t->stop.why = STOP_STEPS; /* at a step that a replay of it can stop at */
	if (f != NULL)
		t->finding = *f;
	else if (t->stop.why != STOP_INTERRUPTED)
		judge_stop(t);
	if (t->director != NULL && t->stop.why != STOP_INTERRUPTED)
		judge_schedule(t);
	if (t->director != NULL && t->explain != NULL)
		note_forcings(t);
	t->digest = chain_end(&t->chain, t->machine);
}
