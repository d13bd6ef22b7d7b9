/* devices.c - ktests of devices, of the initrd, and of the process state machine. */
#include "sim/kernel/console.h"
#include "sim/kernel/cpio.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/pit.h"
#include "sim/kernel/process.h"
#include "sim/kernel/time.h"
#include "sim/kernel/uart.h"
#include "sim/kernel/x86.h"

#define HEADER_BEFORE_SIZE "070701" "00000001" "000081a4" "00000000" "00000000" "00000001" "00000000"
#define HEADER_DEVICES	   "00000000" "00000000" "00000000" "00000000"

static const char small_archive[] = HEADER_BEFORE_SIZE "00000003" HEADER_DEVICES "00000004"
				    "00000000" "a/b\0" "\0\0" "xyz\0";

void ktest_cpio(void)
{
	size_t size = sizeof(small_archive) - 1;
	struct cpio_file f;

	KT_ASSERT(cpio_find(small_archive, size, "/a/b", &f));
	KT_ASSERT(f.size == 3 && memcmp(f.data, "xyz", 3) == 0);
	KT_ASSERT(!cpio_find(small_archive, size, "a", &f));
	for (size_t cut = 0; cut < size - 1; cut++)
		KT_ASSERT(!cpio_find(small_archive, cut, "a/b", &f));
	KT_ASSERT(initrd_find("/bin/hello", &f) && memcmp(f.data, "\177ELF", 4) == 0);
	KT_ASSERT(initrd_find("bin/init", &f) && !initrd_find("/bin/nothing", &f));
}

/* The transmitter is empty, so asking for its interrupt raises it: the line, the I/O APIC and the
 * handler are all in between.
 */
void ktest_uart_irq(void)
{
	unsigned long before = console_irqs();
	uint64_t end = rdtsc() + usec_to_tsc(1000000);

	kthread_usleep(1000); /* a line at 115200 baud may still be on its way out */
	uart_set_irqs(UART_IRQ_RX | UART_IRQ_THRE);
	while (console_irqs() == before && rdtsc() < end)
		cpu_relax();
	uart_set_irqs(UART_IRQ_RX);
	KT_ASSERT(console_irqs() > before);
}

void ktest_pit(void)
{
	uint64_t start, usec;

	pit_start(PIT_HZ / 1000);
	start = rdtsc();
	KT_ASSERT(!pit_done());
	while (!pit_done() && rdtsc() - start < usec_to_tsc(1000000))
		cpu_relax();
	usec = tsc_to_usec(rdtsc() - start);
	KT_ASSERT(usec >= 950);
	KT_ASSERT(usec < 500000);
}

void ktest_timer(void)
{
	for (uint64_t usec = 10; usec <= 1000; usec *= 10) {
		uint64_t start = rdtsc();

		kthread_usleep(usec);
		KT_ASSERT(rdtsc() - start >= usec_to_tsc(usec));
		KT_ASSERT(rdtsc() - start < usec_to_tsc(usec + 1000000));
	}
}

void ktest_proc_states(void)
{
	struct proc *p;

	KT_ASSERT(proc_create("/bin/hello", "hello", 6, NULL, &p) == 0);
	KT_CHECK(p->state == PROC_CREATED && p->procinfo->pid == p->pid);
	KT_CHECK(pid2proc(p->pid) == p);
	proc_wakeup(p); /* it does not wait: nothing */
	KT_CHECK(p->state == PROC_CREATED);
	proc_destroy(p, 7);
	KT_CHECK(p->state == PROC_DYING_ABORT && p->exit_code == 7);
	proc_destroy(p, 8);
	KT_CHECK(p->exit_code == 7 && !proc_run(p));
	proc_decref(p); /* pid2proc's, the last one */
	KT_ASSERT(pid2proc(0) == NULL && pid2proc(PID_MAX) == NULL);
}
