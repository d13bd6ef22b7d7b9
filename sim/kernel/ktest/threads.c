/* threads.c - ktests of kthreads and of what they sleep on. */
#include "sim/kernel/atomic.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/sync.h"
#include "sim/kernel/time.h"
#include "sim/kernel/x86.h"

#define ROUNDS 20

static int jumped(struct jmpbuf *env, volatile int *passes)
{
	int value = setjmp(env);

	if (++*passes < 4)
		longjmp(env, value + 10);
	return value;
}

void ktest_setjmp(void)
{
	struct jmpbuf env;
	volatile int passes = 0;

	KT_ASSERT(jumped(&env, &passes) == 30);
	KT_ASSERT(passes == 4);
}

struct sleepers {
	struct semaphore go, done;
	atomic_t asleep, awake;
};

/* A kthread's stack and registers come through a block, on whichever core it goes on. */
static void sleep_once(void *arg)
{
	struct sleepers *s = arg;
	uint64_t mark = 0x1234567800000000ul + core_id();
	uint32_t slept_on = core_id();

	atomic_inc(&s->asleep);
	sem_down(&s->go);
	KT_CHECK(mark == 0x1234567800000000ul + slept_on);
	KT_CHECK(irq_is_enabled());
	KT_CHECK(this_pcpui()->cur_kthread->stacktop - (uint64_t)&mark < KSTACKSIZE);
	atomic_inc(&s->awake);
	sem_up(&s->done);
}

static void __sleep_once(uint32_t src, long a0, long a1, long a2)
{
	(void)src;
	(void)a1;
	(void)a2;
	irq_enable();
	sleep_once((void *)a0);
}

void ktest_kthreads(void)
{
	struct sleepers s = {.asleep = {0}, .awake = {0}};

	sem_init(&s.go, 0);
	sem_init(&s.done, 0);
	for (uint32_t i = 0; i < 2 * num_cores; i++)
		send_kernel_message(i % num_cores, __sleep_once, (long)&s, 0, 0, KMSG_ROUTINE);
	KT_ASSERT(counter_reaches(&s.asleep.v, 2l * num_cores));
	KT_ASSERT(atomic_read(&s.awake) == 0);
	for (uint32_t i = 0; i < 2 * num_cores; i++) {
		sem_up(&s.go);
		sem_down(&s.done);
		KT_ASSERT(atomic_read(&s.awake) == i + 1);
	}
	KT_ASSERT(core_id() == 0); /* we are a kernel task */
}

static void take_and_give(void *arg)
{
	struct sleepers *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		sem_down(&s->go);
		KT_CHECK(atomic_fetch_add(&s->asleep, 1) < 2);
		atomic_dec(&s->asleep);
		sem_up(&s->go);
	}
	atomic_inc(&s->awake);
}

/* Two units, all cores: never more than two have one. */
void ktest_semaphore(void)
{
	struct sleepers s = {.asleep = {0}, .awake = {0}};

	sem_init(&s.go, 2);
	KT_ASSERT(sem_trydown(&s.go) && sem_trydown(&s.go) && !sem_trydown(&s.go));
	sem_up(&s.go);
	sem_up(&s.go);
	run_everywhere(take_and_give, &s);
	KT_ASSERT(atomic_read(&s.awake) == num_cores);
	KT_ASSERT(s.go.count == 2);
}

struct queue {
	struct cond_var cv;
	long items, taken, waiting;
};

static void consume(void *arg)
{
	struct queue *q = arg;
	bool irqs;

	for (int i = 0; i < ROUNDS; i++) {
		irqs = cv_lock(&q->cv);
		q->waiting++;
		while (q->items == 0)
			cv_wait(&q->cv);
		KT_CHECK(!irq_is_enabled() && spin_locked(&q->cv.lock));
		q->waiting--;
		q->items--;
		q->taken++;
		cv_unlock(&q->cv, irqs);
	}
}

static void produce(void *arg)
{
	struct queue *q = arg;
	long left = (long)num_cores * ROUNDS;
	bool irqs;

	for (int turn = 0; left > 0; turn++) {
		irqs = cv_lock(&q->cv);
		q->items++;
		left--;
		if (turn % 2 == 0)
			cv_signal(&q->cv);
		else
			cv_broadcast(&q->cv);
		cv_unlock(&q->cv, irqs);
		if (turn % 8 == 0)
			kthread_usleep(10);
	}
}

void ktest_cv(void)
{
	struct queue q = {.items = 0};

	cv_init(&q.cv);
	ktask("produce", produce, &q);
	run_everywhere(consume, &q);
	KT_ASSERT(q.taken == (long)num_cores * ROUNDS && q.items == 0 && q.waiting == 0);
	KT_ASSERT(list_empty(&q.cv.waiters));
}

struct meeting {
	struct rendez rv;
	volatile bool ready;
	atomic_t came;
};

static bool is_ready(void *arg)
{
	return ((struct meeting *)arg)->ready;
}

static void wait_ready(void *arg)
{
	struct meeting *m = arg;

	rendez_sleep(&m->rv, is_ready, m);
	atomic_inc(&m->came);
}

static void __make_ready(uint32_t src, long a0, long a1, long a2)
{
	struct meeting *m = (struct meeting *)a0;

	(void)src;
	(void)a1;
	(void)a2;
	m->ready = true;
	rendez_wakeup(&m->rv);
}

static void make_ready_later(void *arg)
{
	kthread_usleep(200);
	send_kernel_message(num_cores - 1, __make_ready, (long)arg, 0, 0, KMSG_IMMEDIATE);
}

void ktest_rendez(void)
{
	struct meeting m = {.ready = false};

	rendez_init(&m.rv);
	ktask("make_ready", make_ready_later, &m);
	run_everywhere(wait_ready, &m);
	KT_ASSERT(atomic_read(&m.came) == num_cores);
	rendez_wakeup(&m.rv); /* nobody there: harmless */
	rendez_sleep(&m.rv, is_ready, &m);
}

void ktest_rendez_timeout(void)
{
	struct meeting m = {.ready = false};
	uint64_t start = rdtsc();

	rendez_init(&m.rv);
	KT_ASSERT(!rendez_sleep_timeout(&m.rv, is_ready, &m, 300));
	KT_ASSERT(rdtsc() - start >= usec_to_tsc(300));
	ktask("make_ready", make_ready_later, &m);
	KT_ASSERT(rendez_sleep_timeout(&m.rv, is_ready, &m, 1000000));
	KT_ASSERT(rendez_sleep_timeout(&m.rv, is_ready, &m, 0));
	KT_ASSERT(list_empty(&this_timer_chain()->waiters));
}
