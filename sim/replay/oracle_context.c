/* oracle_context.c - context-corrupt: what a vcore goes on with is not what was saved of it.
 *
 * __startcore and __set_curctx wait until the preemptions sent before are done (akaros-facts 1 and
 * 5); whoever does not, reads a context that is still being written, or the one before it.
 */
#include "sim/base/hash.h"
#include "sim/replay/abi_view.h"
#include "sim/replay/oracle_parts.h"

#include <stdio.h>

#define CONTEXT_MAX 2048

static bool context_hash(const struct oracles *o, const struct probe_hit *hit, uint64_t *hash)
{
	uint8_t bytes[CONTEXT_MAX];
	uint64_t size = (uint64_t)hit->args[3];

	if (size > sizeof(bytes) || !cpu_peek(&o->machine->cores[hit->core], (uint64_t)hit->args[2],
					    bytes, (unsigned)size))
		return false;
	*hash = hash_bytes(bytes, size, 0);
	return true;
}

static void concerns(struct oracles *o, const struct probe_hit *hit, const struct vcore_story *v)
{
	struct finding *f = &o->state.finding;

	f->pid = (int)hit->args[0];
	f->vcores = BIT(hit->args[1]);
	f->object = (uint64_t)hit->args[2];
	if (v->left_core >= 0)
		f->cores |= BIT(v->left_core);
	if (v->core >= 0)
		f->cores |= BIT(v->core);
}

static void saved(struct oracles *o, const struct probe_hit *hit, struct saved_context *c)
{
	if (!context_hash(o, hit, &c->hash)) {
		snprintf(o->state.overflow, sizeof(o->state.overflow), "contexts");
		return;
	}
	c->address = (uint64_t)hit->args[2];
	c->size = (uint64_t)hit->args[3];
	c->saved_at = hit->cycle;
	c->saved = c->ever = 1;
}

/* As the process sees it, since the probe that tells comes later; that has to do where there is no
 * procinfo. */
static uint32_t preempts_done(
	const struct oracles *o, const struct probe_hit *hit, const struct vcore_story *v)
{
	struct oracle_memory of = {o, (int)hit->args[0]};
	const struct abi_memory memory = {oracle_read_of, &of};
	uint32_t done;

	return abi_preempts_done(&memory, (unsigned)hit->args[1], &done) ? done : v->preempts_done;
}

/* Too early: the save that the pcore should have waited for is not done. The vcore may have been
 * mapped again meanwhile, and more preemptions sent: what counts is what was sent before this start
 * was decided. */
static bool restored_early(
	struct oracles *o, const struct probe_hit *hit, const struct vcore_story *v)
{
	const struct core_story *here = &o->state.story.cores[hit->core];
	uint32_t done = preempts_done(o, hit, v);

	if (here->start_pid != (int)hit->args[0] || here->start_vcoreid != (int)hit->args[1] ||
		(int32_t)(done - here->start_needs) >= 0)
		return false;
	if (oracle_found(o, "context-corrupt", VERDICT_CONTEXT_CORRUPT, hit, hit->core,
		    "%s: vcore %" PRId64 "'s context is restored on c%u%s while preemption %u of "
		    "it, sent before, is not done (done: %u)",
		    oracle_process(o, (int)hit->args[0]).at, hit->args[1], hit->core,
		    oracle_place(o, hit->core, hit->rip).at, here->start_needs, done))
		concerns(o, hit, v);
	return true;
}

static void restored(struct oracles *o, const struct probe_hit *hit, const struct vcore_story *v,
	struct saved_context *c)
{
	const char *what = NULL;
	uint64_t hash = 0;

	if (restored_early(o, hit, v) || !c->ever || c->address != (uint64_t)hit->args[2] ||
		c->size != (uint64_t)hit->args[3])
		return;
	if (!c->saved)
		what = "it was restored before and not saved since";
	else if (!context_hash(o, hit, &hash) || hash != c->hash)
		what = "its bytes are not those that were saved there";
	if (what != NULL &&
		oracle_found(o, "context-corrupt", VERDICT_CONTEXT_CORRUPT, hit, hit->core,
			"%s: vcore %" PRId64 "'s context at %#" PRIx64
			" is restored on c%u%s, but %s (saved at cycle %" PRIu64 ")",
			oracle_process(o, (int)hit->args[0]).at, hit->args[1], c->address,
			hit->core, oracle_place(o, hit->core, hit->rip).at, what, c->saved_at))
		concerns(o, hit, v);
	c->saved = 0;
}

void context_hit(struct oracles *o, const struct oracle_hit *h)
{
	struct story *s = &o->state.story;
	struct process_story *p;
	struct saved_context *c;
	struct vcore_story *v;

	if (h->kind != PROBE_ctx_saved && h->kind != PROBE_ctx_restored)
		return;
	p = story_process(s, (int)h->hit->args[0]);
	v = story_vcore(s, (int)h->hit->args[0], h->hit->args[1]);
	if (v == NULL)
		return;
	c = &o->state.context.contexts[story_slot(s, p)][h->hit->args[1]];
	if (h->kind == PROBE_ctx_saved)
		saved(o, h->hit, c);
	else
		restored(o, h->hit, v, c);
}
