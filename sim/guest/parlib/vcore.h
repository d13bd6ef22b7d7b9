/* vcore.h - virtual cores of a many-core process, from inside (thesis, chapter 4).
 *
 * The rules of vcore context. It is the code that runs on a vcore's own stack with notifications
 * disabled: the scheduler and the event handlers. For it
 *   - nothing is ever waited for in a plain loop that another vcore has to end: that one may have
 *     been preempted. Use spin_pdr.h, or relax.h in the loop.
 *   - whoever leaves it (runs a uthread, yields the core, changes to another vcore) is never
 *     returned to: the next entry starts at the top of the stack. So no lock may be held then.
 *   - handle_events may not return, for the same reason.
 *   - a system call that blocks is waited for by spinning; a fault kills the process.
 *   - the FPU is not used: its registers are those of the uthread. The library is compiled so.
 *   - the ways in and out are those of uthread.h and this file, and no other.
 * A uthread that has disabled notifications looks like vcore context to the kernel and to other
 * vcores, and keeps the first and the fourth rule.
 *
 * A vcore may be preempted at any instruction and go on much later, on another core. With
 * notifications disabled it goes on where it was; else it starts at vcore_entry, and its uthread
 * may meanwhile have been taken away (preempt.h).
 *
 * Every vcore has a struct of its own, which FS points at as long as the vcore runs, in vcore
 * context and in its uthreads alike. A uthread that may be moved sees another one after any
 * instruction: only what a single access through FS says is true for it.
 */
#ifndef PARLIB_VCORE_H
#define PARLIB_VCORE_H

#include "sim/guest/include/sys.h"
#include "sim/kernel/x86.h"

#include <stdbool.h>
#include <stddef.h>

#define VCORE_STACK_SIZE 16384

#define procdata ((struct procdata *)UDATA)

struct uthread;

struct vcore_local {
	struct vcore_local *self; /* at FS:0 */
	struct uthread *current_uthread;
	unsigned int in_vcore_context;
	unsigned int vcoreid;
	struct preempt_data *vcpd;
	struct syscall sysc;  /* of calls that may leave this vcore: no stack outlives them */
	bool handling_remote; /* another vcore's mailbox, remote_vcoreid's */
	unsigned int remote_vcoreid;
	unsigned int relax_spins; /* kept over calls, or it would never get anywhere */
	int err;                  /* errno of vcore context */
};

#define VCORE_LOCAL(field, type)                                                                   \
	__extension__({                                                                            \
		type v_;                                                                           \
		__asm__ volatile("mov %%fs:%c1, %0"                                                \
				 : "=r"(v_)                                                        \
				 : "i"(offsetof(struct vcore_local, field)));                      \
		v_;                                                                                \
	})

static inline struct vcore_local *this_vcore(void)
{
	return VCORE_LOCAL(self, struct vcore_local *);
}

static inline unsigned int vcore_id(void)
{
	return VCORE_LOCAL(vcoreid, unsigned int);
}

static inline bool in_vcore_context(void)
{
	return VCORE_LOCAL(in_vcore_context, unsigned int) != 0;
}

static inline struct uthread *current_uthread(void)
{
	return VCORE_LOCAL(current_uthread, struct uthread *);
}

static inline struct preempt_data *vcpd_of(unsigned int vcoreid)
{
	return &procdata->vcore_preempt_data[vcoreid];
}

static inline unsigned int max_vcores(void)
{
	return procinfo->max_vcores;
}

/* The struct of any vcore, without going through its FS (akaros 10471e0b). */
struct vcore_local *vcore_local_of(unsigned int vcoreid);

/* Stacks, structs and mailboxes for max_vcores() vcores. Once, in an SCP. 0, or -1 with errno. */
int vcore_lib_init(void);

/* Asks for n vcores in all; never for less than before. */
void vcore_request(unsigned int n);

/* Asks for n more than there are now. */
void vcore_request_more(unsigned int n);

/* Vcore context, without a uthread: gives the core back. Returns when there was an event to handle,
 * or the kernel refused: look for work again. `preempt_pending`: it was asked for, so the process
 * wants as many cores as before.
 */
void vcore_yield(bool preempt_pending);

/* Starts vcore context anew, at the top of the stack. */
_Noreturn void vcore_reenter(void);

static inline bool vcore_is_preempted(unsigned int vcoreid)
{
	return (vcpd_of(vcoreid)->flags & VC_PREEMPTED) != 0;
}

/* Notifications disabled: puts vcore `to` on this core. Without enable_my_notif returns when this
 * vcore goes on, or if it failed; with it only if it failed.
 */
void vcore_change_to(unsigned int to, bool enable_my_notif);

/* Posts a message to the own public mailbox. */
void vcore_message_self(unsigned int ev_type, unsigned int arg2);

#endif
