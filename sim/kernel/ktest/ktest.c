/* ktest.c - see ktest.h. */
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/sync.h"
#include "sim/kernel/time.h"
#include "sim/kernel/x86.h"

#define NAMES_MAX    256
#define POLL_USEC    50
#define TIMEOUT_USEC 10000000

#define KTEST_ROW(name) {#name, ktest_##name},
static const struct ktest {
	const char *name;
	void (*run)(void);
} ktests[] = {KTESTS(KTEST_ROW)};
#define NUM_KTESTS (sizeof(ktests) / sizeof(ktests[0]))

static struct {
	spinlock_t lock;
	const char *why; /* NULL: no failure yet */
	const char *file;
	int line;
} failure;

static unsigned passed, failed;
static char wanted[NAMES_MAX];

void ktest_fail(const char *file, int line, const char *why)
{
	bool irqs = spin_lock_irqsave(&failure.lock);

	if (failure.why == NULL) {
		failure.why = why;
		failure.file = file;
		failure.line = line;
	}
	spin_unlock_irqsave(&failure.lock, irqs);
}

static void report(const char *name)
{
	if (failure.why == NULL) {
		passed++;
		printk("ktest %s: pass\n", name);
		return;
	}
	failed++;
	printk("ktest %s: FAIL: %s (%s:%d)\n", name, failure.why, failure.file, failure.line);
	failure.why = NULL;
}

static void run_named(const char *name)
{
	for (unsigned i = 0; i < NUM_KTESTS; i++) {
		if (strcmp(name, "all") != 0 && strcmp(name, ktests[i].name) != 0)
			continue;
		ktests[i].run();
		report(ktests[i].name);
		if (strcmp(name, "all") != 0)
			return;
	}
	if (strcmp(name, "all") == 0)
		return;
	ktest_fail(__FILE__, __LINE__, "no such test");
	report(name);
}

static void run_wanted(void *arg)
{
	char *name = wanted, *comma;

	(void)arg;
	while ((comma = strchr(name, ',')) != NULL) {
		*comma = 0;
		run_named(name);
		name = comma + 1;
	}
	run_named(name);
	printk("ktests: %u passed, %u failed\n", passed, failed);
	machine_exit(failed > 0 ? EXIT_STATUS_KTEST_FAIL : 0);
}

void ktest_start(const char *names)
{
	strlcpy(wanted, names, sizeof(wanted));
	ktask("ktest", run_wanted, NULL);
}

struct everywhere {
	void (*fn)(void *);
	void *arg;
	struct semaphore done;
};

static void __everywhere(uint32_t src, long a0, long a1, long a2)
{
	struct everywhere *e = (struct everywhere *)a0;

	(void)src;
	(void)a1;
	(void)a2;
	irq_enable();
	e->fn(e->arg);
	sem_up(&e->done);
}

void run_everywhere(void (*fn)(void *), void *arg)
{
	struct everywhere e = {.fn = fn, .arg = arg};

	sem_init(&e.done, 0);
	for (uint32_t i = 0; i < num_cores; i++)
		send_kernel_message(i, __everywhere, (long)&e, 0, 0, KMSG_ROUTINE);
	for (uint32_t i = 0; i < num_cores; i++)
		sem_down(&e.done);
}

bool counter_reaches(const volatile long *counter, long value)
{
	uint64_t end = rdtsc() + usec_to_tsc(TIMEOUT_USEC);

	while (*counter < value) {
		if (rdtsc() > end)
			return false;
		kthread_usleep(POLL_USEC);
	}
	return true;
}
