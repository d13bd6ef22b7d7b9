/* features.h - what a core may have or lack, by name: the table is features.inc.
 *
 * A core's set comes from its CPU model (model.h). A row of encodings.inc demands a feature with
 * NEEDS(name): without it the encoding does not exist. Handlers and the reserved bits of registers
 * ask feature_has.
 */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include "sim/base/base.h"

enum cpu_feature {
	FEATURE_NONE, /* in every set */
#define FEATURE(name, leaf, subleaf, reg, bit, needs) FEATURE_##name,
#include "sim/cpu/features.inc"
#undef FEATURE
	FEATURE_COUNT
};

enum cpuid_register { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX, CPUID_REGISTERS };

struct feature_row {
	const char *name;
	uint32_t leaf, subleaf;
	enum cpuid_register reg;
	unsigned bit;
	enum cpu_feature needs;
};

struct feature_set {
	uint64_t bits[2];
};

_Static_assert(FEATURE_COUNT <= 128, "struct feature_set has room for them");

static inline bool feature_has(const struct feature_set *set, enum cpu_feature f)
{
	return set->bits[f / 64] >> f % 64 & 1;
}

/* The row of a feature, which is not FEATURE_NONE. */
const struct feature_row *feature_row(enum cpu_feature f);

/* FEATURE_NONE when there is none of that name, which need not end with a NUL. */
enum cpu_feature feature_find(const char *name, size_t length);

/* None, and all. */
struct feature_set feature_set_empty(void);
struct feature_set feature_set_all(void);

/* What needs a feature goes with it. */
void feature_set_add(struct feature_set *set, enum cpu_feature f);
void feature_set_remove(struct feature_set *set, enum cpu_feature f);

/* The bits that a set shows in a register of a CPUID leaf. */
uint32_t feature_set_cpuid(
	const struct feature_set *set, uint32_t leaf, uint32_t subleaf, enum cpuid_register reg);

#endif
