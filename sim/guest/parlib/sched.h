/* sched.h - a scheduler: one queue of runnable uthreads, first come first served, for all vcores.
 *
 * A vcore without a uthread to run gives its core back. A uthread that is interrupted for an event
 * goes behind the others that can run, so that one which never stops does not keep them out.
 */
#ifndef PARLIB_SCHED_H
#define PARLIB_SCHED_H

#include <stdbool.h>

struct uthread;

/* A hint: the queue may be another one right after. */
bool sched_has_work(void);

/* From any context. In vcore context somebody has to come to sched_entry later: this does not ask
 * for more cores.
 */
void sched_runnable(struct uthread *t);

/* From a uthread: also asks for a core. */
void sched_runnable_new(struct uthread *t);

/* Vcore context, events handled: runs something. */
_Noreturn void sched_entry(void);

#endif
