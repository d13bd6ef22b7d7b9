/* fault_watch.h - makes single steps of a core, and hears of the exceptions that they raise. */
#ifndef UNIT_FAULT_WATCH_H
#define UNIT_FAULT_WATCH_H

#include <check.h>

#include "sim/machine/machine.h"

#define NO_VECTOR 256u

struct fault_watch {
	unsigned vector; /* of the last step, or NO_VECTOR */
	uint32_t error;
};

static inline void fault_watch_hear(void *context, struct vcpu *c, unsigned vector, uint32_t error)
{
	struct fault_watch *w = context;

	(void)c;
	ck_assert_uint_eq(w->vector, NO_VECTOR); /* that it is delivered raises none */
	w->vector = vector;
	w->error = error;
}

static inline void fault_watch_step(struct fault_watch *w, struct vcpu *c)
{
	enum cpu_stop stop;

	w->vector = NO_VECTOR;
	c->watch = (struct cpu_watch){.context = w, .exception = fault_watch_hear};
	stop = cpu_run(c, UINT64_MAX, 1);
	ck_assert_int_eq(stop == CPU_EXCLUSIVE ? cpu_step_exclusive(c) : stop, CPU_LIMIT);
}

/* Another state of the core, as if it had come to it: its clocks go on. */
static inline void fault_watch_restart(struct vcpu *c, const struct core_state *start)
{
	const struct core_state now = c->arch;

	c->arch = *start;
	c->arch.step = now.step;
	c->arch.insns = now.insns;
	c->arch.cycle = now.cycle;
}

#endif
