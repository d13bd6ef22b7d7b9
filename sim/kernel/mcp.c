/* mcp.c - see mcp.h. */
#include "sim/kernel/mcp.h"
#include "sim/abi/fault_point.h"
#include "sim/abi/probe.h"
#include "sim/kernel/console.h"
#include "sim/kernel/event.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/x86.h"

enum yield_refusal { PREEMPTED = 1, NOT_NICE, PENDING, PENDING_UNLISTED };

static struct vcore *vcore_of(struct proc *p, uint32_t vcoreid)
{
	return &p->procinfo->vcoremap[vcoreid];
}

/* proc_lock held. A preemption, or the end, of what runs on this core has been decided and its
 * message is in the queue. The map does not say that: the vcore may be mapped elsewhere again
 * (Akaros 80bf465a, 48f44a26).
 */
static bool is_being_taken(struct proc *p, uint32_t vcoreid)
{
	const struct vcore *v = vcore_of(p, vcoreid);

	return p->state != PROC_RUNNING_M || v->nr_preempts_sent != v->nr_preempts_done;
}

int proc_cannot_change_to_m(struct proc *p)
{
	/* the rest of an array would go with the core */
	if (p->procinfo->is_mcp || vcpd_of(p->procdata, 0)->notif_disabled ||
		this_pcpui()->nr_syscs > 0)
		return EINVAL;
	return ksched_has_cores() ? 0 : EBUSY;
}

void proc_change_to_m(struct proc *p)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, 0);
	bool running;

	spin_lock(&p->proc_lock);
	running = p->state == PROC_RUNNING_S; /* else a __death is on its way here */
	if (running) {
		vcore_save_ctx(p, 0, &vcpd->uthread_ctx);
		vcore_save_fpu(vcpd);
		vcpd_clear(vcpd, VC_SCP_NOVCCTX);
		proc_seq_start(p);
		vcore_unmap(p, 0, &p->vcores.inactive);
		p->procinfo->is_mcp = true;
		proc_seq_end(p);
		proc_set_state(p, PROC_RUNNABLE_M);
		core_leave();
	}
	spin_unlock(&p->proc_lock);
	if (!running)
		return;
	ksched_add(p);
	proc_decref(p); /* the core's */
	ksched_poke();
}

/* proc_lock held. Who starts next; NO_VCORE when all are online. */
static uint32_t next_vcore(struct proc *p)
{
	uint32_t vcoreid = vcore_first(&p->vcores, &p->vcores.bulk_preempted);

	return vcoreid != NO_VCORE ? vcoreid : vcore_first(&p->vcores, &p->vcores.inactive);
}

/* proc_lock held. All maps change before the first message leaves, so that a vcore which starts
 * sees the others.
 */
static uint32_t map_cores(struct proc *p, const uint32_t *pcoreids, uint32_t count)
{
	uint32_t started[ABI_MAX_NUM_CORES], n = 0, vcoreid;

	proc_seq_start(p);
	while (n < count && (vcoreid = next_vcore(p)) != NO_VCORE) {
		vcore_map(p, vcoreid, pcoreids[n]);
		started[n++] = vcoreid;
	}
	proc_seq_end(p);
	for (uint32_t i = 0; i < n; i++)
		send_startcore(p, started[i]);
	return n;
}

/* proc_lock held. Those preempted all at once that did not get a core again become as if preempted
 * one by one: from now on somebody is there to recover them. Returns how many.
 */
static uint32_t end_bulk(struct proc *p, uint32_t *vcoreids)
{
	uint32_t n = 0, vcoreid;

	while ((vcoreid = vcore_first(&p->vcores, &p->vcores.bulk_preempted)) != NO_VCORE) {
		list_remove(&p->vcores.link[vcoreid]);
		list_insert_head(&p->vcores.inactive, &p->vcores.link[vcoreid]);
		vcoreids[n++] = vcoreid;
	}
	return n;
}

/* `to` is a suggestion, vcore 0 for want of a better one (Akaros): a queue for such notices says
 * EVENT_VCORE_MUST_RUN, and they go to another one if that is not online.
 */
