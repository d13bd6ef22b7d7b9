#include "sim/litmus/outcomes.h"

#include <stdlib.h>

void outcomes_init(struct litmus_outcomes *o, unsigned width)
{
	*o = (struct litmus_outcomes){.width = width};
}

void outcomes_free(struct litmus_outcomes *o)
{
	free(o->at);
}

static int compare(const struct litmus_outcomes *o, size_t n, const int64_t *outcome)
{
	const int64_t *row = outcomes_nth(o, n);

	for (unsigned i = 0; i < o->width; i++)
		if (row[i] != outcome[i])
			return row[i] < outcome[i] ? -1 : 1;
	return 0;
}

/* The first row that is not before it. */
static size_t place(const struct litmus_outcomes *o, const int64_t *outcome)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(o, middle, outcome) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool outcomes_have(const struct litmus_outcomes *o, const int64_t *outcome)
{
	size_t n = place(o, outcome);

	return n < o->count && compare(o, n, outcome) == 0;
}

void outcomes_add(struct litmus_outcomes *o, const int64_t *outcome)
{
	size_t n = place(o, outcome), row = o->width * sizeof(int64_t);

	if (n < o->count && compare(o, n, outcome) == 0)
		return;
	if (o->count == o->room) {
		o->room = o->room == 0 ? 16 : 2 * o->room;
		o->at = realloc(o->at, o->room * row + 1);
		SIM_ASSERT(o->at != NULL);
	}
	if (n < o->count)
		memmove(o->at + (n + 1) * o->width, o->at + n * o->width, (o->count - n) * row);
	if (row != 0)
		memcpy(o->at + n * o->width, outcome, row);
	o->count++;
}
