/* exec_cpuid.c - CPUID: what the CPU model says, and what software has turned on. A leaf is a row.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/pmu.h"
#include "sim/cpu/xsave.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

#define EDX_1_APIC    (1u << 9)
#define EDX_1_HTT     (1u << 28)
#define ECX_1_MONITOR (1u << 3)
#define ECX_1_OSXSAVE (1u << 27)
#define ECX_7_OSPKE   (1u << 4)

static void put_text(struct cpuid *v, const char text[16])
{
	memcpy(&v->eax, text, 4);
	memcpy(&v->ebx, text + 4, 4);
	memcpy(&v->ecx, text + 8, 4);
	memcpy(&v->edx, text + 12, 4);
}

static void leaf_vendor(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	const char *vendor = c->model->vendor;

	(void)subleaf;
	v->eax = c->model->max_leaf;
	memcpy(&v->ebx, vendor, 4);
	memcpy(&v->edx, vendor + 4, 4);
	memcpy(&v->ecx, vendor + 8, 4);
}

static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

static void leaf_signature(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	unsigned count = c->cpu_count > 255 ? 255 : c->cpu_count;

	(void)subleaf;
	v->eax = model_signature(c->model);
	v->ebx = (c->id & 0xff) << 24;
	if (c->cpu_count > 1) {
		v->ebx |= count << 16;
		v->edx |= EDX_1_HTT;
	}
	if (model_has(c->model, FEATURE_clflush))
		v->ebx |= MODEL_CACHE_LINE / 8 << 8;
	if (lapic_base(c->lapic) & APIC_BASE_EN)
		v->edx |= EDX_1_APIC;
	if (c->arch.cr4 & CR4_OSXSAVE)
		v->ecx |= ECX_1_OSXSAVE;
	if ((c->arch.misc_enable & MISC_ENABLE_MONITOR) == 0)
		v->ecx &= ~ECX_1_MONITOR;
}

static void leaf_structured(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	if (subleaf == 0 && (c->arch.cr4 & CR4_PKE))
		v->ecx |= ECX_7_OSPKE;
}

static void leaf_xsave(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	uint64_t supported = xsave_supported(c->model);

	if (!model_has(c->model, FEATURE_xsave))
		return;
	if (subleaf == 0) {
		v->eax = (uint32_t)supported;
		v->ebx = xsave_size(c->arch.xcr0, false);
		v->ecx = xsave_size(supported, false);
	} else if (subleaf == 1 && model_has(c->model, FEATURE_xsavec)) {
		v->ebx = xsave_size(c->arch.xcr0, true);
	} else if (subleaf == XSAVE_PKRU_INDEX && (supported & XSTATE_PKRU)) {
		v->eax = XSAVE_PKRU_SIZE;
		v->ebx = XSAVE_PKRU_OFFSET;
	}
}

/* SDM "Encoding of CPUID Leaf 2 Descriptors": caches are in leaf 4; a data TLB of 32 entries of 2
 * MiB and 4 of 1 GiB, in four ways, as sim/mmu/tlb.c has it. */
static void leaf_descriptors(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)c;
	(void)subleaf;
	v->eax = 0x00ff6301;
}

/* SDM "Deterministic Cache Parameters": the last level is shared by all cores. */
static void leaf_caches(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	static const struct {
		uint32_t type, level;
	} kinds[MODEL_CACHES] = {{1, 1}, {2, 1}, {3, 2}, {3, 3}};
	unsigned shown = 0;

	for (unsigned i = 0; i < MODEL_CACHES; i++) {
		const struct model_cache *k = &c->model->caches[i];
		uint32_t id_span = (1u << bits_for(c->cpu_count)) - 1;

		if (k->kib == 0 || shown++ != subleaf)
			continue;
		v->eax = kinds[i].type | kinds[i].level << 5 | 1u << 8 |
			 (i == CACHE_L3 ? id_span << 14 : 0) | (id_span & 0x3f) << 26;
		v->ebx = (MODEL_CACHE_LINE - 1) | (k->ways - 1) << 22;
		v->ecx = k->kib * 1024 / (k->ways * MODEL_CACHE_LINE) - 1;
		v->edx = i == CACHE_L3 ? 1u << 2 : 0; /* which of its sets is no simple matter */
		return;
	}
}

/* SDM "Hierarchical Mapping of Shared Resources": one thread a core, all cores in one package. */
static void leaf_topology(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	*v = (struct cpuid){.ecx = subleaf & 0xff, .edx = c->id};
	if (subleaf == 0) {
		v->ebx = 1;
		v->ecx |= 1 << 8;
	} else if (subleaf == 1) {
		v->eax = bits_for(c->cpu_count);
		v->ebx = c->cpu_count;
		v->ecx |= 2 << 8;
	}
}

