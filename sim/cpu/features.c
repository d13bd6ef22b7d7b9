#include "sim/cpu/features.h"

static const struct feature_row rows[FEATURE_COUNT] = {
#define FEATURE(name, leaf, subleaf, reg, bit, needs)                                              \
	[FEATURE_##name] = {#name, leaf, subleaf, CPUID_##reg, bit, FEATURE_##needs},
#include "sim/cpu/features.inc"
#undef FEATURE
};

const struct feature_row *feature_row(enum cpu_feature f)
{
	SIM_ASSERT(f != FEATURE_NONE);
	return &rows[f];
}

enum cpu_feature feature_find(const char *name, size_t length)
{
	for (unsigned f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++)
		if (strlen(rows[f].name) == length && memcmp(rows[f].name, name, length) == 0)
			return f;
	return FEATURE_NONE;
}

void feature_set_add(struct feature_set *set, enum cpu_feature f)
{
	set->bits[f / 64] |= BIT(f % 64);
}

struct feature_set feature_set_empty(void)
{
	return (struct feature_set){{BIT(FEATURE_NONE), 0}};
}

struct feature_set feature_set_all(void)
{
	struct feature_set set = {{0}};

	for (unsigned f = 0; f < FEATURE_COUNT; f++)
		feature_set_add(&set, f);
	return set;
}

void feature_set_remove(struct feature_set *set, enum cpu_feature f)
{
	SIM_ASSERT(f != FEATURE_NONE);
	set->bits[f / 64] &= ~BIT(f % 64);
	for (unsigned i = FEATURE_NONE + 1; i < FEATURE_COUNT; i++)
		if (rows[i].needs == f && feature_has(set, i))
			feature_set_remove(set, i);
}

uint32_t feature_set_cpuid(
	const struct feature_set *set, uint32_t leaf, uint32_t subleaf, enum cpuid_register reg)
{
	uint32_t bits = 0;

	for (unsigned f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
		const struct feature_row *r = &rows[f];

		if (r->leaf == leaf && r->subleaf == subleaf && r->reg == reg &&
			feature_has(set, f))
			bits |= 1u << r->bit;
	}
	return leaf == 0 ? 0 : bits;
}
