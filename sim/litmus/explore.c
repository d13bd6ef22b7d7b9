#include "sim/litmus/explore.h"

#include <stdlib.h>

#include "sim/base/hash.h"
#include "sim/machine/machine.h"
#include "sim/mmu/memory_type.h"

/* The first 2 MiB are a page, the next, with the locations, are 512, and the local APIC's is one.
 */
enum table { TABLE_4, TABLE_3, TABLE_LOW, TABLE_HIGH, TABLE_PAGES };

#define TABLES     UINT64_C(0x10000)
#define GDT        UINT64_C(0x18000)
#define IDT        UINT64_C(0x20000)  /* a page a thread, since handlers differ */
#define STACK      UINT64_C(0x30000)  /* likewise */
#define CODE       UINT64_C(0x100000) /* likewise */
#define HANDLER    (PAGE_SIZE / 2)    /* behind the code */
#define LOCATIONS  UINT64_C(0x200000)
#define FRAME      40 /* bytes that an interrupt pushes */
#define STATES_MAX 10000000

#define SELECTOR_CODE 8
#define SELECTOR_DATA 16
#define SVR           0x1ff /* the local APIC is on */

struct visited {
	size_t room, count;
	struct digest *at; /* open addressing; {0, 0} is free */
};

/* What distinguishes two states of a test. */
struct core_shot {
	struct core_state arch;
	struct store_buffer stores;
	struct lapic_state lapic;
	uint8_t frame[FRAME];
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

static void put(struct machine *m, uint64_t pa, const void *data, size_t size)
{
	if (!phys_write(&m->mem, pa, data, (unsigned)size))
		SIM_ASSERT(!"the machine has that memory");
}

static void get(struct machine *m, uint64_t pa, void *data, size_t size)
{
	if (!phys_read(&m->mem, pa, data, (unsigned)size))
		SIM_ASSERT(!"the machine has that memory");
}

static void write_word(struct machine *m, uint64_t pa, uint64_t word)
{
	put(m, pa, &word, sizeof(word));
}

static uint64_t table(enum table which)
{
	return TABLES + which * PAGE_SIZE;
}

static void map(struct machine *m, enum table which, uint64_t index, uint64_t entry)
{
	write_word(m, table(which) + 8 * index, entry | PTE_P | PTE_W | PTE_U | PTE_A);
}

/* SDM "Segment Descriptors", "64-Bit Mode IDT": flat code and data. */
static void map_memory(struct machine *m)
{
	map(m, TABLE_4, 0, table(TABLE_3));
	map(m, TABLE_3, 0, table(TABLE_LOW));
	map(m, TABLE_3, LITMUS_APIC_PAGE >> 30, table(TABLE_HIGH));
	map(m, TABLE_LOW, 0, PTE_D | PTE_PS);
	map(m, TABLE_LOW, 1, table(TABLE_PAGES));
	map(m, TABLE_HIGH, LITMUS_APIC_PAGE >> 21 & 511,
		(LITMUS_APIC_PAGE & ~(BIT(21) - 1)) | PTE_D | PTE_PS | PTE_PCD | PTE_PWT);
	write_word(m, GDT + SELECTOR_CODE, UINT64_C(0x00af9b000000ffff));
	write_word(m, GDT + SELECTOR_DATA, UINT64_C(0x00cf93000000ffff));
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

/* Right below it is the frame of an interrupt. */
static uint64_t stack_of(unsigned thread)
{
	return STACK + (thread + 1) * PAGE_SIZE;
}

/* As firmware leaves them, and a range for each location that is uncached by one. */
static void set_ranges(const struct litmus_test *t, struct core_state *a)
{
	unsigned n = 0;

	a->mtrr_def_type = BIT(11) | MEMORY_WB;
	memset(a->mtrr_mask, 0, sizeof(a->mtrr_mask));
	for (unsigned i = 0; i < t->location_count; i++) {
		if (t->location[i].caching != LITMUS_UNCACHED_RANGE)
			continue;
		SIM_ASSERT(n < ARRAY_LEN(a->mtrr_base));
		a->mtrr_base[n] = litmus_address(i) | MEMORY_UC;
		a->mtrr_mask[n++] = (BIT(PHYS_ADDRESS_BITS) - PAGE_SIZE) | BIT(11);
	}
}

static void start_lapic(const struct litmus_test *t, unsigned thread, struct lapic *l)
{
	lapic_reset(l);
	if (!litmus_has_xapic(t))
		l->state.base |= APIC_BASE_EXTD;
	if (t->has_handler[thread])
		l->state.svr = SVR;
	lapic_state_changed(l);
}

/* 64-bit mode, CPL 0; interrupts are on where there is a handler. */
static void start_core(const struct litmus_test *t, unsigned thread, struct vcpu *c)
{
	const struct segment flat = {
		.limit = UINT32_MAX, .selector = SELECTOR_DATA, .attr = 0xc093};
	struct core_state *a = &c->arch;

	for (unsigned i = 0; i <= GS; i++)
		a->seg[i] = flat;
	a->seg[CS] =
		(struct segment){.limit = UINT32_MAX, .selector = SELECTOR_CODE, .attr = 0xa09b};
	a->gdtr = (struct table_register){.base = GDT, .limit = SELECTOR_DATA + 7};
	a->idtr = (struct table_register){.base = IDT + thread * PAGE_SIZE, .limit = PAGE_SIZE - 1};
	a->cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE | CR0_WP;
	a->cr3 = TABLES;
	a->cr4 = CR4_PAE | CR4_OSFXSR;
	a->efer = EFER_LME | EFER_LMA;
	a->rflags = RFLAGS_ONE | (t->has_handler[thread] ? RFLAGS_IF : 0);
	a->activity = ACTIVITY_RUNNING;
	a->step = a->insns = a->cycle = 0;
	a->rip = code_of(thread);
	for (unsigned r = 0; r < 16; r++)
		a->gpr[r] = litmus_initial_register(t, thread, r);
	if (t->has_handler[thread])
		a->gpr[RSP] = stack_of(thread);
	set_ranges(t, a);
	stores_drain(&c->mmu.stores, c->mmu.mem);
	c->mmu.stores.first = 0;
	mmu_flush_all(&c->mmu);
	cpu_state_changed(c);
}

static void place_code(struct litmus_explorer *x, unsigned thread)
{
	uint64_t handler = code_of(thread) + HANDLER;
	uint64_t gate = IDT + thread * PAGE_SIZE + LITMUS_VECTOR * UINT64_C(16);

	put(x->m, code_of(thread), x->code->thread[thread].bytes, LITMUS_CODE);
	put(x->m, handler, x->code->handler[thread].bytes, LITMUS_CODE);
	write_word(x->m, gate,
		(handler & 0xffff) | SELECTOR_CODE << 16 | UINT64_C(0x8e00) << 32 |
			handler >> 16 << 48);
}

static void start(struct litmus_explorer *x)
{
	const struct litmus_test *t = x->test;

	for (unsigned i = 0; i < t->location_count; i++) {
		bool uncached = t->location[i].caching == LITMUS_UNCACHED;

		map(x->m, TABLE_PAGES, (litmus_address(i) - LOCATIONS) / PAGE_SIZE,
			litmus_address(i) | PTE_D | (uncached ? PTE_PCD | PTE_PWT : 0));
		write_word(x->m, litmus_address(i), (uint64_t)litmus_initial_value(t, i));
	}
	for (unsigned i = 0; i < t->thread_count; i++) {
		start_lapic(t, i, &x->m->lapics[i]);
		start_core(t, i, &x->m->cores[i]);
		place_code(x, i);
	}
}

/* --- states --- */

static void take(const struct litmus_explorer *x, struct shot *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < x->test->thread_count; i++) {
		const struct vcpu *c = &x->m->cores[i];

		s->core[i].arch = c->arch;
		s->core[i].stores = c->mmu.stores;
		s->core[i].lapic = x->m->lapics[i].state;
		get(x->m, stack_of(i) - FRAME, s->core[i].frame, FRAME);
	}
	for (unsigned i = 0; i < x->test->location_count; i++)
		get(x->m, litmus_address(i), s->memory[i], 8);
}

static void go_back(struct litmus_explorer *x, const struct shot *s)
{
	for (unsigned i = 0; i < x->test->thread_count; i++) {
		struct vcpu *c = &x->m->cores[i];

		c->arch = s->core[i].arch;
		c->mmu.stores = s->core[i].stores;
		x->m->lapics[i].state = s->core[i].lapic;
		lapic_state_changed(&x->m->lapics[i]);
		cpu_state_changed(c);
		put(x->m, stack_of(i) - FRAME, s->core[i].frame, FRAME);
	}
	for (unsigned i = 0; i < x->test->location_count; i++)
		put(x->m, litmus_address(i), s->memory[i], 8);
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

static bool is_in_code(const struct litmus_explorer *x, unsigned thread)
{
	uint64_t at = x->m->cores[thread].arch.rip - code_of(thread);

	return at <= LITMUS_CODE || at - HANDLER < x->code->handler[thread].size;
}

static bool make_step(struct litmus_explorer *x, unsigned thread)
{
	struct vcpu *c = &x->m->cores[thread];
	uint64_t step = c->arch.step;
	enum cpu_stop why = cpu_run(c, UINT64_MAX, 1);

	if (why == CPU_EXCLUSIVE)
		why = cpu_step_exclusive(c);
	if (why == CPU_LIMIT && c->arch.step == step + 1 && is_in_code(x, thread))
		return true;
	return fail(x->e,
		"%s: P%u: at byte %" PRIu64 " of its code: expected instructions that "
		"neither fault nor halt nor leave the test",
		x->test->file, thread, c->arch.rip - code_of(thread));
}

/* --- interrupts --- */

static bool bit_of(const uint32_t bits[8])
{
	return bits[LITMUS_VECTOR / 32] >> LITMUS_VECTOR % 32 & 1;
}

static bool is_pending(const struct litmus_explorer *x, unsigned thread)
{
	return bit_of(x->m->lapics[thread].state.irr);
}

/* Nobody signals the end of an interrupt: it stays in service. */
static bool has_come(const struct litmus_explorer *x, unsigned thread)
{
	return is_pending(x, thread) || bit_of(x->m->lapics[thread].state.isr);
}

static bool comes_from_outside(const struct litmus_explorer *x, unsigned thread)
{
	int sender = litmus_sender(x->test);

	return x->test->has_handler[thread] && (sender < 0 || sender == (int)thread);
}

static void send_from_outside(struct litmus_explorer *x, unsigned thread)
{
	struct apic_message message = {.mode = DELIVER_FIXED,
		.kind = DESTINATION_PHYSICAL,
		.destination = thread,
		.vector = LITMUS_VECTOR};

	if (!apic_send(&x->m->apic_bus, &message))
		SIM_ASSERT(!"the local APIC is on");
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

/* What may happen to a thread next. */
enum move { MOVE_EXECUTE, MOVE_INTERRUPT, MOVE_STORE_LEAVES, MOVES };

static bool is_possible(const struct litmus_explorer *x, unsigned thread, enum move move)
{
	switch (move) {
	case MOVE_EXECUTE:
		return !has_ended(x, thread);
	case MOVE_INTERRUPT:
		return is_pending(x, thread) ||
		       (comes_from_outside(x, thread) && !has_come(x, thread));
	default:
		return x->m->cores[thread].mmu.stores.count != 0;
	}
}

/* An interrupt that waits may go on doing so: its way here takes time. */
static bool make_move(struct litmus_explorer *x, unsigned thread, enum move move)
{
	struct vcpu *c = &x->m->cores[thread];

	switch (move) {
	case MOVE_EXECUTE:
		cpu_commit(c);
		return make_step(x, thread);
	case MOVE_INTERRUPT:
		if (!is_pending(x, thread))
			send_from_outside(x, thread);
		c->arch.committed = 0;
		return make_step(x, thread);
	default:
		stores_leave(&c->mmu.stores, &x->m->mem);
		return true;
	}
}

static bool search(struct litmus_explorer *x);

/* Goes on from the states after all moves of the thread. */
static bool search_from(
	struct litmus_explorer *x, const struct shot *here, unsigned thread, bool *moved)
{
	for (enum move move = 0; move < MOVES; move++) {
		if (!is_possible(x, thread, move))
			continue;
		*moved = true;
		if (!make_move(x, thread, move) || !search(x))
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
