/* debug.h - breakpoints in the debug registers, and how #DB comes of them (SDM "Debug Registers",
 * "Debug Exceptions").
 *
 * While DR7 enables any, a core goes step by step, and its accesses go by the slow path; else they
 * cost nothing. What is met during an instruction is collected in c->met and reported after it.
 * Accesses to descriptor tables and TSSs, and stacks of deliveries that no instruction asks for,
 * meet none.
 */
#ifndef CPU_DEBUG_H
#define CPU_DEBUG_H

#include "sim/cpu/insn.h"

#define DR7_ENABLES UINT64_C(0xff)

#define DR6_BD BIT(13)
#define DR6_BT BIT(15)

static inline bool debug_is_on(const struct vcpu *c)
{
	return (c->arch.dr[7] & DR7_ENABLES) != 0;
}

/* Is there one that looks at memory? */
bool debug_sees_data(const struct vcpu *c);

/* Before the instruction at la. */
MUST_CHECK struct fault debug_before(struct vcpu *c, uint64_t la);

/* An access of the instruction under way, which has not faulted. */
void debug_access(struct vcpu *c, enum access how, uint64_t la, unsigned size);
void debug_port(struct vcpu *c, uint16_t port, unsigned size);

/* #DB for the conditions in why, bits of DR6; with those that a load of SS has held off. */
MUST_CHECK struct fault debug_exception(struct vcpu *c, uint64_t why);

/* After an instruction, in front of the one at la: what it met, and the single step. */
MUST_CHECK struct fault debug_after(struct vcpu *c, uint64_t la, bool stepping);

#endif
