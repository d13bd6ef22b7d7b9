/* ldt.c - the segments of 16-bit and 32-bit code, the same on both sides: limits that data crosses,
 * read-only and expand-down data, stacks of both widths.
 */
#include "tests/oracle/oracle.h"

/* Offsets of the pages of data from LDT_BASE. */
#define OFFSET(page) ((uint32_t)(DATA_AT(page) - LDT_BASE))
#define GIB4         0xffffffffu

static const struct ldt_segment {
	uint32_t base, limit;
	unsigned type; /* of the descriptor, with the accessed bit that Linux sets */
	bool wide;     /* the D or B bit */
} segments[LDT_SEGMENTS] = {
	[LDT_CODE16] = {(uint32_t)CODE_LA, CODE_PAGES *PAGE_SIZE - 1, 0xb, false},
	[LDT_CODE32] = {(uint32_t)CODE_LA, CODE_PAGES *PAGE_SIZE - 1, 0xb, true},
	[LDT_DATA] = {(uint32_t)LDT_BASE, 0xffff, 0x3, false},
	[LDT_DATA_WIDE] = {(uint32_t)LDT_BASE, GIB4, 0x3, true},
	[LDT_LIMITED] = {(uint32_t)LDT_BASE, OFFSET(PAGE_B) - 1, 0x3, false},
	[LDT_DOWN] = {(uint32_t)LDT_BASE, OFFSET(PAGE_B) - 1, 0x7, false},
	[LDT_DOWN_WIDE] = {(uint32_t)LDT_BASE, OFFSET(PAGE_B) + 99, 0x7, true},
	[LDT_READ_ONLY] = {(uint32_t)LDT_BASE, 0xffff, 0x1, true},
};

uint64_t ldt_descriptor(enum ldt_index i)
{
	const struct ldt_segment *s = &segments[i];
	bool pages = s->limit >> 20 != 0;
	uint64_t limit = pages ? s->limit >> 12 : s->limit;
	uint64_t attributes = 0xf0 | s->type | (uint64_t)s->wide << 14 | (uint64_t)pages << 15;

	return (limit & 0xffff) | (s->base & UINT64_C(0xffffff)) << 16 | attributes << 40 |
	       (limit & 0xf0000) << 32 | (s->base & UINT64_C(0xff000000)) << 32;
}

uint64_t selector_base(uint64_t selector)
{
	unsigned i = (unsigned)selector >> 3;

	return (selector & 4) && i < LDT_SEGMENTS ? segments[i].base : 0;
}

uint16_t random_data_segment(struct rng *r, bool for_stack)
{
	unsigned i = LDT_DATA + (unsigned)draw(r, LDT_SEGMENTS - LDT_DATA - for_stack);

	return LDT_SELECTOR(draw(r, 2) ? LDT_DATA + draw(r, 2) : i);
}
