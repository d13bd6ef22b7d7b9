/* debug_exit.h - the debug-exit port (sim/abi/debug_exit.h): a write ends the run.
 *
 * The first write counts; the machine asks debug_exit_written after each device access.
 */
#ifndef DEV_DEBUG_EXIT_H
#define DEV_DEBUG_EXIT_H

#include "sim/base/bus.h"

struct debug_exit_state {
	uint32_t written; /* 0 or 1 */
	uint32_t status;
};

_Static_assert(sizeof(struct debug_exit_state) == 8, "no padding: the digest sees every byte");

struct debug_exit {
	struct debug_exit_state state;
};

extern const struct device_ops debug_exit_ops; /* one port, written as 1, 2 or 4 bytes */

static inline bool debug_exit_written(const struct debug_exit *d)
{
	return d->state.written;
}

static inline uint32_t debug_exit_status(const struct debug_exit *d)
{
	return d->state.status;
}

#endif
