/* alarm.c - see alarm.h. */
#include "sim/kernel/alarm.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/time.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

void timer_chain_init(struct timer_chain *tc, uint32_t core_id)
{
	cv_init(&tc->cv);
	list_init(&tc->waiters);
	tc->running = NULL;
	tc->core_id = core_id;
}

struct timer_chain *this_timer_chain(void)
{
	return &this_pcpui()->tchain;
}

void alarm_init(struct alarm_waiter *w, void (*func)(struct alarm_waiter *))
{
	w->func = func;
	w->on_tchain = false;
	list_init(&w->link);
}

static struct alarm_waiter *waiter_of(struct list *l)
{
	return container_of(l, struct alarm_waiter, link);
}

static struct alarm_waiter *earliest(struct timer_chain *tc)
{
	return list_empty(&tc->waiters) ? NULL : waiter_of(tc->waiters.next);
}

/* Aims the hardware timer at the earliest waiter. Only a core can program its own: another one
 * gets the timer interrupt early, finds nothing due, and comes here. Lock held.
 */
static void aim_timer(struct timer_chain *tc)
{
	struct alarm_waiter *first = earliest(tc);

	if (tc->core_id != core_id())
		send_ipi(tc->core_id, VECTOR_TIMER);
	else if (first == NULL)
		lapic_timer_stop();
	else
		lapic_timer_set(first->wake_up_time);
}

/* Lock held. Returns whether w is now the earliest. */
static bool insert(struct timer_chain *tc, struct alarm_waiter *w)
{
	struct list *pos = tc->waiters.next;

	assert(!w->on_tchain);
	while (pos != &tc->waiters && waiter_of(pos)->wake_up_time <= w->wake_up_time)
		pos = pos->next;
	list_insert_before(pos, &w->link);
	w->on_tchain = true;
	return earliest(tc) == w;
}

/* Lock held. Taking w off twice is harmless. Returns whether it was on. */
static bool take_off(struct alarm_waiter *w)
{
	bool was_on = w->on_tchain;

	if (!was_on)
		return false;
	list_remove(&w->link);
	w->on_tchain = false;
	return true;
}

void alarm_set_abs(struct timer_chain *tc, struct alarm_waiter *w, uint64_t tsc)
{
	bool irqs = cv_lock(&tc->cv);

	w->wake_up_time = tsc;
	if (insert(tc, w))
		aim_timer(tc);
	cv_unlock(&tc->cv, irqs);
}

void alarm_set_rel(struct timer_chain *tc, struct alarm_waiter *w, uint64_t usec)
{
	alarm_set_abs(tc, w, rdtsc() + usec_to_tsc(usec));
}

bool alarm_unset(struct timer_chain *tc, struct alarm_waiter *w)
{
	bool irqs = cv_lock(&tc->cv);
	bool was_on = take_off(w);

	while (tc->running == w)
		cv_wait(&tc->cv);
	if (was_on)
		aim_timer(tc);
	cv_unlock(&tc->cv, irqs);
	return was_on;
}

bool alarm_reset_abs(struct timer_chain *tc, struct alarm_waiter *w, uint64_t tsc)
{
	bool irqs = cv_lock(&tc->cv);
	bool was_on = take_off(w);

	w->wake_up_time = tsc;
	insert(tc, w);
	aim_timer(tc);
	cv_unlock(&tc->cv, irqs);
	return was_on;
}

/* ROUTINE message. `running` tells unset that a handler is at work; it is compared, never followed,
 * once the handler has returned.
 */
static void __run_tchain(uint32_t src, long a0, long a1, long a2)
{
	struct timer_chain *tc = (struct timer_chain *)a0;
	struct alarm_waiter *w;

	(void)src;
	(void)a1;
	(void)a2;
	cv_lock(&tc->cv);
	while ((w = earliest(tc)) != NULL && w->wake_up_time <= rdtsc()) {
		take_off(w);
		tc->running = w;
		cv_unlock(&tc->cv, false);
		w->func(w);
		cv_lock(&tc->cv);
		tc->running = NULL;
		cv_broadcast(&tc->cv);
	}
	aim_timer(tc);
	cv_unlock(&tc->cv, false);
}

void alarm_timer_irq(void *arg)
{
	(void)arg;
	send_kernel_message(core_id(), __run_tchain, (long)this_timer_chain(), 0, 0, KMSG_ROUTINE);
}
