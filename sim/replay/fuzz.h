/* fuzz.h - runs a scenario again and again from the point where its program begins, each time with
 * other forcings: vcores preempted, pcores paused, interrupts late.
 *
 * The scenario's own schedule is left out. A first run without forcings, number 0, tells where
 * there is something to force; the forcings of run i are a function of that, the seed and i alone.
 * A point that a run does not reach is no fault of that run.
 */
#ifndef REPLAY_FUZZ_H
#define REPLAY_FUZZ_H

#include "sim/replay/director.h"
#include "sim/replay/trial.h"

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

/* Boots to the probe program_begin of the scenario's program, or to kernel_ready where there is
 * none, and makes the first run. The scenario must outlive it. NULL on error. */
struct fuzz *fuzz_create(const struct scenario *s, const struct trial_setup *setup,
	const struct fuzz_options *options, struct error *e);
void fuzz_destroy(struct fuzz *f);

/* Of the machine, to the point where the runs begin; and the probe there. */
uint64_t fuzz_boot_steps(const struct fuzz *f);
const char *fuzz_begin(const struct fuzz *f);

struct fuzz_run {
	uint64_t number;
	uint64_t steps;       /* of the machine, from where the runs begin */
	uint64_t preemptions; /* that were done */
	struct finding finding;
	struct digest digest;
	bool interrupted; /* no verdict */
	bool differs;     /* it failed, but otherwise when its forcings were given exact points */
	bool gone;      /* it failed, but not without those of its forcings that came to nothing */
	bool unwatched; /* the oracles had to forget something: oracles_overflow */
};

/* please as for trial_run. */
struct fuzz_run fuzz_run(struct fuzz *f, uint64_t number, const volatile int *please);

/* The forcings of that run, as they were drawn. */
void fuzz_draw(const struct fuzz *f, uint64_t number, struct schedule *s);

/* Those of the last run that took effect, with exact points: forced so, it is the same run. */
const struct schedule *fuzz_applied(const struct fuzz *f);

/* Do they differ in numbers only? For reporting one of each kind. */
bool fuzz_same_kind(const struct finding *a, const struct finding *b);

/* The last run, which failed, as a scenario; comment stands at its top, a line or more. The text
 * is the caller's to free. */
char *fuzz_scenario(const struct fuzz *f, const struct fuzz_run *r, const char *comment);

/* Runs that text from boot. False: it does not end in the same way, which is a bug of ringv. */
MUST_CHECK bool fuzz_confirm(
	const struct fuzz *f, const struct fuzz_run *r, const char *text, struct error *e);

#endif
