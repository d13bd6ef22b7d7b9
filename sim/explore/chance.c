#include "sim/explore/chance.h"

#define WAITING    4 /* one time in so many somebody held back waits for a timer */
#define PREEMPTING 2 /* one run in so many has preemptions */

struct chance chance_of(
	struct testbed *b, const struct strategy_options *o, const char *name, uint64_t number)
{
	return (struct chance){.bed = b, .rng = rng_from(stream_seed(o->seed, name) + number)};
}

unsigned chance_any(struct chance *c, uint64_t cores)
{
	uint64_t n = rng_below(&c->rng, (uint64_t)__builtin_popcountll(cores));

	for (; n > 0; n--)
		cores &= cores - 1;
	return (unsigned)__builtin_ctzll(cores);
}

/* --- preemptions --- */

void chance_preempts(struct chance *c)
{
	if (testbed_program(c->bed)[0] != '\0' && rng_below(&c->rng, PREEMPTING) == 0)
		c->preempt_one_in = UINT64_C(8) << rng_below(&c->rng, 6);
}

/* The pcores that run vcores of the program. */
static uint64_t program_cores(struct testbed *b)
{
	const struct identity *who = watch_identity(testbed_watch(b));
	int pid = identity_find(who, testbed_program(b)), vcoreid;
	uint64_t cores = 0;

	for (unsigned i = 0; pid != 0 && i < testbed_machine(b)->cpu_count; i++)
		if (identity_owner(who, i, &vcoreid) == pid)
			cores |= BIT(i);
	return cores;
}

static bool stimulate(void *context, const struct baton_view *v, struct stimulation *what)
{
	struct chance *c = context;
	uint64_t cores;

	(void)v;
	if (c->preempt_one_in == 0 || rng_below(&c->rng, c->preempt_one_in) != 0)
		return false;
	cores = program_cores(c->bed);
	if (cores == 0)
		return false;
	*what = (struct stimulation){
		.kind = STIMULATE_PREEMPT, .number = UINT64_C(1) << rng_below(&c->rng, 7)};
	what->stream = (struct stream){.kind = STREAM_PCORE, .number = chance_any(c, cores)};
	return true;
}

/* --- the run --- */

static unsigned choose(void *context, const struct baton_view *v)
{
	struct chance *c = context;

	return c->choose(c, v);
}

static bool wait(void *context, const struct baton_view *v)
{
	struct chance *c = context;

	(void)v;
	return rng_below(&c->rng, WAITING) == 0;
}

struct baton_run {
	struct chance *chance;
	struct baton *baton;
	uint64_t steps;
	bool complete;
};

static void begin(void *context, struct machine *m, struct watch *w)
{
	struct baton_run *r = context;

	r->baton = baton_create(m, w, (struct baton_chooser){r->chance, choose, wait, stimulate});
}

static void end(void *context, struct schedule *applied)
{
	struct baton_run *r = context;

	r->complete = baton_schedule(r->baton, applied);
	r->steps = baton_steps(r->baton);
	baton_destroy(r->baton);
}

/* Pauses at exact points do not catch every order in which pcores that go on at one cycle touch
 * memory: what they do not make again is no finding. */
static struct testbed_run repeatable(struct testbed_run run)
{
	if (!run.differs)
		return run;
	run.differs = false;
	run.gone = true;
	run.finding = (struct finding){.verdict = VERDICT_PASS};
	return run;
}

struct testbed_run chance_run(struct chance *c, uint64_t *visible_steps, const volatile int *please)
{
	struct baton_run r = {.chance = c};
	const struct testbed_director director = {&r, begin, end};
	struct testbed_run run = testbed_run_directed(c->bed, &director, please);

	if (visible_steps != NULL)
		*visible_steps = r.steps;
	if (run.interrupted)
		return run;
	if (r.complete)
		return repeatable(testbed_exactly(c->bed, &run, please));
	run.too_long = run.finding.verdict != VERDICT_PASS;
	return run;
}
