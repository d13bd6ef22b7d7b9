#include "sim/mmu/memory_type.h"

#define MTRR_ENABLE       BIT(11)
#define MTRR_ENABLE_FIXED BIT(10)
#define MTRR_VALID        BIT(11)
#define MTRR_FRAME        ~UINT64_C(0xfff)
#define TYPE              0xff

/* SDM "Fixed Range MTRRs": 8 ranges of 64 KiB, 16 of 16 KiB, 64 of 4 KiB. */
static enum memory_type fixed_type(const struct core_state *core, uint64_t pa)
{
	uint64_t range;

	if (pa < 0x80000)
		range = pa >> 16;
	else if (pa < 0xc0000)
		range = 8 + ((pa - 0x80000) >> 14);
	else
		range = 24 + ((pa - 0xc0000) >> 12);
	return (enum memory_type)(core->mtrr_fixed[range / 8] >> 8 * (range % 8) & TYPE);
}

/* SDM "MTRR Precedences". */
static enum memory_type both(enum memory_type a, enum memory_type b)
{
	if (a == b)
		return a;
	if ((a == MEMORY_WT && b == MEMORY_WB) || (a == MEMORY_WB && b == MEMORY_WT))
		return MEMORY_WT;
	return MEMORY_UC;
}

enum memory_type mtrr_type(const struct core_state *core, uint64_t pa)
{
	enum memory_type type = MEMORY_UC;
	bool found = false;

	if ((core->mtrr_def_type & MTRR_ENABLE) == 0)
		return MEMORY_UC;
	if ((core->mtrr_def_type & MTRR_ENABLE_FIXED) && pa < 0x100000)
		return fixed_type(core, pa);
	for (unsigned i = 0; i < ARRAY_LEN(core->mtrr_mask); i++) {
		uint64_t mask = core->mtrr_mask[i], base = core->mtrr_base[i];

		if ((mask & MTRR_VALID) == 0 || ((pa ^ base) & mask & MTRR_FRAME) != 0)
			continue;
		type = found ? both(type, (enum memory_type)(base & TYPE))
			     : (enum memory_type)(base & TYPE);
		found = true;
	}
	return found ? type : (enum memory_type)(core->mtrr_def_type & TYPE);
}

/* SDM "Selecting Memory Types for Pentium III and More Recent Processor Families". */
bool memory_is_uncached(const struct core_state *core, unsigned pat, uint64_t pa)
{
	enum memory_type page = (enum memory_type)(core->pat >> 8 * pat & TYPE);
	enum memory_type range;

	if (page == MEMORY_UC || page == MEMORY_WC)
		return page == MEMORY_UC;
	range = mtrr_type(core, pa);
	switch (page) {
	case MEMORY_UC_MINUS:
		return range != MEMORY_WC && range != MEMORY_WP;
	case MEMORY_WB:
		return range == MEMORY_UC;
	default: /* WT, WP */
		return range == MEMORY_UC || range == MEMORY_WC;
	}
}
