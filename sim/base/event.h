/* event.h - the queue of what is due: timers and devices, on the machine's one clock.
 *
 * Bounded, and totally ordered by (due, seq): no two events tie. An event is named by its owner
 * and by what it is; scheduling a name again moves it. Plain data: it is digested and saved.
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include "sim/base/base.h"

#define EVENT_MAX   2176
#define EVENT_NEVER UINT64_MAX

struct event {
	uint64_t due; /* cycles */
	uint64_t seq;
	uint32_t owner; /* pcore id below EVENT_OWNER_DEVICE, EVENT_OWNER_DEVICE + board slot, or
			 * EVENT_OWNER_HOLD */
	uint32_t what;  /* the owner's own number for it */
};

#define EVENT_OWNER_DEVICE 0x1000
#define EVENT_OWNER_HOLD   0x2000 /* whoever holds cores back */

struct event_queue {
	uint64_t next_seq;
	uint64_t count;
	struct event at[EVENT_MAX]; /* sorted, soonest first; unused ones are zero */
};

void event_schedule(struct event_queue *q, uint32_t owner, uint32_t what, uint64_t due);
void event_cancel(struct event_queue *q, uint32_t owner, uint32_t what);

/* When the named event is due, or EVENT_NEVER. */
uint64_t event_due(const struct event_queue *q, uint32_t owner, uint32_t what);

static inline uint64_t event_next_due(const struct event_queue *q)
{
	return q->count != 0 ? q->at[0].due : EVENT_NEVER;
}

/* Is any of this owner's waiting? */
bool event_any_of(const struct event_queue *q, uint32_t owner);

/* Takes the soonest event out; there must be one. */
struct event event_take(struct event_queue *q);

#endif
