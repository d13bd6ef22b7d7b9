/* exec_msr.c - model-specific registers and the time-stamp counter.
 *
 * What reads the time or reaches the local APIC is done only in an exclusive step.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
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

/* There are no counters (CPUID leaf 0A is empty), so that any number is wrong. */
OP_ANY(rdpmc)
{
	(void)c;
	(void)in;
	return fault_gp(0);
}

/* --- MSRs: those that are just a field of the state are rows --- */

enum msr_kind {
	MSR_ANY,       /* any value */
	MSR_CANONICAL, /* an address */
	MSR_LOW32,     /* bits 63:32 are reserved */
	MSR_MISC_ENABLE,
	MSR_MTRR_DEFAULT,
	MSR_MTRR_FIXED, /* a memory type in each byte */
	MSR_MTRR_BASE,
	MSR_MTRR_MASK,
};

struct msr_row {
	uint32_t number;
	enum msr_kind kind;
	size_t offset; /* into struct core_state */
};

#define FIELD(f) offsetof(struct core_state, f)

static const struct msr_row msr_rows[] = {
	{0x174, MSR_LOW32, FIELD(sysenter_cs)},
	{0x175, MSR_CANONICAL, FIELD(sysenter_esp)},
	{0x176, MSR_CANONICAL, FIELD(sysenter_eip)},
	{0x1a0, MSR_MISC_ENABLE, FIELD(misc_enable)},
	{0x2ff, MSR_MTRR_DEFAULT, FIELD(mtrr_def_type)},
	{0xc0000081, MSR_ANY, FIELD(star)},
	{0xc0000082, MSR_CANONICAL, FIELD(lstar)},
	{0xc0000083, MSR_CANONICAL, FIELD(cstar)},
	{0xc0000084, MSR_LOW32, FIELD(sfmask)},
	{0xc0000100, MSR_CANONICAL, FIELD(seg[FS].base)},
	{0xc0000101, MSR_CANONICAL, FIELD(seg[GS].base)},
	{0xc0000102, MSR_CANONICAL, FIELD(kernel_gs_base)},
	{0xc0000103, MSR_LOW32, FIELD(tsc_aux)},
};

#define MSR_TSC          0x10
#define MSR_APIC_BASE    0x1b
#define MSR_TSC_ADJUST   0x3b
#define MSR_MTRRCAP      0xfe
#define MSR_MTRR_PAIRS   0x200 /* base and mask in turn, 8 pairs */
#define MSR_PAT          0x277
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC       0x800
#define MSR_EFER         0xc0000080

#define MTRRCAP (8 | BIT(8) | BIT(10)) /* 8 pairs, fixed ranges, write-combining */

