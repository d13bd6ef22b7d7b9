/* tty.h - the host's terminal, signals and clock, for people only.
 *
 * Nothing here reaches a machine but the bytes typed, which a recording keeps. Apart from the
 * rest, since a signal handler needs variables of the process.
 */
#ifndef CLI_TTY_H
#define CLI_TTY_H

#include "sim/base/base.h"

/* SIGINT and SIGTERM make *tty_please() 1; a second one ends the process at once. */
void tty_catch_signals(void);
volatile int *tty_please(void);

/* Bytes as they are typed, until tty_cooked or the end of the process. False if standard input is
 * no terminal. */
bool tty_raw(void);
void tty_cooked(void);

/* A byte of standard input, waiting so many milliseconds at most (-1: for ever) or until a signal
 * comes. *ended: there will be none any more. */
bool tty_read(int wait, uint8_t *byte, bool *ended);

/* Host time, in nanoseconds. */
uint64_t tty_now(void);

#endif
