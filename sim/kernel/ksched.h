/* ksched.h - the core allocator: which many-core process has which core.
 *
 * Core 0 is for management and single-core processes (sched.h), all others are for MCPs. A process
 * gets what it wants (amt_wanted) as far as there is: first the cores provisioned to it, even if
 * that means to preempt others; then whatever is idle, first come first served. Nothing is taken
 * back because somebody wants less: a process yields.
 *
 * One lock, under which neither proc_lock is taken nor an event sent. One core at a time looks
 * around (poke.h); the others just make it look again.
 */
#ifndef KERNEL_KSCHED_H
#define KERNEL_KSCHED_H

#include <stdbool.h>
#include <stdint.h>

struct proc;

void ksched_init(void);
bool ksched_has_cores(void);

/* p has become an MCP; p is dying. */
void ksched_add(struct proc *p);
void ksched_forget(struct proc *p);

/* Gives cores to those who want some, until there is no more to be done, or tells whoever is at it
 * that something has changed. No spinlock held.
 */
void ksched_poke(void);

/* Their process has yielded them, or died. Pokes. */
void ksched_cores_idle(const uint32_t *pcoreids, uint32_t count);

/* p's share becomes `count` cores, or as many as are nobody else's share. Pokes. */
void ksched_provision(struct proc *p, uint32_t count);

/* Takes the vcore's core away from p, or all of its cores with STIMULUS_ALL_VCORES, and from all
 * processes for usec microseconds, or with STIMULUS_FOR_EVER until ksched_return_cores. Returns
 * how many. On core 0 only.
 */
uint32_t ksched_take_away(struct proc *p, uint32_t vcoreid, uint32_t usec);
void ksched_return_cores(void);

/* The (n modulo their number)th of all MCPs, with a reference for the caller; NULL. */
struct proc *ksched_nth_mcp(uint32_t n);

#endif
