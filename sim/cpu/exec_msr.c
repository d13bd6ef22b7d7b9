/* exec_msr.c - model-specific registers and the time-stamp counter.
 *
 * What reads the time or reaches the local APIC is done only in an exclusive step.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/pmu.h"
#include "sim/cpu/segment.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

MUST_CHECK static struct fault need_exclusive(const struct vcpu *c)
{
	return c->exclusive ? no_fault : fault_retry;
}

static void set_edx_eax(struct vcpu *c, uint64_t value)
{
	reg_set(c, REG_OFFSET(RAX), 4, value);
	reg_set(c, REG_OFFSET(RDX), 4, value >> 32);
}

static uint64_t get_edx_eax(const struct vcpu *c)
{
	return (uint32_t)c->arch.gpr[RAX] | c->arch.gpr[RDX] << 32;
}

static uint64_t tsc_now(const struct vcpu *c)
{
	return c->arch.cycle + c->arch.tsc_adjust;
}

MUST_CHECK static struct fault need_tsc(const struct vcpu *c)
{
	if ((c->arch.cr4 & CR4_TSD) && cpu_cpl(c) != 0)
		return fault_gp(0);
	return need_exclusive(c);
}

OP_ANY(rdtsc)
{
	TRY(need_tsc(c));
	set_edx_eax(c, tsc_now(c));
	return no_fault;
}

OP_ANY(rdtscp)
{
	TRY(need_tsc(c));
	set_edx_eax(c, tsc_now(c));
	reg_set(c, REG_OFFSET(RCX), 4, c->arch.tsc_aux);
	return no_fault;
}

OP_ANY(rdpid)
{
	reg_set(c, in->reg[0], in->width, c->arch.tsc_aux);
	return no_fault;
}

/* The core's clocks are up to date only before a step of its own. */
MUST_CHECK static struct fault need_alone(const struct vcpu *c)
{
	return c->alone ? no_fault : fault_make(FAULT_ALONE);
}

OP_ANY(rdpmc)
{
	uint64_t value;

	if (cpu_cpl(c) != 0 && (c->arch.cr4 & CR4_PCE) == 0)
		return fault_gp(0);
	TRY(need_alone(c));
	if (!model_has(c->model, FEATURE_arch_perfmon) ||
		!pmu_read_counter(c, (uint32_t)c->arch.gpr[RCX], &value))
		return fault_gp(0);
	set_edx_eax(c, value);
	return no_fault;
}

/* --- MSRs: a row each, or for those that are alike --- */

enum msr_kind {
	/* a field of the state: what it takes */
	MSR_ANY,
	MSR_CANONICAL, /* an address */
	MSR_LOW32,     /* bits 63:32 are reserved */
	MSR_HALF,      /* bits 63:32 are not used: they stay 0 */
	MSR_MISC_ENABLE,
	MSR_PAT,
	MSR_MTRR_DEFAULT,
	MSR_MTRR_FIXED, /* a memory type in each byte */
	MSR_MTRR_BASE,
	MSR_MTRR_MASK,
	/* a value that never changes, and what a write does */
	MSR_READ_ONLY,  /* #GP */
	MSR_ZERO_ONLY,  /* #GP unless it is 0: error records that no error ever filled */
	MSR_IGNORES,    /* nothing */
	MSR_WRITE_ONLY, /* nothing; and reading is #GP */
	/* functions of their own */
	MSR_EFER,
	MSR_TSC,
	MSR_TSC_ADJUST,
	MSR_TSC_DEADLINE,
	MSR_APIC_BASE,
	MSR_X2APIC,
	MSR_PMU,
};

struct msr_row {
	uint32_t number, count, step; /* count of them, step apart */
	enum cpu_feature feature;     /* without it they do not exist */
	enum msr_kind kind;
	uint64_t at; /* the field of the first, or the value */
};

#define FIELD(f) offsetof(struct core_state, f)

#define MTRRCAP (8 | BIT(8) | BIT(10)) /* 8 pairs, fixed ranges, write-combining */

#define MCG_CAP (MC_BANKS | BIT(8)) /* IA32_MCG_CTL is there */

#define MICROCODE_REVISION BIT(32)

#define FEATURE_CONTROL_LOCK BIT(0) /* nothing in it can be turned on */

/* What an in-order core that never speculates can say: RDCL_NO, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO,
 * IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO. */
#define ARCH_CAPABILITIES                                                                          \
	(BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(13) | BIT(14) | BIT(15) |       \
		BIT(20) | BIT(24) | BIT(26) | BIT(27))

