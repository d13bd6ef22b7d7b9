/* oracle_wakeup.c - lost-wakeup: a pcore sleeps though a kernel message was sent to it before.
 */
#include "sim/replay/oracle_parts.h"

static bool sleeps(const struct oracles *o, unsigned core)
{
	uint64_t activity = o->machine->cores[core].arch.activity;

	return activity == ACTIVITY_HALTED || activity == ACTIVITY_MWAIT;
}

static void lost(struct oracles *o, unsigned core, const char *why)
{
	const struct core_story *c = &o->state.story.cores[core];
	const struct core_state *arch = &o->machine->cores[core].arch;

	oracle_found(o, "lost-wakeup", VERDICT_LOST_WAKEUP, NULL, core,
		"c%u sleeps%s since cycle %" PRIu64 " with %" PRId64
		" kernel message%s in its queue (the last one: %s), and %s",
		core, oracle_place(o, core, arch->rip).at, arch->cycle, c->messages,
		c->messages == 1 ? "" : "s", oracle_function(o, c->last_function).at, why);
}

void wakeup_rest(struct oracles *o)
{
	for (unsigned i = 0; i < o->machine->cpu_count; i++)
		if (o->state.story.cores[i].messages > 0 && sleeps(o, i))
			lost(o, i, "nothing is due that would wake it");
}

void wakeup_look(struct oracles *o)
{
	uint64_t now = oracle_now(o);

	for (unsigned i = 0; i < o->machine->cpu_count; i++) {
		uint64_t since = max_u64(o->machine->cores[i].arch.cycle, o->state.story.held_at);

		if (o->state.story.cores[i].messages > 0 && sleeps(o, i) &&
			now - min_u64(now, since) >= o->limits.patience)
			lost(o, i, "nothing has woken it");
	}
}
