#include "sim/hwtrace/player.h"

#include <stdlib.h>

#define NO_FRAME 0 /* frame 0 is the root of the page tables */
#define LEVELS   4

/* Memory of the supervisor: what the exception that ends a faulting step needs. */
#define SYSTEM_LA   UINT64_C(0xffffffff80000000)
#define GDT_LA      SYSTEM_LA
#define TSS_LA      (SYSTEM_LA + 0x800)
#define IDT_LA      (SYSTEM_LA + 0x1000)
#define STACK_TOP   (SYSTEM_LA + 0x3000)
#define HANDLERS_LA (SYSTEM_LA + 0x3000)
#define HANDLER     16 /* bytes apart; never executed */
#define VECTORS     32

#define KERNEL_CS 0x10 /* selectors as Linux has them */
#define TSS_SEL   0x40

struct frame {
	uint64_t la; /* of the page that it holds; 0: it is a table, or free */
	uint64_t hash;
	uint64_t *entry; /* in the page tables */
	bool changed;    /* the last check found another hash */
};

struct player {
	struct vcpu cpu;
	struct phys_mem mem;
	struct code_cache *code;
	struct lapic lapic;
	struct parks parks; /* none */
	struct apic_bus bus;
	struct event_queue events;
	uint64_t now;
	struct frame *frames;
	uint32_t *free; /* frames that were given back */
	uint32_t free_count, next, frame_count;
};

/* --- page tables --- */

static uint32_t take_frame(struct player *p)
{
	static const uint8_t zeros[PAGE_SIZE];
	uint32_t frame;

	if (p->free_count == 0)
		return p->next < p->frame_count ? p->next++ : NO_FRAME;
	frame = p->free[--p->free_count];
	if (!phys_write(&p->mem, frame * PAGE_SIZE, zeros, PAGE_SIZE))
		SIM_ASSERT(!"a frame is RAM");
	return frame;
}

/* The entry of a page, or NULL: no table yet, and none is to be made, or no frame is left. */
static uint64_t *entry_of(struct player *p, uint64_t la, bool make)
{
	uint64_t table = 0;

	for (unsigned level = LEVELS - 1;; level--) {
		uint64_t *entries = (uint64_t *)(void *)(p->mem.ram + table);
		uint64_t *entry = &entries[la >> (PAGE_SHIFT + 9 * level) & 511];

		if (level == 0)
			return entry;
		if (*entry == 0) {
			uint64_t frame = make ? take_frame(p) : NO_FRAME;

			if (frame == NO_FRAME)
				return NULL;
			*entry = frame * PAGE_SIZE | PTE_P | PTE_W | PTE_U;
		}
		table = *entry & ~PAGE_MASK;
	}
}

static uint32_t frame_of(uint64_t entry)
{
	return (uint32_t)((entry & ~(PTE_XD | PAGE_MASK)) >> PAGE_SHIFT);
}

/* The frame of a user's page, NO_FRAME where there is none. */
static uint32_t find_frame(struct player *p, uint64_t la)
{
	uint64_t *entry = entry_of(p, la, false);

	return entry != NULL ? frame_of(*entry) : NO_FRAME;
}

#define ENTRY_HIDDEN BIT(9) /* for software: mapped, contents unknown */

static uint64_t entry_rights(unsigned prot)
{
	uint64_t rights = PTE_U;

	rights |= prot & (HW_PROT_READ | HW_PROT_WRITE | HW_PROT_EXEC) ? PTE_P : 0;
	rights |= prot & HW_PROT_WRITE ? PTE_W : 0;
	rights |= prot & HW_PROT_EXEC ? 0 : PTE_XD;
	return rights;
}

/* --- edits --- */

static bool map_page(struct player *p, uint64_t la, unsigned prot)
{
	uint64_t *entry = entry_of(p, la, true), rights = entry_rights(prot);
	uint32_t frame;

	if (entry == NULL)
		return false;
	frame = frame_of(*entry);
	if (prot & HW_HIDDEN && frame == NO_FRAME) {
		*entry = (rights & ~PTE_P) | (rights & PTE_P ? ENTRY_HIDDEN : 0);
		return true;
	}
	if (frame == NO_FRAME) {
		frame = take_frame(p);
		if (frame == NO_FRAME)
			return false;
		p->frames[frame] = (struct frame){.la = la, .entry = entry};
	}
	*entry = (uint64_t)frame * PAGE_SIZE | rights;
	return true;
}

static void unmap_page(struct player *p, uint64_t la)
{
	uint64_t *entry = entry_of(p, la, false);
	uint32_t frame = entry != NULL ? frame_of(*entry) : NO_FRAME;

	if (entry != NULL)
		*entry = 0;
	if (frame == NO_FRAME)
		return;
	p->frames[frame] = (struct frame){0};
	p->free[p->free_count++] = frame;
}

