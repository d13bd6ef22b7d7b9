/* event.c - see event.h. */
#include "sim/kernel/event.h"
#include "sim/abi/fault_point.h"
#include "sim/abi/probe.h"
#include "sim/kernel/mcp.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/process.h"
#include "sim/kernel/ucq.h"
#include "sim/kernel/x86.h"

#define SPAM_TRIES 10 /* at the head of a list that changes, before the lock is taken */

/* of spam_public(), in the order in which they are tried; the numbers are in docs/probes.md */
enum spam_step { PREFERRED = 1, ONLINE = 3, BULK_PREEMPTED, INACTIVE, LOCKED };

/* A message on its way to some public mailbox; the last three: where it has been posted last. */
struct spam {
	struct proc *p;
	const struct event_msg *msg;
	unsigned flags;
	bool posted;
	uint64_t slot;
	uint32_t vcoreid;
};

static bool is_mcp(const struct proc *p)
{
	return p->procinfo->is_mcp;
}

static struct event_mbox *vcore_mbox(uint32_t vcoreid, bool private_mbox)
{
	struct preempt_data *vcpd =
		vcpd_of((struct procdata *)UDATA, vcoreid); /* the user's view */

	return private_mbox ? &vcpd->ev_mbox_private : &vcpd->ev_mbox_public;
}

/* The bit first, then the mark that says to look at them (Akaros 48b6149b is the other order). */
static int bitmap_post(struct evbitmap *ubm, unsigned type, uint64_t *slot)
{
	uint32_t check = true;

	if (!user_range_ok(ubm, sizeof(*ubm)) ||
		user_or_u64((uint64_t *)&ubm->bits, 1ul << type) != 0)
		return EFAULT;
	*slot = type;
	return copy_to_user((void *)&ubm->check, &check, sizeof(check));
}

static int post_to_mbox(
	struct proc *p, struct event_mbox *umbox, const struct event_msg *msg, uint64_t *slot)
{
	uint32_t type;

	if (copy_from_user(&type, &umbox->type, sizeof(type)) != 0)
		return EFAULT;
	switch (type) {
	case EV_MBOX_UCQ:
		return ucq_post(p, &umbox->ucq, msg, slot);
	case EV_MBOX_BITMAP:
		return bitmap_post(&umbox->evbm, msg->ev_type, slot);
	default:
		return EINVAL;
	}
}

/* p's address space is loaded. Message first, alert second: who sees notif_pending finds the
 * message. A vcore that leaves vcore context or yields looks at notif_pending, whether it is
 * notified or not.
 */
static bool post_to_vcore(struct proc *p, uint32_t vcoreid, bool private_mbox,
	const struct event_msg *msg, uint64_t *slot)
{
	struct event_mbox *umbox = vcore_mbox(vcoreid, private_mbox);

	if (post_to_mbox(p, umbox, msg, slot) != 0)
		return false;
	PROBE(event_posted, p->pid, umbox, *slot, msg->ev_type, vcoreid, 0);
	wmb();
	vcpd_of(p->procdata, vcoreid)->notif_pending = true;
	PROBE(event_alerted, p->pid, vcoreid);
	return true;
}

static void try_notify(struct proc *p, uint32_t vcoreid, unsigned flags)
{
	if (flags & EVENT_IPI)
		proc_notify(p, vcoreid);
}

/* --- spam: thesis 5.3 --- */

static void spam_vcore(struct spam *s, uint32_t vcoreid, enum spam_step step)
{
	PROBE(spam_try, s->p->pid, vcoreid, step);
	s->vcoreid = vcoreid;
	s->posted = post_to_vcore(s->p, vcoreid, false, s->msg, &s->slot);
	try_notify(s->p, vcoreid, s->flags);
	/* notif_pending has to be out before the caller looks again where the vcore is: see
	 * unlist() in mcp.c
	 */
	if (!fault_point("event.fence"))
		wrmb();
}

/* Somebody will read it. Even if the mailbox was not usable there is nothing left to try. */
static bool spam_done(const struct spam *s, enum spam_step step)
{
	if (s->posted)
		PROBE(spam_ok, s->p->pid, s->vcoreid, step, vcore_mbox(s->vcoreid, false), s->slot);
	return true;
}

static bool can_rcv(const struct proc *p, uint32_t vcoreid)
{
	return vcpd_of(p->procdata, vcoreid)->flags & VC_CAN_RCV_MSG;
}

