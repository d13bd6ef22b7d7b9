/* apic.c - see apic.h. Registers: SDM "Advanced Programmable Interrupt Controller (APIC)"; a
 * register's number is its MSR's offset from 0x800 in x2APIC mode, and a sixteenth of its offset
 * in the xAPIC's page.
 */
#include "sim/kernel/apic.h"
#include "sim/kernel/acpi.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/multiboot.h"
#include "sim/kernel/pagetable.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/time.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

#define REG_ID            0x02
#define REG_TPR           0x08
#define REG_EOI           0x0b
#define REG_SVR           0x0f
#define REG_ICR           0x30
#define REG_ICR_HIGH      0x31 /* xAPIC only */
#define REG_LVT_TIMER     0x32
#define REG_LVT_LINT0     0x35
#define REG_LVT_LINT1     0x36
#define REG_LVT_ERROR     0x37
#define REG_TIMER_INITIAL 0x38
#define REG_TIMER_CURRENT 0x39
#define REG_TIMER_DIVIDE  0x3e

#define SVR_ENABLE        0x100
#define LVT_MASKED        0x10000
#define LVT_NMI           0x400
#define LVT_TSC_DEADLINE  0x40000
#define DIVIDE_BY_1       0xb
#define ICR_INIT          0x4500 /* INIT, level assert */
#define ICR_STARTUP       0x4600
#define ICR_FIXED         0x4000
#define ICR_PENDING       0x1000
#define APIC_BASE_X2APIC  BIT(10)
#define APIC_BASE_ENABLED BIT(11)

#define CALIBRATION_USEC  500
#define CALIBRATION_TRIES 20
#define COUNT_MAX         0xffffffffu

static bool x2apic, deadline;
static volatile uint32_t *xapic_page;
static uint64_t counts_per_sec;

static uint32_t lapic_read(unsigned reg)
{
	return x2apic ? (uint32_t)rdmsr(MSR_X2APIC + reg) : xapic_page[reg * 4];
}

static void lapic_write(unsigned reg, uint32_t v)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + reg, v);
	else
		xapic_page[reg * 4] = v;
}

void lapic_init(void)
{
	x2apic = cpu_features.x2apic && !cmdline_is("apic", "xapic");
	if (!x2apic)
		xapic_page = map_mmio(acpi_info.lapic_pa, PGSIZE);
}

void lapic_init_core(void)
{
	uint64_t mode = APIC_BASE_ENABLED | (x2apic ? APIC_BASE_X2APIC : 0);

	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | mode);
	lapic_write(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	lapic_write(REG_LVT_TIMER, LVT_MASKED);
	lapic_write(REG_LVT_LINT0, LVT_MASKED); /* the 8259s; device interrupts use the I/O APIC */
	lapic_write(REG_LVT_LINT1, LVT_NMI);
	lapic_write(REG_LVT_ERROR, LVT_MASKED);
	lapic_write(REG_TPR, 0);
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

uint32_t lapic_id(void)
{
	return x2apic ? lapic_read(REG_ID) : lapic_read(REG_ID) >> 24;
}

void lapic_send_eoi(void)
{
	lapic_write(REG_EOI, 0);
}

/* The xAPIC's ICR is two registers: nothing may come between. */
static void xapic_write_icr(uint32_t apic_id, uint32_t command)
{
	bool irqs = irq_save();

	while (lapic_read(REG_ICR) & ICR_PENDING)
		cpu_relax();
	lapic_write(REG_ICR_HIGH, apic_id << 24);
	lapic_write(REG_ICR, command);
	irq_restore(irqs);
}

/* WRMSR to an x2APIC register is not serialising: without the fence the interrupt may arrive
 * before the stores that it announces (SDM "MSR Access in x2APIC Mode").
 */
static void write_icr(uint32_t apic_id, uint32_t command)
{
	if (!x2apic) {
		xapic_write_icr(apic_id, command);
		return;
	}
	mb();
	wrmsr(MSR_X2APIC + REG_ICR, (uint64_t)apic_id << 32 | command);
}

void send_ipi(uint32_t core, unsigned vector)
{
	write_icr(per_cpu_info[core].apic_id, ICR_FIXED | vector);
}

void lapic_send_init(uint32_t apic_id)
{
	write_icr(apic_id, ICR_INIT);
}

void lapic_send_startup(uint32_t apic_id, uint32_t page_pa)
{
	write_icr(apic_id, ICR_STARTUP | page_pa >> PGSHIFT);
}

/* Counts a second, from one look at both clocks to the next. *blur: TSC ticks by which the looks
 * were not at the same time, because something (a hypervisor) kept us in between.
 */
static uint64_t measure_counter(uint64_t *blur)
{
	uint64_t before = rdtsc(), start, end, after;
	uint32_t counted;

	lapic_write(REG_TIMER_INITIAL, COUNT_MAX);
	start = rdtsc();
	while ((end = rdtsc()) - start < usec_to_tsc(CALIBRATION_USEC))
		cpu_relax();
	counted = COUNT_MAX - lapic_read(REG_TIMER_CURRENT);
	after = rdtsc();
	if (counted == 0)
		panic("the local APIC timer does not count");
	*blur = (start - before) + (after - end);
	return counted * tsc_freq / (end - start);
}

static uint64_t calibrate_counter(void)
{
	uint64_t best = 0, least_blur = UINT64_MAX;

	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	for (int tries = 0; tries < CALIBRATION_TRIES; tries++) {
		uint64_t blur, freq = measure_counter(&blur);

		if (blur < least_blur) {
			least_blur = blur;
			best = freq;
		}
		if (blur < usec_to_tsc(CALIBRATION_USEC) / 64)
			break;
	}
	lapic_write(REG_TIMER_INITIAL, 0);
	return best;
}

void lapic_timer_init(void)
{
	deadline = cpu_features.tsc_deadline && !cmdline_is("timer", "count");
	if (!deadline)
		counts_per_sec = calibrate_counter();
	register_irq(VECTOR_TIMER, alarm_timer_irq, NULL);
}

void lapic_timer_init_core(void)
{
	lapic_write(REG_LVT_TIMER, VECTOR_TIMER | (deadline ? LVT_TSC_DEADLINE : 0));
	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	/* in xAPIC mode the write above goes to memory-mapped registers: have it there before any
	 * deadline is set (SDM "TSC-Deadline Mode")
	 */
	mb();
}

bool lapic_timer_is_deadline(void)
{
	return deadline;
}

/* Rounded up: an interrupt that comes early would find nothing due and be set again. */
static uint32_t tsc_to_counts(uint64_t ticks)
{
	uint64_t usec = tsc_to_usec(ticks) + 1;
	uint64_t counts;

	if (usec > 1000000)
		usec = 1000000; /* alarm.c finds nothing due and sets the rest */
	counts = usec * counts_per_sec / 1000000 + 1;
	return counts < COUNT_MAX ? (uint32_t)counts : COUNT_MAX;
}

void lapic_timer_set(uint64_t tsc)
{
	uint64_t now;

	if (deadline) {
		wrmsr(MSR_TSC_DEADLINE, tsc);
		return;
	}
	now = rdtsc();
	lapic_write(REG_TIMER_INITIAL, tsc > now ? tsc_to_counts(tsc - now) : 1);
}

void lapic_timer_stop(void)
{
	if (deadline)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		lapic_write(REG_TIMER_INITIAL, 0);
}