/* A page that was hidden until now gets a frame. */
static bool show_page(struct player *p, uint64_t la)
{
	uint64_t *entry = entry_of(p, la, false);
	uint64_t rights;

	if (entry == NULL || *entry == 0)
		return false;
	if (frame_of(*entry) != NO_FRAME)
		return true;
	rights = (*entry & ~ENTRY_HIDDEN) | (*entry & ENTRY_HIDDEN ? PTE_P : 0);
	if (!map_page(p, la, 0))
		return false;
	*entry = (uint64_t)frame_of(*entry) * PAGE_SIZE | rights;
	mmu_flush_all(&p->cpu.mmu);
	return true;
}

static bool write_page(struct player *p, const struct hw_edit *edit)
{
	uint64_t page = edit->la & ~PAGE_MASK, pa;
	struct frame *frame;

	if (!show_page(p, page))
		return false;
	frame = &p->frames[find_frame(p, page)];
	pa = find_frame(p, page) * PAGE_SIZE;
	if (!phys_write(&p->mem, pa + (edit->la & PAGE_MASK), edit->data, edit->size))
		return false;
	frame->hash = hw_page_hash(page, p->mem.ram + pa);
	return true;
}

bool player_edit(struct player *p, const struct hw_edit *edit, struct error *e)
{
	if (edit->kind == HW_WRITE)
		return write_page(p, edit) ||
		       fail(e, "memory at 0x%" PRIx64 " is filled, but not mapped", edit->la);
	if (edit->size > p->mem.size)
		return fail(e, "more than %" PRIu64 " MiB are mapped at once", p->mem.size >> 20);
	for (uint64_t at = 0; at < edit->size; at += PAGE_SIZE) {
		if (edit->kind == HW_UNMAP)
			unmap_page(p, edit->la + at);
		else if (!map_page(p, edit->la + at, edit->prot))
			return fail(e, "the program needs more than %" PRIu64 " MiB",
				p->mem.size >> 20);
	}
	mmu_flush_all(&p->cpu.mmu);
	return true;
}

/* --- construction --- */

static void map_system(struct player *p)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t *entry = entry_of(p, SYSTEM_LA + i * PAGE_SIZE, true);

		*entry = take_frame(p) * PAGE_SIZE | PTE_P | PTE_W;
	}
}

static void system_write(struct player *p, uint64_t la, const void *data, unsigned size)
{
	bool written = cpu_poke(&p->cpu, la, data, size);

	SIM_ASSERT(written);
}

static void fill_tables(struct player *p)
{
	/* As Linux has it: 32-bit code, code and data of the kernel, then of users. */
	static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00af9b000000ffff,
		0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff};
	static const uint64_t rsp0 = STACK_TOP;
	static const uint16_t no_io_permissions = 0x68;

	system_write(p, GDT_LA, gdt, sizeof(gdt));
	system_write(p, TSS_LA + 4, &rsp0, sizeof(rsp0));
	system_write(p, TSS_LA + 102, &no_io_permissions, sizeof(no_io_permissions));
	for (uint64_t i = 0; i < VECTORS; i++) {
		uint64_t handler = HANDLERS_LA + i * HANDLER;
		uint64_t attr = i == VECTOR_BP || i == VECTOR_OF ? 0xee00 : 0x8e00;
		uint64_t gate[2] = {(handler & 0xffff) | KERNEL_CS << 16 | attr << 32 |
					    (handler >> 16 & 0xffff) << 48,
			handler >> 32};

		system_write(p, IDT_LA + sizeof(gate) * i, gate, sizeof(gate));
	}
}

static void set_system_state(struct core_state *a)
{
	a->cr0 = CR0_PG | CR0_PE | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_AM;
	a->cr3 = 0;
	a->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE;
	a->efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE;
	a->gdtr = (struct table_register){GDT_LA, 0x7f};
	a->idtr = (struct table_register){IDT_LA, VECTORS * 16 - 1};
	a->seg[TR] = (struct segment){TSS_LA, 0x67, TSS_SEL, 0x008b};
	a->seg[LDTR] = (struct segment){0};
}

