/* script.h - types on the serial line what a script says, when the output has come to what it says.
 *
 * A script is a text file, a command a line (docs/formats.md): `expect TEXT` waits for output,
 * `type TEXT` sends bytes, `timeout SECONDS` is for what is expected from there on. Where a byte
 * goes in depends on the output alone, so that runs of a script are equal.
 */
#ifndef CLI_SCRIPT_H
#define CLI_SCRIPT_H

#include "sim/base/error.h"
#include "sim/machine/machine.h"

#define SCRIPT_TIMEOUT 60 /* s of the machine's time, where the script does not say */

struct script_step {
	bool expects; /* else it types */
	unsigned line;
	uint64_t timeout; /* s */
	size_t size;      /* of text, which may hold zeros; never 0 */
	char *text;
	size_t *border; /* [size]: of text[0..i], the longest proper prefix that is a suffix */
};

struct script {
	char *path;
	size_t count;
	struct script_step *steps;
};

/* path is for messages. On error nothing is left to free. */
MUST_CHECK bool script_parse(
	struct script *s, const char *path, const char *text, size_t size, struct error *e);
MUST_CHECK bool script_read(struct script *s, const char *path, struct error *e);
void script_free(struct script *s);

/* How far the steps of one kind are played. */
struct script_cursor {
	size_t at;   /* the first that is not; the script's count after the last */
	size_t done; /* bytes of it that came, or went in */
};

/* A script on its way through a run. What is expected may come while the script still types. Begin
 * with one that is zeroed but for script, please and out. */
struct script_run {
	const struct script *script;
	struct script_cursor expected, typed;
	uint64_t since;       /* the machine's time at which the current step began, cycles */
	bool timed;           /* since is set */
	bool late;            /* something did not come in time */
	volatile int *please; /* set to end the run then */
	struct byte_sink out;
	void (*fed)(void *context, struct machine *m, uint8_t byte); /* may be NULL */
	void *fed_context;
};

/* What the serial line's output goes to; from there it goes to out. */
struct byte_sink script_begin(struct script_run *r);

/* The serial line's input. */
struct input_source script_input(struct script_run *r);

/* After the run: was the script played to its end? Else says what did not come. */
MUST_CHECK bool script_finished(const struct script_run *r, struct error *e);

#endif
