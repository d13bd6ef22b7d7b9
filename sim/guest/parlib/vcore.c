/* vcore.c - see vcore.h. */
#include "sim/guest/parlib/vcore.h"
#include "sim/abi/probe.h"
#include "sim/guest/parlib/atomic32.h"
#include "sim/guest/parlib/context.h"
#include "sim/guest/parlib/event.h"
#include "sim/guest/parlib/relax.h"
#include "sim/guest/parlib/sched.h"
#include "sim/guest/parlib/uthread.h"

#define RELAX_SPINS 1000

static struct vcore_local *vcore_locals;

struct vcore_local *vcore_local_of(unsigned int vcoreid)
{
	return &vcore_locals[vcoreid];
}

static void init_vcore(unsigned int id, char *stack)
{
	struct vcore_local *v = &vcore_locals[id];
	struct preempt_data *vcpd = vcpd_of(id);

	v->self = v;
	v->vcoreid = id;
	v->vcpd = vcpd;
	vcpd->vcore_entry = (unsigned long)vcore_entry;
	vcpd->vcore_stack = (unsigned long)stack + VCORE_STACK_SIZE;
	vcpd->vcore_tls_desc = (unsigned long)v;
}

int vcore_lib_init(void)
{
	unsigned int n = max_vcores();
	char *stacks;

	vcore_locals = mmap_anon(n * sizeof(*vcore_locals));
	stacks = mmap_anon((size_t)n * VCORE_STACK_SIZE);
	if (vcore_locals == NULL || stacks == NULL)
		return -1;
	for (unsigned int i = 0; i < n; i++)
		init_vcore(i, stacks + (size_t)i * VCORE_STACK_SIZE);
	return event_init_vcores();
}

void vcore_request(unsigned int n)
{
	unsigned long old, wanted = n < max_vcores() ? n : max_vcores();

	mb(); /* what it is for is seen by whoever lowers amt_wanted next: see vcore_yield */
	do {
		old = procdata->amt_wanted;
		if (old >= wanted)
			return;
	} while (!__sync_bool_compare_and_swap(&procdata->amt_wanted, old, wanted));
	sys_call(SYS_poke_ksched, 0, 0, 0, 0);
}

void vcore_request_more(unsigned int n)
{
	vcore_request(procinfo->num_vcores + n);
}

/* One less than there are. Never below 0: repeated attempts must not add up (akaros 432eb217). The
 * kernel does not take 0 for a reason to let runnable threads starve.
 */
static void want_one_less(void)
{
	unsigned long old, wanted, have;

	do {
		old = procdata->amt_wanted;
		have = procinfo->num_vcores;
		wanted = old < have ? old : have;
		if (wanted > 0)
			wanted--;
	} while (!__sync_bool_compare_and_swap(&procdata->amt_wanted, old, wanted));
}

static void submit_yield(struct vcore_local *v, bool being_nice)
{
	PROBE(vcore_yield, v->vcoreid);
	v->sysc = (struct syscall){.num = SYS_proc_yield, .arg0 = being_nice};
	sys_submit(&v->sysc, 1);
	PROBE(vcore_yield_failed, v->vcoreid);
}

/* Thesis, listing 5.3, the user's half. CAN_RCV_MSG goes before the mailboxes are looked at for the
 * last time: who posts later finds it clear, or sets notif_pending, on which the kernel refuses.
 *
 * Likewise for work: who queues a thread looks at amt_wanted after it, we at the queue after we
 * have lowered amt_wanted. One of the two sees the other.
 */
void vcore_yield(bool preempt_pending)
{
	struct vcore_local *v = this_vcore();

	and32(&v->vcpd->flags, ~VC_CAN_RCV_MSG);
	if (handle_events() == 0) {
		if (!preempt_pending)
			want_one_less();
		if (!preempt_pending && sched_has_work())
			vcore_request(procinfo->num_vcores);
		else
			submit_yield(v, preempt_pending);
	}
	or32(&v->vcpd->flags, VC_CAN_RCV_MSG);
}

void vcore_reenter(void)
{
	run_on_stack(this_vcore()->vcpd->vcore_stack, uthread_vcore_entry);
}

/* Called by context.S. */
_Noreturn void vcore_start(void)
{
	struct vcore_local *v = this_vcore();

	v->in_vcore_context = true;
	PROBE(vcore_entry, v->vcoreid);
	uthread_vcore_entry();
}

/* EAGAIN says that this vcore is being preempted itself, not that the other one runs: when it is
 * back, it tries again (akaros d9513a40).
 */
void vcore_change_to(unsigned int to, bool enable_my_notif)
{
	struct vcore_local *v = this_vcore();

	do {
		v->sysc = (struct syscall){
			.num = SYS_change_vcore, .arg0 = to, .arg1 = enable_my_notif};
		sys_submit(&v->sysc, 1);
	} while (v->sysc.err == EAGAIN);
}

void ensure_vcore_runs(unsigned int vcoreid)
{
	if (vcoreid != ANY_VCORE) {
		if (vcore_is_preempted(vcoreid))
			vcore_change_to(vcoreid, false);
		return;
	}
	for (unsigned int i = 0; i < max_vcores(); i++)
		if (i != vcore_id() && vcore_is_preempted(i))
			vcore_change_to(i, false);
}

void cpu_relax_vc(unsigned int vcoreid)
{
	struct vcore_local *v = this_vcore();

	cpu_relax();
	if (!v->vcpd->notif_disabled)
		return;
	if (++v->relax_spins < RELAX_SPINS)
		return;
	v->relax_spins = 0;
	ensure_vcore_runs(vcoreid);
}

void vcore_message_self(unsigned int ev_type, unsigned int arg2)
{
	struct event_msg msg = {.ev_type = (unsigned short)ev_type, .ev_arg2 = arg2};

	sys_call(SYS_self_notify, vcore_id(), ev_type, (unsigned long)&msg, false);
}
