#include "sim/litmus/explore.h"

#include <stdlib.h>

#include "sim/base/hash.h"
#include "sim/machine/machine.h"

#define TABLES     UINT64_C(0x10000) /* page tables: the first 4 MiB, by pages of 2 MiB */
#define CODE       UINT64_C(0x100000)
#define STATES_MAX 10000000

struct visited {
	size_t room, count;
	struct digest *at; /* open addressing; {0, 0} is free */
};

/* What distinguishes two states of a test. */
struct core_shot {
	struct core_state arch;
	struct store_buffer stores;
};

struct shot {
	struct core_shot core[LITMUS_THREADS];
	uint8_t memory[LITMUS_LOCATIONS][8];
};

struct litmus_explorer {
	struct machine *m;
	const struct litmus_test *test;
	const struct litmus_code *code;
	struct litmus_outcomes *outcomes;
	struct visited visited;
	struct error *e;
};

/* --- the machine --- */

static void write_entry(struct machine *m, uint64_t pa, uint64_t entry)
{
	if (!phys_write(&m->mem, pa, &entry, sizeof(entry)))
		SIM_ASSERT(!"the machine has that memory");
}

static void map_memory(struct machine *m)
{
	uint64_t table = PTE_P | PTE_W | PTE_U | PTE_A;

	write_entry(m, TABLES, (TABLES + PAGE_SIZE) | table);
	write_entry(m, TABLES + PAGE_SIZE, (TABLES + 2 * PAGE_SIZE) | table);
	for (uint64_t i = 0; i < 2; i++)
		write_entry(m, TABLES + 2 * PAGE_SIZE + 8 * i, i << 21 | table | PTE_D | PTE_PS);
}

static void sink_nothing(void *context, uint8_t byte)
{
	(void)context, (void)byte;
}

struct litmus_explorer *litmus_explorer_create(enum memory_model model, struct error *e)
{
	struct litmus_explorer *x = calloc(1, sizeof(*x));
	struct byte_sink sink = {.put = sink_nothing};
	struct config config;

	if (x == NULL) {
		fail(e, "the host has no memory for a search");
		return NULL;
	}
	config_defaults(&config);
	config.machine.cpus = LITMUS_THREADS;
	config.machine.memory_mib = 4;
	config.machine.memory_model = model;
	config.tso.drain = UINT32_MAX; /* stores leave when the search says so */
	x->m = machine_create(&config, &sink, e);
	if (x->m == NULL) {
		free(x);
		return NULL;
	}
	map_memory(x->m);
	return x;
}

void litmus_explorer_destroy(struct litmus_explorer *x)
{
	if (x == NULL)
		return;
	machine_destroy(x->m);
	free(x->visited.at);
	free(x);
}

static uint64_t code_of(unsigned thread)
{
	return CODE + thread * PAGE_SIZE;
}

/* 64-bit mode, CPL 0, interrupts off. */
static void start_core(const struct litmus_test *t, unsigned thread, struct vcpu *c)
{
	const struct segment flat = {.limit = UINT32_MAX, .selector = 16, .attr = 0xc093};
	struct core_state *a = &c->arch;

	for (unsigned i = 0; i <= GS; i++)
		a->seg[i] = flat;
	a->seg[CS] = (struct segment){.limit = UINT32_MAX, .selector = 8, .attr = 0xa09b};
	a->idtr.limit = 0;
	a->cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE | CR0_WP;
	a->cr3 = TABLES;
	a->cr4 = CR4_PAE | CR4_OSFXSR;
	a->efer = EFER_LME | EFER_LMA;
	a->rflags = RFLAGS_ONE;
	a->activity = ACTIVITY_RUNNING;
	a->step = a->insns = a->cycle = 0;
	a->rip = code_of(thread);
	for (unsigned r = 0; r < 16; r++)
		a->gpr[r] = litmus_initial_register(t, thread, r);
	stores_drain(&c->mmu.stores, c->mmu.mem);
	c->mmu.stores.first = 0;
	cpu_state_changed(c);
}

static void start(struct litmus_explorer *x)
{
	const struct litmus_test *t = x->test;

	for (unsigned i = 0; i < t->thread_count; i++) {
		start_core(t, i, &x->m->cores[i]);
		if (!phys_write(&x->m->mem, code_of(i), x->code->thread[i].bytes, LITMUS_CODE))
			SIM_ASSERT(!"the machine has that memory");
	}
	for (unsigned i = 0; i < t->location_count; i++)
		write_entry(x->m, litmus_address(i), (uint64_t)litmus_initial_value(t, i));
}

/* --- states --- */

static void take(const struct litmus_explorer *x, struct shot *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < x->test->thread_count; i++) {
		const struct vcpu *c = &x->m->cores[i];

		s->core[i] = (struct core_shot){c->arch, c->mmu.stores};
	}
	for (unsigned i = 0; i < x->test->location_count; i++)
		if (!phys_read(&x->m->mem, litmus_address(i), s->memory[i], 8))
			SIM_ASSERT(!"the machine has that memory");
}

static void go_back(struct litmus_explorer *x, const struct shot *s)
{
	for (unsigned i = 0; i < x->test->thread_count; i++) {
		struct vcpu *c = &x->m->cores[i];

		c->arch = s->core[i].arch;
		c->mmu.stores = s->core[i].stores;
		cpu_state_changed(c);
	}
	for (unsigned i = 0; i < x->test->location_count; i++)
		if (!phys_write(&x->m->mem, litmus_address(i), s->memory[i], 8))
			SIM_ASSERT(!"the machine has that memory");
}

