/* alarm.h - alarms: functions that run when the time has come, on the core of their timer chain.
 *
 * The local APIC timer's interrupt sends its core the ROUTINE message __run_tchain, which runs the
 * handlers of what is due, without the chain's lock and with interrupts off. A handler may not
 * block, and may set its own waiter again; it may also free it, for nobody touches a waiter after
 * its handler has run. Times are in TSC ticks.
 */
#ifndef KERNEL_ALARM_H
#define KERNEL_ALARM_H

#include "sim/kernel/lib/list.h"
#include "sim/kernel/sync.h"

#include <stdbool.h>
#include <stdint.h>

struct alarm_waiter {
	uint64_t wake_up_time;
	void (*func)(struct alarm_waiter *);
	bool on_tchain;   /* the chain's lock */
	struct list link; /* the same */
};

/* One a core, in per_cpu_info. Its lock is the condition variable's. */
struct timer_chain {
	struct cond_var cv;
	struct list waiters;          /* by wake_up_time, equal ones first come first served */
	struct alarm_waiter *running; /* whose handler runs now */
	uint32_t core_id;
};

void timer_chain_init(struct timer_chain *tc, uint32_t core_id);
struct timer_chain *this_timer_chain(void);

void alarm_init(struct alarm_waiter *w, void (*func)(struct alarm_waiter *));

/* w must not be set. Both may be called for any core's chain, from any context. */
void alarm_set_abs(struct timer_chain *tc, struct alarm_waiter *w, uint64_t tsc);
void alarm_set_rel(struct timer_chain *tc, struct alarm_waiter *w, uint64_t usec);

/* Afterwards w is not set and its handler does not run: blocks while it does. Returns true when
 * this call kept the handler from running. Not from handlers.
 */
bool alarm_unset(struct timer_chain *tc, struct alarm_waiter *w);

/* Moves w to a new time, set or not, running or not; never blocks, so its handler may call it.
 * Returns whether w was set.
 */
bool alarm_reset_abs(struct timer_chain *tc, struct alarm_waiter *w, uint64_t tsc);

/* Handler of the timer interrupt. */
void alarm_timer_irq(void *arg);

#endif
