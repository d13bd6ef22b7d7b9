/* model.c - ringv's side: one core in 64-bit mode at CPL 3, on memory mapped as the host's is. */
#include "sim/cpu/segment.h"
#include "tests/oracle/oracle.h"

#include <stdlib.h>

/* Memory of the supervisor: what the exception that ends a faulting run needs. */
#define SYSTEM_LA   UINT64_C(0x60000000)
#define GDT_LA      SYSTEM_LA
#define TSS_LA      (SYSTEM_LA + 0x800)
#define LDT_LA      (SYSTEM_LA + 0x900)
#define IDT_LA      (SYSTEM_LA + 0x1000)
#define STACK_TOP   (SYSTEM_LA + 0x3000)
#define HANDLERS_LA (SYSTEM_LA + 0x3000)
#define HANDLER     16 /* bytes apart; never executed */

#define MODEL_RAM (UINT64_C(1) << 20)

/* Selectors, as Linux has them. */
#define KERNEL_CS 0x10
#define TSS_SEL   0x40
#define LDT_SEL   0x50

struct model {
	struct vcpu cpu;
	struct cpu_model cpu_model; /* with every feature */
	struct phys_mem mem;
	struct code_cache *code;
	struct lapic lapic;
	struct parks parks; /* none */
	struct apic_bus bus;
	struct event_queue events;
	uint64_t now;
	uint64_t next_page; /* of RAM, not yet used */
	uint64_t cr3;
};

static uint64_t take_page(struct model *m)
{
	uint64_t page = m->next_page;

	m->next_page += PAGE_SIZE;
	SIM_ASSERT(m->next_page <= m->mem.size);
	return page;
}

static uint64_t *table_entry(struct model *m, uint64_t table, uint64_t la, unsigned level)
{
	uint64_t *entries = (uint64_t *)(void *)(m->mem.ram + table);

	return &entries[la >> (12 + 9 * level) & 511];
}

static void map(struct model *m, uint64_t la, uint64_t rights)
{
	uint64_t table = m->cr3;

	for (unsigned level = 3; level > 0; level--) {
		uint64_t *e = table_entry(m, table, la, level);

		if (*e == 0)
			*e = take_page(m) | PTE_P | PTE_W | PTE_U;
		table = *e & ~PAGE_MASK;
	}
	*table_entry(m, table, la, 0) = take_page(m) | rights | PTE_P;
}

static uint8_t *at(struct model *m, uint64_t la)
{
	uint64_t pa;
	bool mapped = mmu_peek(&m->cpu.mmu, la, &pa);

	SIM_ASSERT(mapped);
	return m->mem.ram + pa;
}

static void map_all(struct model *m)
{
	m->cr3 = take_page(m);
	for (unsigned i = 0; i < CODE_PAGES; i++)
		map(m, CODE_LA + i * PAGE_SIZE, PTE_U | PTE_W);
	map(m, DATA_AT(PAGE_A), PTE_U | PTE_W | PTE_XD);
	map(m, DATA_AT(PAGE_B), PTE_U | PTE_W | PTE_XD);
	map(m, DATA_AT(PAGE_C), PTE_U | PTE_W | PTE_XD);
	map(m, DATA_AT(PAGE_READ_ONLY), PTE_U | PTE_XD);
	for (unsigned i = 0; i < 3; i++)
		map(m, SYSTEM_LA + i * PAGE_SIZE, PTE_W);
}

static void fill_tables(struct model *m)
{
	/* As Linux has it: 32-bit code, code and data of the kernel, then of users. */
	uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff,
		0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff};
	uint64_t rsp0 = STACK_TOP;

	memset(at(m, DATA_AT(PAGE_READ_ONLY)), READ_ONLY_BYTE, PAGE_SIZE);
	memcpy(at(m, GDT_LA), gdt, sizeof(gdt));
	for (unsigned i = 0; i < LDT_SEGMENTS; i++) {
		uint64_t descriptor = ldt_descriptor(i);

		memcpy(at(m, LDT_LA) + 8 * i, &descriptor, 8);
	}
	memcpy(at(m, TSS_LA) + 4, &rsp0, sizeof(rsp0));
	at(m, TSS_LA)[102] = 0x68; /* no I/O permission bitmap */
	for (unsigned i = 0; i < 32; i++) {
		uint64_t handler = HANDLERS_LA + i * HANDLER;
		uint64_t attr = i == VECTOR_OF ? 0xee00 : 0x8e00;
		uint64_t gate[2] = {(handler & 0xffff) | KERNEL_CS << 16 | attr << 32 |
					    (handler >> 16 & 0xffff) << 48,
			handler >> 32};

		memcpy(at(m, IDT_LA) + sizeof(gate) * i, gate, sizeof(gate));
	}
}