static void tell_preempted(struct proc *p, uint32_t vcoreid, uint32_t to, unsigned short type)
{
	struct event_msg msg = {.ev_type = type, .ev_arg2 = vcoreid};

	send_kernel_event(p, &msg, to);
}

uint32_t proc_give_cores(struct proc *p, const uint32_t *pcoreids, uint32_t count)
{
	uint32_t taken = 0, stranded[ABI_MAX_NUM_CORES], nr_stranded = 0;

	spin_lock(&p->proc_lock);
	if (p->state & (PROC_RUNNABLE_M | PROC_RUNNING_M))
		taken = map_cores(p, pcoreids, count);
	if (taken > 0 && p->state == PROC_RUNNABLE_M)
		proc_set_state(p, PROC_RUNNING_M);
	if (taken > 0)
		nr_stranded = end_bulk(p, stranded);
	spin_unlock(&p->proc_lock);
	if (taken > 0)
		PROBE(cores_given, p->pid, taken);
	for (uint32_t i = 0; i < nr_stranded; i++)
		tell_preempted(p, stranded[i], 0, EV_VCORE_PREEMPT);
	return taken;
}

/* proc_lock held, the vcore is p's and its core this one. Why it may not yield; 0 if it may.
 * Without a deadline for its core nobody needs it back, so being nice is pointless; and a yield
 * with more wanted than there is comes from a user thread that has not seen a request of another
 * one.
 */
static enum yield_refusal check_yield(struct proc *p, uint32_t vcoreid, bool being_nice)
{
	uint64_t wanted = p->procdata->amt_wanted;

	if (is_being_taken(p, vcoreid) &&
		!(fault_point("yield.ignore_preempt") && p->state == PROC_RUNNING_M))
		return PREEMPTED;
	if (vcore_of(p, vcoreid)->preempt_pending == 0 &&
		(being_nice ||
			(wanted >= p->procinfo->num_vcores && wanted <= p->procinfo->max_vcores)))
		return NOT_NICE;
	return vcpd_of(p->procdata, vcoreid)->notif_pending ? PENDING : 0;
}

/* proc_lock held, the seqctr odd. Thesis listing 5.3; Akaros b17b48ff. Senders of events set
 * notif_pending, fence, and look once more at what made them choose the vcore: first of the list,
 * mapped, or VC_CAN_RCV_MSG. We take all three away, fence, and look at notif_pending: one of the
 * two notices the other. The fence is needed: our stores and the load may swap even on x86.
 *
 * The user has cleared VC_CAN_RCV_MSG before its own last look, but a vcore that is preempted
 * between that and here goes on with the flag that every start sets; and spam_locked() sets it.
 */
static bool unlist(struct proc *p, uint32_t vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);
	bool could_rcv = vcpd->flags & VC_CAN_RCV_MSG;

	vcpd_clear(vcpd, VC_CAN_RCV_MSG);
	list_remove(&p->vcores.link[vcoreid]);
	vcore_of(p, vcoreid)->valid = false;
	if (!fault_point("yield.fence"))
		wrmb();
	PROBE(yield_unlisted, p->pid, vcoreid);
	if (fault_point("yield.recheck") || !vcpd->notif_pending)
		return true;
	list_insert_tail(&p->vcores.online, &p->vcores.link[vcoreid]);
	vcore_of(p, vcoreid)->valid = true;
	if (could_rcv)
		vcpd_set(vcpd, VC_CAN_RCV_MSG);
	return false;
}

/* proc_lock held. Returns 0, and the vcore is unmapped, or why not. */
static enum yield_refusal yield_locked(struct proc *p, uint32_t vcoreid, bool being_nice)
{
	enum yield_refusal why = check_yield(p, vcoreid, being_nice);

	if (why != 0)
		return why;
	PROBE(yield_checked, p->pid, vcoreid);
	proc_seq_start(p);
	if (unlist(p, vcoreid)) {
		vcore_of(p, vcoreid)->preempt_pending = 0;
		vcpd_of(p->procdata, vcoreid)->notif_disabled =
			false; /* the next start is a fresh one */
		vcore_unmap(p, vcoreid, &p->vcores.inactive);
	} else {
		why = PENDING_UNLISTED;
	}
	proc_seq_end(p);
	if (why == 0 && p->procinfo->num_vcores == 0)
		proc_set_state(p, PROC_WAITING);
	return why;
}

