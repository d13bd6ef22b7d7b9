/* console.c - see console.h. */
#include "sim/kernel/console.h"
#include "sim/abi/context.h"
#include "sim/abi/debug_exit.h"
#include "sim/abi/probe.h"
#include "sim/kernel/ioapic.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/format.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/sync.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/uart.h"
#include "sim/kernel/x86.h"

#define LINE_MAX      256
#define INPUT_MAX     256 /* a power of two */
#define BACKTRACE_MAX 24
#define NOBODY        UINT32_MAX

static spinlock_t output_lock = SPINLOCK_INIT;
static volatile uint32_t panicking_core = NOBODY;

/* Received bytes: [taken, received) modulo INPUT_MAX, under the lock of input_cv. */
static struct cond_var input_cv = {SPINLOCK_INIT, LIST_INIT(input_cv.waiters)};
static char input[INPUT_MAX];
static unsigned received, taken;
static unsigned long irqs_seen;

void console_init(void)
{
	uart_init();
}

static void put_all(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		uart_putc(s[i]);
}

void console_write(const char *s, size_t n)
{
	bool irqs;

	if (panicking_core == core_id()) { /* whoever has the lock may be ourselves */
		put_all(s, n);
		return;
	}
	irqs = spin_lock_irqsave(&output_lock);
	put_all(s, n);
	spin_unlock_irqsave(&output_lock, irqs);
}

static void vprintk(const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	int n = vsnprintf(line, sizeof(line), fmt, ap);

	console_write(line, n < LINE_MAX ? (size_t)n : LINE_MAX - 1);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

/* On overflow the newest byte is lost, as in the UART itself. */
static void console_irq(void *arg)
{
	bool irqs = cv_lock(&input_cv);
	int c;

	(void)arg;
	irqs_seen++;
	uart_ack_irq();
	while ((c = uart_getc()) >= 0)
		if (received - taken < INPUT_MAX)
			input[received++ % INPUT_MAX] = c == '\r' ? '\n' : (char)c;
	if (received != taken)
		cv_broadcast(&input_cv);
	cv_unlock(&input_cv, irqs);
}

void console_input_init(void)
{
	ioapic_enable_isa(UART_ISA_IRQ, console_irq, NULL);
	uart_set_irqs(UART_IRQ_RX);
}

unsigned long console_irqs(void)
{
	return *(volatile unsigned long *)&irqs_seen;
}

size_t console_read(char *buf, size_t n)
{
	bool irqs = cv_lock(&input_cv);
	size_t done = 0;

	while (received == taken)
		cv_wait(&input_cv);
	while (done < n && received != taken)
		buf[done++] = input[taken++ % INPUT_MAX];
	cv_unlock(&input_cv, irqs);
	return done;
}

void machine_exit(unsigned status)
{
	irq_disable();
	outl(DEBUG_EXIT_PORT, status);
	for (;;)
		__asm__ volatile("hlt");
}

/* Follows saved frame pointers: the kernel is compiled with them, and entry.S ends the chain. */
static void backtrace(uint64_t rip, uint64_t rbp)
{
	for (int i = 0; i < BACKTRACE_MAX; i++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		printk("  #%d %016lx\n", i, rip);
		if (rbp < KERNBASE || (rbp & 7) != 0)
			break;
		rip = frame[1];
		if (rip == 0 || frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void panic_at(const char *file, int line, const struct hw_trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	irq_disable();
	/* the first one reports; a second panic of the same core would only tread on it */
	if (!__sync_bool_compare_and_swap(&panicking_core, NOBODY, core_id())) {
		if (panicking_core == core_id())
			machine_exit(EXIT_STATUS_PANIC);
		for (;;)
			__asm__ volatile("hlt");
	}
	PROBE(panic, fmt);
	printk("panic: core %u: ", core_id());
	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
	printk(" (%s:%d)\n", file, line);
	printk("in kthread %s\n", this_pcpui()->cur_kthread->name);
	if (tf != NULL)
		print_trapframe(tf);
	printk("backtrace:\n");
	backtrace(tf != NULL ? tf->rip : (uint64_t)__builtin_return_address(0),
		tf != NULL ? tf->rbp : *(const uint64_t *)read_rbp());
	machine_exit(EXIT_STATUS_PANIC);
}