static const struct msr_row msr_rows[] = {
	{0x10, 1, 1, FEATURE_tsc, MSR_TSC, 0},
	{0x17, 1, 1, FEATURE_msr, MSR_READ_ONLY, 0}, /* IA32_PLATFORM_ID */
	{0x1b, 1, 1, FEATURE_msr, MSR_APIC_BASE, 0},
	{0x3a, 1, 1, FEATURE_msr, MSR_READ_ONLY, FEATURE_CONTROL_LOCK},
	{0x3b, 1, 1, FEATURE_tsc_adjust, MSR_TSC_ADJUST, 0},
	{0x79, 1, 1, FEATURE_msr, MSR_WRITE_ONLY, 0}, /* IA32_BIOS_UPDT_TRIG */
	{0x8b, 1, 1, FEATURE_msr, MSR_IGNORES, MICROCODE_REVISION},
	{0xc1, PMU_PROGRAMMABLE, 1, FEATURE_arch_perfmon, MSR_PMU, 0},
	{0xfe, 1, 1, FEATURE_mtrr, MSR_READ_ONLY, MTRRCAP},
	{0x10a, 1, 1, FEATURE_arch_capabilities, MSR_READ_ONLY, ARCH_CAPABILITIES},
	{0x174, 1, 1, FEATURE_sep, MSR_HALF, FIELD(sysenter_cs)},
	{0x175, 1, 1, FEATURE_sep, MSR_CANONICAL, FIELD(sysenter_esp)},
	{0x176, 1, 1, FEATURE_sep, MSR_CANONICAL, FIELD(sysenter_eip)},
	{0x179, 1, 1, FEATURE_mca, MSR_READ_ONLY, MCG_CAP},
	{0x17a, 1, 1, FEATURE_mca, MSR_ZERO_ONLY, 0}, /* IA32_MCG_STATUS */
	{0x17b, 1, 1, FEATURE_mca, MSR_ANY, FIELD(mcg_ctl)},
	{0x186, PMU_PROGRAMMABLE, 1, FEATURE_arch_perfmon, MSR_PMU, 0},
	{0x1a0, 1, 1, FEATURE_msr, MSR_MISC_ENABLE, FIELD(misc_enable)},
	{0x200, 8, 2, FEATURE_mtrr, MSR_MTRR_BASE, FIELD(mtrr_base)},
	{0x201, 8, 2, FEATURE_mtrr, MSR_MTRR_MASK, FIELD(mtrr_mask)},
	{0x250, 1, 1, FEATURE_mtrr, MSR_MTRR_FIXED, FIELD(mtrr_fixed[0])},
	{0x258, 2, 1, FEATURE_mtrr, MSR_MTRR_FIXED, FIELD(mtrr_fixed[1])},
	{0x268, 8, 1, FEATURE_mtrr, MSR_MTRR_FIXED, FIELD(mtrr_fixed[3])},
	{0x277, 1, 1, FEATURE_pat, MSR_PAT, FIELD(pat)},
	{0x2ff, 1, 1, FEATURE_mtrr, MSR_MTRR_DEFAULT, FIELD(mtrr_def_type)},
	{0x309, PMU_FIXED, 1, FEATURE_arch_perfmon, MSR_PMU, 0},
	{0x345, 1, 1, FEATURE_pdcm, MSR_READ_ONLY, PMU_CAPABILITIES},
	{0x38d, 4, 1, FEATURE_arch_perfmon, MSR_PMU, 0}, /* control and status */
	{0x400, MC_BANKS, 4, FEATURE_mca, MSR_ANY, FIELD(mc_ctl)},
	{0x401, MC_BANKS, 4, FEATURE_mca, MSR_ZERO_ONLY, 0}, /* status, address, more */
	{0x402, MC_BANKS, 4, FEATURE_mca, MSR_ZERO_ONLY, 0},
	{0x403, MC_BANKS, 4, FEATURE_mca, MSR_ZERO_ONLY, 0},
	{0x4c1, PMU_PROGRAMMABLE, 1, FEATURE_pdcm, MSR_PMU, 0},
	{0x6e0, 1, 1, FEATURE_tsc_deadline, MSR_TSC_DEADLINE, 0},
	{0x800, 0x100, 1, FEATURE_x2apic, MSR_X2APIC, 0},
	{0xda0, 1, 1, FEATURE_xsaves, MSR_ZERO_ONLY, 0}, /* IA32_XSS */
	{0xc0000080, 1, 1, FEATURE_lm, MSR_EFER, 0},
	{0xc0000081, 1, 1, FEATURE_syscall, MSR_ANY, FIELD(star)},
	{0xc0000082, 1, 1, FEATURE_syscall, MSR_CANONICAL, FIELD(lstar)},
	{0xc0000083, 1, 1, FEATURE_syscall, MSR_CANONICAL, FIELD(cstar)},
	{0xc0000084, 1, 1, FEATURE_syscall, MSR_LOW32, FIELD(sfmask)},
	{0xc0000100, 1, 1, FEATURE_lm, MSR_CANONICAL, FIELD(seg[FS].base)},
	{0xc0000101, 1, 1, FEATURE_lm, MSR_CANONICAL, FIELD(seg[GS].base)},
	{0xc0000102, 1, 1, FEATURE_lm, MSR_CANONICAL, FIELD(kernel_gs_base)},
	{0xc0000103, 1, 1, FEATURE_rdtscp, MSR_LOW32, FIELD(tsc_aux)},
};

