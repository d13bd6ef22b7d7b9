/* any_code.h - runs any bytes as code, in each mode (any_tables.h), in several ways: straight, a
 * few steps at a time, and with all caches dropped before every step. The ways must not differ in
 * anything that software can see.
 *
 * Neither do marks: a fourth way asks before each instruction and each store, and stops before
 * some. And who listens to accesses to RAM changes nothing, and hears the same in all ways.
 */
#ifndef FUZZ_ANY_CODE_H
#define FUZZ_ANY_CODE_H

#include "sim/base/hash.h"
#include "tests/fuzz/any_tables.h"

#define ANY_CODE_MAX 4096

struct any_way {
	uint64_t steps;      /* in all */
	uint64_t drop_every; /* as in struct machine */
	uint64_t chunk;      /* come back after so many steps */
	uint64_t mark;       /* ask before all of it, and stop at one step in so many */
	bool listen;         /* to accesses */
	bool careful;        /* somebody watches each instruction */
	bool tso;            /* memory model */
};

/* What a way ends in. */
struct any_end {
	struct digest state;
	uint64_t heard; /* a hash of all accesses */
};

/* Stops once before one step in context->mark. */
struct any_guard {
	uint64_t mark, stopped;
};

static inline bool any_mark(void *context, struct vcpu *c)
{
	struct any_guard *g = context;

	if (c->arch.step % g->mark != 0 || g->stopped == c->arch.step + 1)
		return false;
	g->stopped = c->arch.step + 1;
	return true;
}

static inline bool any_store(void *context, struct vcpu *c, uint64_t la, uint64_t pa, unsigned size)
{
	(void)la, (void)pa, (void)size;
	return any_mark(context, c);
}

/* The code, and a little of what lies behind it. */
static inline void any_guarded(struct vcpu *c, struct any_guard *g, size_t size)
{
	for (uint64_t la = ANY_CODE; g->mark != 0 && la < ANY_CODE + size + 16; la++)
		cpu_mark(c->code, la);
	if (g->mark != 0)
		cpu_watch_stores(c->code, 0, UINT64_C(2) << 20);
	c->guard = (struct cpu_guard){.context = g, .mark = any_mark, .store = any_store};
}

struct any_program {
	enum any_mode mode;
	bool tables; /* random ones, made from the code */
	const uint8_t *code;
	size_t size;
};

static inline struct machine *any_machine_with(const struct any_program *p, bool tso)
{
	static const struct byte_sink nowhere = {.put = NULL};
	struct rng rng = rng_from(hash_bytes(p->code, p->size, 0));
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	config.machine.memory_model = tso ? MEMORY_MODEL_TSO : MEMORY_MODEL_SC;
	m = machine_create(&config, &nowhere, NULL);
	SIM_ASSERT(m != NULL);
	any_put(&m->cores[0], ANY_CODE, p->code, p->size);
	any_enter_tables(&m->cores[0], p->mode, p->tables ? &rng : NULL);
	return m;
}

static inline struct machine *any_machine(const struct any_program *p)
{
	return any_machine_with(p, false);
}

static inline struct machine *any_machine_of(enum any_mode mode, const void *code, size_t size)
{
	const struct any_program p = {.mode = mode, .code = code, .size = size};

	return any_machine(&p);
}

/* Of each access all but padding. */
static inline void any_hear(void *context, struct machine *m, const struct mem_access *a)
{
	uint64_t *heard = context;
	uint64_t all[] = {a->step, a->cycle, a->rip, a->la, a->pa, a->value, a->size, a->core,
		a->kind, a->user, a->buffered};

	(void)m;
	*heard = hash_bytes(all, sizeof(all), *heard);
}

static inline void any_look(void *context, struct vcpu *c)
{
	(void)context, (void)c;
}

static inline void any_watched(struct machine *m, const struct any_way *way, struct any_end *end)
{
	if (way->listen)
		machine_watch_accesses(
			m, (struct access_listener){.context = &end->heard, .access = any_hear});
	if (!way->careful)
		return;
	m->cores[0].watch.insn = any_look;
	cpu_watch_changed(&m->cores[0]);
}

static inline struct any_end any_run_heard(const struct any_program *p, const struct any_way *way)
{
	struct machine *m = any_machine_with(p, way->tso);
	struct any_guard guard = {way->mark, 0};
	struct run_limit limit = RUN_FREELY;
	struct any_end end = {.heard = 0};

	any_guarded(&m->cores[0], &guard, p->size);
	any_watched(m, way, &end);
	m->drop_every = way->drop_every;
	for (limit.steps = 0; limit.steps < way->steps;) {
		limit.steps = min_u64(way->steps, limit.steps + way->chunk);
		if (machine_run(m, &limit).why != STOP_STEPS)
			break;
	}
	end.state = machine_digest(m);
	machine_destroy(m);
	return end;
}

static inline struct digest any_run(const struct any_program *p, const struct any_way *way)
{
	return any_run_heard(p, way).state;
}

/* The same accesses are heard in all ways, and hearing them changes nothing. */
static inline bool any_code_sounds_same(
	const struct any_program *p, uint64_t steps, uint64_t chunk, bool tso)
{
	const struct any_way ways[] = {
		{.steps = steps, .chunk = steps},
		{.steps = steps, .chunk = steps, .listen = true},
		{.steps = steps, .chunk = chunk, .drop_every = 1, .listen = true},
		{.steps = steps, .chunk = steps, .careful = true, .listen = true},
		{.steps = steps, .chunk = steps, .mark = 3, .listen = true},
	};
	struct any_end end[ARRAY_LEN(ways)];

	for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
		struct any_way way = ways[i];

		way.tso = tso;
		end[i] = any_run_heard(p, &way);
		if (!digest_equal(end[0].state, end[i].state) ||
			(i > 1 && end[1].heard != end[i].heard))
			return false;
	}
	return true;
}

/* The first byte chooses mode and tables, the second the chunks, the others are the code. */
static inline bool any_code_same(const uint8_t *data, size_t size, uint64_t steps)
{
	const struct any_program p = {
		(enum any_mode)(data[0] % ANY_MODES), data[0] / ANY_MODES % 2, data + 2, size - 2};
	const uint64_t marks[] = {1, 2, 3, 1000};
	const struct any_way ways[] = {
		{.steps = steps, .chunk = 1 + data[1] % 7},
		{.steps = steps, .chunk = steps, .drop_every = 1},
		{.steps = steps,
			.chunk = data[1] % 3 == 0 ? 1u + data[1] % 5 : steps,
			.mark = marks[data[1] % ARRAY_LEN(marks)],
			.drop_every = data[1] / 16 % 2},
	};
	const struct any_way straight = {.steps = steps, .chunk = steps};
	struct digest want = any_run(&p, &straight);

	for (unsigned i = 0; i < ARRAY_LEN(ways); i++)
		if (!digest_equal(want, any_run(&p, &ways[i])))
			return false;
	return any_code_sounds_same(&p, steps, 1 + data[1] % 7, data[1] / 32 % 2);
}

#endif
