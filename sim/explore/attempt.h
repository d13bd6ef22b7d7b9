/* attempt.h - does a schedule still fail in the same way? Counts how often that is asked. Only for
 * sim/explore.
 */
#ifndef EXPLORE_ATTEMPT_H
#define EXPLORE_ATTEMPT_H

#include "sim/explore/testbed.h"

struct attempts {
	struct testbed *bed;
	struct finding target;
	bool loose;          /* the words may be others: verdict and oracle count */
	struct finding last; /* of the last one that did; and how many steps it took */
	uint64_t steps;
	uint64_t runs, limit;
	const volatile int *please; /* may be NULL */
};

/* No more runs are to be made. */
bool attempts_over(const struct attempts *a);

/* All forcings apply, and the run ends in a finding of target's kind. testbed_applied and
 * testbed_forcings tell more. */
bool attempt_fails(struct attempts *a, const struct schedule *s);

/* The end of an interval of numbers nearest to `good`, for which it fails, at which it does so
 * still; that it does not for `bad` is taken for granted. number is one of s, which ends at the
 * answer. */
uint64_t attempt_bisect(
	struct attempts *a, struct schedule *s, uint64_t *number, uint64_t good, uint64_t bad);

/* The same away from good in steps that double: upwards, or down to least. */
uint64_t attempt_stretch(struct attempts *a, struct schedule *s, uint64_t *number, uint64_t good,
	bool up, uint64_t least);

#endif
