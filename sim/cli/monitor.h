/* monitor.h - looks at a machine that stands still between two steps, on the terminal.
 *
 * Nothing that it does changes the run: what goes on afterwards goes on as if nobody had looked.
 */
#ifndef CLI_MONITOR_H
#define CLI_MONITOR_H

#include "sim/machine/machine.h"
#include "sim/symbols/symbols.h"

/* Reads commands from standard input until one of them, or the end of input, says to go on or to
 * end the run (tty_please). symbols may be NULL. */
void monitor(struct machine *m, const struct symbols *symbols);

#endif