static const struct msr_row *msr_find(const struct vcpu *c, uint32_t number)
{
	for (size_t i = 0; i < ARRAY_LEN(msr_rows); i++) {
		const struct msr_row *r = &msr_rows[i];
		uint32_t distance = number - r->number;

		if (distance < r->count * r->step && distance % r->step == 0)
			return model_has(c->model, r->feature) ? r : NULL;
	}
	return NULL;
}

static uint64_t *msr_field(struct vcpu *c, const struct msr_row *r, uint32_t number)
{
	uint64_t index = (number - r->number) / r->step;

	return (uint64_t *)(void *)((uint8_t *)&c->arch + r->at) + index;
}

MUST_CHECK static struct fault msr_read(struct vcpu *c, uint32_t number, uint64_t *value)
{
	const struct msr_row *r = msr_find(c, number);

	if (r == NULL)
		return fault_gp(0);
	switch (r->kind) {
	case MSR_READ_ONLY:
	case MSR_ZERO_ONLY:
	case MSR_IGNORES:
		*value = r->at;
		return no_fault;
	case MSR_WRITE_ONLY:
		return fault_gp(0);
	case MSR_TSC:
		TRY(need_exclusive(c));
		*value = tsc_now(c);
		return no_fault;
	case MSR_X2APIC:
		TRY(need_exclusive(c));
		return lapic_msr_read(c->lapic, number, value) ? no_fault : fault_gp(0);
	case MSR_PMU:
		TRY(need_alone(c));
		*value = pmu_read(c, number);
		return no_fault;
	case MSR_APIC_BASE:
		*value = lapic_base(c->lapic);
		return no_fault;
	case MSR_TSC_ADJUST:
		*value = c->arch.tsc_adjust;
		return no_fault;
	case MSR_TSC_DEADLINE:
		*value = lapic_tsc_deadline(c->lapic);
		return no_fault;
	case MSR_EFER:
		*value = c->arch.efer;
		return no_fault;
	default:
		*value = *msr_field(c, r, number);
		return no_fault;
	}
}

static uint64_t efer_known(const struct vcpu *c)
{
	return EFER_LME | EFER_LMA | (model_has(c->model, FEATURE_syscall) ? EFER_SCE : 0) |
	       (model_has(c->model, FEATURE_nx) ? EFER_NXE : 0);
}

MUST_CHECK static struct fault write_efer(struct vcpu *c, uint64_t value)
{
	uint64_t changed = c->arch.efer ^ value;

	if ((value & ~efer_known(c)) != 0)
		return fault_gp(0);
	if ((changed & EFER_LME) && (c->arch.cr0 & CR0_PG))
		return fault_gp(0);
	c->arch.efer = (value & ~EFER_LMA) | (c->arch.efer & EFER_LMA);
	if (changed & EFER_NXE)
		mmu_flush_all(&c->mmu);
	return no_fault;
}

/* The deadline is compared with the TSC: when their distance changes, so does the event. */
static void set_tsc_adjust(struct vcpu *c, uint64_t adjust)
{
	uint64_t deadline = lapic_tsc_deadline(c->lapic);

	c->arch.tsc_adjust = adjust;
	if (deadline != 0)
		lapic_set_tsc_deadline(c->lapic, deadline, adjust);
}

/* SDM "Memory Type Range Registers": uncacheable, WC, WT, WP and WB; the others are reserved. */
static bool is_memory_type(uint64_t type)
{
	return type <= 6 && type != 2 && type != 3;
}

