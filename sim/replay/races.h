/* races.h - data races by happens-before: two accesses to the same bytes, at least one of them a
 * store, without an order between them.
 *
 * Only the detector: fed with accesses and messages in the order of the machine, it keeps a vector
 * clock a pcore, one for each place that synchronises, and of every byte in use the last store and
 * the loads since. A place synchronises from the first locked instruction on it, or because whoever
 * feeds the access says so; then a load takes over the clock of the last store, a store gives the
 * core's, and a locked instruction does both (x86-TSO: loads acquire, stores release).
 *
 * Flanagan, Freund: "FastTrack: Efficient and Precise Dynamic Race Detection". Bytes are kept
 * exactly, so that accesses of different sizes meet.
 */
#ifndef REPLAY_RACES_H
#define REPLAY_RACES_H

#include "sim/machine/machine.h"

enum race_use {
	RACE_DATA, /* to be checked, unless the place synchronises */
	RACE_SYNC, /* the place synchronises from now on */
	RACE_READ, /* a load to be checked, but not remembered: who reads may read again */
};

/* One of the two accesses. */
struct race_side {
	uint64_t step, rip;
	unsigned core;
	enum mem_kind kind;
	bool user;
	uint32_t tag; /* as given with the access: who ran */
};

/* The last store that gave a core's clock away; or the last load that took one over. */
struct race_sync {
	bool any;
	uint64_t pa, step, rip;
};

struct race {
	uint64_t pa; /* the first byte that both touch */
	struct race_side first, second;
	struct race_sync released; /* by the first core, since its access */
	struct race_sync acquired; /* by the second, last */
};

struct races;

/* For a machine of so many cores, with RAM below `end`. */
struct races *races_create(unsigned cores, uint64_t end);
void races_destroy(struct races *r);

/* True: *race says with what the access races; the first of several. */
MUST_CHECK bool races_access(struct races *r, const struct mem_access *a, enum race_use use,
	uint32_t tag, struct race *race);

/* These bytes synchronise. */
void races_mark(struct races *r, uint64_t pa, uint64_t size);

/* A core sends a message, which another takes later: of several with one number that were sent
 * before one is taken, it takes all. */
#define RACE_MESSAGES 256
void races_send(struct races *r, unsigned from, unsigned to, unsigned number);
void races_take(struct races *r, unsigned core, unsigned number);

/* The same at once, for who waits to be started. */
void races_start(struct races *r, unsigned from, unsigned to);

/* Forgets all accesses and clocks, but not which places synchronise: for a machine that was put
 * back. Accesses before and after are ordered then. */
void races_forget(struct races *r);

/* There was no room to remember all: races may have been missed. */
bool races_overflow(const struct races *r);

#endif
