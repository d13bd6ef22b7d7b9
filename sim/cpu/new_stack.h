/* new_stack.h - a stack that something is pushed on before it becomes the core's: that of a more
 * privileged level, from the TSS, or the current one while nothing else may change yet.
 *
 * SDM "Stack Switching", "Stack Switching in IA-32e Mode".
 */
#ifndef CPU_NEW_STACK_H
#define CPU_NEW_STACK_H

#include "sim/cpu/segment.h"

struct new_stack {
	struct segment ss;
	uint64_t rsp;
	unsigned cpl;   /* who pushes */
	bool flat;      /* in IA-32e mode: no limit, 64 bits */
	uint32_t error; /* code of the #SS where the segment ends */
};

/* The current stack, for code at CPL cpl; ext is the EXT bit of error codes or 0. */
struct new_stack new_stack_current(const struct vcpu *c, unsigned cpl, uint32_t ext);

/* The stack of a more privileged level as the TSS has it. Faults are #TS, #SS, #PF. */
MUST_CHECK struct fault new_stack_from_tss(
	struct vcpu *c, unsigned cpl, uint32_t ext, struct new_stack *s);

/* Slot 1 to 7 of the interrupt stack table. */
MUST_CHECK struct fault new_stack_from_ist(
	struct vcpu *c, unsigned slot, unsigned cpl, uint32_t ext, struct new_stack *s);

MUST_CHECK struct fault new_stack_push(
	struct vcpu *c, struct new_stack *s, unsigned size, uint64_t value);

/* Makes it the core's: SS, if load_ss, and RSP. CS comes after. */
void new_stack_load(struct vcpu *c, const struct new_stack *s, bool load_ss);

/* Sets the EXT bit in the error code of a fault that names a selector. */
struct fault fault_with_ext(struct fault f, uint32_t ext);

#endif
