/* steps.h - the states of a core after each step, one behind the other, as what a predictor got
 * wrong about them.
 *
 * Runs of steps that were guessed right are counted; each other one lists its wrong words, with
 * their differences from the guess in a stream by kind, so that zlib finds like beside like.
 */
#ifndef HWTRACE_STEPS_H
#define HWTRACE_STEPS_H

#include "sim/hwtrace/bytes.h"
#include "sim/hwtrace/predict.h"

enum step_stream {
	STREAM_RUNS,    /* steps guessed right, before each other step */
	STREAM_WORDS,   /* the wrong words of a step: each plus 1, then 0 */
	STREAM_FLAGS,   /* their values: of RFLAGS */
	STREAM_RIP,     /* of RIP */
	STREAM_INTEGER, /* of other words that are small or addresses */
	STREAM_VECTOR,  /* of x87 and XMM registers */
	STEP_STREAMS
};

struct step_writer {
	struct bytes *streams; /* of STEP_STREAMS */
	struct predictor *predictor;
	struct hw_state now;
	uint64_t right; /* steps guessed right, not yet written */
};

void step_writer_begin(
	struct step_writer *w, const struct hw_state *first, struct bytes streams[STEP_STREAMS]);
void step_writer_put(struct step_writer *w, const struct hw_state *after);
void step_writer_end(struct step_writer *w);

struct step_reader {
	struct bytes_reader streams[STEP_STREAMS];
	struct predictor *predictor;
	struct hw_state now;
	uint64_t right;
	bool counted; /* right is of a run that ends in a wrong step */
};

void step_reader_begin(struct step_reader *r, const struct hw_state *first,
	const struct bytes streams[STEP_STREAMS]);
/* The next state is in r->now; false when the streams are damaged. */
MUST_CHECK bool step_reader_next(struct step_reader *r);
/* After the last step: whether nothing is left over. */
bool step_reader_is_at_end(struct step_reader *r);
void step_reader_end(struct step_reader *r);

#endif
