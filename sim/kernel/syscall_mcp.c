/* syscall_mcp.c - the system calls of many-core processes; see syscall.h. */
#include "sim/abi/errno.h"
#include "sim/abi/syscall.h"
#include "sim/kernel/alarm.h"
#include "sim/kernel/event.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/mcp.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/syscall.h"
#include "sim/kernel/x86.h"

#define MAX_HALT 1000000000000ul /* microseconds */

/* An SCP's yield lets the others run; the call is done before. */
void sys_proc_yield(struct proc *p, struct syscall *usysc, struct syscall *s)
{
	syscall_finish(p, usysc, s, 0);
	if (p->procinfo->is_mcp)
		proc_yield_vcore(p, s->arg0);
	else
		proc_preempt_scp();
}

void sys_change_to_m(struct proc *p, struct syscall *usysc, struct syscall *s)
{
	int err = proc_cannot_change_to_m(p);

	syscall_finish(p, usysc, s, -err);
	if (err == 0)
		proc_change_to_m(p);
}

/* Done first, as if it had worked. If it does not, the context that reads the result is still this
 * core's, whatever message is in the queue: so it is not too late to write another.
 */
void sys_change_vcore(struct proc *p, struct syscall *usysc, struct syscall *s)
{
	long retval = -1;
	int err;

	if (!p->procinfo->is_mcp) {
		syscall_finish(p, usysc, s, -EINVAL);
		return;
	}
	syscall_finish(p, usysc, s, 0);
	err = proc_change_to_vcore(p, (uint32_t)s->arg0, s->arg1);
	if (err == 0)
		return;
	copy_to_user(&usysc->err, &err, sizeof(err));
	copy_to_user(&usysc->retval, &retval, sizeof(retval));
}

void sys_vc_entry(struct proc *p, struct syscall *usysc, struct syscall *s)
{
	bool mcp = p->procinfo->is_mcp;

	syscall_finish(p, usysc, s, mcp ? 0 : -EINVAL);
	if (mcp)
		proc_vc_entry(p);
}

long sys_poke_ksched(struct proc *p, struct syscall *s)
{
	(void)p;
	(void)s;
	ksched_poke();
	return 0;
}

/* The message that a user names, or none: all zero then. */
static int get_msg(struct event_msg *msg, unsigned long type, unsigned long umsg)
{
	*msg = (struct event_msg){0};
	if (type >= NR_EVENT_TYPES)
		return EINVAL;
	if (umsg != 0 && copy_from_user(msg, (void *)umsg, sizeof(*msg)) != 0)
		return EFAULT;
	msg->ev_type = (unsigned short)type;
	return 0;
}

long sys_notify(struct proc *p, struct syscall *s)
{
	struct proc *target = pid2proc((int)s->arg0);
	struct event_msg msg;
	int err = get_msg(&msg, s->arg1, s->arg2);

	if (target == NULL)
		return -ESRCH;
	if (target != p && !family_is_child(p, target))
		err = EPERM;
	if (err == 0)
		send_kernel_event(target, &msg, 0);
	proc_decref(target);
	return -err;
}

long sys_self_notify(struct proc *p, struct syscall *s)
{
	struct event_msg msg;
	int err = get_msg(&msg, s->arg1, s->arg2);

	if (err != 0)
		return -err;
	if (s->arg0 >= p->procinfo->max_vcores)
		return -EINVAL;
	if (s->arg2 != 0 || msg.ev_type != EV_NONE)
		post_vcore_event(p, (uint32_t)s->arg0, &msg, s->arg3);
	proc_notify(p, (uint32_t)s->arg0);
	return 0;
}

static void ring(struct alarm_waiter *w)
{
	(void)w; /* its interrupt has ended the HLT */
}

/* Interrupts are off from the look at what there is to do until the HLT: see idle.c. A vcore in
 * vcore context is not interrupted by events, so it looks again at least when its time is over.
 */
static void halt_unless_needed(struct per_cpu_info *pcpui, struct proc *p)
{
	irq_disable();
	if (list_empty(&pcpui->routine_msgs) &&
		!vcpd_of(p->procdata, pcpui->owning_vcoreid)->notif_pending)
		cpu_halt();
	irq_enable();
}

long sys_halt_core(struct proc *p, struct syscall *s)
{
	struct timer_chain *tchain = this_timer_chain();
	struct per_cpu_info *pcpui = this_pcpui();
	struct alarm_waiter waiter;

	if (!p->procinfo->is_mcp || pcpui->owning_proc != p || s->arg0 > MAX_HALT)
		return -EINVAL;
	alarm_init(&waiter, ring);
	alarm_set_rel(tchain, &waiter, s->arg0);
	halt_unless_needed(pcpui, p);
	/* handlers run on this core, and not now, so this does not block */
	alarm_unset(tchain, &waiter);
	return 0;
}
