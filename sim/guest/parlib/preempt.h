/* preempt.h - recovers from the preemption of vcores (thesis 6.3).
 *
 * A vcore that was preempted while it ran a uthread loses that to whoever handles the event,
 * through shared memory alone. One that was in vcore context, or looked so, gets the handler's
 * core: nobody else can finish what it was doing. Either way somebody looks through its public
 * mailbox.
 */
#ifndef PARLIB_PREEMPT_H
#define PARLIB_PREEMPT_H

/* Asks for the events and sets their handler. */
void preempt_init(void);

#endif
