/* cause.h - which steps a failure hangs on: found by moving its forcings, one step after another,
 * to where the run just still fails.
 *
 * Of a pause: the first and the last step before which it can begin, however long it takes; so the
 * last step is the one that comes too late when it comes after the pause, and the one before the
 * first step must have been made. Then, with what follows the late step still held, the earliest
 * step of another pcore before which the late one makes it fail; so the step before that is the one
 * that must come in between. Of a store buffer that is held: the same, of when it begins and ends.
 * Of something done: only the window. The late step and the one in between are the critical pair.
 */
#ifndef EXPLORE_CAUSE_H
#define EXPLORE_CAUSE_H

#include "sim/explore/testbed.h"

#define CAUSE_PLACE 200

/* A step of a run, and where its instruction is. */
struct cause_step {
	bool known;
	unsigned core;
	uint64_t step;
	char stream[SCHEDULE_NAME + 16]; /* "block_test:v1", or "c2" */
	char code[CAUSE_PLACE];          /* "proc_yield_vcore+0x3f" */
	char place[CAUSE_PLACE];         /* the same with file and line */
};

struct cause {
	bool known;
	unsigned forcing;          /* of the schedule: the one that was moved */
	uint64_t first, last;      /* steps before which it can begin, of late.core */
	struct cause_step early;   /* must have been made; step first - 1 */
	struct cause_step late;    /* comes too late */
	struct cause_step between; /* not known where no other pcore's step decides */
	char key[3 * CAUSE_PLACE]; /* equal for findings of one cause: verdict and critical pair */
};

/* Runs that were made to find out, and that may be. */
struct cause_budget {
	uint64_t runs, limit;
	const volatile int *please; /* may be NULL */
};

/* Of a schedule with exact points (testbed_applied) under which the testbed's runs end in a finding
 * of target's kind. False: not found, for want of runs or since its forcings cannot be moved. */
bool cause_find(struct testbed *b, const struct schedule *s, const struct finding *target,
	struct cause_budget *budget, struct cause *c);

/* In lines; nothing if it is not known. */
void cause_print(const struct cause *c, FILE *out);

#endif
