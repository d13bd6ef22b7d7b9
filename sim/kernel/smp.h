/* smp.h - more than one core: starting them, calling them, and what a core does when it is done. */
#ifndef KERNEL_SMP_H
#define KERNEL_SMP_H

#include <stdint.h>

struct proc;

/* Prepares the boot core's per_cpu_info, so that locks and printk work. First thing of all. */
void smp_init_boot_core(void);

/* What every core sets up for itself: descriptors, stacks, messages, local APIC. */
void smp_init_core(void);

/* Starts the other processors and waits until all of them are in smp_idle, or about to be. */
void smp_boot(void);

/* Runs fn(arg) in an interrupt on every core, this one included, and waits until all are done.
 * Interrupts must be on, and no spinlock held that an interrupt handler takes.
 */
void smp_call_all(void (*fn)(void *), void *arg);
void smp_call_one(uint32_t core, void (*fn)(void *), void *arg);

/* On the cores that have p's address space loaded. A core that loads it later reads the page tables
 * later than whatever the caller has written to them.
 */
void smp_call_where_loaded(const struct proc *p, void (*fn)(void *), void *arg);

/* Where every path through the kernel ends that does not return to kernel code: runs messages, then
 * the process that owns the core, and halts when there is nothing of either. No locks held.
 */
_Noreturn void smp_idle(void);

#endif