/* proc_lock held, the vcore has yielded. A sender may have found the process still RUNNING_M, and
 * has not woken it; but it set notif_pending before, and then a fence; we set the state first.
 */
static bool waits_in_vain(struct proc *p, uint32_t vcoreid)
{
	if (p->state != PROC_WAITING)
		return false;
	wrmb();
	return !fault_point("yield.recheck") && vcpd_of(p->procdata, vcoreid)->notif_pending;
}

bool proc_yield_vcore(struct proc *p, bool being_nice)
{
	uint32_t pcoreid = core_id(), vcoreid;
	enum yield_refusal why;
	bool wake = false;

	/* The lock comes first: which vcore this core runs, and whether for much longer, can change
	 * until it is held.
	 */
	spin_lock(&p->proc_lock);
	vcoreid = this_pcpui()->owning_vcoreid;
	PROBE(yield_try, p->pid, vcoreid);
	why = yield_locked(p, vcoreid, being_nice);
	if (why == 0) {
		PROBE(yield_granted, p->pid, vcoreid);
		wake = waits_in_vain(p, vcoreid);
		core_leave(); /* without the lock it may be running elsewhere */
	}
	spin_unlock(&p->proc_lock);
	if (why != 0) {
		PROBE(yield_refused, p->pid, vcoreid, why);
		/* whoever wanted to interrupt it meanwhile has found it unmapped */
		if (why == PENDING_UNLISTED)
			proc_notify(p, vcoreid);
		return false;
	}
	if (wake)
		proc_wakeup(p);
	proc_decref(p); /* the core's */
	ksched_cores_idle(&pcoreid, 1);
	return true;
}

/* proc_lock held. How the caller will start again. It is marked as preempted in both cases, or
 * nobody would look after its mailbox (Akaros 84889cb1).
 */
static void leave_vcore(struct proc *p, uint32_t vcoreid, bool enable_my_notif)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);

	if (enable_my_notif) {
		vcpd->notif_disabled = false;
	} else {
		vcore_save_ctx(p, vcoreid, &vcpd->vcore_ctx);
		vcore_save_fpu(vcpd);
	}
	vcpd_set(vcpd, VC_PREEMPTED);
}

/* proc_lock held. */
static int change_to_locked(struct proc *p, uint32_t from, uint32_t to, bool enable_my_notif)
{
	struct per_cpu_info *pcpui = this_pcpui();

	if (vcore_is_mapped(p, to))
		return EBUSY;
	if (is_being_taken(p, from))
		return EAGAIN;
	if (!vcpd_of(p->procdata, from)->notif_disabled)
		return EINVAL; /* not in vcore context */
	leave_vcore(p, from, enable_my_notif);
	proc_seq_start(p);
	vcore_unmap(p, from, &p->vcores.inactive);
	vcore_map(p, to, pcpui->core_id);
	proc_seq_end(p);
	/* What is in cur_ctx is the old vcore's, and other messages may come before the one that
	 * makes the new one's.
	 */
	PROBE(vcore_leave, p->pid, from);
	pcpui->owning_vcoreid = to;
	pcpui->cur_ctx = NULL;
	/* a message and not a call: it may have to wait for a __preempt, and we hold a lock */
	send_set_curctx(p, to);
	return 0;
}

int proc_change_to_vcore(struct proc *p, uint32_t vcoreid, bool enable_my_notif)
{
	uint32_t from;
	int err;

	if (vcoreid >= p->procinfo->max_vcores)
		return EINVAL;
	spin_lock(&p->proc_lock);
	from = this_pcpui()->owning_vcoreid;
	err = change_to_locked(p, from, vcoreid, enable_my_notif);
	spin_unlock(&p->proc_lock);
	if (err != 0)
		return err;
	PROBE(change_to, p->pid, from, vcoreid);
	tell_preempted(p, from, vcoreid, enable_my_notif ? EV_CHECK_MSGS : EV_VCORE_PREEMPT);
	return 0;
}