static uint64_t *msr_field(struct vcpu *c, uint32_t number, enum msr_kind *kind)
{
	static const uint16_t fixed[] = {
		0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

	for (size_t i = 0; i < ARRAY_LEN(msr_rows); i++) {
		if (msr_rows[i].number == number) {
			*kind = msr_rows[i].kind;
			return (uint64_t *)(void *)((uint8_t *)&c->arch + msr_rows[i].offset);
		}
	}
	if (number >= MSR_MTRR_PAIRS && number < MSR_MTRR_PAIRS + 16) {
		*kind = number & 1 ? MSR_MTRR_MASK : MSR_MTRR_BASE;
		return number & 1 ? &c->arch.mtrr_mask[(number - MSR_MTRR_PAIRS) / 2]
				  : &c->arch.mtrr_base[(number - MSR_MTRR_PAIRS) / 2];
	}
	*kind = MSR_MTRR_FIXED;
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (fixed[i] == number)
			return &c->arch.mtrr_fixed[i];
	return NULL;
}

static bool is_x2apic_msr(uint32_t number)
{
	return number >= MSR_X2APIC && number < MSR_X2APIC + 0x100;
}

MUST_CHECK static struct fault msr_read(struct vcpu *c, uint32_t number, uint64_t *value)
{
	enum msr_kind kind;
	const uint64_t *field = msr_field(c, number, &kind);

	if (field != NULL) {
		*value = *field;
		return no_fault;
	}
	if (number == MSR_TSC || is_x2apic_msr(number))
		TRY(need_exclusive(c));
	if (is_x2apic_msr(number))
		return lapic_msr_read(c->lapic, number, value) ? no_fault : fault_gp(0);
	switch (number) {
	case MSR_TSC:
		*value = tsc_now(c);
		return no_fault;
	case MSR_APIC_BASE:
		*value = lapic_base(c->lapic);
		return no_fault;
	case MSR_TSC_ADJUST:
		*value = c->arch.tsc_adjust;
		return no_fault;
	case MSR_MTRRCAP:
		*value = MTRRCAP;
		return no_fault;
	case MSR_PAT:
		*value = c->arch.pat;
		return no_fault;
	case MSR_TSC_DEADLINE:
		*value = lapic_tsc_deadline(c->lapic);
		return no_fault;
	case MSR_EFER:
		*value = c->arch.efer;
		return no_fault;
	default:
		return fault_gp(0);
	}
}

static uint64_t efer_known(const struct vcpu *c)
{
	return (model_has(c->model, FEATURE_syscall) ? EFER_SCE : 0) |
	       (model_has(c->model, FEATURE_nx) ? EFER_NXE : 0) |
	       (model_has(c->model, FEATURE_lm) ? EFER_LME | EFER_LMA : 0);
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

/* SDM "Programming the PAT": types 2, 3 and above 7 are reserved. */
MUST_CHECK static struct fault write_pat(struct vcpu *c, uint64_t value)
{
	for (unsigned i = 0; i < 64; i += 8) {
		unsigned type = value >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return fault_gp(0);
	}
	c->arch.pat = value;
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

static bool are_memory_types(uint64_t types)
{
	for (unsigned i = 0; i < 64; i += 8)
		if (!is_memory_type(types >> i & 0xff))
			return false;
	return true;
}

/* In IA32_MISC_ENABLE only fast strings can be changed: CPUID has nothing that other bits govern.
 */
#define MISC_ENABLE_FAST_STRINGS BIT(0)

#define MTRR_DEFAULT_BITS (0xff | BIT(10) | BIT(11)) /* type, fixed ranges on, MTRRs on */
#define MTRR_FRAME        ((BIT(PHYS_ADDRESS_BITS) - 1) & ~UINT64_C(0xfff))
#define MTRR_MASK_VALID   BIT(11)

static bool field_takes(enum msr_kind kind, uint64_t old, uint64_t value)
{
	switch (kind) {
	case MSR_ANY:
		return true;
	case MSR_CANONICAL:
		return is_canonical(value);
	case MSR_LOW32:
		return value >> 32 == 0;
	case MSR_MISC_ENABLE:
		return ((old ^ value) & ~MISC_ENABLE_FAST_STRINGS) == 0;
	case MSR_MTRR_DEFAULT:
		return (value & ~MTRR_DEFAULT_BITS) == 0 && is_memory_type(value & 0xff);
	case MSR_MTRR_FIXED:
		return are_memory_types(value);
	case MSR_MTRR_BASE:
		return (value & ~(MTRR_FRAME | 0xff)) == 0 && is_memory_type(value & 0xff);
	case MSR_MTRR_MASK:
		return (value & ~(MTRR_FRAME | MTRR_MASK_VALID)) == 0;
	}
	return false;
}

MUST_CHECK static struct fault write_field(uint64_t *field, enum msr_kind kind, uint64_t value)
{
	if (!field_takes(kind, *field, value))
		return fault_gp(0);
	*field = value;
	return no_fault;
}

MUST_CHECK static struct fault msr_write(struct vcpu *c, uint32_t number, uint64_t value)
{
	enum msr_kind kind;
	uint64_t *field = msr_field(c, number, &kind);

	if (field != NULL)
		return write_field(field, kind, value);
	if (number == MSR_EFER)
		return write_efer(c, value);
	if (number == MSR_PAT)
		return write_pat(c, value);
	TRY(need_exclusive(c)); /* all others reach the local APIC or the time */
	if (is_x2apic_msr(number))
		return lapic_msr_write(c->lapic, number, value) ? no_fault : fault_gp(0);
	switch (number) {
	case MSR_TSC:
		set_tsc_adjust(c, value - c->arch.cycle);
		return no_fault;
	case MSR_TSC_ADJUST:
		set_tsc_adjust(c, value);
		return no_fault;
	case MSR_APIC_BASE:
		return lapic_set_base(c->lapic, value) ? no_fault : fault_gp(0);
	case MSR_TSC_DEADLINE:
		lapic_set_tsc_deadline(c->lapic, value, c->arch.tsc_adjust);
		return no_fault;
	default:
		return fault_gp(0);
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
