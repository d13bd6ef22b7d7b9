/* percpu.h - what a core knows about itself: struct per_cpu_info, found through GS.
 *
 * cur_proc, owning_proc and cur_ctx follow Akaros: cur_proc is the process whose address space is
 * loaded (a counted reference; system-call code runs in it); owning_proc is the process that the
 * core will run when the kernel is done (counted too), in cur_ctx as vcore owning_vcoreid. The two
 * differ freely: a woken kthread finishes the system call of one process on a core of another.
 *
 * A fact fetched through this_pcpui() is stale after anything that may block: fetch it again.
 */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include "sim/abi/context.h"
#include "sim/kernel/alarm.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/lib/list.h"
#include "sim/kernel/memlayout.h"
#include "sim/kernel/spinlock.h"

#include <stdbool.h>
#include <stdint.h>

struct kthread;
struct proc;
struct syscall;

enum core_state { CORE_OFF, CORE_KERNEL, CORE_USER, CORE_IDLE };

struct per_cpu_info {
	/* entry.S knows the offsets of these three */
	struct per_cpu_info *self;
	uint64_t user_rsp; /* scratch of the syscall entry */
	uint64_t stacktop; /* where traps from user mode start: top of cur_kthread's stack */

	uint32_t core_id; /* ours: 0 is the boot core, the rest in the order of the MADT */
	uint32_t apic_id; /* the hardware's */
	volatile enum core_state state;
	int lock_depth; /* spinlocks held by this core */
	int irq_depth;  /* interrupt handlers running on this core, nested */

	/* only this core, interrupts off or in process context */
	struct proc *cur_proc, *owning_proc;
	uint32_t owning_vcoreid;
	struct user_context *cur_ctx; /* &actual_ctx; NULL: none, or between two vcores */
	struct user_context actual_ctx;
	struct syscall *syscs; /* user pointer: rest of the submitted array */
	uint64_t nr_syscs;
	struct kthread *cur_kthread, *spare_kthread;

	/* any core, under the lock */
	spinlock_t immed_lock, routine_lock;
	struct list immed_msgs, routine_msgs;

	struct timer_chain tchain;

	struct tss tss;
	uint64_t gdt[GDT_ENTRIES];
};

extern struct per_cpu_info per_cpu_info[MAX_NUM_CORES];
extern uint32_t num_cores; /* cores that run; 1 until smp_boot() is done */

static inline struct per_cpu_info *this_pcpui(void)
{
	struct per_cpu_info *p;

	/* volatile: the compiler must not keep it over a block, after which the core is another */
	__asm__ volatile("movq %%gs:0, %0" : "=r"(p));
	return p;
}

static inline uint32_t core_id(void)
{
	return this_pcpui()->core_id;
}

#endif
