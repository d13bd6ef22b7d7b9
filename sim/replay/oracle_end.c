/* oracle_end.c - panic, and livelock.
 */
#include "sim/replay/oracle_parts.h"

#include <stdio.h>

void panic_hit(struct oracles *o, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	const struct vcpu *c = &o->machine->cores[hit->core];
	char text[128] = "";
	size_t n = 0;

	if (h->kind != PROBE_panic)
		return;
	while (n + 1 < sizeof(text) && cpu_peek(c, (uint64_t)hit->args[0] + n, &text[n], 1) &&
		text[n] != '\0' && text[n] != '\n')
		n++;
	text[n] = '\0';
	oracle_found(o, "panic", VERDICT_PANIC, hit, hit->core, "the kernel panicked on c%u%s: %s",
		hit->core, oracle_place(o, hit->core, hit->rip).at, text);
}

/* The steps of the machine since anything went on; of a program that has the probe `progress`,
 * since it got somewhere. */
void livelock_look(struct oracles *o)
{
	const struct story *s = &o->state.story;
	uint64_t now = o->machine->run.steps;

	for (unsigned i = 0; i < ORACLE_PROCESSES; i++) {
		const struct process_story *p = &s->processes[i];

		if (p->pid == 0 || p->ended || !p->in_program ||
			now - min_u64(now, p->progress_at) < o->limits.livelock)
			continue;
		if (oracle_found(o, "livelock", VERDICT_LIVELOCK, NULL, 0,
			    "%s has made no progress for %" PRIu64 " steps of the machine",
			    oracle_process(o, p->pid).at, now - p->progress_at))
			o->state.finding.pid = p->pid;
	}
}
