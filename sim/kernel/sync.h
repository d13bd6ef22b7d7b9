/* sync.h - blocking synchronisation for kthreads: semaphores, condition variables, rendezvous.
 *
 * All three may be signalled from interrupt handlers and IMMEDIATE messages, so their spinlocks are
 * taken with interrupts off. Waiting is for kthreads in process context or kernel tasks, never with
 * a spinlock held. A sleeper wakes on the core that woke it (kthread.h), in the order of sleeping.
 */
#ifndef KERNEL_SYNC_H
#define KERNEL_SYNC_H

#include "sim/kernel/lib/list.h"
#include "sim/kernel/spinlock.h"

#include <stdbool.h>
#include <stdint.h>

struct semaphore {
	spinlock_t lock;
	long count; /* when negative, so many sleep */
	struct list waiters;
};

void sem_init(struct semaphore *s, long count);
void sem_down(struct semaphore *s);
bool sem_trydown(struct semaphore *s);
void sem_up(struct semaphore *s);

/* Mesa semantics: who returns from cv_wait holds the lock and must test its condition again. */
struct cond_var {
	spinlock_t lock;
	struct list waiters;
};

void cv_init(struct cond_var *cv);
bool cv_lock(struct cond_var *cv); /* interrupts go off; returns whether they were on */
void cv_unlock(struct cond_var *cv, bool irqs_were_on);
void cv_wait(struct cond_var *cv);   /* lock held on entry and on return */
void cv_signal(struct cond_var *cv); /* these two with the lock held */
void cv_broadcast(struct cond_var *cv);

/* A condition variable with its condition: sleeps while cond(arg) is false (Akaros's variant of the
 * Plan 9 rendezvous). cond is called with the lock held and interrupts off.
 */
struct rendez {
	struct cond_var cv;
};

void rendez_init(struct rendez *rv);
void rendez_sleep(struct rendez *rv, bool (*cond)(void *), void *arg);

/* As rendez_sleep, for at most usec microseconds. Returns whether cond held in the end. */
bool rendez_sleep_timeout(struct rendez *rv, bool (*cond)(void *), void *arg, uint64_t usec);
void rendez_wakeup(struct rendez *rv);

#endif
