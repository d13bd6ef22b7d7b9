/* mcp_calls.c - the kernel's side of many-core processes, step by step and without parlib: each
 * vcore runs in vcore context and does what vcore 0 tells it. Prints what did not happen.
 */
#include "sim/abi/race_rule.h"
#include "stdio.h"
#include "sys.h"

#define VCORES         3
#define STACK          4096
#define MESSAGES       300 /* more than two pages of a UCQ */
#define KERNEL_CODE    0xffffffffc0200000
#define KERNEL_ADDRESS 0xffff800000000000

enum order { STAY, YIELD, LISTEN, CHANGE_BACK };

static struct procdata *const pd = (struct procdata *)UDATA;
static char stacks[VCORES][STACK] __attribute__((aligned(4096)));
static volatile unsigned entered[VCORES];
static volatile unsigned order[VCORES];
static unsigned phase, failures;
static struct event_mbox box;
static struct event_queue queue = {
	.ev_mbox = &box, .ev_flags = EVENT_IPI | EVENT_INDIR | EVENT_SPAM_INDIR | EVENT_WAKEUP};
static volatile struct syscall async;

RACE_RULE("sync-data entered # a vcore counts, vcore 0 waits");
RACE_RULE("sync-data order # vcore 0 orders, a vcore waits");
RACE_RULE("racy-data vcpd # vcore 0 looks at what becomes of the others");
RACE_RULE("racy-data procinfo.vcoremap # the same");

#define EXPECT(c) ((c) ? (void)0 : fail(#c, __LINE__))

static void fail(const char *what, int line)
{
	printf("mcp_calls: line %d: not %s\n", line, what);
	failures++;
}

/* Spins. false: it did not come in a second. */
static int reaches(const volatile unsigned *value, unsigned wanted)
{
	uint64_t end = nanotime() + 1000000000;

	while (*value != wanted) {
		__builtin_ia32_pause();
		if (nanotime() > end)
			return 0;
	}
	return 1;
}

static void ucq_init(struct event_mbox *m)
{
	unsigned long page = (unsigned long)mmap_anon(UCQ_PAGE_SIZE);

	m->ucq.prod_idx = m->ucq.cons_idx = page;
	m->type = EV_MBOX_UCQ;
}

/* The one consumer takes the next message, if there is one. */
static int ucq_get(struct ucq *q, struct event_msg *msg)
{
	struct ucq_page *page = (struct ucq_page *)(q->cons_idx & -(unsigned long)UCQ_PAGE_SIZE);
	unsigned long n = q->cons_idx & (UCQ_PAGE_SIZE - 1);

	if (n == UCQ_SLOTS) {
		if (page->cons_next_pg == 0)
			return 0;
		page = (struct ucq_page *)page->cons_next_pg;
		q->cons_idx = (unsigned long)page;
		n = 0;
	}
	if (!page->slot[n].ready)
		return 0;
	*msg = page->slot[n].msg;
	page->slot[n].ready = 0;
	q->cons_idx++;
	return 1;
}

/* Drops what vcore 0 has been told, up to a message of this type. */
static int got(unsigned type)
{
	struct event_msg msg;

	while (ucq_get(&pd->vcore_preempt_data[0].ev_mbox_public.ucq, &msg))
		if (msg.ev_type == type)
			return 1;
	return 0;
}

static int vcore_yield(unsigned vcoreid)
{
	pd->vcore_preempt_data[vcoreid].notif_pending = 0;
	return (int)sys_call(SYS_proc_yield, 0, 0, 0, 0);
}

/* What a vcore other than 0 does from its entry on. */
static void obey(unsigned vcoreid)
{
	struct preempt_data *vcpd = &pd->vcore_preempt_data[vcoreid];

	for (;;) {
		while (order[vcoreid] == STAY)
			__builtin_ia32_pause();
		if (order[vcoreid] == YIELD)
			vcore_yield(vcoreid);
		if (order[vcoreid] == LISTEN) {
			order[vcoreid] = STAY;
			vcpd->notif_disabled = 0;
			for (;;)
				__builtin_ia32_pause(); /* a uthread, so to speak */
		}
		if (order[vcoreid] == CHANGE_BACK) {
			order[vcoreid] = STAY;
			sys_call(SYS_change_vcore, 0, 0, 0, 0);
		}
	}
}

