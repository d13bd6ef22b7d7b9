/* exec_cpuid.c - CPUID: what the model says of itself. A leaf is a row. */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid_row {
	uint32_t leaf;
	struct cpuid value;
	/* Fills in what depends on the core or the machine; may be NULL. */
	void (*adjust)(const struct vcpu *c, uint32_t subleaf, struct cpuid *value);
};

/* FPU DE PSE TSC MSR PAE CX8 APIC MTRR PGE CMOV PAT CLFSH FXSR SSE SSE2 */
#define EDX_1                                                                                      \
	(1u << 0 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 | 1u << 9 |           \
		1u << 12 | 1u << 13 | 1u << 15 | 1u << 16 | 1u << 19 | 1u << 24 | 1u << 25 |       \
		1u << 26)
#define EDX_1_HTT          (1u << 28)
#define ECX_1_CX16         (1u << 13)
#define ECX_1_X2APIC       (1u << 21)
#define ECX_1_TSC_DEADLINE (1u << 24)

#define EBX_7_FSGSBASE   (1u << 0)
#define EBX_7_TSC_ADJUST (1u << 1)
#define EBX_7_SMEP       (1u << 7)
#define EBX_7_NO_FCS     (1u << 13) /* FXSAVE and its like store FCS and FDS as 0 */
#define EBX_7_SMAP       (1u << 20)
#define ECX_7_UMIP       (1u << 2)

/* LAHF in ECX; SYSCALL, NX, 1 GiB pages, RDTSCP and long mode in EDX. */
#define ECX_81 (1u << 0)
#define EDX_81 (1u << 11 | 1u << 20 | 1u << 26 | 1u << 27 | 1u << 29)

#define INVARIANT_TSC (1u << 8)

static void adjust_features(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	unsigned shown = c->cpu_count > 255 ? 255 : c->cpu_count;

	(void)subleaf;
	v->ebx |= (c->id & 0xff) << 24 | shown << 16;
	if (c->x2apic)
		v->ecx |= ECX_1_X2APIC;
	if (c->cpu_count > 1)
		v->edx |= EDX_1_HTT;
	if ((lapic_base(c->lapic) & APIC_BASE_EN) == 0)
		v->edx &= ~(1u << 9);
}

static void adjust_only_subleaf_0(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)c;
	if (subleaf != 0)
		*v = (struct cpuid){0};
}

static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

/* SDM "Hierarchical Mapping of Shared Resources": one thread a core, all cores in one package. */
static void adjust_topology(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
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

static void adjust_frequency(const struct vcpu *c, uint32_t subleaf, struct cpuid *v)
{
	(void)subleaf;
	v->ecx = (uint32_t)c->tsc_hz;
}

static const struct cpuid_row rows[] = {
	{0x0, {0x16, 0x756e6547, 0x6c65746e, 0x49656e69}, NULL}, /* GenuineIntel */
	{0x1, {0x000306a9, 0x800, ECX_1_CX16 | ECX_1_TSC_DEADLINE, EDX_1}, adjust_features},
	{0x7,
		{0, EBX_7_FSGSBASE | EBX_7_TSC_ADJUST | EBX_7_SMEP | EBX_7_NO_FCS | EBX_7_SMAP,
			ECX_7_UMIP, 0},
		adjust_only_subleaf_0},
	{0xb, {0}, adjust_topology},
	{0x15, {1, 1, 0, 0}, adjust_frequency}, /* TSC and crystal run alike */
	{0x80000000, {0x80000008, 0, 0, 0}, NULL},
	{0x80000001, {0, 0, ECX_81, EDX_81}, NULL},
	{0x80000002, {0x676e6972, 0x38782076, 0x34362d36, 0x6d697320}, NULL}, /* ringv x86-64 sim */
	{0x80000003, {0x74616c75, 0x0000726f, 0, 0}, NULL},                   /* ulator */
	{0x80000007, {0, 0, 0, INVARIANT_TSC}, NULL},
	{0x80000008, {PHYS_ADDRESS_BITS | LINEAR_ADDRESS_BITS << 8, 0, 0, 0}, NULL},
};

/* A leaf beyond the last basic one gives that one's data (SDM CPUID); gaps give zero. */
static const struct cpuid_row *find_row(uint32_t leaf)
{
	if (leaf > rows[0].value.eax && (leaf < 0x80000000 || leaf > 0x80000008))
		leaf = rows[0].value.eax;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].leaf == leaf)
			return &rows[i];
	return NULL;
}

OP_ANY(cpuid)
{
	const struct cpuid_row *row = find_row((uint32_t)c->arch.gpr[RAX]);
	struct cpuid v = {0};

	if (row != NULL) {
		v = row->value;
		if (row->adjust != NULL)
			row->adjust(c, (uint32_t)c->arch.gpr[RCX], &v);
	}
	reg_set(c, REG_OFFSET(RAX), 4, v.eax);
	reg_set(c, REG_OFFSET(RBX), 4, v.ebx);
	reg_set(c, REG_OFFSET(RCX), 4, v.ecx);
	reg_set(c, REG_OFFSET(RDX), 4, v.edx);
	return no_fault;
}
