/* alarms.c - ktests of alarms. */
#include "sim/kernel/alarm.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/time.h"
#include "sim/kernel/x86.h"

#define HANDLER_USEC 2000

struct test_alarm {
	struct alarm_waiter waiter;
	volatile long fired;
	volatile bool started, finished;
	uint32_t core;
	bool early;
	int order;
};

static int fired_so_far;

static void note_fired(struct alarm_waiter *w)
{
	struct test_alarm *a = container_of(w, struct test_alarm, waiter);

	a->early = rdtsc() < w->wake_up_time;
	a->core = core_id();
	a->order = ++fired_so_far;
	a->fired++;
}

void ktest_alarm(void)
{
	struct timer_chain *tc = this_timer_chain();
	struct test_alarm a[4] = {0};
	uint64_t now = rdtsc();
	static const int delays[] = {600, 200, 400, 500};

	fired_so_far = 0;
	for (int i = 0; i < 4; i++)
		alarm_init(&a[i].waiter, note_fired);
	for (int i = 0; i < 4; i++)
		alarm_set_abs(tc, &a[i].waiter, now + usec_to_tsc(delays[i]));
	KT_CHECK(alarm_unset(tc, &a[3].waiter));
	KT_CHECK(!alarm_unset(tc, &a[3].waiter)); /* twice is harmless */
	KT_CHECK(counter_reaches(&a[0].fired, 1));
	KT_ASSERT(a[1].order == 1 && a[2].order == 2 && a[0].order == 3 && a[3].order == 0);
	for (int i = 0; i < 3; i++)
		KT_ASSERT(a[i].fired == 1 && !a[i].early && a[i].core == 0);
	KT_ASSERT(!alarm_unset(tc, &a[0].waiter));
	KT_ASSERT(list_empty(&tc->waiters));
}

static void fire_again(struct alarm_waiter *w)
{
	struct test_alarm *a = container_of(w, struct test_alarm, waiter);

	if (++a->fired < 3)
		alarm_reset_abs(this_timer_chain(), w, w->wake_up_time + usec_to_tsc(100));
}

void ktest_alarm_rearm(void)
{
	struct timer_chain *tc = this_timer_chain();
	struct test_alarm a = {.fired = 0};
	uint64_t start = rdtsc();

	alarm_init(&a.waiter, fire_again);
	alarm_set_rel(tc, &a.waiter, 1000000);
	KT_CHECK(alarm_reset_abs(tc, &a.waiter, start + usec_to_tsc(100)));
	KT_CHECK(counter_reaches(&a.fired, 3));
	KT_CHECK(rdtsc() - start >= usec_to_tsc(300));
	KT_CHECK(!alarm_unset(tc, &a.waiter));
	KT_ASSERT(a.fired == 3);
}

void ktest_alarm_remote(void)
{
	for (uint32_t i = 0; i < num_cores; i++) {
		struct timer_chain *tc = &per_cpu_info[i].tchain;
		struct test_alarm far = {.fired = 0}, near = {.fired = 0};

		alarm_init(&far.waiter, note_fired);
		alarm_init(&near.waiter, note_fired);
		alarm_set_rel(tc, &far.waiter, 1000000);
		alarm_set_rel(tc, &near.waiter, 100);
		KT_CHECK(counter_reaches(&near.fired, 1));
		KT_CHECK(near.core == i);
		KT_CHECK(!alarm_unset(tc, &near.waiter));
		KT_ASSERT(alarm_unset(tc, &far.waiter) && far.fired == 0);
	}
}

static void take_long(struct alarm_waiter *w)
{
	struct test_alarm *a = container_of(w, struct test_alarm, waiter);

	a->started = true;
	udelay(HANDLER_USEC);
	a->finished = true;
	a->fired++;
}

/* On one core the handler cannot run beside the test: then unset comes after it. */
void ktest_alarm_unset_running(void)
{
	struct timer_chain *tc = &per_cpu_info[num_cores - 1].tchain;
	struct test_alarm a = {.started = false};

	alarm_init(&a.waiter, take_long);
	alarm_set_rel(tc, &a.waiter, 50);
	if (num_cores > 1)
		while (!a.started)
			cpu_relax();
	else
		KT_CHECK(counter_reaches(&a.fired, 1));
	KT_ASSERT(!alarm_unset(tc, &a.waiter));
	KT_ASSERT(a.finished && tc->running == NULL);
}
