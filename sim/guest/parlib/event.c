/* event.c - see event.h. */
#include "sim/guest/parlib/event.h"
#include "assert.h"
#include "sim/abi/probe.h"
#include "sim/guest/parlib/atomic32.h"
#include "sim/guest/parlib/ucq.h"

/* Of each vcore: two pages for its public mailbox, two for its queue of system calls. */
#define PAGES_PER_VCORE 4

struct syscall_queue {
	struct event_queue queue;
	struct event_mbox mbox;
};

static struct {
	event_handler fn;
	void *data;
} handlers[NR_EVENT_TYPES];

static struct syscall_queue *syscall_queues;

void event_set_handler(unsigned int ev_type, event_handler handler, void *data)
{
	handlers[ev_type].data = data;
	handlers[ev_type].fn = handler;
}

static void handle_msg(struct event_msg *msg)
{
	if (msg->ev_type < NR_EVENT_TYPES && handlers[msg->ev_type].fn != NULL)
		handlers[msg->ev_type].fn(msg, handlers[msg->ev_type].data);
}

static bool get_from_ucq(struct event_mbox *m, struct event_msg *msg)
{
	unsigned long slot;

	if (!ucq_get(&m->ucq, msg, &slot))
		return false;
	PROBE(event_handled, m, slot, msg->ev_type);
	return true;
}

/* The lowest bit. Only that one is taken: its handler may not return. */
static bool get_from_bitmap(struct event_mbox *m, struct event_msg *msg)
{
	unsigned long bits;
	unsigned int bit;

	m->evbm.check = 0;
	mb(); /* before the bits are read: a producer sets a bit, then this */
	bits = m->evbm.bits;
	if (bits == 0)
		return false;
	bit = (unsigned int)__builtin_ctzl(bits);
	__atomic_fetch_and(&m->evbm.bits, ~(1ul << bit), __ATOMIC_SEQ_CST);
	*msg = (struct event_msg){.ev_type = (unsigned short)bit};
	PROBE(event_handled, m, bit, bit);
	return true;
}

static bool handle_one(struct event_mbox *m)
{
	struct event_msg msg;

	if (m->type == EV_MBOX_UCQ ? !get_from_ucq(m, &msg) : !get_from_bitmap(m, &msg))
		return false;
	handle_msg(&msg);
	return true;
}

unsigned int handle_mbox(struct event_mbox *m)
{
	unsigned int n = 0;

	while (handle_one(m))
		n++;
	return n;
}

void handle_one_public(void)
{
	handle_one(&this_vcore()->vcpd->ev_mbox_public);
}

/* The mailboxes are looked at whatever notif_pending says: a handler that did not return has left
 * messages behind, with the flag clear (akaros 195ce0e3).
 */
unsigned int handle_events(void)
{
	struct preempt_data *vcpd = this_vcore()->vcpd;

	PROBE(handle_events, vcore_id());
	vcpd->notif_pending = 0;
	mb(); /* a message posted after this look sets it again (thesis, listing 5.3) */
	return handle_mbox(&vcpd->ev_mbox_private) + handle_mbox(&vcpd->ev_mbox_public);
}

/* EV_EVENT: something is in the queue's mailbox. The alert is cleared first: a message that comes
 * after the last look brings another one.
 */
static void handle_indirection(struct event_msg *msg, void *data)
{
	struct event_queue *q = msg->ev_arg3;

	(void)data;
	q->ev_alert_pending = 0;
	mb();
	if (q->ev_handler != NULL)
		q->ev_handler(q);
	else
		handle_mbox(q->ev_mbox);
}

/* --- mailboxes of other vcores --- */

/* Only while it is preempted: once it is back the flag is its own business (akaros 01ae7118). */
static bool stop_receiving(struct preempt_data *vcpd)
{
	unsigned int old;

	do {
		while ((old = vcpd->flags) & VC_K_LOCK)
			cpu_relax();
		if (!(old & VC_PREEMPTED))
			return false;
	} while (!cas32(&vcpd->flags, old, old & ~VC_CAN_RCV_MSG));
	return true;
}

/* The own public mailbox is the to-do list: a remote mailbox that is met while another one is being
 * handled waits there.
 */
void handle_remote_mbox(unsigned int vcoreid)
{
	struct vcore_local *v = this_vcore();

	if (vcoreid == v->vcoreid || !stop_receiving(vcpd_of(vcoreid)))
		return;
	if (v->handling_remote) {
		vcore_message_self(EV_CHECK_MSGS, vcoreid);
		return;
	}
	v->handling_remote = true;
	v->remote_vcoreid = vcoreid;
	handle_mbox(&vcpd_of(vcoreid)->ev_mbox_public);
	v->handling_remote = false;
}

/* The one message that led us to the remote mailbox is spent: without another one its rest would
 * be forgotten (akaros 66d8cdd9).
 */
bool event_might_not_return(void)
{
	struct vcore_local *v = this_vcore();

	if (!v->handling_remote)
		return false;
	vcore_message_self(EV_CHECK_MSGS, v->remote_vcoreid);
	v->handling_remote = false;
	return true;
}

void event_we_returned(bool were_handling_remote)
{
	this_vcore()->handling_remote = were_handling_remote;
}

static void handle_check_msgs(struct event_msg *msg, void *data)
{
	(void)data;
	if (msg->ev_arg2 < max_vcores())
		handle_remote_mbox(msg->ev_arg2);
}

/* --- set up --- */

void ucq_free_page(void *page)
{
	munmap(page, UCQ_PAGE_SIZE);
}

void event_mbox_init_ucq(struct event_mbox *m, void *two_pages)
{
	ucq_init(&m->ucq, two_pages, (char *)two_pages + UCQ_PAGE_SIZE);
	m->type = EV_MBOX_UCQ;
}

void event_mbox_init_bitmap(struct event_mbox *m)
{
	m->type = EV_MBOX_BITMAP;
}

static void init_vcore(unsigned int id, char *pages)
{
	struct syscall_queue *sq = &syscall_queues[id];

	event_mbox_init_ucq(&vcpd_of(id)->ev_mbox_public, pages);
	event_mbox_init_bitmap(&vcpd_of(id)->ev_mbox_private);
	event_mbox_init_ucq(&sq->mbox, pages + 2 * UCQ_PAGE_SIZE);
	sq->queue = (struct event_queue){.ev_mbox = &sq->mbox,
		.ev_flags = EVENT_IPI | EVENT_INDIR | EVENT_SPAM_INDIR | EVENT_WAKEUP,
		.ev_vcore = id};
}

int event_init_vcores(void)
{
	unsigned int n = max_vcores();
	char *pages = mmap_anon((size_t)n * PAGES_PER_VCORE * UCQ_PAGE_SIZE);

	syscall_queues = mmap_anon(n * sizeof(*syscall_queues));
	if (pages == NULL || syscall_queues == NULL)
		return -1;
	for (unsigned int i = 0; i < n; i++)
		init_vcore(i, pages + (size_t)i * PAGES_PER_VCORE * UCQ_PAGE_SIZE);
	event_set_handler(EV_EVENT, handle_indirection, NULL);
	event_set_handler(EV_CHECK_MSGS, handle_check_msgs, NULL);
	return 0;
}

struct event_queue *event_syscall_queue(unsigned int vcoreid)
{
	return &syscall_queues[vcoreid].queue;
}
