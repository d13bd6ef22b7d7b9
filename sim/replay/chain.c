#include "sim/replay/chain.h"

#include <stdlib.h>

void chain_init(struct chain *c, uint64_t window)
{
	SIM_ASSERT(window != 0);
	*c = (struct chain){.window = window};
}

void chain_free(struct chain *c)
{
	free(c->links);
	*c = (struct chain){0};
}

static struct digest last_link(const struct chain *c)
{
	return c->count != 0 ? c->links[c->count - 1] : (struct digest){0};
}

static void add_link(struct chain *c, struct machine *m)
{
	struct digest next = digest_chain(last_link(c), machine_digest(m));

	if (c->count == c->room) {
		c->room = c->room != 0 ? 2 * c->room : 1024;
		c->links = realloc(c->links, c->room * sizeof(c->links[0]));
		SIM_ASSERT(c->links != NULL);
	}
	c->links[c->count++] = next;
}

uint64_t chain_next(const struct chain *c)
{
	return (c->count + 1) * c->window;
}

void chain_reached(struct chain *c, struct machine *m)
{
	if (m->run.steps == chain_next(c))
		add_link(c, m);
}

struct digest chain_end(const struct chain *c, struct machine *m)
{
	return digest_chain(last_link(c), machine_digest(m));
}

struct stop chain_run(struct chain *c, struct machine *m, const struct run_limit *limit,
	const struct chain_watch *watch)
{
	for (;;) {
		struct run_limit window = *limit;
		struct stop stop;

		window.steps = min_u64(limit->steps, chain_next(c));
		stop = machine_run(m, &window);
		chain_reached(c, m);
		if (stop.why != STOP_STEPS || m->run.steps == limit->steps)
			return stop;
		if (watch != NULL && !watch->window(watch->context, m, c))
			return (struct stop){.why = STOP_INTERRUPTED};
	}
}
