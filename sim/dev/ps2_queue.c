/* ps2_queue.c - the bytes that a keyboard or mouse has for its controller. */
#include "sim/dev/ps2_parts.h"

uint8_t ps2_queue_take(struct ps2_queue *q)
{
	uint8_t byte = q->at[0];

	SIM_ASSERT(q->count != 0);
	q->count--;
	memmove(q->at, q->at + 1, q->count);
	q->at[q->count] = 0;
	return byte;
}

void ps2_queue_clear(struct ps2_queue *q)
{
	*q = (struct ps2_queue){0};
}

/* Answers go before what the device has to tell by itself, which a command ends. */
void ps2_queue_answer(struct ps2_queue *q, const uint8_t *bytes, unsigned count)
{
	if (q->count + count > PS2_QUEUE)
		ps2_queue_clear(q);
	memcpy(q->at + q->count, bytes, count);
	q->count += (uint8_t)count;
}

bool ps2_queue_event(struct ps2_queue *q, const uint8_t *bytes, unsigned count)
{
	if (q->count + count > PS2_EVENTS)
		return false;
	ps2_queue_answer(q, bytes, count);
	return true;
}
