/* smp.c - see smp.h. Bring-up: SDM "MP Initialization Protocol Algorithm for MP Systems". */
#include "sim/kernel/smp.h"
#include "sim/kernel/acpi.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/atomic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/pagetable.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/time.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

#define TRAMPOLINE_PA   0x1000
#define INIT_WAIT_USEC  10000
#define START_WAIT_USEC 1000000

struct per_cpu_info per_cpu_info[MAX_NUM_CORES];
uint32_t num_cores = 1;

/* boot.S: the n-th core to arrive starts on ap_stack_tops[n]. It is whichever core; the kthread
 * that the stack belongs to becomes that core's.
 */
uint32_t ap_arrivals;
uint64_t ap_cr3;
uint64_t ap_stack_tops[MAX_NUM_CORES];
static struct kthread *ap_kthreads[MAX_NUM_CORES];

static atomic_t aps_ready;
static volatile bool aps_released;

static struct kthread boot_kthread;
extern char boot_stack_top[], trampoline_start[], trampoline_end[];

void smp_init_boot_core(void)
{
	struct per_cpu_info *pcpui = &per_cpu_info[0];

	pcpui->self = pcpui;
	pcpui->state = CORE_KERNEL;
	kmsg_init_core(pcpui);
	timer_chain_init(&pcpui->tchain, 0);
	wrmsr(MSR_GS_BASE, (uint64_t)pcpui);
	boot_kthread.stacktop = (uint64_t)boot_stack_top;
	boot_kthread.name = "boot";
	list_init(&boot_kthread.link);
	kthread_set_current(&boot_kthread);
}

void smp_init_core(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	uint64_t ist[IST_STACKS];

	for (int i = 0; i < IST_STACKS; i++)
		ist[i] = (uint64_t)kpages_alloc(0) + PGSIZE;
	cpu_init_core();
	desc_init_core(pcpui, ist);
	syscall_init_core();
	lapic_init_core();
}

/* By the hardware's id, before this core has a GS base. */
static struct per_cpu_info *find_self(uint32_t apic_id)
{
	for (uint32_t i = 1; i < num_cores; i++)
		if (per_cpu_info[i].apic_id == apic_id)
			return &per_cpu_info[i];
	return NULL;
}

/* CPUID, for the local APIC is not set up yet. */
static uint32_t initial_apic_id(void)
{
	if (cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx != 0)
		return cpuid(0xb, 0).edx;
	return cpuid(1, 0).ebx >> 24;
}

static struct kthread *kthread_of_stack(uint64_t stack_address)
{
	for (uint32_t i = 0; i < num_cores; i++)
		if (ap_kthreads[i] != NULL && ap_kthreads[i]->stacktop - stack_address < KSTACKSIZE)
			return ap_kthreads[i];
	return NULL;
}

/* First C of the other cores, on one of the prepared stacks. */
_Noreturn void smp_ap_main(void)
{
	struct per_cpu_info *pcpui = find_self(initial_apic_id());
	char on_stack;

	if (pcpui == NULL) /* not in the MADT: there is not even a core number to panic with */
		for (;;)
			cpu_halt();
	wrmsr(MSR_GS_BASE, (uint64_t)pcpui);
	kthread_set_current(kthread_of_stack((uint64_t)&on_stack));
	smp_init_core();
	lapic_timer_init_core();
	pcpui->state = CORE_KERNEL;
	atomic_inc(&aps_ready);
	/* Halts with interrupts on: one that comes early must not let the core go. */
	while (!aps_released)
		cpu_halt();
	smp_idle();
}

static void prepare_core(uint32_t core, uint32_t apic_id)
{
	struct per_cpu_info *pcpui = &per_cpu_info[core];
	struct kthread *k = kthread_alloc();

	pcpui->self = pcpui;
	pcpui->core_id = core;
	pcpui->apic_id = apic_id;
	kmsg_init_core(pcpui);
	timer_chain_init(&pcpui->tchain, core);
	k->name = "boot";
	ap_kthreads[core - 1] = k;
	ap_stack_tops[core - 1] = k->stacktop;
}

