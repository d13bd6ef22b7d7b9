/* debug_console.h - port 0x402, to which a BIOS writes what it does; it reads 0xe9, by which the
 * BIOS knows it. What is written goes to a sink of the host; nothing is remembered.
 */
#ifndef DEV_DEBUG_CONSOLE_H
#define DEV_DEBUG_CONSOLE_H

#include "sim/dev/uart.h"

#define DEBUG_CONSOLE_PORT 0x402

struct debug_console {
	struct byte_sink sink; /* put may be NULL */
};

extern const struct device_ops debug_console_ops; /* no state */

#endif
