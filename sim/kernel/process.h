/* process.h - processes: a state machine, a reference count, an address space and a context.
 *
 * States and transitions are Akaros's. _S is a single-core process (SCP), which runs on core 0; _M
 *a many-core one (MCP; mcp.h), which has none or more of the others; procinfo's is_mcp says which
 *of the two a WAITING one is. WAITING -> RUNNING_S is only for an SCP that was about to wait and
 *found its reason gone.
 *
 *	CREATED     -> RUNNABLE_S, DYING
 *	RUNNABLE_S  -> RUNNING_S, RUNNABLE_M, WAITING, DYING
 *	RUNNING_S   -> RUNNABLE_S, RUNNABLE_M, WAITING, DYING
 *	WAITING     -> RUNNABLE_S, RUNNING_S, RUNNABLE_M, DYING
 *	RUNNABLE_M  -> RUNNING_M, DYING
 *	RUNNING_M   -> RUNNABLE_S, RUNNABLE_M, WAITING, DYING
 *	DYING	    -> DYING_ABORT
 *
 * References: one for existing, from creation until the parent has waited (or has died too); one
 * each for being a core's cur_proc or owning_proc, for a kthread that sleeps in the address space,
 * for a place in a scheduler's list, for a message about it. The last to go frees the process.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "sim/abi/context.h"
#include "sim/abi/errno.h"
#include "sim/abi/procinfo.h"
#include "sim/abi/syscall.h"
#include "sim/kernel/atomic.h"
#include "sim/kernel/kref.h"
#include "sim/kernel/lib/list.h"
#include "sim/kernel/pagetable.h"
#include "sim/kernel/spinlock.h"
#include "sim/kernel/sync.h"
#include "sim/kernel/vcore.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGNAME_MAX 32
#define PID_MAX      1024
#define UCQ_LOCKS    8

enum proc_state {
	PROC_CREATED = 0x01,
	PROC_RUNNABLE_S = 0x02,
	PROC_RUNNING_S = 0x04,
	PROC_WAITING = 0x08,
	PROC_DYING = 0x10,
	PROC_DYING_ABORT = 0x20,
	PROC_RUNNABLE_M = 0x40,
	PROC_RUNNING_M = 0x80,
};

struct proc {
	struct kref kref;
	int pid; /* these three never change */
	char progname[PROGNAME_MAX];
	struct procinfo *procinfo; /* the kernel's view of the pages at UINFO */
	struct procdata *procdata; /* and at UDATA */

	spinlock_t proc_lock;    /* state, exit code, vcoremap, pcoremap; the vcores' lists and the
				  * context below */
	volatile uint32_t state; /* read without the lock only as a hint, or as said there */
	int exit_code;

	struct vcore_lists vcores; /* vcore.h says who may look at them */

	/* the one context of an SCP while no core has it */
	struct user_context scp_ctx;
	struct ancillary_state scp_anc;
	struct syscall *scp_syscs; /* user pointer: what it has submitted and not yet started */
	uint64_t scp_nr_syscs;

	atomic_t nr_pending_syscs; /* submitted and not finished */

	/* address space: mm_lock */
	spinlock_t mm_lock;
	pte_t *pgdir;
	struct list vmrs;           /* struct vmr, by address */
	struct semaphore unmap_sem; /* one at a time; taken before mm_lock */

	spinlock_t ucq_locks[UCQ_LOCKS]; /* ucq.c, by the queue's address */

	struct list sched_link; /* sched.c's lock */
	struct list mcp_link;   /* the rest: ksched.c's lock */
	uint64_t mcp_round;     /* in which it has last been looked at */

	/* family.c's lock */
	struct proc *parent; /* NULL: the kernel, or an orphan's */
	struct list children, sibling;
	bool ended; /* waitpid may have it */
};

/* A new process of `program`, a file of the initrd, in state CREATED; args is args_len bytes of
 * 0-terminated strings, the first being its name. Returns 0 and *pp, without a reference for the
 * caller (as a child of the caller it cannot go), or an errno.
 */
int proc_create(const char *program, const char *args, size_t args_len, struct proc *parent,
	struct proc **pp);

void proc_incref(struct proc *p);
void proc_decref(struct proc *p);

/* Process with this pid, with a reference for the caller; NULL. */
struct proc *pid2proc(int pid);

/* The state for who does not hold proc_lock: it may be another one by now. */
static inline uint32_t proc_state_hint(const struct proc *p)
{
	return p->state;
}

/* proc_lock held. Panics if the transition is not one of those above. */
void proc_set_state(struct proc *p, enum proc_state next);

/* CREATED -> RUNNABLE_S. Returns false in any other state. */
bool proc_run(struct proc *p);

/* If p is WAITING, makes it runnable. For whoever has done what it waits for. No locks held. */
void proc_wakeup(struct proc *p);

/* Gives this core, which is free, to p. Returns false when p is no longer RUNNABLE_S. */
bool proc_run_s(struct proc *p);

/* Takes this core from the SCP that owns it and puts that back among the runnable ones. */
void proc_preempt_scp(void);

/* Ends p: no context of it will run any more, wherever it is. The memory goes with the last
 * reference. The caller may be p's own system call, which then finishes as usual.
 */
void proc_destroy(struct proc *p, int exit_code);

/* If a process owns this core: does not return, unless that has to wait and gives the core up.
 * Else leaves whatever address space is loaded. Returns whether anything was given up.
 */
bool try_run_proc(void);

/* Loads p's address space and counts it as cur_proc; the one before is let go. */
void proc_switch_addr_space(struct proc *p);

/* The same for a while: returns what proc_switch_back wants. In between nothing may block. */
struct proc *proc_switch_to(struct proc *p);
void proc_switch_back(struct proc *before);

/* This core, which is free, belongs to p's vcore from now on; and to nobody any more. Whoever lets
 * the vcore run elsewhere calls core_leave before, and drops the reference that it returns later.
 */
void core_own(struct proc *p, uint32_t vcoreid);
struct proc *core_leave(void);
void core_disown(void);

/* family.c: parents and children. */
void family_add(struct proc *parent, struct proc *child);
void family_end(struct proc *p); /* p has died: tells its parent, leaves its children */

/* Blocks until the child of p with this pid has ended, and lets go of it. Exit code, or -ECHILD. */
long family_wait(struct proc *p, int pid);
bool family_is_child(struct proc *p, struct proc *child);

/* The process whose end ends the run. */
void proc_set_init(struct proc *p);

#endif
