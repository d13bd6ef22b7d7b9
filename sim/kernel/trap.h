/* trap.h - everything that interrupts a core: exceptions, device interrupts, IPIs, system calls.
 *
 * From user mode, the context is kept in pcpui->actual_ctx and the handler ends in smp_idle(),
 * never in a return; from the kernel, the handler returns to what it interrupted. Device and IPI
 * handlers run with interrupts off, on the stack they find, and may not block.
 */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#define NUM_VECTORS 256

#define TRAP_DEBUG         1
#define TRAP_NMI           2
#define TRAP_BREAKPOINT    3
#define TRAP_DOUBLE_FAULT  8
#define TRAP_GP            13
#define TRAP_PAGE_FAULT    14
#define TRAP_MACHINE_CHECK 18
#define NUM_EXCEPTIONS     32

/* Vectors as in Akaros. */
#define VECTOR_PIC         32 /* where the masked 8259s may still raise spurious interrupts */
#define VECTOR_IOAPIC      49 /* + global system interrupt */
#define VECTOR_IOAPIC_LAST 223
#define VECTOR_TESTING     236
#define VECTOR_POKE_CORE   238
#define VECTOR_KERNEL_MSG  239
#define VECTOR_TIMER       240
#define VECTOR_SPURIOUS    255

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

struct hw_trapframe;
struct sw_trapframe;
struct syscall;
struct user_context;

typedef void (*irq_handler_t)(void *arg);

/* One handler a vector, set before the interrupt is let through. The EOI is sent afterwards. */
void register_irq(unsigned vector, irq_handler_t handler, void *arg);

/* Called by entry.S. */
void trap_entry(struct hw_trapframe *tf);
_Noreturn void syscall_entry_c(struct syscall *sysc, uint64_t count, struct sw_trapframe *tf);

void print_trapframe(const struct hw_trapframe *tf);

/* Sets the MSRs of the SYSCALL instruction on this core. */
void syscall_init_core(void);

/* entry.S: leave the kernel into a user context. */
_Noreturn void pop_hw_tf(const struct hw_trapframe *tf);
_Noreturn void pop_sw_tf(const struct sw_trapframe *tf);
void syscall_entry(void);
#endif
#endif
