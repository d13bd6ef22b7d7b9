/* preempt.c - see preempt.h. */
#include "sim/guest/parlib/preempt.h"
#include "sim/abi/probe.h"
#include "sim/guest/parlib/atomic32.h"
#include "sim/guest/parlib/event.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"

/* What the probe preempt_recover says. */
enum recovery { NOTHING_TO_DO = 1, CHANGED_TO = 2, STOLE_UTHREAD = 3, TOOK_MESSAGES = 4 };

static struct event_queue preempt_queue;

/* Claims the uthread of a preempted vcore. False: somebody else has. The kernel sets K_LOCK with
 * the preemption and clears it when the context is saved.
 */
static bool start_stealing(struct preempt_data *vcpd)
{
	unsigned int old;

	do {
		while ((old = vcpd->flags) & VC_K_LOCK)
			cpu_relax();
		if (old & VC_UTHREAD_STEALING)
			return false;
	} while (!cas32(&vcpd->flags, old, old | VC_UTHREAD_STEALING));
	return true;
}

static void stop_stealing(struct preempt_data *vcpd)
{
	and32(&vcpd->flags, ~VC_UTHREAD_STEALING);
}

/* Gives this core to another vcore. If it can, it hands its uthread to the scheduler first and
 * never comes back, so that its own preemption needs nobody (and nobody needs to change back). It
 * cannot while somebody steals that uthread, or when the uthread may not leave this vcore.
 */
static void change_to_vcore(unsigned int to)
{
	struct vcore_local *v = this_vcore();
	bool were_handling_remote;

	if ((v->vcpd->flags & VC_UTHREAD_STEALING) ||
		(v->current_uthread != NULL && v->current_uthread->dont_migrate)) {
		vcore_change_to(to, false);
		return;
	}
	if (v->current_uthread != NULL)
		uthread_pause_current();
	were_handling_remote = event_might_not_return();
	vcore_change_to(to, true);
	event_we_returned(were_handling_remote);
}

/* It is off its core, its context is saved, and it stays so: STEALING is set, so when it starts it
 * waits in vcore context. All of it at one moment, or it may have been started and preempted again
 * in between, in vcore context, whose context does not look at STEALING when it goes on.
 */
static bool uthread_can_be_taken(unsigned int vcoreid)
{
	const struct preempt_data *vcpd = vcpd_of(vcoreid);
	unsigned long seq;
	unsigned int flags;
	bool off;

	do {
		while ((seq = procinfo->coremap_seqctr) & 1)
			cpu_relax();
		rmb();
		flags = vcpd->flags;
		off = !procinfo->vcoremap[vcoreid].valid && !vcpd->notif_disabled;
		rmb();
	} while (procinfo->coremap_seqctr != seq);
	return off && (flags & (VC_PREEMPTED | VC_K_LOCK)) == VC_PREEMPTED;
}

/* STEALING is set. `change`: the uthread cannot be taken. */
static void steal(unsigned int vcoreid, bool *change)
{
	struct vcore_local *remote = vcore_local_of(vcoreid);
	struct uthread *t;

	if (!uthread_can_be_taken(vcoreid))
		return;
	rmb();
	t = remote->current_uthread;
	if (t == NULL)
		return;
	if (t->dont_migrate) {
		*change = true;
		return;
	}
	/* Before it can run anywhere: the owner must not find it. */
	remote->current_uthread = NULL;
	PROBE(preempt_recover, vcore_id(), vcoreid, STOLE_UTHREAD);
	uthread_pause_remote(t, vcpd_of(vcoreid), vcoreid);
	wmb(); /* all of it before stop_stealing */
}

/* While we had STEALING and found nothing to take, the vcore may have run and been preempted once
 * more; who was told of that saw STEALING and left it to us.
 */
static bool preempted_meanwhile(unsigned int vcoreid)
{
	const struct preempt_data *vcpd = vcpd_of(vcoreid);

	while (vcpd->flags & VC_K_LOCK)
		cpu_relax();
	rmb();
	return (vcpd->flags & VC_PREEMPTED) && !procinfo->vcoremap[vcoreid].valid &&
	       (vcpd->notif_disabled || vcore_local_of(vcoreid)->current_uthread != NULL);
}

static void recover(unsigned int vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(vcoreid);
	bool change;

	do {
		change = vcpd->notif_disabled != 0;
		if (change)
			break;
		if (!start_stealing(vcpd))
			return;
		steal(vcoreid, &change);
		stop_stealing(vcpd);
	} while (!change && preempted_meanwhile(vcoreid));
	if (change) {
		PROBE(preempt_recover, vcore_id(), vcoreid, CHANGED_TO);
		change_to_vcore(vcoreid);
		return;
	}
	PROBE(preempt_recover, vcore_id(), vcoreid, TOOK_MESSAGES);
	handle_remote_mbox(vcoreid);
}

/* Spurious or stale messages are harmless: all is asked for again. Waiting for the kernel's lock is
 * no wait for user code.
 */
static void handle_vc_preempt(struct event_msg *msg, void *data)
{
	unsigned int vcoreid = msg->ev_arg2;
	struct preempt_data *vcpd;

	(void)data;
	if (vcoreid >= max_vcores() || vcoreid == vcore_id())
		return;
	vcpd = vcpd_of(vcoreid);
	while (vcpd->flags & VC_K_LOCK)
		cpu_relax();
	if (vcpd->flags & VC_PREEMPTED)
		recover(vcoreid);
	else
		PROBE(preempt_recover, vcore_id(), vcoreid, NOTHING_TO_DO);
}

/* Only a vcore that runs can recover another one: MUST_RUN. */
void preempt_init(void)
{
	preempt_queue.ev_flags = EVENT_IPI | EVENT_SPAM_PUBLIC | EVENT_VCORE_APPRO |
				 EVENT_VCORE_MUST_RUN | EVENT_WAKEUP;
	event_set_handler(EV_VCORE_PREEMPT, handle_vc_preempt, NULL);
	procdata->kernel_evts[EV_VCORE_PREEMPT] = &preempt_queue;
	procdata->kernel_evts[EV_CHECK_MSGS] = &preempt_queue;
}
