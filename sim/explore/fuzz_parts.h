/* fuzz_parts.h - what a first run was like, from which forcings are drawn. Only for
 * sim/explore/fuzz*.c.
 */
#ifndef EXPLORE_FUZZ_PARTS_H
#define EXPLORE_FUZZ_PARTS_H

#include "sim/base/rng.h"
#include "sim/explore/fuzz.h"

/* A probe that a stream has reached so many times. */
struct fuzz_place {
	const char *probe;
	unsigned number; /* of the pcore, or of the vcore */
	uint64_t times;
};

struct fuzz_places {
	size_t count, room;
	struct fuzz_place *at; /* in the order in which they were first reached */
};

/* A vcore of the program on a pcore: the pcore's steps from `from` up to before `to`. */
struct fuzz_span {
	unsigned core, vcoreid;
	uint64_t from, to;
};

struct fuzz_vector {
	unsigned core;
	uint64_t vector;
};

struct fuzz_profile {
	char program[SCHEDULE_NAME]; /* "" : none */
	unsigned cpu_count;
	uint64_t first[MACHINE_CPUS_MAX], last[MACHINE_CPUS_MAX]; /* steps */
	struct fuzz_places by_core, by_vcore;
	size_t span_count, span_room;
	struct fuzz_span *spans;
	size_t vector_count, vector_room;
	struct fuzz_vector *vectors; /* interrupts, each once */
};

struct fuzz {
	struct testbed *bed;
	struct fuzz_options options;
	struct fuzz_profile profile;
};

void profile_init(struct fuzz_profile *p, const struct machine *m, const char *program);
void profile_free(struct fuzz_profile *p);

/* The run begins, goes on, and ends. */
void profile_begin(struct fuzz_profile *p, const struct machine *m, const struct identity *who);
void profile_hit(struct fuzz_profile *p, const struct identity *who, const struct probe_hit *hit);
void profile_end(struct fuzz_profile *p, const struct machine *m);

/* All forcings of a run. */
void profile_draw(const struct fuzz_profile *p, const struct fuzz_options *o, struct rng *r,
	struct schedule *s);

#endif
