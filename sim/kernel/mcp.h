/* mcp.h - many-core processes: how they come to be, get cores, give them back and lose them.
 *
 * Thesis chapters 3 and 6. Whoever calls these holds a reference to p and no spinlock. Cores are
 * the business of ksched.c: what is taken from a process here is not yet anybody else's.
 */
#ifndef KERNEL_MCP_H
#define KERNEL_MCP_H

#include <stdbool.h>
#include <stdint.h>

struct proc;

#define NO_PCORE 0xffffffffu

/* Why an SCP cannot become an MCP: 0, EINVAL or EBUSY. */
int proc_cannot_change_to_m(struct proc *p);

/* This core's owner, an SCP that can, becomes an MCP: its context becomes that of vcore 0's
 * uthread, and this core is free. Nothing happens to a process that is dying.
 */
void proc_change_to_m(struct proc *p);

/* Cores that are nobody's go to p, RUNNABLE_M or RUNNING_M, one a vcore. Returns how many it took,
 * the first ones: fewer if it has no vcore left for them, none if it is in another state.
 */
uint32_t proc_give_cores(struct proc *p, const uint32_t *pcoreids, uint32_t count);

/* The vcore that owns this core gives it up. Returns false if it may not (thesis 5.3); else this
 * core is free, and its context gone.
 */
bool proc_yield_vcore(struct proc *p, bool being_nice);

/* The vcore that owns this core gives it to another one, in whose context it will go on. Its own is
 * lost with enable_my_notif: then it will start anew at vcore_entry; else it is saved as if the
 * vcore had been preempted. 0, EBUSY (is mapped already), EAGAIN (a preemption or the end is
 * underway: its message is in the queue) or EINVAL.
 */
int proc_change_to_vcore(struct proc *p, uint32_t vcoreid, bool enable_my_notif);

/* This core's owner enters vcore context; see SYS_vc_entry. */
void proc_vc_entry(struct proc *p);

/* Takes one pcore away, by vcore or by pcore, or all of them. The first returns the pcore, or
 * NO_PCORE if the vcore is not mapped or its last preemption is still under way; the second whether
 * p had it; the third how many, filling pcoreids.
 */
uint32_t proc_preempt_vcore(struct proc *p, uint32_t vcoreid);
bool proc_preempt_core(struct proc *p, uint32_t pcoreid);
uint32_t proc_preempt_all(struct proc *p, uint32_t *pcoreids);

/* Interrupts the vcore, now or when it next enables notifications: it will enter vcore context. */
void proc_notify(struct proc *p, uint32_t vcoreid);

#endif
