/* chain.h - runs a machine window by window, and keeps the chain of its digests.
 *
 * After every record.window steps of the machine, digest_n = hash(digest_(n-1), state): equal
 * chains mean equal runs, and the first link that differs names the window.
 */
#ifndef REPLAY_CHAIN_H
#define REPLAY_CHAIN_H

#include "sim/machine/machine.h"

struct chain {
	uint64_t window; /* steps */
	size_t count, room;
	struct digest *links;
};

void chain_init(struct chain *c, uint64_t window);
void chain_free(struct chain *c);

/* The step at which the next link is due; and adds it, if the machine stands there. */
uint64_t chain_next(const struct chain *c);
void chain_reached(struct chain *c, struct machine *m);

/* The digest of all links and of the machine as it is. */
struct digest chain_end(const struct chain *c, struct machine *m);

/* Called after each window; false ends the run with STOP_INTERRUPTED. */
struct chain_watch {
	bool (*window)(void *context, struct machine *m, struct chain *c);
	void *context;
};

/* As machine_run, with a link for each window on the way. watch may be NULL. */
struct stop chain_run(struct chain *c, struct machine *m, const struct run_limit *limit,
	const struct chain_watch *watch);

#endif
