#include "sim/replay/replay.h"

#include <stdio.h>

/* --- input --- */

static const struct recorded_input *next_input(const struct recording *r, const struct machine *m)
{
	return m->run.inputs < r->input_count ? &r->inputs[m->run.inputs] : NULL;
}

static bool feed_poll(void *context, struct machine *m, uint64_t idle, uint8_t *byte)
{
	const struct recorded_input *in = next_input(context, m);

	(void)idle; /* nobody waits for a recording: what it holds comes at its position */
	if (in == NULL || in->steps != m->run.steps || in->events != m->run.events)
		return false;
	*byte = (uint8_t)in->byte;
	return true;
}

static uint64_t feed_next_step(void *context, const struct machine *m)
{
	const struct recorded_input *in = next_input(context, m);

	return in != NULL ? in->steps : UINT64_MAX;
}

void replay_feed(struct machine *m, const struct recording *r)
{
	m->input = (struct input_source){
		.poll = feed_poll,
		.next_step = feed_next_step,
		.context = (void *)(uintptr_t)r,
	};
}

struct run_limit replay_limit(const struct recording *r)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = r->stop == STOP_STEPS ? r->steps : r->steps + 1;
	return limit;
}

/* --- comparison --- */

struct comparison {
	const struct recording *recording;
	const struct chain_watch *watch;
	bool same;
};

static bool compare_window(void *context, struct machine *m, struct chain *c)
{
	struct comparison *cmp = context;
	size_t last = c->count - 1;

	cmp->same = last < cmp->recording->chain.count &&
		    digest_equal(c->links[last], cmp->recording->chain.links[last]);
	if (!cmp->same)
		return false;
	return cmp->watch == NULL || cmp->watch->window(cmp->watch->context, m, c);
}

static void say(struct replay_result *result, const char *what, uint64_t recorded, uint64_t here)
{
	result->same = false;
	snprintf(result->difference, sizeof(result->difference),
		"%s: recorded %" PRIu64 ", here %" PRIu64, what, recorded, here);
}

static void compare_end(
	const struct recording *r, const struct machine *m, struct replay_result *result)
{
	if (m->run.steps != r->steps)
		say(result, "steps at the end", r->steps, m->run.steps);
	else if (result->stop.why != r->stop)
		snprintf(result->difference, sizeof(result->difference),
			"how it ended: recorded %s, here %s", stop_name(r->stop),
			stop_name(result->stop.why));
	else if (result->stop.status != r->status)
		say(result, "exit status", r->status, result->stop.status);
	else if (!digest_equal(result->end, r->end))
		snprintf(result->difference, sizeof(result->difference),
			"state at the end, within the window from step %" PRIu64 " on",
			(uint64_t)r->chain.count * r->chain.window);
	result->same = result->difference[0] == '\0';
}

void replay_run(const struct recording *r, struct machine *m, const struct chain_watch *watch,
	struct replay_result *result)
{
	struct comparison cmp = {r, watch, true};
	struct chain_watch compare = {compare_window, &cmp};
	struct run_limit limit = replay_limit(r);
	struct chain chain;

	memset(result, 0, sizeof(*result));
	chain_init(&chain, r->chain.window);
	replay_feed(m, r);
	result->stop = chain_run(&chain, m, &limit, &compare);
	result->end = chain_end(&chain, m);
	if (cmp.same && result->stop.why != STOP_INTERRUPTED)
		compare_end(r, m, result);
	else if (cmp.same)
		snprintf(result->difference, sizeof(result->difference), "interrupted");
	else
		snprintf(result->difference, sizeof(result->difference),
			"window %zu, steps %" PRIu64 " to %" PRIu64, chain.count - 1,
			(chain.count - 1) * chain.window, chain.count * chain.window);
	chain_free(&chain);
}
