/* locks.c - ktests of atomics, counters, locks and barriers. */
#include "sim/kernel/atomic.h"
#include "sim/kernel/barrier.h"
#include "sim/kernel/kref.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/seqctr.h"
#include "sim/kernel/spinlock.h"
#include "sim/kernel/x86.h"

#define ROUNDS 100

static struct barrier gate;

struct counts {
	atomic_t atomic;
	spinlock_t lock;
	volatile long plain;
};

static void add_atomically(void *arg)
{
	struct counts *c = arg;

	barrier_wait(&gate);
	for (int i = 0; i < ROUNDS; i++)
		atomic_inc(&c->atomic);
}

void ktest_atomics(void)
{
	struct counts c = {.atomic = {0}};
	atomic_t a;

	barrier_init(&gate, num_cores);
	run_everywhere(add_atomically, &c);
	KT_ASSERT(atomic_read(&c.atomic) == (long)num_cores * ROUNDS);
	atomic_set(&a, 5);
	KT_ASSERT(atomic_swap(&a, 6) == 5 && atomic_read(&a) == 6);
	KT_ASSERT(!atomic_cas(&a, 5, 7) && atomic_read(&a) == 6);
	KT_ASSERT(atomic_cas(&a, 6, 0x100000000) && atomic_read(&a) == 0x100000000);
	atomic_or(&a, 3);
	atomic_and(&a, ~1l);
	KT_ASSERT(atomic_fetch_add(&a, -0x100000001) == 0x100000002);
	KT_ASSERT(atomic_dec_and_test(&a) && !atomic_inc_not_zero(&a));
}

struct seq_pair {
	seqctr_t ctr;
	volatile uint64_t a, b;
	atomic_t torn;
};

static void write_or_read_pair(void *arg)
{
	struct seq_pair *s = arg;

	barrier_wait(&gate);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t start, a, b;

		if (core_id() == num_cores - 1) {
			seq_start_write(&s->ctr);
			s->a = i;
			s->b = 3 * i;
			seq_end_write(&s->ctr);
			continue;
		}
		do {
			start = seq_start_read(&s->ctr);
			a = s->a;
			b = s->b;
		} while (seq_retry_read(&s->ctr, start));
		if (b != 3 * a)
			atomic_inc(&s->torn);
	}
}

void ktest_seqctr(void)
{
	struct seq_pair s = {.ctr = 0};
	uint64_t start = seq_start_read(&s.ctr);

	KT_ASSERT(!seq_retry_read(&s.ctr, start));
	seq_start_write(&s.ctr);
	KT_ASSERT(seq_retry_read(&s.ctr, start));
	KT_ASSERT(seq_retry_read(&s.ctr, seq_start_read(&s.ctr)));
	seq_end_write(&s.ctr);
	KT_ASSERT(seq_retry_read(&s.ctr, start));
	barrier_init(&gate, num_cores);
	run_everywhere(write_or_read_pair, &s);
	KT_ASSERT(atomic_read(&s.torn) == 0);
	KT_ASSERT(s.ctr == 2 + 2 * ROUNDS);
}

static int releases;

static void count_release(struct kref *k)
{
	(void)k;
	releases++;
}

static void get_and_put(void *arg)
{
	barrier_wait(&gate);
	for (int i = 0; i < ROUNDS; i++) {
		KT_CHECK(kref_get_not_zero(arg));
		kref_put(arg);
	}
}

void ktest_kref(void)
{
	struct kref k;

	releases = 0;
	kref_init(&k, count_release, 1);
	kref_get(&k);
	kref_put(&k);
	KT_ASSERT(releases == 0);
	barrier_init(&gate, num_cores);
	run_everywhere(get_and_put, &k);
	KT_ASSERT(releases == 0);
	kref_put(&k);
	KT_ASSERT(releases == 1);
	KT_ASSERT(!kref_get_not_zero(&k));
}

static volatile int arrived[MAX_NUM_CORES];

static void meet(void *arg)
{
	(void)arg;
	for (int round = 1; round <= ROUNDS; round++) {
		arrived[core_id()] = round;
		barrier_wait(&gate);
		for (uint32_t i = 0; i < num_cores; i++)
			KT_CHECK(arrived[i] >= round);
	}
}

void ktest_barrier(void)
{
	for (uint32_t i = 0; i < num_cores; i++)
		arrived[i] = 0;
	barrier_init(&gate, num_cores);
	run_everywhere(meet, NULL);
}

static void add_under_lock(void *arg)
{
	struct counts *c = arg;

	barrier_wait(&gate);
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock(&c->lock);
		c->plain++;
		spin_unlock(&c->lock);
	}
}

void ktest_spinlock(void)
{
	struct counts c = {.plain = 0};

	KT_ASSERT(spin_trylock(&c.lock));
	KT_ASSERT(spin_locked(&c.lock) && !spin_trylock(&c.lock));
	spin_unlock(&c.lock);
	KT_ASSERT(!spin_locked(&c.lock));
	barrier_init(&gate, num_cores);
	run_everywhere(add_under_lock, &c);
	KT_ASSERT(c.plain == (long)num_cores * ROUNDS);
	KT_ASSERT(this_pcpui()->lock_depth == 0);
}