void proc_vc_entry(struct proc *p)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct preempt_data *vcpd = vcpd_of(p->procdata, pcpui->owning_vcoreid);

	/* no lock: nobody else changes the context of a vcore whose core this is */
	if (!vcpd->notif_disabled)
		vcore_save_ctx(p, pcpui->owning_vcoreid, &vcpd->uthread_ctx);
	vcore_enter_fresh(pcpui, p, pcpui->owning_vcoreid);
}

/* proc_lock held, the vcore mapped. */
static uint32_t preempt_locked(struct proc *p, uint32_t vcoreid, struct list *to)
{
	uint32_t pcoreid = vcore_of(p, vcoreid)->pcoreid;

	send_preempt(p, vcoreid);
	proc_seq_start(p);
	vcore_unmap(p, vcoreid, to);
	proc_seq_end(p);
	if (p->procinfo->num_vcores == 0)
		proc_set_state(p, PROC_RUNNABLE_M);
	PROBE(preempt_sent, p->pid, vcoreid, vcore_of(p, vcoreid)->nr_preempts_sent);
	return pcoreid;
}

/* proc_lock held on entry, not on return: to send the event may take it. Without a vcore online
 * there is nobody to tell; the one preempted last is then the first to start, and has been told of
 * those before it.
 */
static uint32_t preempt_and_tell(struct proc *p, uint32_t vcoreid)
{
	uint32_t pcoreid = preempt_locked(p, vcoreid, &p->vcores.inactive);
	bool others_online = p->procinfo->num_vcores > 0;

	spin_unlock(&p->proc_lock);
	if (others_online)
		tell_preempted(p, vcoreid, 0, EV_VCORE_PREEMPT);
	return pcoreid;
}

uint32_t proc_preempt_vcore(struct proc *p, uint32_t vcoreid)
{
	if (vcoreid >= p->procinfo->max_vcores)
		return NO_PCORE;
	spin_lock(&p->proc_lock);
	if (!vcore_is_mapped(p, vcoreid) || is_being_taken(p, vcoreid)) {
		spin_unlock(&p->proc_lock);
		return NO_PCORE;
	}
	return preempt_and_tell(p, vcoreid);
}

bool proc_preempt_core(struct proc *p, uint32_t pcoreid)
{
	spin_lock(&p->proc_lock);
	if (p->state != PROC_RUNNING_M || !p->procinfo->pcoremap[pcoreid].valid) {
		spin_unlock(&p->proc_lock);
		return false;
	}
	preempt_and_tell(p, p->procinfo->pcoremap[pcoreid].vcoreid);
	return true;
}

uint32_t proc_preempt_all(struct proc *p, uint32_t *pcoreids)
{
	uint32_t n = 0, vcoreid;

	spin_lock(&p->proc_lock);
	while (p->state == PROC_RUNNING_M &&
		(vcoreid = vcore_first(&p->vcores, &p->vcores.online)) != NO_VCORE)
		pcoreids[n++] = preempt_locked(p, vcoreid, &p->vcores.bulk_preempted);
	spin_unlock(&p->proc_lock);
	return n;
}

void proc_notify(struct proc *p, uint32_t vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);

	/* That it is pending already is no reason to return: whoever posts a message sets it before
	 * it comes here, and without an interrupt the vcore would never look (Akaros 7a4e5721).
	 */
	if (fault_point("notify.skip_pending") && vcpd->notif_pending)
		return;
	vcpd->notif_pending = true;
	/* The user enables notifications, fences, and looks at notif_pending: so must the store be
	 * out before the load here, or neither sees the other.
	 */
	if (!fault_point("notify.fence"))
		wrmb();
	/* The map is read without the lock; __notify checks whom it has come to. */
	if (!vcpd->notif_disabled && p->state == PROC_RUNNING_M && vcore_is_mapped(p, vcoreid))
		send_notify(p, vcore_of(p, vcoreid)->pcoreid);
	PROBE(notify_sent, p->pid, vcoreid);
}
