#include "sim/base/event.h"

static bool event_before(const struct event *a, const struct event *b)
{
	if (a->due != b->due)
		return a->due < b->due;
	SIM_ASSERT(a->seq != b->seq);
	return a->seq < b->seq;
}

/* The place of the named event, or q->count. */
static size_t event_find(const struct event_queue *q, uint32_t owner, uint32_t what)
{
	size_t i = 0;

	while (i < q->count && (q->at[i].owner != owner || q->at[i].what != what))
		i++;
	return i;
}

static void event_remove(struct event_queue *q, size_t i)
{
	SIM_ASSERT(i < q->count);
	q->count--;
	memmove(&q->at[i], &q->at[i + 1], (q->count - i) * sizeof(q->at[0]));
	memset(&q->at[q->count], 0, sizeof(q->at[0]));
}

void event_cancel(struct event_queue *q, uint32_t owner, uint32_t what)
{
	size_t i = event_find(q, owner, what);

	if (i < q->count)
		event_remove(q, i);
}

void event_schedule(struct event_queue *q, uint32_t owner, uint32_t what, uint64_t due)
{
	struct event new = {due, q->next_seq, owner, what};
	size_t i;

	SIM_ASSERT(due != EVENT_NEVER);
	event_cancel(q, owner, what);
	SIM_ASSERT(q->count < EVENT_MAX);
	for (i = q->count; i > 0 && event_before(&new, &q->at[i - 1]); i--)
		q->at[i] = q->at[i - 1];
	q->at[i] = new;
	q->next_seq++;
	q->count++;
}

uint64_t event_due(const struct event_queue *q, uint32_t owner, uint32_t what)
{
	size_t i = event_find(q, owner, what);

	return i < q->count ? q->at[i].due : EVENT_NEVER;
}

bool event_any_of(const struct event_queue *q, uint32_t owner)
{
	for (size_t i = 0; i < q->count; i++)
		if (q->at[i].owner == owner)
			return true;
	return false;
}

struct event event_take(struct event_queue *q)
{
	struct event soonest = q->at[0];

	event_remove(q, 0);
	return soonest;
}
