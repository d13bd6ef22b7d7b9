/* any_tables.h - the state in which any bytes run as code: each mode, with handlers that skip a
 * byte of what faults, so that a run goes on for as long as it may; and, if asked for, descriptor
 * tables, gates, task state and page directories filled with random entries, of which many are
 * plausible.
 */
#ifndef FUZZ_ANY_TABLES_H
#define FUZZ_ANY_TABLES_H

#include "sim/base/rng.h"
#include "sim/cpu/v8086.h"
#include "sim/machine/machine.h"

enum any_mode { ANY_REAL, ANY_16, ANY_32, ANY_64, ANY_COMPAT, ANY_V86, ANY_MODES };

#define ANY_CODE   0x2000u
#define ANY_TSS    0x6000u
#define ANY_LDT    0x6800u
#define ANY_GDT    0x7000u
#define ANY_IDT    0x8000u
#define ANY_STUBS  0x9000u
#define ANY_STACK  0xb000u
#define ANY_TABLES 0x10000u /* page tables: one 1 GiB page at 0, or a directory of 4 MiB pages */

/* Selectors: the code that runs, flat data, the handlers' code, their task. */
enum { ANY_CS = 0x08, ANY_DS = 0x10, ANY_HANDLER_CS = 0x18, ANY_TR = 0x20, ANY_USED = 6 };
#define ANY_DESCRIPTORS 32 /* of the GDT and the LDT each */

static inline void any_put(struct vcpu *c, uint64_t pa, const void *data, size_t size)
{
	if (!phys_write(c->mmu.mem, pa, data, size))
		SIM_ASSERT(!"the range lies in RAM");
}

static inline bool any_is_long(enum any_mode mode)
{
	return mode == ANY_64 || mode == ANY_COMPAT;
}

/* --- handlers --- */

/* push bp; mov bp,sp; inc word [bp+2]; pop bp; iret, for all vectors. */
static inline void any_real_handlers(struct vcpu *c)
{
	static const uint8_t stub[] = {0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d, 0xcf};
	const uint32_t vector = ANY_STUBS;

	any_put(c, ANY_STUBS, stub, sizeof(stub));
	for (unsigned i = 0; i < 256; i++)
		any_put(c, 4 * i, &vector, 4);
}

/* add rsp,8; inc qword [rsp]; iretq; or the like of 32 bits. Without an error code the first is
 * left out. */
static inline void any_handlers(struct vcpu *c, bool wide)
{
	static const uint8_t stub64[] = {
		0x48, 0x83, 0xc4, 0x08, 0x48, 0xff, 0x04, 0x24, 0x48, 0xcf};
	static const uint8_t stub32[] = {0x83, 0xc4, 0x04, 0xff, 0x04, 0x24, 0xcf};
	unsigned size = wide ? 16 : 8;

	any_put(c, ANY_STUBS, wide ? stub64 : stub32, wide ? sizeof(stub64) : sizeof(stub32));
	for (unsigned vector = 0; vector < 256; vector++) {
		bool error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
		uint64_t target = ANY_STUBS + (error ? 0u : wide ? 4 : 3);
		uint64_t gate[2] = {target | ANY_HANDLER_CS << 16 | UINT64_C(0xee00) << 32, 0};

		any_put(c, ANY_IDT + size * vector, gate, size);
	}
	c->arch.idtr = (struct table_register){ANY_IDT, 256 * size - 1};
}

/* --- tables --- */

static inline void any_gdt(struct vcpu *c, enum any_mode mode)
{
	const uint64_t code16 = UINT64_C(0x008f9b000000ffff), code32 = UINT64_C(0x00cf9b000000ffff);
	const uint64_t code64 = UINT64_C(0x00af9b000000ffff), data = UINT64_C(0x00cf93000000ffff);
	uint64_t gdt[ANY_USED] = {0, code32, data, any_is_long(mode) ? code64 : code32,
		UINT64_C(0x00008b0000002067) | (uint64_t)ANY_TSS << 16, 0};
	uint32_t stack[3] = {0, ANY_STACK, mode == ANY_V86 ? ANY_DS : 0};

	gdt[1] = mode == ANY_16 ? code16 : mode == ANY_64 ? code64 : code32;
	any_put(c, ANY_GDT, gdt, sizeof(gdt));
	any_put(c, ANY_TSS, stack, sizeof(stack)); /* for the 64-bit one as well */
	c->arch.gdtr = (struct table_register){ANY_GDT, 8 * ANY_DESCRIPTORS - 1};
	c->arch.seg[TR] = (struct segment){ANY_TSS, 0x2067, ANY_TR, SEG_P | 11};
	c->arch.seg[LDTR] = (struct segment){ANY_LDT, 8 * ANY_DESCRIPTORS - 1, 0x28, SEG_P | 2};
}

