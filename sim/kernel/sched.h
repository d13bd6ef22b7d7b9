/* sched.h - the kernel scheduler: which process gets which core.
 *
 * Core 0 is the management core and runs the single-core processes, in turn, with a 10 ms tick
 * while more than one wants to run. The other cores are for many-core processes. sched_lock and
 * the processes' proc_locks have no order: neither is taken with the other held.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <stdbool.h>

struct proc;

void sched_init(void);

/* p has become RUNNABLE_S: it will be run once. Core 0 is poked if it may be idle. */
void sched_scp_runnable(struct proc *p);

/* p is dying and must not be run any more. */
void sched_forget(struct proc *p);

/* Called by a core with nothing to do. Returns whether it found something. */
bool cpu_bored(void);

#endif
