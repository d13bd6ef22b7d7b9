/* oracle_run.c - double-run: one context on two pcores; and the invariants of who is mapped where.
 */
#include "sim/replay/oracle_parts.h"

#include <stdio.h>

static void concerns(struct oracles *o, int pid, uint64_t vcores, int other_core)
{
	struct finding *f = &o->state.finding;

	f->pid = pid;
	f->vcores = vcores;
	if (other_core >= 0)
		f->cores |= BIT(other_core);
}

static void vcore_enters(struct oracles *o, const struct probe_hit *hit)
{
	const struct vcore_story *v = story_vcore(&o->state.story, (int)hit->args[0], hit->args[1]);

	if (v == NULL || v->core < 0 || v->core == (int32_t)hit->core)
		return;
	if (oracle_found(o, "double-run", VERDICT_DOUBLE_RUN, hit, hit->core,
		    "%s: vcore %" PRId64 " begins to run on c%u%s while c%d still runs it",
		    oracle_process(o, (int)hit->args[0]).at, hit->args[1], hit->core,
		    oracle_place(o, hit->core, hit->rip).at, v->core))
		concerns(o, (int)hit->args[0], BIT(hit->args[1]), v->core);
}

/* A vcore begins to run this uthread, or goes on with it: no other that is on a core may. */
static void uthread_runs(
	struct oracles *o, const struct probe_hit *hit, int pid, int64_t vcoreid, uint64_t uthread)
{
	struct process_story *p = story_process(&o->state.story, pid);

	for (unsigned i = 0; p != NULL && uthread != 0 && i < ORACLE_VCORES; i++) {
		const struct vcore_story *v = &p->vcores[i];

		if ((int64_t)i == vcoreid || v->core < 0 || v->uthread != uthread)
			continue;
		if (oracle_found(o, "double-run", VERDICT_DOUBLE_RUN, hit, hit->core,
			    "%s: vcore %" PRId64 " runs uthread %#" PRIx64
			    " on c%u%s while vcore %u runs it on c%d",
			    oracle_process(o, pid).at, vcoreid, uthread, hit->core,
			    oracle_place(o, hit->core, hit->rip).at, i, v->core)) {
			concerns(o, pid, BIT(i) | BIT(vcoreid & 63), v->core);
			o->state.finding.object = uthread;
		}
	}
}

void double_run_hit(struct oracles *o, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	const struct vcore_story *v;

	if (h->kind == PROBE_uthread_run)
		uthread_runs(o, hit, hit->pid, hit->args[1], (uint64_t)hit->args[0]);
	if (h->kind != PROBE_vcore_enter)
		return;
	vcore_enters(o, hit);
	v = story_vcore(&o->state.story, (int)hit->args[0], hit->args[1]);
	if (v != NULL && hit->args[2] == 0)
		uthread_runs(o, hit, (int)hit->args[0], hit->args[1], v->uthread);
}

/* --- invariants --- */

void preempt_count_hit(struct oracles *o, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	const struct vcore_story *v;

	if (h->kind != PROBE_preempt_done)
		return;
	v = story_vcore(&o->state.story, (int)hit->args[0], hit->args[1]);
	if (v == NULL || (int32_t)(v->preempts_sent - (uint32_t)hit->args[2]) >= 0)
		return;
	if (oracle_found(o, "preempt-count", VERDICT_INVARIANT, hit, hit->core,
		    "%s: vcore %" PRId64 " has %" PRId64 " preemptions done but only %u sent%s",
		    oracle_process(o, (int)hit->args[0]).at, hit->args[1], hit->args[2],
		    v->preempts_sent, oracle_place(o, hit->core, hit->rip).at))
		concerns(o, (int)hit->args[0], BIT(hit->args[1]), -1);
}

/* Who, according to the probes so far, is mapped there. The maps are the kernel's; the story holds
 * what was last said about each vcore. */
void one_pcore_hit(struct oracles *o, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	struct vcore_story *v;

	if (h->kind != PROBE_vcore_mapped && h->kind != PROBE_vcore_unmapped)
		return;
	v = story_vcore(&o->state.story, (int)hit->args[0], hit->args[1]);
	if (v == NULL)
		return;
	if (h->kind == PROBE_vcore_unmapped) {
		v->mapped_to = -1;
		return;
	}
	if (v->mapped_to >= 0 && v->mapped_to != hit->args[2] &&
		oracle_found(o, "one-pcore", VERDICT_INVARIANT, hit, hit->core,
			"%s: vcore %" PRId64 " is mapped to c%" PRId64
			"%s while it is mapped to c%d",
			oracle_process(o, (int)hit->args[0]).at, hit->args[1], hit->args[2],
			oracle_place(o, hit->core, hit->rip).at, v->mapped_to))
		concerns(o, (int)hit->args[0], BIT(hit->args[1]), v->mapped_to);
	v->mapped_to = (int32_t)hit->args[2];
}