/* How often and when something happened makes no other state. */
static struct digest digest_of(const struct litmus_explorer *x, const struct shot *s)
{
	struct digest parts[LITMUS_THREADS + 1];
	unsigned count = 0;

	for (; count < x->test->thread_count; count++) {
		struct core_shot core = s->core[count];

		core.arch.step = core.arch.insns = core.arch.cycle = core.arch.committed = 0;
		core.stores.first = 0;
		for (unsigned i = 0; i < STORE_ENTRIES; i++) {
			core.stores.entry[i] =
				s->core[count].stores.entry[(s->core[count].stores.first + i) %
							    STORE_ENTRIES];
			core.stores.entry[i].due = 0;
		}
		parts[count] = digest_bytes(&core, sizeof(core), count);
	}
	parts[count++] = digest_bytes(s->memory, sizeof(s->memory), 0);
	return digest_bytes(parts, count * sizeof(parts[0]), 0);
}

static void visited_grow(struct visited *v);

/* True if it is new. */
static bool visit_once(struct visited *v, struct digest d)
{
	size_t i;

	d.low |= 1; /* never that of a free place */
	if (2 * v->count >= v->room)
		visited_grow(v);
	for (i = d.low / 2 % v->room; v->at[i].low != 0; i = (i + 1) % v->room)
		if (digest_equal(v->at[i], d))
			return false;
	v->at[i] = d;
	v->count++;
	return true;
}

static void visited_grow(struct visited *v)
{
	struct visited old = *v;

	v->room = old.room == 0 ? 4096 : 2 * old.room;
	v->count = 0;
	v->at = calloc(v->room, sizeof(*v->at));
	SIM_ASSERT(v->at != NULL);
	for (size_t i = 0; i < old.room; i++)
		if (old.at[i].low != 0)
			visit_once(v, old.at[i]);
	free(old.at);
}

/* --- the search --- */

static bool has_ended(const struct litmus_explorer *x, unsigned thread)
{
	return x->m->cores[thread].arch.rip == code_of(thread) + x->code->thread[thread].size;
}

static bool make_step(struct litmus_explorer *x, unsigned thread)
{
	struct vcpu *c = &x->m->cores[thread];
	uint64_t step = c->arch.step;
	enum cpu_stop why = cpu_run(c, UINT64_MAX, 1);

	if (why == CPU_EXCLUSIVE)
		why = cpu_step_exclusive(c);
	if (why == CPU_LIMIT && c->arch.step == step + 1 &&
		c->arch.rip - code_of(thread) <= LITMUS_CODE)
		return true;
	return fail(x->e,
		"%s: P%u: at byte %" PRIu64 " of its code: expected instructions that "
		"neither fault nor halt nor leave the test",
		x->test->file, thread, c->arch.rip - code_of(thread));
}

static void add_outcome(struct litmus_explorer *x, const struct shot *s)
{
	int64_t outcome[LITMUS_SEEN];

	for (unsigned i = 0; i < x->test->seen_count; i++) {
		const struct litmus_seen *seen = &x->test->seen[i];

		outcome[i] = 0;
		if (seen->thread < 0)
			memcpy(&outcome[i], s->memory[seen->number],
				x->test->location[seen->number].size);
		else
			outcome[i] = (int64_t)s->core[seen->thread].arch.gpr[seen->number];
	}
	outcomes_add(x->outcomes, outcome);
}

static bool search(struct litmus_explorer *x);

/* Goes on from the state after a step of the thread, and from that after a store of it left. */
static bool search_from(
	struct litmus_explorer *x, const struct shot *here, unsigned thread, bool *moved)
{
	struct vcpu *c = &x->m->cores[thread];

	if (!has_ended(x, thread)) {
		*moved = true;
		if (!make_step(x, thread) || !search(x))
			return false;
		go_back(x, here);
	}
	if (c->mmu.stores.count != 0) {
		*moved = true;
		stores_leave(&c->mmu.stores, &x->m->mem);
		if (!search(x))
			return false;
		go_back(x, here);
	}
	return true;
}

static bool search(struct litmus_explorer *x)
{
	struct shot *here = malloc(sizeof(*here));
	bool moved = false, good = true;

	SIM_ASSERT(here != NULL);
	take(x, here);
	if (x->visited.count >= STATES_MAX) {
		good = fail(x->e, "%s: expected at most %d states", x->test->file, STATES_MAX);
	} else if (visit_once(&x->visited, digest_of(x, here))) {
		for (unsigned i = 0; good && i < x->test->thread_count; i++)
			good = search_from(x, here, i, &moved);
		if (good && !moved)
			add_outcome(x, here);
	}
	free(here);
	return good;
}

bool litmus_explore(struct litmus_explorer *x, const struct litmus_test *t,
	const struct litmus_code *code, struct litmus_outcomes *o, uint64_t *states,
	struct error *e)
{
	bool good;

	x->test = t;
	x->code = code;
	x->outcomes = o;
	x->e = e;
	if (x->visited.room != 0)
		memset(x->visited.at, 0, x->visited.room * sizeof(*x->visited.at));
	x->visited.count = 0;
	start(x);
	good = search(x);
	*states = x->visited.count;
	return good;
}