/* Check, post, check again: it counts if the vcore was still reachable after notif_pending was set
 * (Akaros 021c2cfc).
 */
static bool try_spam(struct spam *s, uint32_t vcoreid, enum spam_step step,
	bool (*reachable)(const struct proc *, uint32_t))
{
	if (!reachable(s->p, vcoreid))
		return false;
	spam_vcore(s, vcoreid, step);
	return reachable(s->p, vcoreid) && spam_done(s, step);
}

/* Thesis listing 5.4: it counts if the vcore is still, or again, the first of the list. */
static bool try_spam_list(struct spam *s, const struct list *list, enum spam_step step)
{
	uint32_t vcoreid = vcore_first(&s->p->vcores, list), before;

	for (int i = 0; i < SPAM_TRIES && vcoreid != NO_VCORE; i++) {
		spam_vcore(s, vcoreid, step);
		before = vcoreid;
		vcoreid = vcore_first(&s->p->vcores, list);
		if (vcoreid == before)
			return spam_done(s, step);
	}
	return false;
}

/* The last resort: nothing moves under the lock (Akaros cf0371a1). If all vcores are inactive, the
 * first of them will be the first to start, and it is told to read its mailbox then.
 */
static void spam_locked(struct spam *s)
{
	struct proc *p = s->p;
	uint32_t vcoreid;

	spin_lock(&p->proc_lock);
	vcoreid = vcore_first(&p->vcores, &p->vcores.online);
	if (vcoreid == NO_VCORE)
		vcoreid = vcore_first(&p->vcores, &p->vcores.bulk_preempted);
	if (vcoreid == NO_VCORE)
		vcoreid = vcore_first(&p->vcores, &p->vcores.inactive);
	spam_vcore(s, vcoreid, LOCKED);
	vcpd_set(vcpd_of(p->procdata, vcoreid), VC_CAN_RCV_MSG);
	spam_done(s, LOCKED);
	spin_unlock(&p->proc_lock);
}

/* Only a vcore that is online will do: a notice of a preemption must not wait with the preempted
 * (Akaros e9e0888e).
 */
static void spam_must_run(struct spam *s, uint32_t vcoreid)
{
	bool reached;

	if (fault_point("spam.must_run_can_rcv"))
		reached = try_spam(s, vcoreid, PREFERRED, can_rcv);
	else
		reached = try_spam(s, vcoreid, PREFERRED, vcore_is_mapped);
	if (!reached && !try_spam_list(s, &s->p->vcores.online, ONLINE))
		spam_locked(s);
}

static void spam_any(struct spam *s, uint32_t vcoreid)
{
	struct vcore_lists *vl = &s->p->vcores;

	if (try_spam(s, vcoreid, PREFERRED, can_rcv))
		return;
	if (proc_state_hint(s->p) != PROC_WAITING) {
		if (try_spam_list(s, &vl->online, ONLINE) ||
			try_spam_list(s, &vl->bulk_preempted, BULK_PREEMPTED))
			return;
		vcoreid = vcore_first(vl, &vl->inactive);
		if (vcoreid != NO_VCORE && try_spam(s, vcoreid, INACTIVE, can_rcv))
			return;
	}
	spam_locked(s);
}

/* p's address space is loaded. A message may end in several mailboxes: receivers of spam must be
 * able to get it more than once. Returns whether it is in the one that counts.
 */
static bool spam_public(
	struct proc *p, const struct event_msg *msg, uint32_t vcoreid, unsigned flags)
{
	struct spam s = {.p = p, .msg = msg, .flags = flags};

	if (!is_mcp(p)) {
		spam_vcore(&s, 0, PREFERRED);
		spam_done(&s, PREFERRED);
	} else if (flags & EVENT_VCORE_MUST_RUN) {
		spam_must_run(&s, vcoreid);
	} else {
		spam_any(&s, vcoreid);
	}
	return s.posted;
}

/* --- event queues --- */

/* The message is in the queue's mailbox. Unless the user has yet to look after an earlier EV_EVENT,
 * one is sent. The user clears ev_alert_pending, fences and drains; we post, and the LOCKed
 * exchange is our fence.
 */
