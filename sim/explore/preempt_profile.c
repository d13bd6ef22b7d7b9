#include "sim/explore/preempt_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* One more in a growing list. */
static void *grow(void *list, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		*room = *room != 0 ? 2 * *room : 64;
		list = realloc(list, *room * size);
		SIM_ASSERT(list != NULL);
	}
	++*count;
	return list;
}

void profile_init(struct preempt_profile *p, const struct machine *m, const char *program)
{
	*p = (struct preempt_profile){.cpu_count = m->cpu_count};
	snprintf(p->program, sizeof(p->program), "%s", program);
}

void profile_free(struct preempt_profile *p)
{
	free(p->by_core.at);
	free(p->by_vcore.at);
	free(p->spans);
	free(p->vectors);
}

/* --- places --- */

static void count_place(struct preempt_places *places, const char *probe, unsigned number)
{
	struct preempt_place *last;

	for (size_t i = 0; i < places->count; i++)
		if (places->at[i].number == number && strcmp(places->at[i].probe, probe) == 0) {
			places->at[i].times++;
			return;
		}
	places->at = grow(places->at, &places->count, &places->room, sizeof(*places->at));
	last = &places->at[places->count - 1];
	*last = (struct preempt_place){probe, number, 1};
}

/* --- spans --- */

static void span_begin(struct preempt_profile *p, unsigned core, unsigned vcoreid, uint64_t step)
{
	p->spans = grow(p->spans, &p->span_count, &p->span_room, sizeof(*p->spans));
	p->spans[p->span_count - 1] = (struct preempt_span){core, vcoreid, step, UINT64_MAX};
}

static void span_end(struct preempt_profile *p, unsigned core, uint64_t step)
{
	for (size_t i = p->span_count; i-- > 0;)
		if (p->spans[i].core == core && p->spans[i].to == UINT64_MAX) {
			p->spans[i].to = step;
			return;
		}
}

static bool is_program(const struct preempt_profile *p, const struct identity *who, int pid)
{
	return p->program[0] != '\0' && pid != 0 && identity_find(who, p->program) == pid;
}

/* --- vectors --- */

static void note_vector(struct preempt_profile *p, unsigned core, uint64_t vector)
{
	for (size_t i = 0; i < p->vector_count; i++)
		if (p->vectors[i].core == core && p->vectors[i].vector == vector)
			return;
	p->vectors = grow(p->vectors, &p->vector_count, &p->vector_room, sizeof(*p->vectors));
	p->vectors[p->vector_count - 1] = (struct preempt_vector){core, vector};
}

/* --- the run --- */

void profile_begin(struct preempt_profile *p, const struct machine *m, const struct identity *who)
{
	for (unsigned i = 0; i < m->cpu_count; i++) {
		int vcoreid, pid = identity_owner(who, i, &vcoreid);

		p->first[i] = m->cores[i].arch.step;
		if (is_program(p, who, pid))
			span_begin(p, i, (unsigned)vcoreid, p->first[i]);
	}
}

void profile_hit(struct preempt_profile *p, const struct identity *who, const struct probe_hit *hit)
{
	const char *name = hit->probe->name;

	count_place(&p->by_core, name, hit->core);
	if (is_program(p, who, hit->pid))
		count_place(&p->by_vcore, name, (unsigned)hit->vcoreid);
	if (strcmp(name, "irq") == 0 && hit->arg_count >= 1)
		note_vector(p, hit->core, (uint64_t)hit->args[0]);
	if (strcmp(name, "vcore_leave") == 0)
		span_end(p, hit->core, hit->core_step);
	if (strcmp(name, "vcore_enter") == 0 && is_program(p, who, hit->pid))
		span_begin(p, hit->core, (unsigned)hit->vcoreid, hit->core_step);
}

void profile_end(struct preempt_profile *p, const struct machine *m)
{
	for (unsigned i = 0; i < m->cpu_count; i++) {
		p->last[i] = m->cores[i].arch.step;
		span_end(p, i, p->last[i]);
	}
}
