/* run.h - the run loop: which pcore runs next, until when, and why a run ends.
 *
 * Always runs the pcore with the lowest (cycle, id), until the first of: the next due event; the
 * second-lowest clock plus machine.quantum; a stop. This choice, a slice, is part of the machine's
 * state, so that a run stopped at any step and continued gives the same bits.
 *
 * A position in a run is (steps, events): the steps made by all pcores together and the events
 * fired, what hold.h does to pcores among them. Both only grow, and what lies between two positions
 * is a function of the state alone.
 */
#ifndef MACHINE_RUN_H
#define MACHINE_RUN_H

#include "sim/base/base.h"

struct machine;

#define RUN_NO_SLICE UINT64_MAX
#define RUN_WORDS    ((CPU_MAX + 63) / 64)

struct run_state {
	uint64_t now;                 /* of the last event or shared access; never runs back */
	uint64_t steps;               /* of all pcores */
	uint64_t events;              /* fired; and what was done to hold pcores back */
	uint64_t idle_events;         /* fired since a pcore last made a step */
	uint64_t idle_since;          /* the cycle at which the first of them was due */
	uint64_t released_at;         /* the cycle when a pcore was last let go on (hold.h) */
	uint64_t inputs;              /* bytes that the serial line has received */
	uint64_t slice_core;          /* the pcore that runs, or RUN_NO_SLICE */
	uint64_t slice_limit;         /* and the cycle until which it may */
	uint64_t runnable[RUN_WORDS]; /* a bit for a pcore that has not been seen idle */
	uint64_t paused[RUN_WORDS];   /* and for one that is held back whatever comes (hold.h) */
};

enum stop_why {
	STOP_NONE,
	STOP_EXIT,          /* the debug-exit port was written: status */
	STOP_OFF,           /* the machine was switched off */
	STOP_RESET,         /* it was reset, and does not start again */
	STOP_IDLE,          /* every pcore is halted for ever */
	STOP_HELD,          /* the same, or held back, and some are */
	STOP_SHUTDOWN,      /* triple fault of a pcore */
	STOP_UNIMPLEMENTED, /* the next instruction of a pcore needs what ringv does not have */
	STOP_BREAKPOINT,    /* the next instruction of a pcore is at a breakpoint */
	STOP_STEPS,         /* as many steps as run_limit asked for */
	STOP_CORE_STEPS,    /* the same, for the steps of one pcore */
	STOP_INSNS,         /* run.max_insns */
	STOP_INTERRUPTED,   /* the host asked, or what watches the machine did */
};

const char *stop_name(enum stop_why why);

struct stop {
	enum stop_why why;
	unsigned core;   /* that caused it */
	uint32_t status; /* of STOP_EXIT */
};

/* Where to stop at the latest. A stop is exact: after that many steps, and nothing beyond. */
struct run_limit {
	uint64_t steps;             /* of the machine in total; UINT64_MAX: none */
	unsigned core;              /* and before the step of this number of this pcore */
	uint64_t core_step;         /* UINT64_MAX: none */
	const volatile int *please; /* looked at now and then; may be NULL */
};

#define RUN_FREELY ((struct run_limit){UINT64_MAX, 0, UINT64_MAX, NULL})

struct stop machine_run(struct machine *m, const struct run_limit *limit);

/* A core that was idle has something to do: the kick of the interrupt bus. */
void run_kick(void *machine, unsigned core);

/* Makes machine_run return soon with STOP_INTERRUPTED; for watchers within it. */
void run_please_stop(struct machine *m);

/* The serial line receives a byte now, between two steps; false if the UART has no room. */
MUST_CHECK bool run_input(struct machine *m, uint8_t byte);

#endif