static void send_indir(struct proc *p, struct event_queue *uq, unsigned flags, uint32_t vcoreid)
{
	struct event_msg msg = {.ev_type = EV_EVENT, .ev_arg3 = uq};
	uint32_t pending = true;
	uint64_t slot;
	bool posted;

	if (user_xchg_u32((uint32_t *)&uq->ev_alert_pending, &pending) != 0)
		return;
	if (pending && !(flags & EVENT_NOTHROTTLE))
		return;
	if (flags & EVENT_SPAM_INDIR) {
		posted = spam_public(p, &msg, vcoreid, flags);
	} else {
		posted = post_to_vcore(p, vcoreid, flags & EVENT_VCORE_PRIVATE, &msg, &slot);
		try_notify(p, vcoreid, flags);
	}
	/* nobody will come to clear it; the next message shall try again */
	if (!posted) {
		pending = false;
		user_xchg_u32((uint32_t *)&uq->ev_alert_pending, &pending);
	}
}

/* A mailbox of the queue's own: that somebody reads it is guaranteed by a spammed EV_EVENT only. */
static void post_to_queue(struct proc *p, struct event_queue *uq, const struct event_queue *q,
	const struct event_msg *msg, uint32_t vcoreid)
{
	bool guaranteed = (q->ev_flags & EVENT_INDIR) && (q->ev_flags & EVENT_SPAM_INDIR);
	uint64_t slot;

	if (q->ev_mbox == NULL) {
		post_to_vcore(p, vcoreid, q->ev_flags & EVENT_VCORE_PRIVATE, msg, &slot);
	} else {
		if (post_to_mbox(p, q->ev_mbox, msg, &slot) != 0)
			return;
		PROBE(event_posted, p->pid, q->ev_mbox, slot, msg->ev_type, -1, guaranteed);
		(void)guaranteed;
	}
	if (q->ev_flags & EVENT_INDIR)
		send_indir(p, uq, q->ev_flags, vcoreid);
	else
		try_notify(p, vcoreid, q->ev_flags);
}

/* May be no vcore at all: the caller checks. */
static uint32_t choose_vcore(const struct proc *p, struct event_queue *uq,
	const struct event_queue *q, uint32_t appropriate)
{
	uint32_t online = p->procinfo->num_vcores, next, stored;

	if (q->ev_flags & EVENT_ROUNDROBIN) {
		next = online == 0 ? 0 : (q->ev_vcore + 1) % online;
		stored = next;
		user_xchg_u32(&uq->ev_vcore, &stored);
		return next;
	}
	return q->ev_flags & EVENT_VCORE_APPRO ? appropriate : q->ev_vcore;
}

/* p's address space is loaded. */
static void send_loaded(
	struct proc *p, struct event_queue *uq, const struct event_msg *msg, uint32_t vcoreid)
{
	struct event_queue q; /* as it is now: the user may change it at any time */

	if (copy_from_user(&q, uq, sizeof(q)) != 0)
		return;
	vcoreid = choose_vcore(p, uq, &q, vcoreid);
	if (vcoreid >= p->procinfo->max_vcores)
		return;
	if (q.ev_flags & EVENT_SPAM_PUBLIC)
		spam_public(p, msg, vcoreid, q.ev_flags);
	else
		post_to_queue(p, uq, &q, msg, vcoreid);
	/* the post before the look, as the last vcore looks at notif_pending before it waits */
	wrmb();
	if ((q.ev_flags & EVENT_WAKEUP) && proc_state_hint(p) == PROC_WAITING)
		proc_wakeup(p);
}

void send_event(
	struct proc *p, struct event_queue *uq, const struct event_msg *msg, uint32_t vcoreid)
{
	struct proc *before;

	if (uq == NULL || msg->ev_type >= NR_EVENT_TYPES ||
		(proc_state_hint(p) & (PROC_DYING | PROC_DYING_ABORT)))
		return;
	before = proc_switch_to(p);
	send_loaded(p, uq, msg, vcoreid);
	proc_switch_back(before);
}

void send_kernel_event(struct proc *p, const struct event_msg *msg, uint32_t vcoreid)
{
	send_event(p, p->procdata->kernel_evts[msg->ev_type], msg, vcoreid);
}

void post_vcore_event(
	struct proc *p, uint32_t vcoreid, const struct event_msg *msg, bool private_mbox)
{
	struct proc *before = proc_switch_to(p);
	uint64_t slot;

	post_to_vcore(p, vcoreid, private_mbox, msg, &slot);
	proc_switch_back(before);
}
