/* any_code.h - runs any bytes as code, in real, protected 16 and 32-bit, and long mode, in several
 * ways: straight, a few steps at a time, and with all caches dropped before every step. The ways
 * must not differ in anything that software can see.
 *
 * Neither do marks: a fourth and fifth way ask before each instruction and each
 * store, and stop before some.
 *
 * In long mode every exception's handler skips a byte, so that a run goes on for as long as it may.
 */
#ifndef FUZZ_ANY_CODE_H
#define FUZZ_ANY_CODE_H

#include "sim/machine/machine.h"

#define ANY_CODE_MAX 4096

enum any_mode { ANY_REAL, ANY_16, ANY_32, ANY_64, ANY_MODES };

#define ANY_CODE   0x2000u
#define ANY_GDT    0x7000u
#define ANY_IDT    0x8000u
#define ANY_STUBS  0x9000u
#define ANY_STACK  0xb000u
#define ANY_TABLES 0x10000u /* page tables: one 1 GiB page at 0 */

static inline void any_put(struct vcpu *c, uint64_t pa, const void *data, size_t size)
{
	if (!phys_write(c->mmu.mem, pa, data, size))
		SIM_ASSERT(!"the range lies in RAM");
}

/* Handlers for the vectors with and without an error code: add rsp,8; inc qword [rsp]; iretq. */
static inline void any_handlers(struct vcpu *c)
{
	static const uint8_t stub[] = {0x48, 0x83, 0xc4, 0x08, 0x48, 0xff, 0x04, 0x24, 0x48, 0xcf};
	const uint64_t gdt[] = {0, UINT64_C(0x00af9b000000ffff), UINT64_C(0x00cf93000000ffff)};

	any_put(c, ANY_GDT, gdt, sizeof(gdt));
	any_put(c, ANY_STUBS, stub, sizeof(stub));
	for (unsigned vector = 0; vector < 256; vector++) {
		bool error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
		uint64_t target = ANY_STUBS + (error ? 0 : 4);
		uint64_t gate[2] = {target | 8 << 16 | UINT64_C(0x8e00) << 32, 0};

		any_put(c, ANY_IDT + 16 * vector, gate, sizeof(gate));
	}
	c->arch.gdtr = (struct table_register){ANY_GDT, sizeof(gdt) - 1};
	c->arch.idtr = (struct table_register){ANY_IDT, 256 * 16 - 1};
}

static inline void any_long_mode(struct vcpu *c)
{
	const uint64_t table = (ANY_TABLES + PAGE_SIZE) | 7;
	const uint64_t page = PTE_P | PTE_W | PTE_U | PTE_PS;

	any_put(c, ANY_TABLES, &table, 8);
	any_put(c, ANY_TABLES + PAGE_SIZE, &page, 8);
	any_handlers(c);
	c->arch.cr3 = ANY_TABLES;
	c->arch.cr4 |= CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	c->arch.efer |= EFER_LME | EFER_LMA | EFER_SCE;
	c->arch.cr0 |= CR0_PG;
}

static inline void any_enter(struct vcpu *c, enum any_mode mode)
{
	uint16_t code = SEG_P | SEG_S | 11;
	struct core_state *arch = &c->arch;

	arch->seg[CS].selector = mode == ANY_REAL ? 0 : 8;
	arch->seg[CS].base = 0;
	arch->rip = ANY_CODE;
	arch->gpr[RSP] = ANY_STACK;
	if (mode != ANY_REAL) {
		arch->cr0 |= CR0_PE;
		code |= mode == ANY_32 ? SEG_D : mode == ANY_64 ? SEG_L : 0;
		for (unsigned i = 0; i < LDTR; i++) {
			arch->seg[i].limit = UINT32_MAX;
			arch->seg[i].attr = i == CS ? code : (uint16_t)(SEG_P | SEG_S | SEG_D | 3);
		}
	}
	if (mode == ANY_64)
		any_long_mode(c);
	cpu_state_changed(c);
}

struct any_way {
	uint64_t steps;      /* in all */
	uint64_t drop_every; /* as in struct machine */
	uint64_t chunk;      /* come back after so many steps */
	uint64_t mark;       /* ask before all of it, and stop at one step in so many */
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

static inline struct digest any_run(
	enum any_mode mode, const uint8_t *code, size_t size, const struct any_way *way)
{
	struct byte_sink nowhere = {.put = NULL};
	struct any_guard guard = {way->mark, 0};
	struct run_limit limit = RUN_FREELY;
	struct config config;
	struct digest end;
	struct machine *m;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	SIM_ASSERT(m != NULL);
	any_put(&m->cores[0], ANY_CODE, code, size);
	any_enter(&m->cores[0], mode);
	any_guarded(&m->cores[0], &guard, size);
	m->drop_every = way->drop_every;
	for (limit.steps = 0; limit.steps < way->steps;) {
		limit.steps = min_u64(way->steps, limit.steps + way->chunk);
		if (machine_run(m, &limit).why != STOP_STEPS)
			break;
	}
	end = machine_digest(m);
	machine_destroy(m);
	return end;
}

/* The first byte chooses the mode and the second the chunks, the others are the code. */
static inline bool any_code_same(const uint8_t *data, size_t size, uint64_t steps)
{
	enum any_mode mode = (enum any_mode)(data[0] % ANY_MODES);
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
	struct digest want = any_run(mode, data + 2, size - 2, &straight);

	for (unsigned i = 0; i < ARRAY_LEN(ways); i++)
		if (!digest_equal(want, any_run(mode, data + 2, size - 2, &ways[i])))
			return false;
	return true;
}

#endif
