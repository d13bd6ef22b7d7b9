/* minimise_parts.h - what the minimiser works on. Only for sim/explore/minimise*.c. */
#ifndef EXPLORE_MINIMISE_PARTS_H
#define EXPLORE_MINIMISE_PARTS_H

#include "sim/explore/attempt.h"
#include "sim/explore/minimise.h"

/* A scenario to be run: as it is given, or made smaller. Its texts belong to others, but for
 * program. */
struct workload {
	struct scenario scenario;
	struct scenario limited; /* with fewer steps allowed */
	char *program;           /* NULL: as it is given */
	bool unbooted;           /* forcings begin in the boot */
	struct testbed *bed;     /* of limited */
	struct testbed *correct; /* of scenario, without its faults; NULL: there are none */
};

/* `now` always fails, and what is below it is of that run. */
struct minimiser {
	const struct minimise_options *options;
	struct trial_setup setup;
	struct workload *work;
	struct attempts tries; /* in work->bed */
	struct finding taken;  /* of now */
	struct schedule now;
	struct schedule exact; /* the same with exact points */
	struct forcing_state forcings[FORCINGS_MAX];
	bool passes; /* and it passes on the correct programs */
};

/* Takes s if it fails. */
bool minimise_take(struct minimiser *m, const struct schedule *s);

/* Does what we have pass on the correct programs? */
bool minimise_passes(struct minimiser *m, const struct schedule *s);

/* Takes the first of these in place of forcing n with which it fails, and passes on the correct
 * programs; else the first with which it fails, unless what we have passes. False: none. */
bool minimise_choose(struct minimiser *m, unsigned n, const struct forcing *list, unsigned count);

/* The steps, in this order. */
void minimise_remove(struct minimiser *m);

/* Up to three forcings of those that are left, as if there had never been others. True: they do. */
bool minimise_pick(struct minimiser *m);
void minimise_shorten(struct minimiser *m);
void minimise_points(struct minimiser *m);
void minimise_workload(struct minimiser *m);

/* The testbeds of a workload whose scenario is set. On error they are NULL. */
MUST_CHECK bool workload_start(
	struct workload *w, const struct trial_setup *setup, struct error *e);
void workload_free(struct workload *w);

/* --- spelling points (minimise_spell.c) --- */

/* A probe that was reached in a run. */
struct trail_hit {
	const char *probe;
	unsigned core;
	uint64_t core_step, cycle;
	bool program; /* vcoreid is of the scenario's program */
	int vcoreid;
};

struct trail {
	size_t count, room;
	struct trail_hit *at;
};

/* The probes that a run under s reaches. */
void trail_make(struct trail *t, struct testbed *b, const struct schedule *s);
void trail_free(struct trail *t);

#define SPELLINGS_MAX       16 /* probes */
#define SPELLINGS_WITH_CODE (SPELLINGS_MAX + 6)

/* Steps of a core. */
struct window {
	unsigned core;
	uint64_t first, last;
};

/* Spellings of where forcing n can begin, the best first: probes within and near the window, then
 * instructions. The answer is how many. */
unsigned spell_begin(struct minimiser *m, const struct trail *t, unsigned n, const struct window *w,
	struct point points[SPELLINGS_WITH_CODE]);

/* The instruction before which it began. */
bool spell_instruction(struct minimiser *m, unsigned n, struct point *point);

/* The stream that a core works for at the beginning of forcing n: a vcore of the program, or
 * itself. */
struct stream spell_owner(struct minimiser *m, unsigned n, unsigned core);

/* Probes of other streams near the end of forcing n, a hold, likewise. */
unsigned spell_end(const struct minimiser *m, const struct trail *t, unsigned n,
	struct point points[SPELLINGS_MAX]);

#endif
