/* trap.c - see trap.h. */
#include "sim/kernel/trap.h"
#include "sim/abi/probe.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/syscall.h"
#include "sim/kernel/x86.h"

_Static_assert(offsetof(struct hw_trapframe, cs) == 160, "TF_CS in entry.S");
_Static_assert(sizeof(struct hw_trapframe) == 192, "frame that entry.S builds");
_Static_assert(sizeof(struct sw_trapframe) == 88, "frame that entry.S builds");
_Static_assert(offsetof(struct per_cpu_info, user_rsp) == 8, "PCPUI_USER_RSP in entry.S");
_Static_assert(offsetof(struct per_cpu_info, stacktop) == 16, "PCPUI_STACKTOP in entry.S");

#define PF_PRESENT BIT(0)
#define PF_WRITE   BIT(1)
#define PF_FETCH   BIT(4)

struct irq {
	irq_handler_t handler;
	void *arg;
};

struct fixup {
	uint64_t insn, target;
};

static struct irq irqs[NUM_VECTORS];
extern const struct fixup extable_start[], extable_end[];

static const char *const exception_names[NUM_EXCEPTIONS] = {"divide error", "debug", "NMI",
	"breakpoint", "overflow", "bound range", "invalid opcode", "device not available",
	"double fault", "coprocessor overrun", "invalid TSS", "segment not present", "stack fault",
	"general protection", "page fault", "15", "x87 error", "alignment check", "machine check",
	"SIMD error", "virtualization", "control protection"};

static const char *exception_name(uint64_t trapno)
{
	const char *name = trapno < NUM_EXCEPTIONS ? exception_names[trapno] : NULL;

	return name != NULL ? name : "reserved exception";
}

void register_irq(unsigned vector, irq_handler_t handler, void *arg)
{
	assert(vector >= NUM_EXCEPTIONS && vector < NUM_VECTORS);
	assert(irqs[vector].handler == NULL || irqs[vector].handler == handler);
	irqs[vector].arg = arg;
	wmb();
	irqs[vector].handler = handler;
}

void print_trapframe(const struct hw_trapframe *tf)
{
	printk("trap %lu (%s) err %lx cr2 %lx cr3 %lx\n", tf->trapno, exception_name(tf->trapno),
		tf->err, rcr2(), rcr3());
	printk("rip %016lx cs %lx rflags %lx rsp %016lx ss %lx\n", tf->rip, tf->cs, tf->rflags,
		tf->rsp, tf->ss);
	printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", tf->rax, tf->rbx, tf->rcx, tf->rdx);
	printk("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", tf->rsi, tf->rdi, tf->rbp, tf->r8);
	printk("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", tf->r9, tf->r10, tf->r11, tf->r12);
	printk("r13 %016lx r14 %016lx r15 %016lx\n", tf->r13, tf->r14, tf->r15);
}

static bool fix_up(struct hw_trapframe *tf)
{
	for (const struct fixup *f = extable_start; f < extable_end; f++)
		if (f->insn == tf->rip) {
			tf->rip = f->target;
			return true;
		}
	return false;
}

static void kernel_exception(struct hw_trapframe *tf)
{
	bool user_access = tf->trapno == TRAP_PAGE_FAULT && rcr2() < ULIM;
	bool non_canonical = tf->trapno == TRAP_GP; /* a user pointer between the halves */

	if ((user_access || non_canonical) && fix_up(tf))
		return;
	panic_at(__FILE__, __LINE__, tf, "%s in the kernel, rip %lx", exception_name(tf->trapno),
		tf->rip);
}

/* The user did something that the kernel cannot resolve: the process dies. */
static void user_exception(const struct hw_trapframe *tf)
{
	struct proc *p = this_pcpui()->owning_proc;

	if (tf->trapno == TRAP_PAGE_FAULT)
		printk("process %d (%s) killed: page fault: %s of %lx, rip %lx\n", p->pid,
			p->progname,
			tf->err & PF_FETCH   ? "fetch"
			: tf->err & PF_WRITE ? "write"
					     : "read",
			rcr2(), tf->rip);
	else
		printk("process %d (%s) killed: %s, rip %lx\n", p->pid, p->progname,
			exception_name(tf->trapno), tf->rip);
	proc_destroy(p, EXIT_CODE_FAULT);
}

static void irq_dispatch(unsigned vector)
{
	struct per_cpu_info *pcpui = this_pcpui();

	if (vector == VECTOR_SPURIOUS || (vector >= VECTOR_PIC && vector < VECTOR_PIC + 16))
		return; /* neither wants an EOI */
	pcpui->irq_depth++;
	PROBE(irq, vector);
	if (irqs[vector].handler != NULL)
		irqs[vector].handler(irqs[vector].arg);
	else
		printk("core %u: interrupt %u has no handler\n", pcpui->core_id, vector);
	lapic_send_eoi();
	pcpui->irq_depth--;
}

static bool always_fatal(uint64_t trapno)
{
	return trapno == TRAP_NMI || trapno == TRAP_DOUBLE_FAULT || trapno == TRAP_MACHINE_CHECK;
}

static void save_user_context(struct per_cpu_info *pcpui, const struct hw_trapframe *tf)
{
	struct hw_trapframe *saved = &pcpui->actual_ctx.hw_tf;

	*saved = *tf;
	saved->fsbase = rdmsr(MSR_FS_BASE);
	saved->gsbase = rdmsr(MSR_KERNEL_GS_BASE);
	pcpui->actual_ctx.type = ROS_HW_CTX;
	pcpui->cur_ctx = &pcpui->actual_ctx;
	pcpui->state = CORE_KERNEL;
}

void trap_entry(struct hw_trapframe *tf)
{
	bool from_user = (tf->cs & 3) == 3;

	if (always_fatal(tf->trapno))
		panic_at(__FILE__, __LINE__, tf, "%s", exception_name(tf->trapno));
	if (from_user)
		save_user_context(this_pcpui(), tf);
	if (tf->trapno >= NUM_EXCEPTIONS)
		irq_dispatch((unsigned)tf->trapno);
	else if (from_user)
		user_exception(tf);
	else
		kernel_exception(tf);
	if (from_user)
		smp_idle();
}

void syscall_init_core(void)
{
	/* SYSRET takes CS from bits 63:48 plus 16, SS plus 8 (SDM "SYSRET") */
	wrmsr(MSR_STAR, (uint64_t)(GD_UT - 16) << 48 | (uint64_t)GD_KT << 32);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_SFMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT | RFLAGS_IOPL);
}

void syscall_entry_c(struct syscall *sysc, uint64_t count, struct sw_trapframe *tf)
{
	struct per_cpu_info *pcpui = this_pcpui();

	tf->fsbase = rdmsr(MSR_FS_BASE);
	tf->gsbase = rdmsr(MSR_KERNEL_GS_BASE);
	pcpui->actual_ctx.sw_tf = *tf;
	pcpui->actual_ctx.type = ROS_SW_CTX;
	pcpui->cur_ctx = &pcpui->actual_ctx;
	pcpui->state = CORE_KERNEL;
	pcpui->syscs = sysc;
	pcpui->nr_syscs = count;
	irq_enable();
	run_next_syscall();
	smp_idle();
}
