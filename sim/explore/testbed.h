/* testbed.h - a scenario, booted once to where its interesting part begins, and run from there
 * under one schedule after another.
 *
 * It begins at the probe program_begin of the scenario's program, or at kernel_ready where there is
 * none. The scenario's own schedule is left out. A point that a run does not reach is no fault of
 * that run. Each run begins from the same snapshot, so that it is a function of its forcings alone.
 */
#ifndef EXPLORE_TESTBED_H
#define EXPLORE_TESTBED_H

#include "sim/replay/director.h"
#include "sim/replay/trial.h"

struct testbed;

/* Boots. The scenario must outlive it. NULL on error. */
struct testbed *testbed_create(
	const struct scenario *s, const struct trial_setup *setup, struct error *e);

/* The same, but runs begin where the machine is switched on. */
struct testbed *testbed_create_unbooted(
	const struct scenario *s, const struct trial_setup *setup, struct error *e);
void testbed_destroy(struct testbed *b);

/* Of the machine, to the point where the runs begin; and the probe there. */
uint64_t testbed_boot_steps(const struct testbed *b);
const char *testbed_begin(const struct testbed *b);

/* The scenario's program, "" for none; where the runs are made, to listen to them. */
const char *testbed_program(const struct testbed *b);
struct machine *testbed_machine(const struct testbed *b);
struct watch *testbed_watch(const struct testbed *b);

/* What the runs are of: digests of the scenario's text, and of kernel and initrd with a blank
 * between.
 */
void testbed_digests(const struct testbed *b, char scenario[33], char images[67]);

struct testbed_run {
	uint64_t number;      /* for whoever counts runs; 0 else */
	uint64_t steps;       /* of the machine, from where the runs begin */
	uint64_t preemptions; /* that were done */
	struct finding finding;
	struct digest digest;
	bool interrupted; /* no verdict */
	bool differs;     /* it failed, but otherwise when its forcings were given exact points */
	bool gone;        /* it failed, but not so at exact points without what came to nothing */
	bool too_long;    /* it failed under more forcings than a schedule holds */
	bool unwatched;   /* the oracles had to forget something: oracles_overflow */
	bool applied;     /* all its forcings did, and none just expired */
};

/* Back to where runs begin, for whoever wants to look around there; each run begins so. */
void testbed_rewind(struct testbed *b);

/* A run under these forcings, whose names must exist. please as for trial_run. */
struct testbed_run testbed_run(
	struct testbed *b, const struct schedule *s, const volatile int *please);

/* Who directs a run in another way than by a schedule. begin is called right before it, end right
 * after it: it gives the forcings, with exact points, that make the same run. */
struct testbed_director {
	void *context;
	void (*begin)(void *context, struct machine *m, struct watch *w);
	void (*end)(void *context, struct schedule *applied);
};
struct testbed_run testbed_run_directed(
	struct testbed *b, const struct testbed_director *d, const volatile int *please);

/* What has failed, in the last run, is made again with exact points for its forcings, and without
 * those that came to nothing; it is that run which is answered. What has passed is answered as it
 * is.
 */
struct testbed_run testbed_exactly(
	struct testbed *b, const struct testbed_run *last, const volatile int *please);

/* The forcings of the last run that took effect, with exact points: forced so, it is the same run.
 */
const struct schedule *testbed_applied(const struct testbed *b);

/* What became of each forcing in the last run. */
const struct forcing_state *testbed_forcings(const struct testbed *b);

/* --- as scenarios count --- */

/* A run as testbed_run makes it, but with the boot counted in each #N, as in a scenario. */
struct testbed_run testbed_run_spelled(
	struct testbed *b, const struct schedule *s, const volatile int *please);

/* How often its stream has come to a point, which is not exact, in the boot. The first question
 * about a point costs a boot; testbed_learn asks about many at once. */
uint64_t testbed_before(struct testbed *b, const struct point *p);
void testbed_learn(struct testbed *b, const struct point *points, unsigned count);

/* Runs under s up to before that step of that core, to look around there. times says then how
 * often each of the points had been reached, the boot counted. At most so many points as s leaves
 * room for forcings. False: the run has ended before. */
MUST_CHECK bool testbed_stand(struct testbed *b, const struct schedule *s, unsigned core,
	uint64_t step, const struct point *points, unsigned count, uint64_t *times);

/* The same, and then on, with a call before each step of the core up to `last`, or the end. */
void testbed_walk(struct testbed *b, const struct schedule *s, unsigned core, uint64_t first,
	uint64_t last, void (*look)(void *context, const struct vcpu *c), void *context);

/* Do they differ in numbers only? For reporting one of each kind. */
bool testbed_same_kind(const struct finding *a, const struct finding *b);

/* The last run, which failed, as a scenario; comment stands at its top, a line or more; by says of
 * its forcings where they are from, "that ringv fuzz drew". The text is the caller's to free. */
char *testbed_scenario(
	const struct testbed *b, const struct testbed_run *r, const char *by, const char *comment);

/* The same with the forcings as they are spelled in s. */
char *testbed_scenario_of(const struct testbed *b, const struct testbed_run *r,
	const struct schedule *s, const char *by, const char *comment);

/* Runs that text from boot. False: it does not end in the same way, which is a bug of ringv. */
MUST_CHECK bool testbed_confirm(
	const struct testbed *b, const struct testbed_run *r, const char *text, struct error *e);

#endif
