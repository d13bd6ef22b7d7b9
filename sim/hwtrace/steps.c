#include "sim/hwtrace/steps.h"

static enum step_stream stream_of(unsigned word)
{
	if (word == HW_RFLAGS)
		return STREAM_FLAGS;
	if (word == HW_RIP)
		return STREAM_RIP;
	return word < HW_ST ? STREAM_INTEGER : STREAM_VECTOR;
}

/* --- writing --- */

void step_writer_begin(
	struct step_writer *w, const struct hw_state *first, struct bytes streams[STEP_STREAMS])
{
	*w = (struct step_writer){
		.streams = streams, .predictor = predictor_create(), .now = *first};
}

static void put_word(
	struct step_writer *w, unsigned word, const struct hw_state *guess, uint64_t value)
{
	struct bytes *stream = &w->streams[stream_of(word)];

	bytes_put_byte(&w->streams[STREAM_WORDS], (uint8_t)(word + 1));
	if (word == HW_RFLAGS)
		bytes_put_number(stream, value ^ guess->w[word]);
	else if (word >= HW_ST)
		bytes_put(stream, &value, sizeof(value));
	else
		bytes_put_signed(stream, value - guess->w[word]);
}

void step_writer_put(struct step_writer *w, const struct hw_state *after)
{
	struct hw_state guess;

	predict(w->predictor, &w->now, &guess);
	if (memcmp(&guess, after, sizeof(guess)) == 0) {
		w->right++;
	} else {
		bytes_put_number(&w->streams[STREAM_RUNS], w->right);
		w->right = 0;
		for (unsigned i = 0; i < HW_WORDS; i++)
			if (guess.w[i] != after->w[i])
				put_word(w, i, &guess, after->w[i]);
		bytes_put_byte(&w->streams[STREAM_WORDS], 0);
	}
	predictor_learn(w->predictor, &w->now, after);
	w->now = *after;
}

void step_writer_end(struct step_writer *w)
{
	bytes_put_number(&w->streams[STREAM_RUNS], w->right);
	predictor_destroy(w->predictor);
	w->predictor = NULL;
}

/* --- reading --- */

void step_reader_begin(struct step_reader *r, const struct hw_state *first,
	const struct bytes streams[STEP_STREAMS])
{
	*r = (struct step_reader){.predictor = predictor_create(), .now = *first};
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		r->streams[i] = bytes_read(&streams[i]);
}

static uint64_t get_word(struct step_reader *r, unsigned word, uint64_t guess)
{
	struct bytes_reader *stream = &r->streams[stream_of(word)];
	const uint8_t *at;
	uint64_t value = 0;

	if (word == HW_RFLAGS)
		return guess ^ bytes_get_number(stream);
	if (word < HW_ST)
		return guess + bytes_get_signed(stream);
	at = bytes_get(stream, sizeof(value));
	if (at != NULL)
		memcpy(&value, at, sizeof(value));
	return value;
}

static bool correct(struct step_reader *r, struct hw_state *guess)
{
	unsigned last = 0;

	for (;;) {
		unsigned word = bytes_get_byte(&r->streams[STREAM_WORDS]);

		if (word == 0)
			break;
		if (word <= last || word > HW_WORDS)
			return false;
		last = word;
		guess->w[word - 1] = get_word(r, word - 1, guess->w[word - 1]);
	}
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		if (r->streams[i].bad)
			return false;
	return last != 0;
}

bool step_reader_next(struct step_reader *r)
{
	struct hw_state guess;

	if (!r->counted) {
		r->right = bytes_get_number(&r->streams[STREAM_RUNS]);
		r->counted = true;
	}
	predict(r->predictor, &r->now, &guess);
	if (r->streams[STREAM_RUNS].bad)
		return false;
	if (r->right > 0) {
		r->right--;
	} else {
		r->counted = false;
		if (!correct(r, &guess))
			return false;
	}
	predictor_learn(r->predictor, &r->now, &guess);
	r->now = guess;
	return true;
}

bool step_reader_is_at_end(struct step_reader *r)
{
	bool good = r->right == 0;

	if (!r->counted)
		good = bytes_get_number(&r->streams[STREAM_RUNS]) == 0;
	for (unsigned i = 0; i < STEP_STREAMS; i++)
		good = good && !r->streams[i].bad && r->streams[i].at == r->streams[i].end;
	return good;
}

void step_reader_end(struct step_reader *r)
{
	predictor_destroy(r->predictor);
	r->predictor = NULL;
}
