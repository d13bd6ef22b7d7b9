/* main.c - the boot core's way up, in the order in which things come to need each other.
 *
 * A reading order for the kernel:
 *	boot.S, main.c, multiboot.c, console.c		up to the first line of output
 *	page_alloc.c, kmalloc.c, pagetable.c		memory
 *	desc.c, entry.S, trap.c, apic.c, ioapic.c	what interrupts a core
 *	percpu.h, spinlock.c, smp.c, trampoline.S	more than one core
 *	kmsg.c, idle.c					how cores talk, and rest
 *	kthread.c, context.S, sync.c, alarm.c		how kernel code sleeps
 *	process.h, process.c, mm.c, elf_load.c, family.c, sched.c, syscall.c
 *	mcp.h, vcore.c, mcp.c, ksched.c, event.c, ucq.c	many-core processes
 */
#include "sim/abi/probe.h"
#include "sim/kernel/acpi.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/ioapic.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/multiboot.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/pagetable.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/sched.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/stimulus.h"
#include "sim/kernel/storm.h"
#include "sim/kernel/time.h"
#include "sim/kernel/x86.h"

#define INIT_PROGRAM "/bin/init"
#define RUN_DEFAULT  "hello"
#define RUN_MAX      256

/* Starts /bin/init with the words of run=PROGRAM,ARGUMENT,... as its arguments. */
static void start_init(void *arg)
{
	char args[sizeof("init") + RUN_MAX] = "init", *run = args + sizeof("init");
	struct proc *p;
	size_t len;
	int err;

	(void)arg;
	if (!cmdline_get("run", run, RUN_MAX))
		strlcpy(run, RUN_DEFAULT, RUN_MAX);
	len = sizeof("init") + strlen(run) + 1;
	for (char *c = run; *c != 0; c++)
		if (*c == ',')
			*c = 0;
	err = proc_create(INIT_PROGRAM, args, len, NULL, &p);
	if (err != 0)
		panic("cannot start %s: error %d", INIT_PROGRAM, err);
	proc_set_init(p);
	proc_run(p);
}

static void init_memory(uint32_t magic, physaddr_t info)
{
	multiboot_parse(magic, info);
	page_alloc_init();
	pagetable_init();
	page_alloc_add_high();
}

static void init_interrupts(void)
{
	acpi_init();
	idt_init();
	lapic_init();
	smp_init_core();
	per_cpu_info[0].apic_id = lapic_id();
	ioapic_init();
	kmsg_init();
	time_init();
	lapic_timer_init();
	lapic_timer_init_core();
	console_input_init();
}

static void greet(bool has_stimulus)
{
	printk("ringv kernel: %u core%s, %lu MiB, tsc %lu kHz, %s, %s timer%s%s\n", num_cores,
		num_cores == 1 ? "" : "s", phys_memory_end() >> 20, tsc_freq / 1000,
		lapic_is_x2apic() ? "x2apic" : "xapic",
		lapic_timer_is_deadline() ? "tsc-deadline" : "counting",
		cpu_features.vmx ? ", vmx" : "", has_stimulus ? ", stimulus device" : "");
}

_Noreturn void kernel_main(uint32_t magic, physaddr_t info)
{
	char tests[RUN_MAX];

	smp_init_boot_core();
	console_init();
	cpu_detect();
	init_memory(magic, info);
	init_interrupts();
	smp_boot();
	sched_init();
	ksched_init();
	storm_init();
	greet(stimulus_init());
	PROBE(kernel_ready);
	if (cmdline_get("ktest", tests, sizeof(tests)))
		ktest_start(tests);
	else
		ktask("start_init", start_init, NULL);
	/* the boot stack is part of the image, and spare stacks go back to the page allocator */
	kthread_set_current(kthread_alloc());
	smp_idle();
}
