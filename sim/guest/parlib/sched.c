/* sched.c - see sched.h. */
#include "sim/guest/parlib/sched.h"
#include "sim/guest/parlib/spin_pdr.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"

static struct {
	struct spin_pdr_lock lock;
	struct uthread *head, *tail;
	volatile unsigned int length;
} queue = {.lock = SPIN_PDR_INIT};

void sched_runnable(struct uthread *t)
{
	t->next = NULL;
	spin_pdr_lock(&queue.lock);
	if (queue.head == NULL)
		queue.head = t;
	else
		queue.tail->next = t;
	queue.tail = t;
	queue.length++;
	spin_pdr_unlock(&queue.lock);
}

void sched_runnable_new(struct uthread *t)
{
	sched_runnable(t);
	vcore_request_more(1);
}

bool sched_has_work(void)
{
	return queue.length > 0;
}

static struct uthread *take_first(void)
{
	struct uthread *t;

	spin_pdr_lock(&queue.lock);
	t = queue.head;
	if (t != NULL) {
		queue.head = t->next;
		queue.length--;
	}
	spin_pdr_unlock(&queue.lock);
	return t;
}

/* What this vcore does not take itself may be more than the others will. */
static struct uthread *pick(void)
{
	struct uthread *t = queue.length > 0 ? take_first() : NULL;
	unsigned int left = queue.length;

	if (t != NULL && left > 0)
		vcore_request_more(left);
	return t;
}

void sched_entry(void)
{
	struct uthread *t;

	if (current_uthread() != NULL && queue.length == 0)
		uthread_run_current();
	if (current_uthread() != NULL)
		uthread_pause_current();
	for (;;) {
		t = pick();
		if (t != NULL)
			uthread_run(t);
		vcore_yield(false);
	}
}