#define ATTR_CODE   0xa0fb
#define ATTR_CODE32 0xc0fb
#define ATTR_DATA   0xc0f3

static void enter_user(struct core_state *a, bool wide)
{
	a->seg[CS] = (struct segment){
		0, 0xffffffff, wide ? USER_CS : USER_CS32, wide ? ATTR_CODE : ATTR_CODE32};
	a->seg[SS] = (struct segment){0, 0xffffffff, USER_SS, ATTR_DATA};
}

static void set_system_state(struct model *m)
{
	struct core_state *a = &m->cpu.arch;

	a->cr0 = CR0_PG | CR0_PE | CR0_WP | CR0_NE | CR0_ET | CR0_MP;
	a->cr3 = m->cr3;
	a->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE;
	a->efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE;
	a->gdtr = (struct table_register){GDT_LA, 0x7f};
	a->idtr = (struct table_register){IDT_LA, 32 * 16 - 1};
	a->seg[TR] = (struct segment){TSS_LA, 0x67, TSS_SEL, 0x008b};
	a->seg[LDTR] = (struct segment){LDT_LA, 8 * LDT_SEGMENTS - 1, LDT_SEL, 0x0082};
	enter_user(a, true);
	cpu_state_changed(&m->cpu);
}

/* As the selectors say: flat ones in 64-bit mode and in compatibility mode, or of the LDT. */
static void set_segments(struct core_state *a, const struct regs *in)
{
	bool flat = in->selector[CS] == USER_CS32;

	if ((in->selector[CS] & 4) == 0)
		enter_user(a, in->selector[CS] == USER_CS);
	a->seg[ES] = a->seg[DS] = flat ? a->seg[SS] : (struct segment){0};
	a->seg[FS] = a->seg[GS] = (struct segment){0};
	for (unsigned i = 0; i < ARRAY_LEN(in->selector); i++) {
		unsigned selector = (unsigned)in->selector[i];
		struct descriptor d = {.low = ldt_descriptor(selector >> 3 & 7)};

		if (selector & 4)
			a->seg[i] = segment_from_descriptor((uint16_t)selector, &d);
	}
	a->seg[FS].base = in->fs_base;
	a->seg[GS].base = in->gs_base;
}

struct model *model_create(void)
{
	struct model *m = aligned_alloc(64, (sizeof(*m) + 63) / 64 * 64);
	struct device_env env;

	SIM_ASSERT(m != NULL);
	memset(m, 0, sizeof(*m));
	SIM_ASSERT(phys_init(&m->mem, MODEL_RAM));
	env = (struct device_env){&m->now, 1000000000, &m->events, 0};
	m->bus = (struct apic_bus){.lapics = &m->lapic, .count = 1};
	lapic_init(&m->lapic, 0, &m->bus, &env);
	model_of_everything(&m->cpu_model);
	m->code = code_cache_create(&m->mem, &m->cpu_model, &m->cpu, 1);
	cpu_init(&m->cpu, &(struct cpu_setup){.cpu_count = 1,
				  .model = &m->cpu_model,
				  .parks = &m->parks,
				  .tsc_hz = 1000000000,
				  .lapic = &m->lapic,
				  .mem = &m->mem,
				  .code = m->code});
	map_all(m);
	set_system_state(m);
	fill_tables(m);
	return m;
}

void model_destroy(struct model *m)
{
	code_cache_destroy(m->code);
	phys_destroy(&m->mem);
	free(m);
}

const struct decoder *model_decoder(const struct model *m)
{
	return cpu_decoder(&m->cpu);
}

void model_write_code(struct model *m, uint64_t la, const void *bytes, unsigned size)
{
	bool written = cpu_poke(&m->cpu, la, bytes, size);

	SIM_ASSERT(written);
}

uint8_t *model_data(struct model *m, uint64_t la)
{
	return at(m, la);
}

struct vcpu *model_core(struct model *m)
{
	return &m->cpu;
}

void model_drop_caches(struct model *m)
{
	cpu_drop_cache(&m->cpu);
	code_cache_drop(m->code);
}

/* --- one run --- */