static void yields_and_grants(unsigned n)
{
	pd->amt_wanted = n - 1;
	order[1] = YIELD;
	EXPECT(reaches(&procinfo->num_vcores, n - 1));
	EXPECT(!procinfo->vcoremap[1].valid);
	order[1] = STAY;
	pd->amt_wanted = n;
	sys_call(SYS_poke_ksched, 0, 0, 0, 0);
	EXPECT(reaches(&entered[1], 2));
	/* as many wanted as there are: refused */
	EXPECT(vcore_yield(0) == 0);
	/* and so is a yield with something pending */
	pd->amt_wanted = 1;
	EXPECT(sys_call(SYS_self_notify, 0, EV_NONE, 0, 0) == 0);
	EXPECT(sys_call(SYS_proc_yield, 0, 0, 0, 0) == 0);
	pd->amt_wanted = n;
}

static void messages(void)
{
	struct ucq *q = &pd->vcore_preempt_data[0].ev_mbox_public.ucq;
	struct event_msg msg = {.ev_type = EV_USER_IPI};
	unsigned i;

	while (ucq_get(q, &msg))
		;
	for (i = 0; i < MESSAGES; i++) {
		msg.ev_arg2 = i;
		sys_call(SYS_self_notify, 0, EV_USER_IPI, (unsigned long)&msg, 0);
	}
	for (i = 0; i < MESSAGES && ucq_get(q, &msg) && msg.ev_arg2 == i; i++)
		;
	EXPECT(i == MESSAGES);
	EXPECT(msg.ev_type == EV_USER_IPI && !ucq_get(q, &msg));
	EXPECT(sys_call(SYS_self_notify, 0, EV_ALARM, 0, 1) == 0);
	EXPECT(pd->vcore_preempt_data[0].ev_mbox_private.evbm.bits == 1ul << EV_ALARM);
	EXPECT(pd->vcore_preempt_data[0].ev_mbox_private.evbm.check);
}

/* The call blocks, and this vcore goes on: else it would not find the event. */
static void async_call(void)
{
	struct event_msg msg;

	async = (struct syscall){.num = SYS_block, .arg0 = 200, .flags = SC_UEVENT, .ev_q = &queue};
	sys_submit((struct syscall *)&async, 1);
	while (!got(EV_EVENT))
		__builtin_ia32_pause();
	EXPECT(queue.ev_alert_pending);
	queue.ev_alert_pending = 0;
	EXPECT(ucq_get(&box.ucq, &msg) && msg.ev_type == EV_SYSCALL && msg.ev_arg3 == &async);
	EXPECT(async.flags & SC_DONE);
}

static void notification(void)
{
	struct preempt_data *vcpd = &pd->vcore_preempt_data[1];
	unsigned before = entered[1];

	order[1] = LISTEN;
	while (vcpd->notif_disabled)
		__builtin_ia32_pause();
	EXPECT(sys_call(SYS_self_notify, 1, EV_USER_IPI, 0, 0) == 0);
	EXPECT(reaches(&entered[1], before + 1));
	EXPECT(vcpd->notif_disabled && vcpd->notif_pending);
	EXPECT(vcpd->uthread_ctx.type == ROS_HW_CTX);
}

static void expect_error(long ret, int err, int line)
{
	if (ret != -1 || errno != err)
		fail("the error", line);
}

static void changes(unsigned n)
{
	expect_error(sys_call(SYS_change_vcore, 1, 0, 0, 0), EBUSY, __LINE__);
	expect_error(sys_call(SYS_change_vcore, 999, 0, 0, 0), EINVAL, __LINE__);
	pd->amt_wanted = n - 1;
	order[1] = YIELD;
	EXPECT(reaches(&procinfo->num_vcores, n - 1));
	order[1] = CHANGE_BACK;
	EXPECT(sys_call(SYS_change_vcore, 1, 0, 0, 0) == 0);
	/* here again: vcore 1 has changed back */
	EXPECT(procinfo->vcoremap[0].valid);
	EXPECT(pd->vcore_preempt_data[1].flags & VC_PREEMPTED);
	EXPECT(!(pd->vcore_preempt_data[0].flags & VC_PREEMPTED));
	/* a core for vcore 1 as well, which returns from its call */
	pd->amt_wanted = n;
	sys_call(SYS_poke_ksched, 0, 0, 0, 0);
	EXPECT(reaches(&procinfo->num_vcores, n));
}

