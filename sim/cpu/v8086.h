/* v8086.h - virtual-8086 mode: its segments, and what CR4.VME and CR4.PVI change of interrupts and
 * of the interrupt flag (SDM "8086 Emulation", "Protected-Mode Virtual Interrupts").
 */
#ifndef CPU_V8086_H
#define CPU_V8086_H

#include "sim/cpu/insn.h"

static inline bool in_v8086(const struct vcpu *c)
{
	return c->arch.rflags & RFLAGS_VM;
}

/* Fills ES to GS from selectors in that order, as in real mode but for privilege 3. */
void v8086_segments(struct vcpu *c, const uint16_t selectors[6]);
struct segment v8086_segment(uint16_t selector);

/* How the instructions that look at IOPL deal with the interrupt flag. */
enum interrupt_flag {
	FLAG_IF,   /* IF itself */
	FLAG_VIF,  /* VIF stands for it */
	FLAG_NONE, /* #GP(0) */
};

/* CLI, STI; and, in virtual-8086 mode, PUSHF, POPF and IRET of that operand size. */
enum interrupt_flag interrupt_flag_of(const struct vcpu *c);
enum interrupt_flag v8086_flag_of(const struct vcpu *c, unsigned size);

/* The flags that PUSHF and INT n push where VIF stands for IF. */
uint64_t v8086_pushed_flags(const struct vcpu *c);

/* POPF and IRET where VIF stands for IF: the 16 bits that were popped. */
MUST_CHECK struct fault v8086_pop_flags(struct vcpu *c, uint64_t value);

/* INT n in virtual-8086 mode: does its interrupt stay within the mode? May be #GP(0). */
MUST_CHECK struct fault v8086_redirects(struct vcpu *c, unsigned vector, bool *redirects);

#endif
