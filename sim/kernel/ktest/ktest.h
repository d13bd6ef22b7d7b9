/* ktest.h - the kernel's tests of itself: ktest=all or ktest=NAME,NAME on the command line.
 *
 * They run one after the other in a kernel task on core 0, with the other cores idle, and print a
 * line each. The list is the same on every machine: where a test has too few cores for its point,
 * it does what is left with those there are. A new test is a function and a line in KTESTS.
 */
#ifndef KTEST_KTEST_H
#define KTEST_KTEST_H

#include <stdbool.h>
#include <stdint.h>

#define KTESTS(T)                                                                                  \
	T(setjmp)                                                                                  \
	T(atomics)                                                                                 \
	T(seqctr)                                                                                  \
	T(kref)                                                                                    \
	T(barrier)                                                                                 \
	T(spinlock)                                                                                \
	T(interrupts_irqsave)                                                                      \
	T(ipi_sending)                                                                             \
	T(kernel_messages)                                                                         \
	T(poke)                                                                                    \
	T(smp_call)                                                                                \
	T(kthreads)                                                                                \
	T(semaphore)                                                                               \
	T(cv)                                                                                      \
	T(rendez)                                                                                  \
	T(rendez_timeout)                                                                          \
	T(alarm)                                                                                   \
	T(alarm_rearm)                                                                             \
	T(alarm_remote)                                                                            \
	T(alarm_unset_running)                                                                     \
	T(page_alloc)                                                                              \
	T(kmalloc)                                                                                 \
	T(pagetable_pairs)                                                                         \
	T(tlb_shootdown)                                                                           \
	T(usercopy)                                                                                \
	T(proc_create)                                                                             \
	T(proc_states)                                                                             \
	T(vcore_lists)                                                                             \
	T(vcore_map)                                                                               \
	T(ucq)                                                                                     \
	T(secure_ctx)                                                                              \
	T(core_alloc)                                                                              \
	T(core_provision)                                                                          \
	T(core_away)                                                                               \
	T(startcore_wait)                                                                          \
	T(unmap_shootdown)                                                                         \
	T(acpi)                                                                                    \
	T(cpio)                                                                                    \
	T(uart_irq)                                                                                \
	T(pit)                                                                                     \
	T(timer)

#define KTEST_DECLARE(name) void ktest_##name(void);
KTESTS(KTEST_DECLARE)

/* Runs those named and ends the machine. Takes effect when the boot core idles. names is copied. */
void ktest_start(const char *names);

/* Records why the running test fails; the first reason counts. Any core, any context. */
void ktest_fail(const char *file, int line, const char *why);

/* For code on other cores, which has to go on. */
#define KT_CHECK(c) ((c) ? (void)0 : ktest_fail(__FILE__, __LINE__, #c))

/* For the test function itself: ends it. */
#define KT_ASSERT(c)                                                                               \
	do {                                                                                       \
		if (!(c)) {                                                                        \
			ktest_fail(__FILE__, __LINE__, #c);                                        \
			return;                                                                    \
		}                                                                                  \
	} while (0)

/* Runs fn(arg) on every core at the same time, as a ROUTINE message, and blocks until all are done.
 * fn has interrupts on and may block.
 */
void run_everywhere(void (*fn)(void *), void *arg);

/* Blocks until *counter reaches the value: false when it has not after 10 seconds. */
bool counter_reaches(const volatile long *counter, long value);

#endif