/* States: C0 and C1, of one kind each. */
static void leaf_monitor(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	if (!model_has(c->model, FEATURE_monitor))
		return;
	v->eax = v->ebx = MONITOR_LINE;
	v->ecx = 3; /* extensions are listed; MWAIT's break on masked interrupts */
	v->edx = 0x11;
}

static void leaf_performance(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	if (!model_has(c->model, FEATURE_arch_perfmon))
		return;
	v->eax = PMU_VERSION | PMU_PROGRAMMABLE << 8 | PMU_WIDTH << 16 | PMU_EVENTS << 24;
	v->edx = PMU_FIXED | PMU_WIDTH << 5;
}

/* The TSC and the crystal run alike. */
static void leaf_tsc(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	if (!model_has(c->model, FEATURE_tsc))
		return;
	v->eax = v->ebx = 1;
	v->ecx = (uint32_t)c->tsc_hz;
}

static void leaf_frequency(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	v->eax = v->ebx = (uint32_t)(c->tsc_hz / 1000000) & 0xffff;
	v->ecx = 100; /* of the bus */
}

static void leaf_extended(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	v->eax = c->model->max_extended;
}

static void leaf_brand_0(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	put_text(v, c->model->brand);
}

static void leaf_brand_1(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	put_text(v, c->model->brand + 16);
}

static void leaf_brand_2(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	put_text(v, c->model->brand + 32);
}

/* L2 as the older leaf has it: KiB, associativity in a code, line size. */
static void leaf_l2(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	static const uint8_t codes[] = {[1] = 1, [2] = 2, [4] = 4, [8] = 6, [16] = 8};
	const struct model_cache *k = &c->model->caches[CACHE_L2];
	uint32_t code = k->ways < ARRAY_LEN(codes) ? codes[k->ways] : 0;

	(void)subleaf;
	if (k->kib != 0)
		v->ecx = (k->kib & 0xffff) << 16 | code << 12 | MODEL_CACHE_LINE;
}

static void leaf_addresses(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	v->eax = c->model->physical_bits |
		 (model_has(c->model, FEATURE_lm) ? LINEAR_ADDRESS_BITS : 32) << 8;
}

static const struct cpuid_row {
	uint32_t leaf;
	/* Adds to what features show; may be NULL. */
	void (*fill)(const struct vcpu *c, uint32_t subleaf, struct cpuid *v);
	bool has_subleaves; /* else ECX means nothing */
} rows[] = {
	{0x0, leaf_vendor, false},
	{0x1, leaf_signature, false},
	{0x2, leaf_descriptors, false},
	{0x4, leaf_caches, true},
	{0x5, leaf_monitor, false},
	{0x6, NULL, false},
	{0x7, leaf_structured, true},
	{0xa, leaf_performance, false},
	{0xb, leaf_topology, true},
	{0xd, leaf_xsave, true},
	{0x15, leaf_tsc, false},
	{0x16, leaf_frequency, false},
	{0x80000000, leaf_extended, false},
	{0x80000001, NULL, false},
	{0x80000002, leaf_brand_0, false},
	{0x80000003, leaf_brand_1, false},
	{0x80000004, leaf_brand_2, false},
	{0x80000006, leaf_l2, false},
	{0x80000007, NULL, false},
	{0x80000008, leaf_addresses, false},
};

static void show_features(
	const struct cpu_model *m, uint32_t leaf, uint32_t subleaf, struct cpuid *v)
{
	v->eax |= feature_set_cpuid(&m->features, leaf, subleaf, CPUID_EAX);
	v->ebx |= feature_set_cpuid(&m->features, leaf, subleaf, CPUID_EBX);
	v->ecx |= feature_set_cpuid(&m->features, leaf, subleaf, CPUID_ECX);
	v->edx |= feature_set_cpuid(&m->features, leaf, subleaf, CPUID_EDX);
}

/* A leaf beyond the last basic one gives that one's data (SDM CPUID); gaps give zero. */
static struct cpuid find_leaf(const struct vcpu *c, uint32_t leaf, uint32_t subleaf)
{
	const struct cpu_model *m = c->model;
	bool extended = leaf >= 0x80000000 && leaf <= m->max_extended;
	struct cpuid v = {0};

	if (leaf > m->max_leaf && !extended)
		leaf = m->max_leaf;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].leaf != leaf)
			continue;
		show_features(m, leaf, rows[i].has_subleaves ? subleaf : 0, &v);
		if (rows[i].fill != NULL)
			rows[i].fill(c, subleaf, &v);
	}
	return v;
}

OP_ANY(cpuid)
{
	struct cpuid v = find_leaf(c, (uint32_t)c->arch.gpr[RAX], (uint32_t)c->arch.gpr[RCX]);

	mem_fence(c);
	reg_set(c, REG_OFFSET(RAX), 4, v.eax);
	reg_set(c, REG_OFFSET(RBX), 4, v.ebx);
	reg_set(c, REG_OFFSET(RCX), 4, v.ecx);
	reg_set(c, REG_OFFSET(RDX), 4, v.edx);
	return no_fault;
}