static void bad_events(void)
{
	struct event_queue bad = {.ev_flags = EVENT_INDIR, .ev_vcore = 0};
	struct event_mbox liar = {.type = EV_MBOX_UCQ};

	expect_error(sys_call(SYS_notify, 500, EV_ALARM, 0, 0), ESRCH, __LINE__);
	expect_error(sys_call(SYS_notify, getpid(), NR_EVENT_TYPES, 0, 0), EINVAL, __LINE__);
	expect_error(sys_call(SYS_notify, getpid(), EV_ALARM, 1, 0), EFAULT, __LINE__);
	expect_error(sys_call(SYS_self_notify, 999, 0, 0, 0), EINVAL, __LINE__);
	expect_error(sys_call(SYS_halt_core, -1ul, 0, 0, 0), EINVAL, __LINE__);
	EXPECT(sys_call(SYS_halt_core, 50, 0, 0, 0) == 0);
	pd->kernel_evts[EV_ALARM] = (struct event_queue *)KERNEL_ADDRESS;
	EXPECT(sys_call(SYS_notify, getpid(), EV_ALARM, 0, 0) == 0);
	pd->kernel_evts[EV_ALARM] = &bad;
	bad.ev_mbox = (struct event_mbox *)(KERNEL_ADDRESS - 8);
	EXPECT(sys_call(SYS_notify, getpid(), EV_ALARM, 0, 0) == 0);
	bad.ev_mbox = &liar;
	for (unsigned long idx = 1; idx != 0; idx <<= 1) {
		liar.ucq.prod_idx = idx | (idx & 2 ? UCQ_SLOTS : 0);
		liar.ucq.spare_pg = idx;
		EXPECT(sys_call(SYS_notify, getpid(), EV_ALARM, 0, 0) == 0);
	}
	liar.ucq.prod_idx = (unsigned long)stacks[0] | UCQ_SLOTS;
	liar.ucq.spare_pg = KERNEL_CODE;
	EXPECT(sys_call(SYS_notify, getpid(), EV_ALARM, 0, 0) == 0);
	liar.ucq.prod_idx = KERNEL_CODE | UCQ_SLOTS;
	EXPECT(sys_call(SYS_notify, getpid(), EV_ALARM, 0, 0) == 0);
	bad.ev_vcore = -1u;
	EXPECT(sys_call(SYS_notify, getpid(), EV_ALARM, 0, 0) == 0);
	pd->kernel_evts[EV_ALARM] = 0;
}

/* Whether vcore 0 has slept, and started anew, or has seen the end of the call before. */
static _Noreturn void finish(void)
{
	EXPECT(got(EV_EVENT));
	printf("mcp_calls: %u failures\n", failures);
	exit(failures == 0 ? 0 : 1);
}

/* All yield; the end of a call wakes vcore 0. */
static _Noreturn void sleep_all(unsigned n)
{
	async = (struct syscall){.num = SYS_block, .arg0 = 500, .flags = SC_UEVENT, .ev_q = &queue};
	pd->amt_wanted = 0;
	for (unsigned i = 1; i < n; i++)
		order[i] = YIELD;
	EXPECT(reaches(&procinfo->num_vcores, 1));
	phase = 2;
	while (got(EV_EVENT))
		;
	sys_submit((struct syscall *)&async, 1);
	for (;;) {
		pd->vcore_preempt_data[0].notif_pending = 0;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if ((async.flags & (SC_DONE | SC_K_LOCK)) == SC_DONE)
			finish();
		sys_call(SYS_proc_yield, 0, 0, 0, 0);
	}
}

static _Noreturn void vcore_entry(unsigned long vcoreid)
{
	unsigned n = procinfo->max_vcores < VCORES ? procinfo->max_vcores : VCORES;

	entered[vcoreid]++;
	if (vcoreid != 0)
		obey(vcoreid);
	if (phase == 2)
		finish();
	if (phase++ > 0)
		exit(1);
	EXPECT(procinfo->is_mcp && procinfo->num_vcores == 1);
	pd->amt_wanted = n;
	sys_call(SYS_poke_ksched, 0, 0, 0, 0);
	for (unsigned i = 1; i < n; i++)
		EXPECT(reaches(&entered[i], 1));
	messages();
	async_call();
	bad_events();
	if (n > 1) {
		yields_and_grants(n);
		notification();
		changes(n);
	}
	sleep_all(n);
}

/* What came behind it would be lost. */
static void change_to_m_is_last(void)
{
	struct syscall calls[2] = {{.num = SYS_change_to_m}, {.num = SYS_null}};

	sys_submit(calls, 2);
	EXPECT(calls[0].err == EINVAL && (calls[1].flags & SC_DONE));
}

int main(void)
{
	for (unsigned i = 0; i < procinfo->max_vcores && i < VCORES; i++) {
		struct preempt_data *vcpd = &pd->vcore_preempt_data[i];

		vcpd->vcore_entry = (unsigned long)vcore_entry;
		vcpd->vcore_stack = (unsigned long)stacks[i] + STACK - 8; /* as if called */
		ucq_init(&vcpd->ev_mbox_public);
		vcpd->ev_mbox_private.type = EV_MBOX_BITMAP;
	}
	ucq_init(&box);
	change_to_m_is_last();
	sys_call(SYS_change_to_m, 0, 0, 0, 0);
	printf("mcp_calls: change_to_m: error %d\n", errno);
	return 1;
}
