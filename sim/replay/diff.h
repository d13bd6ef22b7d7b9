/* diff.h - finds the first step in which two machines that were equal become different.
 */
#ifndef REPLAY_DIFF_H
#define REPLAY_DIFF_H

#include "sim/replay/record.h"

/* The pcore that a machine's next step runs on, and where. */
struct diff_side {
	bool stepped; /* false: it has ended, or does nothing any more */
	unsigned core;
	uint64_t rip, step, cycle;
	uint64_t value; /* of what differs, up to 8 bytes of it */
};

struct difference {
	bool any;
	uint64_t steps; /* equal after so many in total */
	struct diff_side side[2];
	char part[STATE_NAME]; /* which then differs: "c1.core", "uart", "ram" */
	char field[32];        /* of a core; elsewhere the offset, for RAM the physical address */
};

/* Both machines are equal now and not beyond `steps`: compares them there, and searches between
 * if they differ. On return both stand right after the first step that differs, if any. */
MUST_CHECK bool diff_machines(struct machine *a, struct machine *b, uint64_t steps,
	struct difference *d, struct error *e);

/* Runs both sessions with their inputs. The sessions' machines are left in m[]: right after the
 * first step that differs. */
MUST_CHECK bool diff_recordings(const struct recording *const r[2], struct machine *const m[2],
	struct difference *d, struct error *e);

#endif
