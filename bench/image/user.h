/* user.h - what ring 3 runs in the privileged phase, and what it asks ring 0 for. */
#ifndef BENCH_USER_H
#define BENCH_USER_H

#include "bench/image/layout.h"

#include <stdint.h>

enum system_call {
	SYS_NULL,   /* returns its argument plus one */
	SYS_SWITCH, /* to the address space that the argument numbers */
	SYS_UNMAP,  /* so many demand pages of this address space */
	SYS_IPI,    /* an interrupt to this core */
	SYS_TIMER,  /* an interrupt so many ticks from now */
	SYS_PORT,   /* reads and writes a port */
	SYS_MSR,    /* writes a model-specific register, and reads three */
	SYS_EXIT,   /* ends user_main, whose result the argument is */
};

enum interrupt { INTERRUPT_IPI, INTERRUPT_TIMER, INTERRUPTS };

/* Pages of a core that ring 3 may see. */
struct user_area {
	uint8_t stack[PAGE_SIZE];
	volatile uint64_t interrupts[INTERRUPTS]; /* that ring 0 has counted */
	uint64_t pad[PAGE_SIZE / 8 - INTERRUPTS];
};

extern struct user_area user_areas[MAX_CORES];

/* One unit of work. Leaves by SYS_EXIT. */
_Noreturn void user_main(struct user_area *area);

#endif
