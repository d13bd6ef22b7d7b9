/* crew.h - does numbered jobs in several processes, and hands their results out in order.
 *
 * Worker k of W does jobs k + 1, k + 1 + W, and so on, in its own copy of all memory: so neither
 * results nor their order depend on how many workers there are.
 */
#ifndef CLI_CREW_H
#define CLI_CREW_H

#include "sim/base/error.h"

#define CREW_MAX 256

struct crew_work {
	/* Job number, into result. Called in a worker. When *please becomes 1, the result does not
	 * matter any more. */
	void (*job)(void *context, uint64_t number, const volatile int *please, void *result);
	void *context;
	size_t result_size;
	uint64_t jobs;    /* 1 to jobs */
	uint64_t workers; /* 1 to CREW_MAX */
};

struct crew;

/* NULL: the host refuses. */
struct crew *crew_start(const struct crew_work *work, struct error *e);

/* The result of the next job; there must be one. False: its worker has ended, or *please became 1
 * while we waited. */
MUST_CHECK bool crew_next(
	struct crew *c, void *result, const volatile int *please, struct error *e);

/* Ends those that are still at work. */
void crew_stop(struct crew *c);

#endif
