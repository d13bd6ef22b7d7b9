/* dev_board.h - a clock, an event queue and an interrupt line around one device, for its test. */
#ifndef UNIT_DEV_BOARD_H
#define UNIT_DEV_BOARD_H

#include "sim/base/bus.h"

struct dev_board {
	uint64_t now;
	struct event_queue events;
	struct device_env env;
	struct irq_line irq;
	bool level;
	unsigned rises; /* of the interrupt line */
	const struct device_ops *ops;
	void *device;
};

static void dev_board_drive(void *controller, unsigned pin, bool level)
{
	struct dev_board *board = controller;

	(void)pin;
	board->rises += level && !board->level;
	board->level = level;
}

static inline void dev_board_make(
	struct dev_board *board, const struct device_ops *ops, void *device, uint64_t hz)
{
	memset(board, 0, sizeof(*board));
	board->env = (struct device_env){&board->now, hz, &board->events, EVENT_OWNER_DEVICE};
	board->irq = (struct irq_line){dev_board_drive, board, 0};
	board->ops = ops;
	board->device = device;
}

static inline uint8_t dev_in(struct dev_board *board, uint64_t offset)
{
	return (uint8_t)board->ops->read(board->device, offset, 1);
}

static inline void dev_out(struct dev_board *board, uint64_t offset, uint8_t value)
{
	board->ops->write(board->device, offset, 1, value);
}

/* Time goes on; events happen when they are due. */
static inline void dev_board_run(struct dev_board *board, uint64_t until)
{
	while (event_next_due(&board->events) <= until) {
		struct event e = event_take(&board->events);

		board->now = e.due;
		board->ops->event(board->device, e.what);
	}
	board->now = until;
}

#endif