struct player *player_create(const struct cpu_model *model, uint64_t memory)
{
	struct player *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);
	struct device_env env;

	SIM_ASSERT(p != NULL);
	memset(p, 0, sizeof(*p));
	SIM_ASSERT(phys_init(&p->mem, memory));
	p->frame_count = (uint32_t)(memory / PAGE_SIZE);
	p->frames = calloc(p->frame_count, sizeof(p->frames[0]));
	p->free = malloc(p->frame_count * sizeof(p->free[0]));
	SIM_ASSERT(p->frames != NULL && p->free != NULL);
	p->next = 1;
	env = (struct device_env){&p->now, 1000000000, &p->events, 0};
	p->bus = (struct apic_bus){.lapics = &p->lapic, .count = 1};
	lapic_init(&p->lapic, 0, &p->bus, &env);
	p->code = code_cache_create(&p->mem, model, &p->cpu, 1);
	cpu_init(&p->cpu, &(struct cpu_setup){.cpu_count = 1,
				  .model = model,
				  .parks = &p->parks,
				  .tsc_hz = 1000000000,
				  .lapic = &p->lapic,
				  .mem = &p->mem,
				  .code = p->code});
	map_system(p);
	set_system_state(&p->cpu.arch);
	cpu_state_changed(&p->cpu);
	fill_tables(p);
	return p;
}

void player_destroy(struct player *p)
{
	if (p == NULL)
		return;
	code_cache_destroy(p->code);
	phys_destroy(&p->mem);
	free(p->frames);
	free(p->free);
	free(p);
}

const struct vcpu *player_core(const struct player *p)
{
	return &p->cpu;
}

/* --- state --- */

bool player_put(struct player *p, const struct hw_state *state)
{
	if (state->w[HW_RIP] >= HW_USER_END || !is_canonical(state->w[HW_FS_BASE]) ||
		!is_canonical(state->w[HW_GS_BASE]))
		return false;
	hw_state_to_core(state, &p->cpu.arch);
	p->cpu.arch.activity = ACTIVITY_RUNNING;
	cpu_state_changed(&p->cpu);
	return true;
}

void player_get(const struct player *p, struct hw_state *state)
{
	hw_state_from_core(state, &p->cpu.arch);
}

const struct row *player_next(const struct player *p, struct insn *in)
{
	uint8_t code[INSN_MAX];
	unsigned size = (unsigned)min_u64(INSN_MAX, PAGE_SIZE - (p->cpu.arch.rip & PAGE_MASK));

	if (!cpu_peek(&p->cpu, p->cpu.arch.rip, code, size))
		size = 0;
	while (size < INSN_MAX && cpu_peek(&p->cpu, p->cpu.arch.rip + size, &code[size], 1))
		size++;
	if (decode(cpu_decoder(&p->cpu), CODE_64, code, size, 0, in) != DECODE_OK)
		return NULL;
	return decoder_row(cpu_decoder(&p->cpu), in->row);
}

/* --- a step --- */

static enum cpu_stop step_once(struct vcpu *c)
{
	enum cpu_stop stop = cpu_run(c, UINT64_MAX, 1);

	return stop == CPU_EXCLUSIVE ? cpu_step_exclusive(c) : stop;
}

struct player_step player_step(struct player *p)
{
	struct vcpu *c = &p->cpu;
	struct player_step step = {0};
	enum cpu_stop stop = step_once(c);

	/* The trap of a single step waits for the instruction behind a MOV to SS too. */
	if (stop == CPU_LIMIT && c->arch.shadow == SHADOW_MOV_SS)
		stop = step_once(c);
	if (stop != CPU_LIMIT) {
		step.end = PLAYER_REFUSED;
		step.refused = stop == CPU_UNIMPLEMENTED ? c->refused : "the core stopped";
	} else if (cpu_cpl(c) != 3) {
		step.end = PLAYER_FAULTED;
		step.vector = (unsigned)((c->arch.rip - HANDLERS_LA) / HANDLER);
		step.la = c->arch.cr2;
	}
	return step;
}

/* --- checks --- */

uint64_t player_check(struct player *p)
{
	bool cleaned = false;
	uint64_t sum = 0;

	for (uint32_t i = 1; i < p->next; i++) {
		struct frame *f = &p->frames[i];

		if (f->la == 0)
			continue;
		f->changed = false;
		if (*f->entry & PTE_D) {
			uint64_t hash = hw_page_hash(f->la, p->mem.ram + i * PAGE_SIZE);

			f->changed = hash != f->hash;
			f->hash = hash;
			*f->entry &= ~PTE_D;
			cleaned = true;
		}
		if (*f->entry & PTE_W)
			sum += f->hash;
	}
	if (cleaned)
		mmu_flush_all(&p->cpu.mmu);
	return sum;
}

bool player_page_hash(struct player *p, uint64_t la, uint64_t *hash)
{
	uint32_t frame = find_frame(p, la);

	*hash = p->frames[frame].hash;
	return frame != NO_FRAME;
}

void player_page_known(struct player *p, uint64_t la)
{
	p->frames[find_frame(p, la)].changed = false;
}

bool player_unknown_change(const struct player *p, uint64_t *la)
{
	for (uint32_t i = 1; i < p->next; i++) {
		*la = p->frames[i].la;
		if (*la != 0 && p->frames[i].changed)
			return true;
	}
	return false;
}
