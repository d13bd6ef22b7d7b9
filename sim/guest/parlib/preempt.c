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

/* STEALING is set: the owner, if it starts, waits in vcore context. Unless it was there before us,
 * and then it is not preempted any more, or has its notifications disabled: hence the two checks
 * once more. `change`: the uthread cannot be taken.
 */
static void steal(unsigned int vcoreid, bool *change)
{
	struct preempt_data *vcpd = vcpd_of(vcoreid);
	struct vcore_local *remote = vcore_local_of(vcoreid);
	struct uthread *t;

	if (!(vcpd->flags & VC_PREEMPTED) || vcpd->notif_disabled)
		return;
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
	uthread_pause_remote(t, vcpd, vcoreid);
	wmb(); /* all of it before stop_stealing */
}

static void recover(unsigned int vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(vcoreid);
	bool change = vcpd->notif_disabled != 0;

	if (!change) {
		if (!start_stealing(vcpd))
			return;
		steal(vcoreid, &change);
		stop_stealing(vcpd);
	}
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
