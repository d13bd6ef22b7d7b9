/* idle.c - smp_idle, the loop that every core comes back to; see smp.h. */
#include "sim/abi/fault_point.h"
#include "sim/abi/probe.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/sched.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/x86.h"

/* The order of the lines is what makes it correct:
 *
 * - Interrupts are off from before the first check until the HLT. A message that arrives after its
 *   queue was looked at leaves its interrupt pending, and that ends the HLT, or user mode.
 * - Messages come before the process: a __preempt or __death that waits must take effect before the
 *   context that it is about runs again.
 * - One message a trip, then from the top: a message may post another one to its own core, which
 *   sends no interrupt and would be slept over.
 * - try_run_proc does not return if the core is owned. If it gave up an address space, that may
 *   have dropped the last reference to a process, and freeing one may post messages to this core:
 *   from the top again.
 * - cpu_bored may find work, for this core as messages or as an owning process: from the top.
 * - Then, and only then, there is nothing to do until an interrupt.
 *
 * Whatever is added and may post a message to its own core belongs before process_routine_kmsg (a
 * report of an RCU quiescent state, for one), or must make the loop start again.
 */
static void idle_loop(void *arg)
{
	(void)arg;
	for (;;) {
		this_pcpui()->state = CORE_KERNEL;
		if (process_routine_kmsg())
			smp_idle();
		PROBE(idle_check);
		if (try_run_proc())
			continue;
		if (cpu_bored())
			continue;
		this_pcpui()->state = CORE_IDLE;
		PROBE(idle_halt);
		if (fault_point("idle.halt_gap"))
			irq_enable(); /* a message that comes now is slept over */
		cpu_halt();
	}
}

void smp_idle(void)
{
	struct per_cpu_info *pcpui;

	irq_disable();
	pcpui = this_pcpui();
	assert(pcpui->lock_depth == 0 && pcpui->irq_depth == 0);
	/* whatever was on this stack is of no use to anybody any more */
	reset_stack_and_call(NULL, pcpui->stacktop, idle_loop);
}
