/* kthread.h - kernel threads: a stack and the registers of kernel code that sleeps.
 *
 * Every core always runs on the stack of its cur_kthread. A kthread that blocks gives the core to a
 * spare one, which goes to smp_idle(); nothing else of the core changes, and the process that owns
 * the core may run on. The sleeper is woken by a ROUTINE message, __launch_kthread, to the core
 * that wakes it, or to core 0 for a kernel task.
 */
#ifndef KERNEL_KTHREAD_H
#define KERNEL_KTHREAD_H

#include "sim/kernel/lib/list.h"
#include "sim/kernel/spinlock.h"

#include <stdint.h>

#define KSTACKSIZE 16384

#define KTH_IS_KTASK        1u /* no process: runs on core 0 */
#define KTH_SAVE_ADDR_SPACE 2u /* works for cur_proc: keeps that loaded when it is back */

struct proc;
struct syscall;

struct jmpbuf {
	uint64_t regs[8];
};

int setjmp(struct jmpbuf *env) __attribute__((returns_twice));
_Noreturn void longjmp(struct jmpbuf *env, int value);
_Noreturn void reset_stack_and_call(void *arg, uint64_t stacktop, void (*fn)(void *arg));

struct kthread {
	struct jmpbuf context;
	uint64_t stacktop;
	struct proc *proc; /* a counted reference while it sleeps with KTH_SAVE_ADDR_SPACE */
	unsigned flags;
	const char *name;            /* what it works on: for the report of a panic */
	const struct syscall *usysc; /* with KTH_SAVE_ADDR_SPACE: the call, a user pointer */
	struct list link;            /* in the waiters of what it sleeps on; that lock */
};

struct kthread *kthread_alloc(void);

/* Makes the current core run on kthread k from its next trap on: bookkeeping, no switch. */
void kthread_set_current(struct kthread *k);

/* Puts the current kthread on `waiters` and gives up the core. The caller holds `lock`, which
 * protects the list and is dropped on the new stack; interrupts are off. Returns, interrupts
 * still off and the lock not held, when the kthread has been woken.
 */
void kthread_block_on(struct list *waiters, spinlock_t *lock);

/* Wakes a sleeper that the caller has taken off its list. Any context. */
void kthread_runnable(struct kthread *k);

/* Runs fn(arg) as a kernel task on core 0, soon. name is kept. */
void ktask(const char *name, void (*fn)(void *), void *arg);

/* Blocks for at least usec microseconds. */
void kthread_usleep(uint64_t usec);

#endif
