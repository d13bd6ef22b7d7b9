#include "sim/explore/strategy.h"

#include "sim/base/rng.h"
#include "sim/explore/baton.h"
#include "sim/explore/shared.h"

static const struct strategy *const strategies[] = {
	&strategy_random, &strategy_chaos, &strategy_pct, &strategy_pause, &strategy_preempt};

const struct strategy *strategy_at(unsigned number)
{
	return number < ARRAY_LEN(strategies) ? strategies[number] : NULL;
}

const struct strategy *strategy_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(strategies); i++)
		if (strcmp(strategies[i]->name, name) == 0)
			return strategies[i];
	return NULL;
}

struct rng strategy_rng(const struct strategy_options *o, const char *name, uint64_t number)
{
	return rng_from(stream_seed(o->seed, name) + number);
}

bool strategy_waits(struct rng *r)
{
	return rng_below(r, 4) == 0;
}

/* --- preemptions --- */

#define PREEMPTING 2 /* one run in so many */

struct strategy_stimuli strategy_stimuli(struct testbed *b, struct rng *r)
{
	struct strategy_stimuli s = {.bed = b};

	if (testbed_program(b)[0] != '\0' && rng_below(r, PREEMPTING) == 0)
		s.one_in = UINT64_C(8) << rng_below(r, 6);
	return s;
}

/* The pcores that run vcores of the program. */
static uint64_t program_cores(const struct testbed *b)
{
	const struct identity *who = watch_identity(testbed_watch((struct testbed *)b));
	const struct machine *m = testbed_machine((struct testbed *)b);
	int pid = identity_find(who, testbed_program(b)), vcoreid;
	uint64_t cores = 0;

	for (unsigned i = 0; pid != 0 && i < m->cpu_count; i++)
		if (identity_owner(who, i, &vcoreid) == pid)
			cores |= BIT(i);
	return cores;
}

unsigned strategy_any(struct rng *r, uint64_t cores)
{
	for (uint64_t n = rng_below(r, (uint64_t)__builtin_popcountll(cores)); n > 0; n--)
		cores &= cores - 1;
	return (unsigned)__builtin_ctzll(cores);
}

bool strategy_stimulate(const struct strategy_stimuli *s, struct rng *r, struct stimulation *what)
{
	uint64_t cores;

	if (s->one_in == 0 || rng_below(r, s->one_in) != 0)
		return false;
	cores = program_cores(s->bed);
	if (cores == 0)
		return false;
	*what = (struct stimulation){
		.kind = STIMULATE_PREEMPT, .number = UINT64_C(1) << rng_below(r, 7)};
	what->stream = (struct stream){.kind = STREAM_PCORE, .number = strategy_any(r, cores)};
	return true;
}

/* --- runs by a baton --- */

struct baton_run {
	struct baton_chooser chooser;
	struct baton *baton;
	uint64_t *visible_steps;
	bool complete;
};

static void begin(void *context, struct machine *m, struct watch *w)
{
	struct baton_run *r = context;

	r->baton = baton_create(m, w, r->chooser);
}

static void end(void *context, struct schedule *applied)
{
	struct baton_run *r = context;

	r->complete = baton_schedule(r->baton, applied);
	if (r->visible_steps != NULL)
		*r->visible_steps = baton_steps(r->baton);
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

struct testbed_run strategy_baton_run(struct testbed *b, struct baton_chooser chooser,
	uint64_t *visible_steps, const volatile int *please)
{
	struct baton_run r = {.chooser = chooser, .visible_steps = visible_steps};
	const struct testbed_director director = {&r, begin, end};
	struct testbed_run run = testbed_run_directed(b, &director, please);

	if (run.interrupted)
		return run;
	if (r.complete)
		return repeatable(testbed_exactly(b, &run, please));
	run.too_long = run.finding.verdict != VERDICT_PASS;
	return run;
}

/* --- accesses to shared memory --- */

#define LISTENED 4 /* runs of the strategy random, besides one without forcings */

void *strategy_create(const struct strategy *s, struct testbed *b, const struct strategy_options *o)
{
	const struct schedule nothing = {.count = 0};
	struct shared *shared;
	void *random;

	if (!o->memory)
		return s->create(b, o);
	shared = shared_create(testbed_machine(b), testbed_watch(b));
	random = strategy_random.create(b, o);
	shared_listen(shared);
	testbed_run(b, &nothing, NULL);
	for (uint64_t i = 1; i <= LISTENED; i++)
		strategy_random.run(random, i, NULL);
	shared_stop(shared);
	shared_mark(shared);
	strategy_random.destroy(random);
	shared_destroy(shared);
	return s->create(b, o);
}
