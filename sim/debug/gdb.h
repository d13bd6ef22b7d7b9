/* gdb.h - serves one gdb over its remote protocol: pcores as threads, forward only.
 *
 * "Debugging with GDB", appendix "Remote Protocol". Registers and memory are those of the core as
 * its software sees them; addresses are linear. A step is one step of that pcore; the others run
 * as far as the machine's order wants. While gdb does nothing the run does not depend on the host,
 * but where the user interrupts.
 */
#ifndef DEBUG_GDB_H
#define DEBUG_GDB_H

#include "sim/machine/machine.h"

/* address: a TCP port on this host only, or a path for a Unix socket. Waits for gdb, then runs as
 * it says, until the machine ends, gdb kills it, or please is set. After a detach the machine runs
 * on alone. */
MUST_CHECK bool gdb_serve(struct machine *m, const char *address, const volatile int *please,
	struct stop *stop, struct error *e);

#endif
