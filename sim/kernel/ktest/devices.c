/* devices.c - ktests of devices, of the initrd, and of the process state machine. */
#include "sim/kernel/acpi.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpio.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/format.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/memlayout.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/pit.h"
#include "sim/kernel/process.h"
#include "sim/kernel/time.h"
#include "sim/kernel/uart.h"
#include "sim/kernel/x86.h"

#define PM_TIMER_HZ 3579545

#define CPIO_HEADER_FORMAT "070701%08x%08x%032x%08x%032x%08x%08x"

/* One file of that content, and nothing after it. Returns the archive's size. */
static size_t make_archive(char *buf, size_t size, const char *name, const char *content)
{
	unsigned name_size = (unsigned)strlen(name) + 1, file_size = (unsigned)strlen(content);
	/* inode, mode, owner to mtime, file size, device numbers, name size, checksum */
	size_t at = (size_t)snprintf(
		buf, size, CPIO_HEADER_FORMAT, 1, 0x81a4, 0, file_size, 0, name_size, 0);

	memcpy(buf + at, name, name_size);
	at = ROUNDUP(at + name_size, 4);
	memcpy(buf + at, content, file_size);
	return ROUNDUP(at + file_size, 4);
}

void ktest_cpio(void)
{
	char archive[160];
	size_t size = make_archive(archive, sizeof(archive), "a/b", "xyz");
	struct cpio_file f;

	KT_ASSERT(cpio_find(archive, size, "/a/b", &f));
	KT_ASSERT(f.size == 3 && memcmp(f.data, "xyz", 3) == 0);
	KT_ASSERT(!cpio_find(archive, size, "a", &f));
	for (size_t cut = 0; cut < size - 1; cut++) /* the last byte is padding */
		KT_ASSERT(!cpio_find(archive, cut, "a/b", &f));
	KT_ASSERT(initrd_find("/bin/hello", &f) && memcmp(f.data, "\177ELF", 4) == 0);
	KT_ASSERT(initrd_find("bin/init", &f) && !initrd_find("/bin/nothing", &f));
}

/* The firmware lists every core that runs once, this one too; and if it says that there is a
 * power-management timer, that counts.
 */
void ktest_acpi(void)
{
	unsigned found = 0;
	uint32_t port = acpi_info.pm_timer_port, start;

	KT_ASSERT(acpi_info.num_cpus >= num_cores);
	for (unsigned i = 0; i < acpi_info.num_cpus; i++)
		found += acpi_info.apic_ids[i] == lapic_id();
	KT_ASSERT(found == 1);
	if (port == 0)
		return;
	start = inl((uint16_t)port);
	kthread_usleep(1000);
	KT_ASSERT(((inl((uint16_t)port) - start) & 0xffffff) >= PM_TIMER_HZ / 1000 / 2);
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
	uint64_t start = rdtsc(), usec;

	pit_start(PIT_HZ / 1000);
	while (!pit_done() && rdtsc() - start < usec_to_tsc(1000000))
		cpu_relax();
	usec = tsc_to_usec(rdtsc() - start);
	KT_ASSERT(usec >= 900);
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