static void put_x87(struct x87 *x, const struct fx_image *fx)
{
	unsigned top = fx->fsw >> 11 & 7;

	*x = (struct x87){.fcw = fx->fcw,
		.fsw = fx->fsw,
		.ftw = fx->ftw,
		.fop = fx->fop,
		.fip = fx->fip,
		.fdp = fx->fdp};
	for (unsigned i = 0; i < 8; i++)
		x->st[(top + i) & 7] = fx->st[i];
}

static void get_x87(const struct x87 *x, struct fx_image *fx)
{
	unsigned top = x->fsw >> 11 & 7;

	fx->fcw = x->fcw;
	fx->fsw = x->fsw;
	fx->ftw = (uint8_t)x->ftw;
	fx->fop = x->fop;
	fx->fip = x->fip;
	fx->fdp = x->fdp;
	for (unsigned i = 0; i < 8; i++)
		fx->st[i] = x->st[(top + i) & 7];
}

static void put_state(struct model *m, const struct regs *in)
{
	struct core_state *a = &m->cpu.arch;

	memcpy(a->gpr, in->gpr, sizeof(a->gpr));
	a->rip = in->rip;
	a->rflags = in->rflags;
	put_x87(&a->x87, &in->fx);
	a->mxcsr = in->fx.mxcsr;
	memcpy(a->xmm, in->fx.xmm, sizeof(a->xmm));
	set_segments(a, in);
	a->shadow = SHADOW_NONE;
	cpu_state_changed(&m->cpu);
}

static void get_state(const struct model *m, struct regs *out)
{
	const struct core_state *a = &m->cpu.arch;

	memset(&out->fx, 0, sizeof(out->fx));
	memcpy(out->gpr, a->gpr, sizeof(a->gpr));
	out->rip = a->rip;
	out->rflags = a->rflags;
	for (unsigned i = 0; i < ARRAY_LEN(out->selector); i++)
		out->selector[i] = a->seg[i].selector;
	out->fs_base = a->seg[FS].base;
	out->gs_base = a->seg[GS].base;
	get_x87(&a->x87, &out->fx);
	out->fx.mxcsr = (uint32_t)a->mxcsr;
	memcpy(out->fx.xmm, a->xmm, sizeof(a->xmm));
}

static bool has_error_code(unsigned vector)
{
	return vector == VECTOR_DF || (vector >= VECTOR_TS && vector <= VECTOR_PF) ||
	       vector == VECTOR_AC;
}

/* Undoes the delivery of an exception: the frame says what the state was. */
static void get_fault(struct model *m, struct outcome *out)
{
	const struct core_state *a = &m->cpu.arch;
	uint64_t frame[6] = {0};
	unsigned first;

	out->vector = (uint32_t)((a->rip - HANDLERS_LA) / HANDLER);
	first = has_error_code(out->vector) ? 0 : 1;
	memcpy(frame + first, at(m, a->gpr[RSP]), (6 - first) * sizeof(uint64_t));
	out->error = (uint32_t)frame[0];
	out->cr2 = a->cr2;
	out->regs.rip = frame[1];
	out->regs.rflags = frame[3];
	out->regs.gpr[RSP] = frame[4];
	out->regs.selector[CS] = frame[2];
	out->regs.selector[SS] = frame[5];
}

static enum cpu_stop step(struct model *m, uint64_t steps)
{
	enum cpu_stop stop = cpu_run(&m->cpu, UINT64_MAX, steps);

	return stop == CPU_EXCLUSIVE ? cpu_step_exclusive(&m->cpu) : stop;
}

bool model_run(struct model *m, const struct regs *in, unsigned len, uint64_t *steps,
	struct outcome *out, const char **refused)
{
	const struct core_state *a = &m->cpu.arch;
	bool count = *steps == 0;
	enum cpu_stop stop;

	put_state(m, in);
	if (!count) {
		stop = step(m, *steps);
	} else {
		do {
			stop = step(m, 1);
			++*steps;
		} while (stop == CPU_LIMIT && a->rip - in->rip < len && *steps < 1000);
	}
	if (stop != CPU_LIMIT) {
		*refused = stop == CPU_UNIMPLEMENTED ? m->cpu.refused : "it stopped";
		set_system_state(m);
		return false;
	}
	get_state(m, &out->regs);
	out->vector = NO_VECTOR;
	if (a->rip - HANDLERS_LA < 32 * HANDLER)
		get_fault(m, out);
	return true;
}
