/* parse.h - reading the text of a litmus test, token by token. */
#ifndef LITMUS_PARSE_H
#define LITMUS_PARSE_H

#include "sim/litmus/test.h"

struct reader {
	const char *at; /* what comes next */
	unsigned line;
	const char *file;
	struct error *e;
};

/* Fails with file, line, what was expected, and what is there. */
bool reader_expected(const struct reader *r, const char *what);

/* Past blanks and comments, (* ... *). */
void reader_skip(struct reader *r);

/* Takes a text if it comes next, as a whole word if it is one. */
bool reader_take(struct reader *r, const char *text);
bool reader_need(struct reader *r, const char *text);

/* Takes a name of letters, digits, _ and . into text[LITMUS_NAME]. */
bool reader_name(struct reader *r, char *text);

/* Takes a number, decimal or hexadecimal, maybe negative. */
bool reader_number(struct reader *r, int64_t *value);

/* Is a number next? */
bool reader_at_number(struct reader *r);

/* The condition behind the threads; fills t->node and t->seen. */
bool condition_parse(struct reader *r, struct litmus_test *t);

#endif
