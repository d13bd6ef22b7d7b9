/* terminal.h - the user's side of a run: bytes in for the serial line, progress out.
 *
 * Ctrl-A x asks for the end of the run, Ctrl-A c opens the monitor, Ctrl-A Ctrl-A sends Ctrl-A.
 * They work whether the software reads the serial line or not: what is typed meanwhile is kept.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "sim/cli/options.h"
#include "sim/replay/record.h"
#include "sim/symbols/symbols.h"

#define TERMINAL_KEPT 256

struct terminal {
	bool input;                  /* standard input feeds the serial line */
	bool raw, ended;             /* it is a terminal in raw mode; it has ended */
	bool escape;                 /* Ctrl-A was typed */
	uint8_t kept[TERMINAL_KEPT]; /* was typed, and has not gone in */
	unsigned kept_count;
	bool progress;               /* is shown */
	struct recording *recording; /* notes what is fed; may be NULL */
	struct symbols *symbols;     /* for the monitor; may be NULL */
	uint64_t started, shown;     /* host time in ns */
};

/* Also makes SIGINT and SIGTERM ask for the end of the run, through tty_please. */
void terminal_open(struct terminal *t, bool input, bool progress, struct recording *recording);
void terminal_close(struct terminal *t);

/* The serial line's input, from the terminal. */
struct input_source terminal_input(struct terminal *t);

/* Shows how far a run is, now and then, on standard error if that is a terminal. */
void terminal_progress(struct terminal *t, const struct machine *m, struct serial_output *serial);

/* Seconds since terminal_open. */
double terminal_seconds(const struct terminal *t);

#endif
