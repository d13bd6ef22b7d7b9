/* stimulus.c - see stimulus.h. The interrupt handler only reads; what has to be done waits for
 * locks that handlers may not take, so a ROUTINE message to core 0 does it.
 */
#include "sim/kernel/stimulus.h"
#include "sim/abi/probe.h"
#include "sim/abi/stimulus.h"
#include "sim/kernel/console.h"
#include "sim/kernel/ioapic.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/process.h"
#include "sim/kernel/x86.h"

static void act_on(struct proc *p, uint32_t op, uint32_t arg1, uint32_t arg2)
{
	if (op == STIMULUS_PREEMPT_VCORE)
		ksched_take_away(p, arg1, arg2);
	else
		ksched_provision(p, arg1);
}

static void act(uint32_t op, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
	struct proc *p;

	switch (op) {
	case STIMULUS_NOP:
		break;
	case STIMULUS_PREEMPT_VCORE:
	case STIMULUS_PROVISION:
		p = pid2proc((int)arg0);
		if (p == NULL)
			break;
		act_on(p, op, arg1, arg2);
		proc_decref(p);
		break;
	case STIMULUS_RETURN_CORES:
		ksched_return_cores();
		break;
	default:
		printk("stimulus: request %u (%u, %u, %u) is not served by this kernel\n", op, arg0,
			arg1, arg2);
	}
}

/* ROUTINE message; two arguments in each of the first two words. */
static void __stimulus(uint32_t src, long a0, long a1, long a2)
{
	uint32_t op = (uint32_t)a0, arg0 = (uint32_t)(a0 >> 32), arg1 = (uint32_t)a1;

	(void)src;
	PROBE(stimulus, op, arg0, arg1, (uint32_t)a2);
	act(op, arg0, arg1, (uint32_t)a2);
}

static void pass_request(void)
{
	long op = inl(STIMULUS_PORT_OP), arg0 = inl(STIMULUS_PORT_ARG0);
	long arg1 = inl(STIMULUS_PORT_ARG1), arg2 = inl(STIMULUS_PORT_ARG2);

	send_kernel_message(0, __stimulus, op | arg0 << 32, arg1, arg2, KMSG_ROUTINE);
	outl(STIMULUS_PORT_ACK, 0);
}

/* The line stays up while requests wait, so all have to be gone before the EOI. */
static void stimulus_irq(void *arg)
{
	(void)arg;
	while (inl(STIMULUS_PORT_WAITING) > 0)
		pass_request();
}

bool stimulus_init(void)
{
	if (inl(STIMULUS_PORT_ID) != STIMULUS_ID)
		return false;
	ioapic_enable_level(STIMULUS_GSI, stimulus_irq, NULL);
	return true;
}
