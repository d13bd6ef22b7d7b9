/* fuzz.h - what is drawn to be forced in a run: vcores preempted, pcores paused, interrupts late.
 *
 * A first run without forcings, number 0, tells where there is something to force; the forcings of
 * run i are a function of that, the seed and i alone.
 */
#ifndef EXPLORE_FUZZ_H
#define EXPLORE_FUZZ_H

#include "sim/explore/testbed.h"

struct fuzz_options {
	uint64_t seed;
	uint64_t preemptions; /* asked for in a run */
	uint64_t pauses;      /* in a run, at most */
};

#define FUZZ_PREEMPTIONS  36
#define FUZZ_PAUSES       4
#define FUZZ_DELAYS       1
#define FUZZ_FORCINGS_MAX (FORCINGS_MAX - FUZZ_DELAYS) /* preemptions and pauses together */

struct fuzz;

/* Makes the first run. The testbed must outlive it. */
struct fuzz *fuzz_create(struct testbed *b, const struct fuzz_options *options);
void fuzz_destroy(struct fuzz *f);

struct testbed_run fuzz_run(struct fuzz *f, uint64_t number, const volatile int *please);

/* The forcings of that run, as they were drawn. */
void fuzz_draw(const struct fuzz *f, uint64_t number, struct schedule *s);

#endif
