/* testbed_parts.h - what a testbed is made of. Only for sim/explore/testbed*.c. */
#ifndef EXPLORE_TESTBED_PARTS_H
#define EXPLORE_TESTBED_PARTS_H

#include "sim/explore/testbed.h"

struct testbed {
	const struct scenario *scenario;
	struct trial_setup setup; /* for a run from boot */
	char program[SCHEDULE_NAME];
	const char *begin; /* the probe where runs begin */
	struct trial trial;
	struct trial_snapshot *snapshot;
	uint64_t boot_steps;
	bool booting, begun;
	uint64_t preemptions;    /* of this run */
	struct schedule applied; /* of the last run; and whether some were done in vain */
	bool left_out;
	struct forcing_state forcings[FORCINGS_MAX]; /* what became of them */
	struct testbed_count *counts;                /* known so far */
	unsigned count_count;
};

/* A run in which the points of the forcings have been reached so many times before; NULL: never. */
struct testbed_run testbed_run_after(struct testbed *b, const struct schedule *s,
	const uint64_t *before, const volatile int *please);

#endif
