/* outcomes.h - a set of final states of a test. */
#ifndef LITMUS_OUTCOMES_H
#define LITMUS_OUTCOMES_H

#include "sim/litmus/test.h"

struct litmus_outcomes {
	unsigned width; /* observables */
	size_t count, room;
	int64_t *at; /* count rows of width values, in ascending order */
};

void outcomes_init(struct litmus_outcomes *o, unsigned width);
void outcomes_free(struct litmus_outcomes *o);
void outcomes_add(struct litmus_outcomes *o, const int64_t *outcome);
bool outcomes_have(const struct litmus_outcomes *o, const int64_t *outcome);

static inline const int64_t *outcomes_nth(const struct litmus_outcomes *o, size_t n)
{
	return o->at + n * o->width;
}

#endif
