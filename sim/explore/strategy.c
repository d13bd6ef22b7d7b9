#include "sim/explore/strategy.h"

#include <stdlib.h>

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

void *strategy_create_plain(struct testbed *b, const struct strategy_options *o)
{
	struct strategy_state *s = calloc(1, sizeof(*s));

	SIM_ASSERT(s != NULL);
	*s = (struct strategy_state){b, *o};
	return s;
}

uint64_t strategy_endless(const void *state)
{
	(void)state;
	return UINT64_MAX;
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
