/* bus.h - how a device meets the board: five functions, its surroundings, and interrupt lines.
 *
 * A device is a struct whose first member is its state: plain data without padding or pointers,
 * ops->state_size bytes, which the machine digests and saves. What follows (wiring) is rebuilt at
 * load. Reads may have side effects. Devices never ask the host for anything.
 */
#ifndef BASE_BUS_H
#define BASE_BUS_H

#include "sim/base/event.h"

/* What the board hands a device at construction. */
struct device_env {
	const uint64_t *now;        /* the machine's time, cycles */
	uint64_t hz;                /* cycles a second */
	struct event_queue *events; /* shared by the whole machine */
	uint32_t owner;             /* the owner number of this device's events */
};

struct device_ops {
	const char *name;
	size_t state_size;
	void (*reset)(void *device);
	uint64_t (*read)(void *device, uint64_t offset, unsigned size);
	void (*write)(void *device, uint64_t offset, unsigned size, uint64_t value);
	void (*event)(void *device, uint32_t what); /* one of its events is due now; may be NULL */
};

/* An interrupt line is a value handed in at construction: drive its level, computed in one place.
 */
struct irq_line {
	void (*drive)(void *controller, unsigned pin, bool level);
	void *controller;
	unsigned pin;
};

static inline void irq_drive(const struct irq_line *line, bool level)
{
	if (line->drive != NULL)
		line->drive(line->controller, line->pin, level);
}

#endif
