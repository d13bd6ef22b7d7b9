/* director.h - applies a schedule to a machine, and knows what became of each forcing.
 *
 * A run with a schedule is a function of its session and the schedule. What the director remembers
 * is plain data, which snapshots of the machine save and restore.
 *
 * A hold begins when its point is reached, ends when its condition comes true, or else when it
 * expires. #N in its point counts from the beginning of the run; in its `until` from when the hold
 * began. What a point lets go, or does, takes place when the other pcores have come as far as the
 * one that reached it, before any goes on.
 *
 * A store point is one by physical address, so that the kernel's stores through its own mapping
 * count too: of variables of the kernel since kernel_ready, of those of a program since the process
 * was created.
 */
#ifndef REPLAY_DIRECTOR_H
#define REPLAY_DIRECTOR_H

#include "sim/replay/points.h"
#include "sim/replay/watch.h"

enum forcing_status {
	FORCING_WAITING, /* its point has not been reached */
	FORCING_HOLDING, /* in force; or about to be done */
	FORCING_DONE,    /* its condition came true, or it was done */
	FORCING_EXPIRED, /* nothing but its expiry ended it */
	FORCING_FAILED,  /* could not be done: see why */
};

/* A moment of a run. */
struct moment {
	uint64_t core, step, cycle; /* before that step of that core */
};

enum forcing_failure {
	FAILURE_NONE,
	FAILURE_PARKS,   /* PARKS_MAX contexts are parked already */
	FAILURE_PROCESS, /* no process of that name */
	FAILURE_MAILBOX, /* the stimulus device's mailbox is full */
	FAILURE_SERIAL,  /* the receiver stays full */
};

struct forcing_state {
	uint64_t status; /* enum forcing_status */
	uint64_t times, until_times;
	uint64_t park;              /* its number */
	uint64_t sent, tries;       /* bytes of a text, and attempts at the rest */
	uint64_t why;               /* enum forcing_failure */
	struct moment began, ended; /* ended: where the until point was reached */
};

struct director_state {
	struct forcing_state forcing[FORCINGS_MAX];
	uint64_t asked[CPU_MAX];       /* the step, plus 1, whose points have been looked at */
	uint64_t asked_store[CPU_MAX]; /* the same for stores */
	uint64_t pass_count;
	struct park pass[PARKS_MAX]; /* let go while they were elsewhere: to be let by once */
};

struct director;

/* The machine is fresh; both are used until director_destroy. NULL on error. */
struct director *director_create(struct machine *m, struct watch *w, const struct schedule *s,
	const char *program, struct error *e);
void director_destroy(struct director *d);

/* To look at; after it was written to, director_state_changed. */
struct director_state *director_state(struct director *d);
void director_state_changed(struct director *d);

const struct schedule *director_schedule(const struct director *d);

/* Did the schedule apply? False: why names the first forcing that did not, and says in what. Asked
 * when the run has ended; a hold that is still in force counts as applied. */
bool director_feasible(const struct director *d, char *why, size_t size);

/* The forcings that applied, with exact points: the same run on the same build. */
void director_exact(const struct director *d, struct schedule *exact);

#endif
