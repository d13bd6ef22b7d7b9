/* preempt_parts.h - what a first run was like, from which forcings are drawn. Only for
 * sim/explore/preempt*.c.
 */
#ifndef EXPLORE_PREEMPT_PARTS_H
#define EXPLORE_PREEMPT_PARTS_H

#include "sim/base/rng.h"
#include "sim/explore/strategy.h"

/* A probe that a stream has reached so many times. */
struct preempt_place {
	const char *probe;
	unsigned number; /* of the pcore, or of the vcore */
	uint64_t times;
};

struct preempt_places {
	size_t count, room;
	struct preempt_place *at; /* in the order in which they were first reached */
};

/* A vcore of the program on a pcore: the pcore's steps from `from` up to before `to`. */
struct preempt_span {
	unsigned core, vcoreid;
	uint64_t from, to;
};

struct preempt_vector {
	unsigned core;
	uint64_t vector;
};

struct preempt_profile {
	char program[SCHEDULE_NAME]; /* "" : none */
	unsigned cpu_count;
	uint64_t first[MACHINE_CPUS_MAX], last[MACHINE_CPUS_MAX]; /* steps */
	struct preempt_places by_core, by_vcore;
	size_t span_count, span_room;
	struct preempt_span *spans;
	size_t vector_count, vector_room;
	struct preempt_vector *vectors; /* interrupts, each once */
};

void profile_init(struct preempt_profile *p, const struct machine *m, const char *program);
void profile_free(struct preempt_profile *p);

/* The run begins, goes on, and ends. */
void profile_begin(struct preempt_profile *p, const struct machine *m, const struct identity *who);
void profile_hit(
	struct preempt_profile *p, const struct identity *who, const struct probe_hit *hit);
void profile_end(struct preempt_profile *p, const struct machine *m);

/* All forcings of a run. */
void profile_draw(const struct preempt_profile *p, const struct strategy_options *o, struct rng *r,
	struct schedule *s);

#endif
