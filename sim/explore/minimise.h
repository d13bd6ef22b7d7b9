/* minimise.h - turns a scenario that fails under many forcings into one that fails in the same way
 * under the one, two or three that matter.
 *
 * 1. removes forcings (delta debugging; Zeller and Hildebrandt, "Simplifying and Isolating
 *    Failure-Inducing Input"), 2. shortens pauses, 3. moves points from steps of pcores to probes
 *    and instructions, which survive a rebuild, 4. makes the workload smaller where the program
 *    says how (sim/abi/parameter.h), 5. finds the critical pair of steps (cause.h). The result is
 *    run from boot before it is reported.
 *
 * The answer is a function of the scenario, the images and the number of runs allowed.
 */
#ifndef EXPLORE_MINIMISE_H
#define EXPLORE_MINIMISE_H

#include "sim/explore/cause.h"

struct minimise_options {
	uint64_t runs;              /* at most, besides a few at the beginning and the end */
	const volatile int *please; /* 1: that is enough, answer the best so far */
	void (*progress)(void *context, uint64_t runs, unsigned forcings);
	void *context;
};

enum minimise_fixed {
	FIXED_NOTHING, /* the scenario injects no fault */
	FIXED_PASSES,  /* without the faults the same schedule applies, and passes */
	FIXED_FAILS,
};

struct minimised {
	struct finding finding;
	struct schedule schedule;
	unsigned from; /* forcings of the scenario that was given */
	uint64_t runs;
	bool cut_short; /* by the number of runs, or by please */
	bool reworded;  /* the finding is of that verdict and oracle, but says it in other words */
	bool exact;     /* a point is still one of this build only */
	enum minimise_fixed fixed;
	char *program; /* with its arguments, where they are smaller now; NULL: as they were */
	uint64_t cpus;
	struct cause cause;
	struct digest digest;
	char *text; /* of the scenario */
};

/* NULL setup members as for trial_setup. False: e says why. bug: because ringv did not repeat the
 * run; else the scenario cannot be read, does not fail, or its schedule does not apply. */
MUST_CHECK bool minimise(const struct scenario *s, const struct trial_setup *setup,
	const struct minimise_options *options, struct minimised *result, bool *bug,
	struct error *e);
void minimised_free(struct minimised *result);

/* What was found out, in lines; and the same for the top of the scenario, whose text is the
 * caller's to free. */
void minimised_print(const struct minimised *r, FILE *out);
char *minimised_comment(const struct minimised *r, const char *path);

#endif
