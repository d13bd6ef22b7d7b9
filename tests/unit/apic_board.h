/* apic_board.h - local APICs and an I/O APIC on a bus, without cores: for the tests of sim/apic. */
#ifndef UNIT_APIC_BOARD_H
#define UNIT_APIC_BOARD_H

#include "sim/apic/ioapic.h"
#include "sim/apic/lapic.h"

#define BOARD_CORES 40

struct apic_board {
	uint64_t now;
	struct event_queue events;
	struct apic_bus bus;
	struct lapic lapics[BOARD_CORES];
	struct ioapic ioapic;
	unsigned kicks[BOARD_CORES];
	unsigned absents;
};

static void board_kick(void *context, unsigned core)
{
	struct apic_board *board = context;

	board->kicks[core]++;
}

static void board_absent(void *context, const char *what)
{
	struct apic_board *board = context;

	(void)what;
	board->absents++;
}

/* After power-on. */
static inline void board_make(struct apic_board *board, unsigned cores, bool x2apic)
{
	memset(board, 0, sizeof(*board));
	board->bus = (struct apic_bus){
		.lapics = board->lapics,
		.count = cores,
		.ioapic = &board->ioapic,
		.x2apic = x2apic,
		.kick = board_kick,
		.absent = board_absent,
		.context = board,
	};
	for (unsigned i = 0; i < cores; i++) {
		struct device_env env = {&board->now, 1000000000, &board->events, i};

		lapic_init(&board->lapics[i], i, &board->bus, &env);
	}
	ioapic_init(&board->ioapic, &board->bus);
}

/* Software enables every local APIC, in xAPIC mode. */
static inline void board_enable(struct apic_board *board)
{
	for (unsigned i = 0; i < board->bus.count; i++)
		lapic_write(&board->lapics[i], 0x0f0, 0x1ff);
}

/* Time goes on; events happen when they are due. */
static inline void board_run(struct apic_board *board, uint64_t until)
{
	while (event_next_due(&board->events) <= until) {
		struct event e = event_take(&board->events);

		board->now = max_u64(board->now, e.due);
		lapic_event(&board->lapics[e.owner], e.what);
	}
	board->now = until;
}

#endif
