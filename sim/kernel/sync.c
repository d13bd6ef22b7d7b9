/* sync.c - see sync.h. */
#include "sim/kernel/sync.h"
#include "sim/kernel/alarm.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/x86.h"

static void wake_first(struct list *waiters)
{
	struct list *e = list_pop(waiters);

	if (e != NULL)
		kthread_runnable(container_of(e, struct kthread, link));
}

void sem_init(struct semaphore *s, long count)
{
	spinlock_init(&s->lock);
	s->count = count;
	list_init(&s->waiters);
}

void sem_down(struct semaphore *s)
{
	bool irqs = spin_lock_irqsave(&s->lock);

	if (s->count-- > 0) {
		spin_unlock_irqsave(&s->lock, irqs);
		return;
	}
	kthread_block_on(&s->waiters, &s->lock);
	irq_restore(irqs);
}

bool sem_trydown(struct semaphore *s)
{
	bool irqs = spin_lock_irqsave(&s->lock);
	bool got = s->count > 0;

	if (got)
		s->count--;
	spin_unlock_irqsave(&s->lock, irqs);
	return got;
}

/* The semaphore may be gone as soon as the sleeper runs, so nothing of it is touched after that:
 * unlock first, wake then.
 */
void sem_up(struct semaphore *s)
{
	bool irqs = spin_lock_irqsave(&s->lock);
	struct list *e;

	s->count++;
	e = list_pop(&s->waiters);
	spin_unlock_irqsave(&s->lock, irqs);
	if (e != NULL)
		kthread_runnable(container_of(e, struct kthread, link));
}

void cv_init(struct cond_var *cv)
{
	spinlock_init(&cv->lock);
	list_init(&cv->waiters);
}

bool cv_lock(struct cond_var *cv)
{
	return spin_lock_irqsave(&cv->lock);
}

void cv_unlock(struct cond_var *cv, bool irqs_were_on)
{
	spin_unlock_irqsave(&cv->lock, irqs_were_on);
}

void cv_wait(struct cond_var *cv)
{
	kthread_block_on(&cv->waiters, &cv->lock);
	spin_lock(&cv->lock);
}

void cv_signal(struct cond_var *cv)
{
	wake_first(&cv->waiters);
}

void cv_broadcast(struct cond_var *cv)
{
	while (!list_empty(&cv->waiters))
		wake_first(&cv->waiters);
}

void rendez_init(struct rendez *rv)
{
	cv_init(&rv->cv);
}

void rendez_sleep(struct rendez *rv, bool (*cond)(void *), void *arg)
{
	bool irqs = cv_lock(&rv->cv);

	while (!cond(arg))
		cv_wait(&rv->cv);
	cv_unlock(&rv->cv, irqs);
}

struct rendez_alarm {
	struct alarm_waiter waiter;
	struct rendez *rv;
	bool expired; /* the rendezvous's lock */
};

static void rendez_alarm_handler(struct alarm_waiter *waiter)
{
	struct rendez_alarm *a = container_of(waiter, struct rendez_alarm, waiter);
	struct rendez *rv = a->rv;
	bool irqs = cv_lock(&rv->cv);

	a->expired = true;
	cv_broadcast(&rv->cv);
	cv_unlock(&rv->cv, irqs);
}

bool rendez_sleep_timeout(struct rendez *rv, bool (*cond)(void *), void *arg, uint64_t usec)
{
	struct rendez_alarm alarm = {.rv = rv};
	struct timer_chain *tchain = this_timer_chain();
	bool irqs, held;

	alarm_init(&alarm.waiter, rendez_alarm_handler);
	alarm_set_rel(tchain, &alarm.waiter, usec);
	irqs = cv_lock(&rv->cv);
	while (!(held = cond(arg)) && !alarm.expired)
		cv_wait(&rv->cv);
	cv_unlock(&rv->cv, irqs);
	/* "Expired" only says that the handler has started: the waiter, and rv with it, is on our
	 * stack, and unset waits until the handler is done with them.
	 */
	alarm_unset(tchain, &alarm.waiter);
	return held;
}

void rendez_wakeup(struct rendez *rv)
{
	bool irqs = cv_lock(&rv->cv);

	cv_broadcast(&rv->cv);
	cv_unlock(&rv->cv, irqs);
}
