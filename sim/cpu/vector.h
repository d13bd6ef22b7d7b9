/* vector.h - what x87, FXSAVE and the SSE instructions share: who may run them, and MXCSR.
 *
 * SDM "System Programming For Instruction Set Extensions And Processor Extended States".
 */
#ifndef CPU_VECTOR_H
#define CPU_VECTOR_H

#include "sim/cpu/operand.h"

#define MXCSR_IE         BIT(0)
#define MXCSR_DE         BIT(1)
#define MXCSR_ZE         BIT(2)
#define MXCSR_OE         BIT(3)
#define MXCSR_UE         BIT(4)
#define MXCSR_PE         BIT(5)
#define MXCSR_DAZ        BIT(6)
#define MXCSR_MASK_SHIFT 7
#define MXCSR_RC         (BIT(13) | BIT(14))
#define MXCSR_FTZ        BIT(15)
#define MXCSR_FLAGS      UINT64_C(0x003f)
#define MXCSR_KNOWN      UINT64_C(0xffff) /* MXCSR_MASK: other bits are reserved */

/* Why an SSE instruction may not run: CR0.EM, CR4.OSFXSR, CR0.TS, in that order. */
struct fault vector_refused(const struct vcpu *c);

MUST_CHECK static ALWAYS_INLINE struct fault vector_check(const struct vcpu *c)
{
	return unlikely(c->vector_off) ? vector_refused(c) : no_fault;
}

/* The fault of a misaligned operand: #GP, unless #SS comes first. */
struct fault vector_misaligned(const struct insn *in, uint64_t la, unsigned size);

#endif
