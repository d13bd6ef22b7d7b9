/* uthread.h - user-level threads on the vcores of a many-core process (thesis 4.4).
 *
 * Where the context of a uthread is:
 *	saved			in the struct
 *	running on a vcore	in that vcore's registers
 *	current on a vcore that is in vcore context, or preempted: in its uthread_ctx; FPU registers
 *				are live, or in preempt_anc while the vcore is preempted
 * `fp_saved` says that the FPU state is in the struct as well. A software context has none: it
 * stopped at a call.
 *
 * `dont_migrate` ties a uthread to its vcore: set before it reads vcoreid in order to disable
 * notifications, or they might be those of a vcore that it is no longer on (akaros 5e4825eb).
 */
#ifndef PARLIB_UTHREAD_H
#define PARLIB_UTHREAD_H

#include "sim/abi/context.h"

#include <stdbool.h>
#include <stddef.h>

#define UTHREAD_STACK_SIZE 16384

struct uthread {
	struct ancillary_state fpu; /* while fp_saved */
	struct user_context ctx;    /* while saved */
	volatile bool saved, fp_saved, dont_migrate;
	unsigned int notif_disabled_depth; /* its own: the vcore may change in between */
	void (*yield_fn)(struct uthread *t, void *arg);
	void *yield_arg;
	struct uthread *next;            /* in the scheduler's queue */
	struct uthread *volatile joiner; /* who waits for it, or UTHREAD_EXITED */
	void (*start)(void *arg);
	void *arg;
	int err; /* errno */
};

#define UTHREAD_EXITED ((struct uthread *)1)

/* Makes this process a many-core one and the caller its first uthread. 0, or -1 with errno: EBUSY
 * if the machine has no core for such processes.
 */
int uthread_lib_init(void);

/* --- for uthreads --- */

/* NULL when there is no memory. It runs when a vcore has time; uthread_join frees it. */
struct uthread *uthread_create(void (*start)(void *arg), void *arg);
void uthread_join(struct uthread *t); /* once for each */
_Noreturn void uthread_exit(void);
void uthread_sched_yield(void); /* behind all that can run */

/* Stops the caller and calls fn on it, in vcore context. From then on the uthread is fn's, which
 * puts it where somebody will make it runnable again; when that has happened nobody else may
 * touch it. Notifications must be enabled.
 */
void uthread_yield(void (*fn)(struct uthread *t, void *arg), void *arg);

/* What runs in between looks like vcore context; may be nested. In vcore context itself they do
 * nothing.
 */
void uth_disable_notifs(void);
void uth_enable_notifs(void);

/* --- for vcore context --- */

/* Runs it on this vcore, which has no current one. */
_Noreturn void uthread_run(struct uthread *t);
_Noreturn void uthread_run_current(void);

/* Takes the current uthread off this vcore, or off the preempted one that vcpd belongs to, and
 * hands it to the scheduler.
 */
void uthread_pause_current(void);
struct preempt_data;
void uthread_pause_remote(struct uthread *t, const struct preempt_data *vcpd, unsigned int vcoreid);

/* Where each vcore context begins, at the top of the stack. */
_Noreturn void uthread_vcore_entry(void);

#endif
