/* exception.h - delivers exceptions and interrupts through the IVT or the IDT.
 *
 * SDM "Interrupt and Exception Handling" and "IA-32e Mode Interrupt Handling".
 */
#ifndef CPU_EXCEPTION_H
#define CPU_EXCEPTION_H

#include "sim/cpu/insn.h"

/* Delivers an exception that an instruction raised, arch.rip being that of the instruction (or
 * after it, for traps). Faults on the way become #DF, then FAULT_TRIPLE: the result is no_fault,
 * FAULT_TRIPLE, or FAULT_UNIMPLEMENTED. */
MUST_CHECK struct fault exception_deliver(struct vcpu *c, struct fault f);

/* Delivers an external interrupt or an NMI. */
MUST_CHECK struct fault interrupt_deliver(struct vcpu *c, unsigned vector);

/* INT n, INT1, INT3, INTO: the DPL of the gate is checked, return_rip is pushed. May itself
 * return an exception to deliver, with arch.rip unchanged. */
MUST_CHECK struct fault interrupt_software(struct vcpu *c, unsigned vector, uint64_t return_rip);

/* INT n of virtual-8086 mode that the redirection bitmap keeps within it (SDM "Method 5"). */
MUST_CHECK struct fault interrupt_redirected(struct vcpu *c, unsigned vector, uint64_t return_rip);

#endif
