/* oracle_event.c - lost-event: a message whose delivery was guaranteed lies in a mailbox that
 * nobody will read any more (thesis, chapter 5).
 *
 * Probes say what was posted and taken, memory whether it is really still there: a consumer on
 * another pcore can be faster than the probe behind the posting.
 */
#include "sim/replay/abi_view.h"
#include "sim/replay/oracle_parts.h"

#include <stdio.h>

static struct pending_event *find(struct oracles *o, int pid, uint64_t mailbox, uint64_t slot)
{
	for (unsigned i = 0; i < ORACLE_EVENTS; i++) {
		struct pending_event *e = &o->state.event.pending[i];

		if (e->pid == pid && (pid == 0 || (e->mailbox == mailbox && e->slot == slot)))
			return e;
	}
	return NULL;
}

static void posted(struct oracles *o, const struct probe_hit *hit)
{
	const int64_t *a = hit->args;
	struct pending_event *e = find(o, (int)a[0], (uint64_t)a[1], (uint64_t)a[2]);

	if (e != NULL) { /* a bit that was set already: one message */
		e->guaranteed |= a[5] != 0;
		return;
	}
	e = find(o, 0, 0, 0);
	if (e == NULL) {
		snprintf(o->state.overflow, sizeof(o->state.overflow), "events");
		return;
	}
	*e = (struct pending_event){
		.pid = (int32_t)a[0],
		.vcoreid = (int32_t)a[4],
		.type = (uint32_t)a[3],
		.core = hit->core,
		.guaranteed = a[5] != 0,
		.mailbox = (uint64_t)a[1],
		.slot = (uint64_t)a[2],
		.steps = hit->steps,
		.core_step = hit->core_step,
		.cycle = hit->cycle,
		.rip = hit->rip,
	};
}

static void forget_process(struct oracles *o, int pid)
{
	for (unsigned i = 0; i < ORACLE_EVENTS; i++)
		if (o->state.event.pending[i].pid == pid)
			o->state.event.pending[i].pid = 0;
}

void event_hit(struct oracles *o, const struct oracle_hit *h)
{
	const int64_t *a = h->hit->args;
	struct pending_event *e;

	switch (h->kind) {
	case PROBE_event_posted:
		posted(o, h->hit);
		break;
	case PROBE_spam_ok:
		e = find(o, (int)a[0], (uint64_t)a[3], (uint64_t)a[4]);
		if (e != NULL)
			e->guaranteed = 1;
		break;
	case PROBE_event_handled:
		e = find(o, h->hit->pid, (uint64_t)a[0], (uint64_t)a[1]);
		if (e != NULL)
			e->pid = 0;
		break;
	case PROBE_proc_ended: /* who has ended reads nothing, and misses nothing */
	case PROBE_proc_freed:
		forget_process(o, (int)a[0]);
		break;
	default:
		break;
	}
}

/* --- is it still there? --- */

static bool in_mailbox(struct oracles *o, const struct pending_event *e)
{
	struct oracle_memory of = {o, e->pid};
	struct abi_memory memory = {oracle_read_of, &of};

	return abi_mailbox_holds(&memory, e->mailbox, e->slot);
}

/* --- judgement --- */

static void describe_vcore(
	const struct oracles *o, const struct pending_event *e, char *text, size_t size)
{
	const struct vcore_story *v =
		story_vcore((struct story *)&o->state.story, e->pid, e->vcoreid);

	if (v == NULL)
		snprintf(text, size, "nobody looks there");
	else if (v->core >= 0)
		snprintf(text, size, "vcore %d is on c%d and does not look", e->vcoreid, v->core);
	else if (v->left_core < 0)
		snprintf(text, size, "vcore %d has never run", e->vcoreid);
	else
		snprintf(text, size, "vcore %d %s c%d at cycle %" PRIu64, e->vcoreid,
			v->preempted ? "was preempted on" : "gave up", v->left_core, v->left_at);
}

static void lost(struct oracles *o, const struct pending_event *e, const char *why)
{
	struct finding *f = &o->state.finding;
	char vcore[96];

	describe_vcore(o, e, vcore, sizeof(vcore));
	if (!oracle_found(o, "lost-event", VERDICT_LOST_EVENT, NULL, e->core,
		    "%s: %s, posted to %s by c%u at cycle %" PRIu64
		    "%s, was never handled: %s, and %s",
		    oracle_process(o, e->pid).at, abi_event_name(e->type),
		    e->vcoreid >= 0 ? "a vcore's mailbox" : "a mailbox of the program", e->core,
		    e->cycle, oracle_place(o, e->core, e->rip).at, vcore, why))
		return;
	f->pid = e->pid;
	f->vcores = e->vcoreid >= 0 ? BIT(e->vcoreid & 63) : 0;
	f->object = e->mailbox;
	f->steps = e->steps;
	f->core_step = e->core_step;
	f->cycle = e->cycle;
	f->rip = e->rip;
}

/* A message that lies in a vcore's mailbox tells more than one in a mailbox of the program, of
 * which it speaks; then the older one. */
static bool tells_more(const struct pending_event *a, const struct pending_event *b)
{
	if ((a->vcoreid >= 0) != (b->vcoreid >= 0))
		return a->vcoreid >= 0;
	return a->steps < b->steps;
}

/* Of those that were posted at least so many cycles ago, and are guaranteed and there. What is not
 * there was taken before the probe of its posting was reached. */
static struct pending_event *most_telling(struct oracles *o, uint64_t age)
{
	uint64_t now = oracle_now(o);
	struct pending_event *best = NULL;

	for (unsigned i = 0; i < ORACLE_EVENTS; i++) {
		struct pending_event *e = &o->state.event.pending[i];

		if (e->pid == 0 || !e->guaranteed || now - min_u64(now, e->cycle) < age ||
			(best != NULL && !tells_more(e, best)))
			continue;
		if (in_mailbox(o, e))
			best = e;
		else
			e->pid = 0;
	}
	return best;
}

void event_rest(struct oracles *o)
{
	const struct pending_event *e = most_telling(o, 0);

	if (e != NULL)
		lost(o, e, "the machine is at rest: nothing will make anybody look");
}

/* After so long without anybody getting anywhere. */
void event_look(struct oracles *o)
{
	const struct pending_event *e = most_telling(o, o->limits.patience);
	const struct process_story *p;
	uint64_t now = oracle_now(o);

	if (e == NULL)
		return;
	p = story_process(&o->state.story, e->pid);
	if (p == NULL || now - min_u64(now, p->moved_at) >= o->limits.patience)
		lost(o, e, "since then the process has got nowhere");
}
