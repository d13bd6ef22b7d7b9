#include "sim/hwtrace/predict.h"

#include <stdlib.h>

struct predictor *predictor_create(void)
{
	struct predictor *p = calloc(1, sizeof(*p));

	SIM_ASSERT(p != NULL);
	return p;
}

void predictor_destroy(struct predictor *p)
{
	free(p);
}

static unsigned set_of(uint64_t rip)
{
	return (unsigned)((rip ^ rip >> 14 ^ rip >> 28) & (PREDICT_SETS - 1));
}

static uint64_t guess_word(const struct predict_word *w, const struct hw_state *now)
{
	switch ((enum predict_how)w->how) {
	case PREDICT_SAME:
		return w->last;
	case PREDICT_ADD:
		return now->w[w->word] + w->add;
	case PREDICT_STRIDE:
		return w->last + w->stride;
	case PREDICT_COPY:
		return now->w[w->from];
	}
	return 0;
}

void predict(const struct predictor *p, const struct hw_state *now, struct hw_state *guess)
{
	const struct predict_set *set = &p->sets[set_of(now->w[HW_RIP])];

	*guess = *now;
	if (set->rip != now->w[HW_RIP])
		return;
	for (unsigned i = 0; i < set->count; i++)
		guess->w[set->words[i].word] = guess_word(&set->words[i], now);
}

/* A word that is in use by the instruction set's integers: what moves copy. */
static bool find_copy(const struct hw_state *before, uint64_t value, uint8_t *from)
{
	for (unsigned i = HW_GPR; i < HW_RIP; i++) {
		if (before->w[i] == value) {
			*from = (uint8_t)i;
			return true;
		}
	}
	return false;
}

/* Keeps the way that was right; else takes one that would have been. */
static void learn_word(
	struct predict_word *w, const struct hw_state *before, uint64_t value, bool known)
{
	uint64_t add = value - before->w[w->word];

	if (!known || guess_word(w, before) != value) {
		if (known && value == w->last)
			w->how = PREDICT_SAME;
		else if (known && add == w->add)
			w->how = PREDICT_ADD;
		else if (known && value - w->last == w->stride)
			w->how = PREDICT_STRIDE;
		else if (find_copy(before, value, &w->from))
			w->how = PREDICT_COPY;
		else if (!known)
			w->how = PREDICT_SAME;
	}
	w->stride = value - w->last;
	w->last = value;
	w->add = add;
}

static bool is_known(const struct predict_set *set, unsigned word)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->words[i].word == word)
			return true;
	return false;
}

void predictor_learn(
	struct predictor *p, const struct hw_state *before, const struct hw_state *after)
{
	struct predict_set *set = &p->sets[set_of(before->w[HW_RIP])];

	if (set->rip != before->w[HW_RIP])
		*set = (struct predict_set){.rip = before->w[HW_RIP]};
	for (unsigned i = 0; i < set->count; i++)
		learn_word(&set->words[i], before, after->w[set->words[i].word], true);
	for (unsigned i = 0; i < HW_WORDS && set->count < PREDICT_WORDS; i++) {
		if (after->w[i] == before->w[i] || is_known(set, i))
			continue;
		set->words[set->count] = (struct predict_word){.word = (uint8_t)i};
		learn_word(&set->words[set->count++], before, after->w[i], false);
	}
}
