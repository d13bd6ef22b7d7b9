/* kthread.c - see kthread.h. */
#include "sim/kernel/kthread.h"
#include "sim/abi/probe.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/sync.h"
#include "sim/kernel/x86.h"

#define KSTACK_ORDER 2
_Static_assert(KSTACKSIZE == PGSIZE << KSTACK_ORDER, "stacks come from the page allocator");

struct ktask_start {
	const char *name;
	void (*fn)(void *);
	void *arg;
};

struct kthread *kthread_alloc(void)
{
	struct kthread *k = kzalloc(sizeof(*k));
	void *stack = kpages_alloc(KSTACK_ORDER);

	k->stacktop = (uint64_t)stack + KSTACKSIZE;
	k->name = "none";
	list_init(&k->link);
	return k;
}

static void kthread_free(struct kthread *k)
{
	kpages_free((void *)(k->stacktop - KSTACKSIZE), KSTACK_ORDER);
	kfree(k);
}

static struct kthread *take_spare(struct per_cpu_info *pcpui)
{
	struct kthread *k = pcpui->spare_kthread;

	if (k == NULL)
		return kthread_alloc();
	pcpui->spare_kthread = NULL;
	return k;
}

/* Only one is kept: the rest goes back to the allocator. Never the one whose stack is in use. */
static void put_spare(struct per_cpu_info *pcpui, struct kthread *k)
{
	if (pcpui->spare_kthread != NULL)
		kthread_free(pcpui->spare_kthread);
	pcpui->spare_kthread = k;
}

void kthread_set_current(struct kthread *k)
{
	struct per_cpu_info *pcpui = this_pcpui();

	pcpui->cur_kthread = k;
	pcpui->stacktop = k->stacktop;
	pcpui->tss.rsp[0] = k->stacktop;
}

static void unlock_and_idle(void *lock)
{
	spin_unlock(lock);
	smp_idle();
}

/* From the unlock on a waker may run k elsewhere, on the stack that we stand on: so leave the stack
 * first, and drop the lock from the next one. Returns when k has been woken, on the core that runs
 * __launch_kthread, which is not always this one.
 */
static __attribute__((noinline)) void switch_stacks(
	struct kthread *k, struct kthread *next, spinlock_t *lock)
{
	if (setjmp(&k->context) != 0)
		return;
	kthread_set_current(next);
	reset_stack_and_call(lock, next->stacktop, unlock_and_idle);
}

void kthread_block_on(struct list *waiters, spinlock_t *lock)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct kthread *k = pcpui->cur_kthread, *next;

	assert(pcpui->lock_depth == 1 && pcpui->irq_depth == 0);
	next = take_spare(pcpui);
	if (k->flags & KTH_SAVE_ADDR_SPACE) {
		k->proc = pcpui->cur_proc;
		proc_incref(k->proc);
		PROBE(syscall_block, k->proc->pid, k->usysc);
	}
	list_insert_tail(waiters, &k->link);
	switch_stacks(k, next, lock);
}

/* Loads the address space that k worked in. The reference that k held moves to cur_proc. */
static void restore_addr_space(struct kthread *k)
{
	struct proc *p = k->proc;

	k->proc = NULL;
	proc_switch_addr_space(p);
	proc_decref(p);
}

/* ROUTINE message: the core leaves the kthread that it is on and becomes k. */
static void __launch_kthread(uint32_t src, long a0, long a1, long a2)
{
	struct kthread *k = (struct kthread *)a0;
	struct per_cpu_info *pcpui = this_pcpui();
	struct kthread *old = pcpui->cur_kthread;

	(void)src;
	(void)a1;
	(void)a2;
	old->flags = 0;
	kthread_set_current(k);
	put_spare(pcpui, old); /* we are still on its stack; it is reused only by a later block */
	if (k->flags & KTH_SAVE_ADDR_SPACE)
		restore_addr_space(k);
	longjmp(&k->context, 1);
}

void kthread_runnable(struct kthread *k)
{
	uint32_t dst = k->flags & KTH_IS_KTASK ? 0 : core_id();

	PROBE(kthread_woken, k);
	send_kernel_message(dst, __launch_kthread, (long)k, 0, 0, KMSG_ROUTINE);
}

static void __ktask_wrapper(uint32_t src, long a0, long a1, long a2)
{
	struct ktask_start *start = (struct ktask_start *)a0;
	struct ktask_start s = *start;
	struct kthread *k = this_pcpui()->cur_kthread;

	(void)src;
	(void)a1;
	(void)a2;
	kfree(start);
	k->flags = KTH_IS_KTASK;
	k->name = s.name;
	irq_enable();
	s.fn(s.arg);
	smp_idle(); /* fn may have blocked: what called us is no more */
}

void ktask(const char *name, void (*fn)(void *), void *arg)
{
	struct ktask_start *start = kmalloc(sizeof(*start));

	*start = (struct ktask_start){name, fn, arg};
	send_kernel_message(0, __ktask_wrapper, (long)start, 0, 0, KMSG_ROUTINE);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void kthread_usleep(uint64_t usec)
{
	struct rendez rv;

	rendez_init(&rv);
	rendez_sleep_timeout(&rv, never, NULL, usec);
}
