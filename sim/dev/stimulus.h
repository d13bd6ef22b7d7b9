/* stimulus.h - the stimulus device: a mailbox through which a schedule asks the kernel for
 * something. The ports and the driver's side are in sim/abi/stimulus.h.
 */
#ifndef DEV_STIMULUS_H
#define DEV_STIMULUS_H

#include "sim/base/bus.h"

#define STIMULUS_REQUESTS 16

struct stimulus_request {
	uint32_t op; /* enum stimulus_op */
	uint32_t arg[3];
};

struct stimulus_state {
	uint64_t count;
	struct stimulus_request request[STIMULUS_REQUESTS]; /* oldest first; unused ones are zero */
};

_Static_assert(sizeof(struct stimulus_state) == 8 + 16 * STIMULUS_REQUESTS,
	"no padding: the digest sees every byte");

struct stimulus {
	struct stimulus_state state;
	struct irq_line irq; /* level: up while requests wait */
};

extern const struct device_ops stimulus_ops; /* STIMULUS_PORTS ports of 32 bits */

void stimulus_init(struct stimulus *s, const struct irq_line *irq);

/* Puts a request behind those that wait; false when the mailbox is full. */
MUST_CHECK bool stimulus_post(
	struct stimulus *s, uint32_t op, uint32_t arg0, uint32_t arg1, uint32_t arg2);

#endif