/* A descriptor of any type: a gate to some selector, or a segment in or near RAM. */
static inline uint64_t any_descriptor(struct rng *r)
{
	uint64_t d = rng_next(r), access = rng_below(r, 8) ? SEG_P : 0;

	if (rng_below(r, 8) == 0)
		return d;
	access |= rng_below(r, 2) ? SEG_DPL : 0;
	access |= rng_below(r, 3) ? SEG_S | rng_below(r, 16) : rng_below(r, 16);
	if ((access & SEG_S) || (access & 4) == 0) {
		d &= UINT64_C(0x00dfff00001fffff); /* below 2 MiB, byte limits most of the time */
		d |= rng_below(r, 2) ? UINT64_C(0x000f00000000ffff) : 0;
	} else {
		d = (ANY_CODE + rng_below(r, 2048)) | (rng_below(r, ANY_DESCRIPTORS) * 8) << 16;
	}
	return (d & ~UINT64_C(0xff0000000000)) | access << 40;
}

static inline void any_random_tables(struct vcpu *c, enum any_mode mode, struct rng *r)
{
	unsigned size = any_is_long(mode) ? 16 : 8;

	for (unsigned i = 0; i < ANY_DESCRIPTORS; i++) {
		uint64_t global = any_descriptor(r), local = any_descriptor(r);

		if (i >= ANY_USED)
			any_put(c, ANY_GDT + 8 * i, &global, 8);
		any_put(c, ANY_LDT + 8 * i, &local, 8);
	}
	for (unsigned i = 0; i < 40; i++) {
		uint64_t gate = any_descriptor(r);

		any_put(c, ANY_IDT + size * rng_below(r, 256), &gate, 8);
	}
	for (unsigned i = 3; i < 26; i++) { /* of the TSS: selectors and pointers */
		uint32_t word = (uint32_t)(rng_below(r, 2) ? 8 * rng_below(r, ANY_DESCRIPTORS)
							   : ANY_CODE + rng_below(r, 0x9000));

		if (rng_below(r, 2))
			any_put(c, ANY_TSS + 4 * i, &word, 4);
	}
}

/* --- paging --- */

static inline void any_long_paging(struct vcpu *c)
{
	const uint64_t table = (ANY_TABLES + PAGE_SIZE) | 7;
	const uint64_t page = PTE_P | PTE_W | PTE_U | PTE_PS;

	any_put(c, ANY_TABLES, &table, 8);
	any_put(c, ANY_TABLES + PAGE_SIZE, &page, 8);
	c->arch.cr4 |= CR4_PAE;
	c->arch.efer |= EFER_LME | EFER_LMA | EFER_SCE;
}

/* The first 4 MiB as they are, and random entries behind them. */
static inline void any_legacy_paging(struct vcpu *c, struct rng *r)
{
	uint32_t entry = PTE_P | PTE_W | PTE_U | PTE_PS;

	for (unsigned i = 0; i < 64; i++) {
		any_put(c, ANY_TABLES + (i == 0 ? 0 : 4 * rng_below(r, 1024)), &entry, 4);
		entry = (uint32_t)rng_next(r) & (rng_below(r, 2) ? UINT32_MAX : 0x1fffff);
	}
	c->arch.cr4 |= CR4_PSE;
}

static inline void any_paging(struct vcpu *c, enum any_mode mode, struct rng *r)
{
	if (any_is_long(mode))
		any_long_paging(c);
	else if (r != NULL && rng_below(r, 2))
		any_legacy_paging(c, r);
	else
		return;
	c->arch.cr3 = ANY_TABLES;
	c->arch.cr0 |= CR0_PG;
}

/* --- the whole --- */

static inline void any_protected(struct vcpu *c, enum any_mode mode, struct rng *r)
{
	uint16_t code = SEG_P | SEG_S | 11;

	code |= mode == ANY_64 ? SEG_L : mode == ANY_16 ? 0 : SEG_D;
	for (unsigned i = 0; i < LDTR; i++) {
		uint16_t attr = i == CS ? code : (uint16_t)(SEG_P | SEG_S | SEG_D | 3);

		c->arch.seg[i] = (struct segment){0, UINT32_MAX, i == CS ? ANY_CS : ANY_DS, attr};
	}
	c->arch.cr0 |= CR0_PE;
	c->arch.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	any_gdt(c, mode);
	any_handlers(c, any_is_long(mode));
	if (r != NULL)
		any_random_tables(c, mode, r);
	any_paging(c, mode, r);
}

/* Ready to run the code at ANY_CODE. r: for random tables; or NULL. */
static inline void any_enter_tables(struct vcpu *c, enum any_mode mode, struct rng *r)
{
	static const uint16_t zero[6];

	c->arch.seg[CS] = (struct segment){0, 0xffff, 0, SEG_P | SEG_S | 11};
	c->arch.rip = ANY_CODE;
	c->arch.cr0 |= CR0_NE; /* there is no FERR# */
	c->arch.gpr[RSP] = ANY_STACK;
	if (mode == ANY_REAL || mode == ANY_V86)
		any_real_handlers(c);
	if (mode != ANY_REAL)
		any_protected(c, mode, r);
	if (mode == ANY_V86) {
		v8086_segments(c, zero);
		c->arch.rflags |= RFLAGS_VM | RFLAGS_IOPL;
	}
	cpu_state_changed(c);
}

static inline void any_enter(struct vcpu *c, enum any_mode mode)
{
	any_enter_tables(c, mode, NULL);
}

#endif
