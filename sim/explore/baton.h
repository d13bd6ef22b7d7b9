/* baton.h - one pcore at a time: at each visible step somebody decides who goes on.
 *
 * Visible steps are probes, and the addresses that were given to watch_address. The pcore with the
 * baton runs; all others are paused, interrupts included. It hands the baton on where the chooser
 * says so, where it halts, and where it spins: when its last visible steps were at a few addresses
 * only, no probe among them, or it has come by none for long. When all that could run spin, they
 * run side by side in the machine's order until one of them gets on; when none can run, time goes
 * on until an interrupt wakes one.
 *
 * All of that is pauses. They are kept, as a schedule of pauses of so many cycles with exact
 * points: forced by a director, it is the same run.
 */
#ifndef EXPLORE_BATON_H
#define EXPLORE_BATON_H

#include "sim/replay/schedule.h"
#include "sim/replay/watch.h"

/* What a chooser sees: pcore `core`, which has the baton, is about to make its visible step; number
 * is that of the run's visible steps, from 1 on. NULL for hit: it sleeps or spins, or nobody had
 * it. */
struct baton_view {
	unsigned core;
	bool spins;
	uint64_t able; /* a bit for each pcore that could go on */
	uint64_t number;
	const struct probe_hit *hit;
};

struct baton_chooser {
	void *context;
	/* One of able, which has at least one bit. */
	unsigned (*choose)(void *context, const struct baton_view *view);
	/* Nobody but those in able, who are held back, could go on: shall they stay so until the
	 * next timer or device has something to say? */
	bool (*wait)(void *context, const struct baton_view *view);
	/* Shall something be done to the machine before this visible step? NULL: never. */
	bool (*stimulate)(void *context, const struct baton_view *view, struct stimulation *what);
};

struct baton;

/* From now on, until baton_destroy; the machine has no other control. */
struct baton *baton_create(struct machine *m, struct watch *w, struct baton_chooser chooser);
void baton_destroy(struct baton *b);

/* Visible steps so far. */
uint64_t baton_steps(const struct baton *b);

/* The pauses, and what was done, when the run has ended; false: there were more than a schedule
 * holds, and these are the first. */
bool baton_schedule(struct baton *b, struct schedule *s);

#endif
