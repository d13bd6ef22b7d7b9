/* hold.h - holds pcores back and lets them go on: what the forcings of a schedule are made of.
 *
 * What is held is part of the machine's state. Each of these calls counts as an event of the run,
 * so that a position (steps, events) says whether it has been made. They may come from a guard
 * (sim/cpu), which then answers true; from one of the calls of struct hold_control; or between two
 * runs of the machine.
 */
#ifndef MACHINE_HOLD_H
#define MACHINE_HOLD_H

#include "sim/base/base.h"
#include "sim/cpu/cpu.h"

struct machine;

#define HOLD_NO_STEP UINT64_MAX

/* Whoever holds. All are called between steps, at positions that the state alone decides. */
struct hold_control {
	void *context;
	/* Before step at_step[core] of a core, which it is about to make: set another one. */
	void (*reached)(void *context, struct machine *m, unsigned core);
	/* What was asked for by machine_wake_at; m->run.now is its time. */
	void (*due)(void *context, struct machine *m, uint32_t what);
	/* No core can make a step: m->run.now is when the last of them stopped. */
	void (*all_idle)(void *context, struct machine *m);
	/* The machine's state was replaced as a whole, and what is attached to it. */
	void (*restored)(void *context, struct machine *m);
	uint64_t at_step[CPU_MAX]; /* HOLD_NO_STEP: none */
};

/* NULL: nobody. The machine keeps the pointer. */
void machine_set_control(struct machine *m, struct hold_control *control);

/* The core makes no step and takes no interrupt until it is released; then the instruction that it
 * was about to execute comes first. */
void machine_pause(struct machine *m, unsigned core);
bool machine_is_paused(const struct machine *m, unsigned core);

/* It goes on, not before m->run.now. */
void machine_release(struct machine *m, unsigned core);

/* The context that the core was about to execute (address, stack pointer, address space, CPL) stays
 * where it is, while the core takes interrupts and does what they ask for. anywhere: also if it
 * turns up on another core. The answer names it; -1: PARKS_MAX are parked already. */
int machine_park(struct machine *m, unsigned core, bool anywhere);

/* It goes on, not before m->run.now: cores that stand there execute it next. */
void machine_unpark(struct machine *m, int park);

/* Nothing leaves the core's store buffer but what must, until a fence or machine_let_stores_go. */
void machine_hold_stores(struct machine *m, unsigned core);
bool machine_holds_stores(const struct machine *m, unsigned core);
void machine_let_stores_go(struct machine *m, unsigned core);

/* control->due is told at that time; what is below HOLD_WAKES. A second time for the same `what`
 * replaces the first; EVENT_NEVER cancels it. Whoever calls this from a guard with the core's own
 * cycle acts when the other cores have come as far as this one, before anybody goes on. */
#define HOLD_WAKES 2048
void machine_wake_at(struct machine *m, uint32_t what, uint64_t due);

/* After the state was replaced as a whole. */
void hold_state_changed(struct machine *m);

#endif
