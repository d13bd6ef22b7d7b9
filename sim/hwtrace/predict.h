/* predict.h - guesses the state after an instruction from what the instruction at the same address
 * did before, so that a trace keeps only what the guess got wrong.
 *
 * Knows nothing of instructions: writer and reader of a trace feed it the same states, and so it
 * guesses the same for both.
 */
#ifndef HWTRACE_PREDICT_H
#define HWTRACE_PREDICT_H

#include "sim/hwtrace/state.h"

#define PREDICT_SETS  16384 /* addresses that are remembered, at most */
#define PREDICT_WORDS 6     /* that an address is known to change */

/* How a word came about last time. */
enum predict_how { PREDICT_SAME, PREDICT_ADD, PREDICT_STRIDE, PREDICT_COPY };

struct predict_word {
	uint8_t word, how, from; /* from: the word that PREDICT_COPY copies */
	uint64_t last, add, stride;
};

struct predict_set {
	uint64_t rip;
	unsigned count;
	struct predict_word words[PREDICT_WORDS];
};

struct predictor {
	struct predict_set sets[PREDICT_SETS];
};

struct predictor *predictor_create(void);
void predictor_destroy(struct predictor *p);

/* What follows now, it thinks. */
void predict(const struct predictor *p, const struct hw_state *now, struct hw_state *guess);

/* What did follow. */
void predictor_learn(
	struct predictor *p, const struct hw_state *before, const struct hw_state *after);

#endif
