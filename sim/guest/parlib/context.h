/* context.h - leaves and enters user contexts without the kernel.
 *
 * A context is popped on the stack of the uthread, in the space below its stack pointer: as soon as
 * notifications are enabled the vcore's stack may be started anew (thesis 4.2). What is popped is
 * therefore first read completely, and then the word that disables notifications is cleared, a
 * fence orders that before the read of notif_pending, and a message that came in between leads back
 * into vcore context by SYS_vc_entry (akaros 725b3043). An interruption anywhere in there is one of
 * the uthread, as for any other of its instructions.
 *
 * Offsets for context.S; uthread.c checks them.
 */
#ifndef PARLIB_CONTEXT_H
#define PARLIB_CONTEXT_H

#define HW_RAX    16
#define HW_RBX    24
#define HW_RCX    32
#define HW_RDX    40
#define HW_RBP    48
#define HW_RSI    56
#define HW_RDI    64
#define HW_R8     72
#define HW_R9     80
#define HW_R10    88
#define HW_R11    96
#define HW_R12    104
#define HW_R13    112
#define HW_R14    120
#define HW_R15    128
#define HW_RIP    152
#define HW_RFLAGS 168
#define HW_RSP    176

#define SW_RBX   16
#define SW_RBP   24
#define SW_R12   32
#define SW_R13   40
#define SW_R14   48
#define SW_R15   56
#define SW_RIP   64
#define SW_RSP   72
#define SW_MXCSR 80
#define SW_FPUCW 84
#define CTX_TYPE 192

#define FXSAVE_SIZE      512
#define SYSC_SIZE        152
#define SYS_VC_ENTRY_NUM 18

#ifndef __ASSEMBLER__

#include "sim/abi/context.h"

/* Where the kernel starts a fresh vcore context: rsp and the FS base are the vcore's. */
void vcore_entry(void);

/* From vcore context: runs the context and never comes back. *notif_pending is looked at after
 * *notif_disabled has been cleared. The FPU state of a hardware context has been loaded already.
 */
_Noreturn void pop_hw_ctx(const struct hw_trapframe *tf, volatile unsigned int *notif_disabled,
	const volatile unsigned int *notif_pending);
_Noreturn void pop_sw_ctx(const struct sw_trapframe *tf, volatile unsigned int *notif_disabled,
	const volatile unsigned int *notif_pending);

/* Saves the caller's context as a software context that returns from this call, and goes on in fn
 * on another stack.
 */
void switch_out(struct user_context *ctx, unsigned long stack, void (*fn)(void));

/* Forgets the current stack. */
_Noreturn void run_on_stack(unsigned long stack, void (*fn)(void));

static inline void fpu_save(struct ancillary_state *to)
{
	__asm__ volatile("fxsave64 %0" : "=m"(*to));
}

static inline void fpu_load(const struct ancillary_state *from)
{
	__asm__ volatile("fxrstor64 %0" : : "m"(*from));
}

#endif
#endif
