/* crew.h - does numbered jobs in several processes, and hands their results out in order.
 *
 * Workers are copies of this process, made when the crew starts, or when one has ended before its
 * time: its jobs are done again by another. So neither results nor their order depend on how many
 * workers there are, nor on what becomes of them.
 */
#ifndef CLI_CREW_H
#define CLI_CREW_H

#include "sim/base/error.h"

#define CREW_MAX 256

struct crew_work {
	/* Job number, into result. Called in a worker, which may be killed at any time. */
	void (*job)(void *context, uint64_t number, void *result);
	void *context;
	size_t result_size;
	uint64_t first, step, last; /* jobs first, first + step, ... up to last */
	uint64_t workers;           /* 1 to CREW_MAX */
	uint64_t patience; /* ns of host time for a job; a worker that takes longer is ended */
};

struct crew;

/* NULL: the host refuses. */
struct crew *crew_start(const struct crew_work *work, struct error *e);

enum crew_answer {
	CREW_DONE,
	CREW_LOST, /* each worker that tried this job has ended, or was ended, before it was done */
	CREW_STOPPED, /* *please became 1 while we waited */
	CREW_FAILED,  /* the host refuses another worker */
};

/* The next job in order, and its result; there must be one. */
MUST_CHECK enum crew_answer crew_next(struct crew *c, uint64_t *number, void *result,
	const volatile int *please, struct error *e);

/* Workers that have ended before their time so far, and of them those that were too slow. */
uint64_t crew_ended(const struct crew *c);
uint64_t crew_slow(const struct crew *c);

/* Ends those that are still at work. */
void crew_stop(struct crew *c);

#endif
