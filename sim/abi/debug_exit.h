/* debug_exit.h - the debug-exit port: a write ends the run with the value written as its status.
 * The port number is that of QEMU's isa-debug-exit (which exits with value * 2 + 1).
 */
#ifndef ABI_DEBUG_EXIT_H
#define ABI_DEBUG_EXIT_H

#define DEBUG_EXIT_PORT 0xf4

#endif
