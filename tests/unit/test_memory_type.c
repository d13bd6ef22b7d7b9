/* test_memory_type.c - what PAT and MTRRs make of an address: the SDM's table, and ranges. */
#include "sim/mmu/memory_type.h"
#include "tests/unit/unit.h"

#define ON    BIT(11)
#define FIXED BIT(10)

static void set_range(
	struct core_state *core, unsigned n, uint64_t base, uint64_t size, enum memory_type type)
{
	core->mtrr_base[n] = base | type;
	core->mtrr_mask[n] = (BIT(40) - size) | ON;
}

/* SDM "Effective Page-Level Memory Types for Pentium III and More Recent Processor Families". */
START_TEST(table)
{
	static const enum memory_type ranges[] = {
		MEMORY_UC, MEMORY_WC, MEMORY_WT, MEMORY_WP, MEMORY_WB};
	static const struct {
		enum memory_type page;
		const char *uncached; /* by range, in that order */
	} rows[] = {
		{MEMORY_UC, "yyyyy"},
		{MEMORY_UC_MINUS, "y-y-y"},
		{MEMORY_WC, "-----"},
		{MEMORY_WT, "yy---"},
		{MEMORY_WP, "yy---"},
		{MEMORY_WB, "y----"},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned k = 0; k < ARRAY_LEN(ranges); k++)
			for (unsigned pat = 0; pat < 8; pat++) {
				struct core_state core = {.mtrr_def_type = ON | ranges[k]};

				core.pat = UINT64_C(0x0101010101010101); /* WC */
				core.pat ^= (uint64_t)(rows[i].page ^ MEMORY_WC) << 8 * pat;
				ck_assert_int_eq(memory_is_uncached(&core, pat, 0x200000),
					rows[i].uncached[k] == 'y');
			}
}
END_TEST

START_TEST(off_is_uncached)
{
	struct core_state core = {.mtrr_def_type = MEMORY_WB | FIXED};

	ck_assert_int_eq(mtrr_type(&core, 0), MEMORY_UC);
	ck_assert_int_eq(mtrr_type(&core, 0x200000), MEMORY_UC);
}
END_TEST

START_TEST(variable_ranges)
{
	struct core_state core = {.mtrr_def_type = ON | MEMORY_WB};

	set_range(&core, 0, 0x200000, 0x2000, MEMORY_WT);
	set_range(&core, 3, 0x201000, 0x1000, MEMORY_UC);
	set_range(&core, 5, 0x400000, 0x2000, MEMORY_WB);
	set_range(&core, 7, 0x401000, 0x1000, MEMORY_WT);
	core.mtrr_base[1] = 0x600000 | MEMORY_UC; /* not valid */
	ck_assert_int_eq(mtrr_type(&core, 0x1fffff), MEMORY_WB);
	ck_assert_int_eq(mtrr_type(&core, 0x200000), MEMORY_WT);
	ck_assert_int_eq(mtrr_type(&core, 0x200fff), MEMORY_WT);
	ck_assert_int_eq(mtrr_type(&core, 0x201000), MEMORY_UC); /* UC wins */
	ck_assert_int_eq(mtrr_type(&core, 0x202000), MEMORY_WB);
	ck_assert_int_eq(mtrr_type(&core, 0x400fff), MEMORY_WB);
	ck_assert_int_eq(mtrr_type(&core, 0x401000), MEMORY_WT); /* WT wins over WB */
	ck_assert_int_eq(mtrr_type(&core, 0x600000), MEMORY_WB);
}
END_TEST

/* Each fixed range has a type of its own byte. */
START_TEST(fixed_ranges)
{
	static const struct {
		uint64_t end, size;
	} parts[] = {{0x80000, 0x10000}, {0xc0000, 0x4000}, {0x100000, 0x1000}};
	struct core_state core = {.mtrr_def_type = ON | FIXED | MEMORY_WP};
	uint8_t *types = (uint8_t *)core.mtrr_fixed;
	uint64_t at = 0, n = 0;

	for (unsigned i = 0; i < sizeof(core.mtrr_fixed); i++)
		types[i] = (uint8_t)i;
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++)
		for (; at < parts[i].end; at += parts[i].size, n++) {
			ck_assert_uint_eq(mtrr_type(&core, at), n);
			ck_assert_uint_eq(mtrr_type(&core, at + parts[i].size - 1), n);
		}
	ck_assert_uint_eq(n, sizeof(core.mtrr_fixed));
	ck_assert_int_eq(mtrr_type(&core, 0x100000), MEMORY_WP);
	core.mtrr_def_type &= ~FIXED;
	ck_assert_int_eq(mtrr_type(&core, 0), MEMORY_WP);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {table, off_is_uncached, variable_ranges, fixed_ranges};

	return unit_run("memory_type", tests, ARRAY_LEN(tests));
}