/* Of bytes; 7, UC-, is one in the PAT (SDM "Programming the PAT"). */
static bool are_memory_types(uint64_t types, bool pat)
{
	for (unsigned i = 0; i < 64; i += 8) {
		uint64_t type = types >> i & 0xff;

		if (!is_memory_type(type) && !(pat && type == 7))
			return false;
	}
	return true;
}

/* What can be changed in IA32_MISC_ENABLE; CPUID has nothing that other bits govern. */
static uint64_t misc_enable_writable(const struct vcpu *c)
{
	return MISC_ENABLE_FAST_STRINGS |
	       (model_has(c->model, FEATURE_monitor) ? MISC_ENABLE_MONITOR : 0);
}

#define MTRR_DEFAULT_BITS (0xff | BIT(10) | BIT(11)) /* type, fixed ranges on, MTRRs on */
#define MTRR_MASK_VALID   BIT(11)

/* The address bits of a range. */
static uint64_t mtrr_frame(const struct vcpu *c)
{
	return (BIT(c->model->physical_bits) - 1) & ~PAGE_MASK;
}

static bool field_takes(const struct vcpu *c, enum msr_kind kind, uint64_t old, uint64_t value)
{
	switch (kind) {
	case MSR_ANY:
	case MSR_HALF:
		return true;
	case MSR_CANONICAL:
		return is_canonical(value);
	case MSR_LOW32:
		return value >> 32 == 0;
	case MSR_MISC_ENABLE:
		return ((old ^ value) & ~misc_enable_writable(c)) == 0;
	case MSR_PAT:
		return are_memory_types(value, true);
	case MSR_MTRR_DEFAULT:
		return (value & ~MTRR_DEFAULT_BITS) == 0 && is_memory_type(value & 0xff);
	case MSR_MTRR_FIXED:
		return are_memory_types(value, false);
	case MSR_MTRR_BASE:
		return (value & ~(mtrr_frame(c) | 0xff)) == 0 && is_memory_type(value & 0xff);
	case MSR_MTRR_MASK:
		return (value & ~(mtrr_frame(c) | MTRR_MASK_VALID)) == 0;
	default:
		return false;
	}
}

/* Those of the x2APIC and the TSC deadline do not wait for stores: an IPI may overtake what it
 * announces (SDM "Serializing Instructions"). */
MUST_CHECK static struct fault msr_write(struct vcpu *c, uint32_t number, uint64_t value)
{
	const struct msr_row *r = msr_find(c, number);
	uint64_t *field;

	if (r == NULL)
		return fault_gp(0);
	if (r->kind != MSR_X2APIC && r->kind != MSR_TSC_DEADLINE)
		mem_fence(c);
	switch (r->kind) {
	case MSR_READ_ONLY:
		return fault_gp(0);
	case MSR_ZERO_ONLY:
		return value == 0 ? no_fault : fault_gp(0);
	case MSR_IGNORES:
	case MSR_WRITE_ONLY:
		return no_fault;
	case MSR_EFER:
		return write_efer(c, value);
	case MSR_TSC:
		TRY(need_exclusive(c));
		set_tsc_adjust(c, value - c->arch.cycle);
		return no_fault;
	case MSR_TSC_ADJUST:
		TRY(need_exclusive(c));
		set_tsc_adjust(c, value);
		return no_fault;
	case MSR_TSC_DEADLINE:
		TRY(need_exclusive(c));
		lapic_set_tsc_deadline(c->lapic, value, c->arch.tsc_adjust);
		return no_fault;
	case MSR_APIC_BASE:
		TRY(need_exclusive(c));
		return lapic_set_base(c->lapic, value) ? no_fault : fault_gp(0);
	case MSR_X2APIC:
		TRY(need_exclusive(c));
		return lapic_msr_write(c->lapic, number, value) ? no_fault : fault_gp(0);
	case MSR_PMU:
		TRY(need_alone(c));
		return pmu_write(c, number, value);
	default:
		field = msr_field(c, r, number);
		if (!field_takes(c, r->kind, *field, value))
			return fault_gp(0);
		*field = r->kind == MSR_HALF ? (uint32_t)value : value;
		return no_fault;
	}
}

OP_ANY(rdmsr)
{
	uint64_t value;

	if (cpu_cpl(c) != 0)
		return fault_gp(0);
	TRY(msr_read(c, (uint32_t)c->arch.gpr[RCX], &value));
	set_edx_eax(c, value);
	return no_fault;
}

OP_ANY(wrmsr)
{
	if (cpu_cpl(c) != 0)
		return fault_gp(0);
	return msr_write(c, (uint32_t)c->arch.gpr[RCX], get_edx_eax(c));
}
