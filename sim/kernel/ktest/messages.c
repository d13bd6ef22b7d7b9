/* messages.c - ktests of interrupts between cores and of what is built on them. */
#include "sim/kernel/apic.h"
#include "sim/kernel/atomic.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/poke.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/spinlock.h"
#include "sim/kernel/time.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

#define MESSAGES 4 /* of each type, from each core to each core */

static volatile long ipis[MAX_NUM_CORES];

static void testing_irq(void *arg)
{
	(void)arg;
	ipis[core_id()]++;
}

void ktest_ipi_sending(void)
{
	register_irq(VECTOR_TESTING, testing_irq, NULL);
	for (uint32_t i = 0; i < num_cores; i++) {
		ipis[i] = 0;
		for (int n = 1; n <= 3; n++) {
			send_ipi(i, VECTOR_TESTING);
			KT_ASSERT(counter_reaches(&ipis[i], n));
		}
	}
	for (uint32_t i = 0; i < num_cores; i++)
		KT_ASSERT(ipis[i] == 3);
}

void ktest_interrupts_irqsave(void)
{
	spinlock_t lock = SPINLOCK_INIT;
	bool outer, inner;

	register_irq(VECTOR_TESTING, testing_irq, NULL);
	ipis[0] = 0;
	KT_ASSERT(irq_is_enabled());
	outer = irq_save();
	inner = spin_lock_irqsave(&lock);
	send_ipi(0, VECTOR_TESTING);
	udelay(20);
	spin_unlock_irqsave(&lock, inner);
	KT_ASSERT(outer && !inner && !irq_is_enabled());
	KT_ASSERT(ipis[0] == 0);
	irq_restore(outer);
	KT_ASSERT(irq_is_enabled());
	KT_ASSERT(counter_reaches(&ipis[0], 1));
}

/* expected[type][src][dst]: the next message's number */
static struct {
	uint8_t *expected;
	atomic_t received;
} msgs;

static void receive(enum kmsg_type type, uint32_t src, long number)
{
	uint8_t *expected = &msgs.expected[((long)type * num_cores + src) * num_cores + core_id()];

	KT_CHECK(!irq_is_enabled());
	KT_CHECK((this_pcpui()->irq_depth > 0) == (type == KMSG_IMMEDIATE));
	KT_CHECK(*expected == number);
	*expected = (uint8_t)(number + 1);
	atomic_inc(&msgs.received);
}

static void __receive(uint32_t src, long type, long sender, long number)
{
	KT_CHECK(src == sender);
	receive((enum kmsg_type)type, src, number);
}

static void send_to_all(void *arg)
{
	(void)arg;
	for (long number = 0; number < MESSAGES; number++)
		for (uint32_t dst = 0; dst < num_cores; dst++) {
			send_kernel_message(
				dst, __receive, KMSG_ROUTINE, core_id(), number, KMSG_ROUTINE);
			send_kernel_message(
				dst, __receive, KMSG_IMMEDIATE, core_id(), number, KMSG_IMMEDIATE);
		}
}

void ktest_kernel_messages(void)
{
	long total = 2l * MESSAGES * num_cores * num_cores;
	bool all;

	msgs.expected = kzalloc(2ul * num_cores * num_cores);
	atomic_set(&msgs.received, 0);
	run_everywhere(send_to_all, NULL);
	all = counter_reaches(&msgs.received.v, total);
	kthread_usleep(100); /* one too many would come now */
	KT_ASSERT(all && atomic_read(&msgs.received) == total);
	kfree(msgs.expected);
}

#define POKES 50 /* of each core */

static struct {
	struct {
		volatile long posted, seen;
	} core[MAX_NUM_CORES];
	atomic_t runners, runs;
	bool again; /* the function pokes once itself */
} poked;

static void look(void);

static struct poke_tracker tracker = POKE_INIT(look);

static void look(void)
{
	KT_CHECK(atomic_fetch_add(&poked.runners, 1) == 0);
	for (uint32_t i = 0; i < num_cores; i++)
		poked.core[i].seen = poked.core[i].posted;
	atomic_inc(&poked.runs);
	if (poked.again) {
		poked.again = false;
		poke(&tracker);
	}
	atomic_dec(&poked.runners);
}

static void post_and_poke(void *arg)
{
	(void)arg;
	for (int i = 0; i < POKES; i++) {
		poked.core[core_id()].posted++;
		poke(&tracker);
	}
}

void ktest_poke(void)
{
	atomic_set(&poked.runs, 0);
	poked.again = true;
	poke(&tracker);
	KT_ASSERT(atomic_read(&poked.runs) == 2);
	for (uint32_t i = 0; i < num_cores; i++)
		poked.core[i].posted = 0;
	run_everywhere(post_and_poke, NULL);
	/* whoever ran the function last has returned from it: so was run_everywhere() */
	KT_ASSERT(atomic_read(&poked.runners) == 0);
	KT_ASSERT(atomic_read(&poked.runs) <= 2 + (long)POKES * num_cores);
	for (uint32_t i = 0; i < num_cores; i++)
		KT_ASSERT(poked.core[i].posted == POKES && poked.core[i].seen == POKES);
}

static volatile long calls[MAX_NUM_CORES];

static void count_call(void *arg)
{
	calls[core_id()] += (long)arg;
}

static void call_all(void *arg)
{
	smp_call_all(count_call, arg);
}

void ktest_smp_call(void)
{
	for (uint32_t i = 0; i < num_cores; i++)
		calls[i] = 0;
	smp_call_all(count_call, (void *)1);
	for (uint32_t i = 0; i < num_cores; i++)
		KT_ASSERT(calls[i] == 1);
	smp_call_one(num_cores - 1, count_call, (void *)10);
	KT_ASSERT(calls[num_cores - 1] == 11);
	/* all cores call all cores at once: each must serve the others while it waits */
	run_everywhere(call_all, (void *)100);
	KT_ASSERT(calls[0] == 100l * num_cores + (num_cores == 1 ? 11 : 1));
}