static void prepare_cores(void)
{
	uint32_t self = lapic_id(), core = 1;

	per_cpu_info[0].apic_id = self;
	for (unsigned i = 0; i < acpi_info.num_cpus; i++) {
		if (acpi_info.apic_ids[i] == self)
			continue;
		if (!lapic_is_x2apic() && acpi_info.apic_ids[i] >= 0xff)
			continue; /* an xAPIC cannot address it */
		prepare_core(core++, acpi_info.apic_ids[i]);
	}
	num_cores = core;
}

static void wait_for_aps(void)
{
	uint64_t end = rdtsc() + usec_to_tsc(START_WAIT_USEC);

	while (atomic_read(&aps_ready) < num_cores - 1) {
		if (rdtsc() > end)
			panic("%u cores did not start",
				num_cores - 1 - (uint32_t)atomic_read(&aps_ready));
		cpu_relax();
	}
}

static void poke_irq(void *arg)
{
	(void)arg; /* its purpose is to end a HLT */
}

void smp_boot(void)
{
	register_irq(VECTOR_POKE_CORE, poke_irq, NULL);
	prepare_cores();
	if (num_cores == 1)
		return;
	ap_cr3 = PADDR(boot_pgdir);
	memcpy(KADDR(TRAMPOLINE_PA), trampoline_start, trampoline_end - trampoline_start);
	for (uint32_t i = 1; i < num_cores; i++)
		lapic_send_init(per_cpu_info[i].apic_id);
	boot_sleep(INIT_WAIT_USEC);
	for (uint32_t i = 1; i < num_cores; i++)
		lapic_send_startup(per_cpu_info[i].apic_id, TRAMPOLINE_PA);
	wait_for_aps();
	aps_released = true;
	wmb();
	for (uint32_t i = 1; i < num_cores; i++)
		send_ipi(i, VECTOR_POKE_CORE);
}

struct smp_call {
	void (*fn)(void *);
	void *arg;
	atomic_t left;
};

static void __smp_call(uint32_t src, long a0, long a1, long a2)
{
	struct smp_call *call = (struct smp_call *)a0;

	(void)src;
	(void)a1;
	(void)a2;
	call->fn(call->arg);
	atomic_dec(&call->left); /* call is on the caller's stack: gone from here on */
}

static void wait_for_call(struct smp_call *call)
{
	assert(irq_is_enabled()); /* or two callers wait for each other */
	while (atomic_read(&call->left) > 0)
		cpu_relax();
}

void smp_call_all(void (*fn)(void *), void *arg)
{
	struct smp_call call = {fn, arg, {num_cores}};

	for (uint32_t i = 0; i < num_cores; i++)
		send_kernel_message(i, __smp_call, (long)&call, 0, 0, KMSG_IMMEDIATE);
	wait_for_call(&call);
}

void smp_call_one(uint32_t core, void (*fn)(void *), void *arg)
{
	struct smp_call call = {fn, arg, {1}};

	send_kernel_message(core, __smp_call, (long)&call, 0, 0, KMSG_IMMEDIATE);
	wait_for_call(&call);
}

void smp_call_where_loaded(const struct proc *p, void (*fn)(void *), void *arg)
{
	struct smp_call call = {fn, arg, {0}};

	/* The caller's stores are out before cur_proc is read. A core stores cur_proc before it
	 * loads CR3, which is a fence: who is not seen to have p loaded has yet to walk its tables.
	 */
	wrmb();
	for (uint32_t i = 0; i < num_cores; i++) {
		if (*(struct proc *const volatile *)&per_cpu_info[i].cur_proc != p)
			continue;
		atomic_inc(&call.left);
		send_kernel_message(i, __smp_call, (long)&call, 0, 0, KMSG_IMMEDIATE);
	}
	wait_for_call(&call);
}
