/* exec_system.c - control registers, descriptor tables, and the other privileged instructions. */
#include "sim/cpu/forms.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/segment.h"
#include "sim/cpu/v8086.h"

MUST_CHECK static struct fault need_cpl0(const struct vcpu *c)
{
	return cpu_cpl(c) == 0 ? no_fault : fault_gp(0);
}

/* UMIP: SGDT, SIDT, SLDT, STR, SMSW are for CPL 0 alone. */
MUST_CHECK static struct fault need_umip(const struct vcpu *c)
{
	return (c->arch.cr4 & CR4_UMIP) == 0 ? no_fault : need_cpl0(c);
}

/* --- control registers (SDM "Control Registers", MOV-Move to/from Control Registers) --- */

#define CR0_KNOWN                                                                                  \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
		CR0_PG)

/* Which feature brings a bit of CR4; without it the bit is reserved. */
static const struct cr4_row {
	uint64_t bit;
	enum cpu_feature feature;
} cr4_rows[] = {
	{CR4_VME, FEATURE_vme},
	{CR4_PVI, FEATURE_vme},
	{CR4_TSD, FEATURE_tsc},
	{CR4_DE, FEATURE_de},
	{CR4_PSE, FEATURE_pse},
	{CR4_PAE, FEATURE_pae},
	{CR4_MCE, FEATURE_mce},
	{CR4_PGE, FEATURE_pge},
	{CR4_PCE, FEATURE_arch_perfmon},
	{CR4_OSFXSR, FEATURE_fxsr},
	{CR4_OSXMMEXCPT, FEATURE_sse},
	{CR4_UMIP, FEATURE_umip},
	{CR4_FSGSBASE, FEATURE_fsgsbase},
	{CR4_PCIDE, FEATURE_pcid},
	{CR4_OSXSAVE, FEATURE_xsave},
	{CR4_SMEP, FEATURE_smep},
	{CR4_SMAP, FEATURE_smap},
	{CR4_PKE, FEATURE_pku},
};

static bool cr4_has_reserved(const struct vcpu *c, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_LEN(cr4_rows); i++)
		if (model_has(c->model, cr4_rows[i].feature))
			value &= ~cr4_rows[i].bit;
	return value != 0;
}

/* Bits that decide how addresses translate, or who may access what. */
#define CR0_PAGING (CR0_PE | CR0_PG | CR0_WP)
#define CR4_PAGING (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP | CR4_PKE)

/* What PAE paging loads its registers again after; and of CR4 (SDM "PDPTE Registers"). */
#define CR0_PDPTES (CR0_PG | CR0_CD | CR0_NW)
#define CR4_PDPTES (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

static bool uses_pae(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(efer & EFER_LMA);
}

MUST_CHECK static struct fault load_pdptes(struct vcpu *c, uint64_t cr3)
{
	uint64_t pdpte[4];

	if (!mmu_read_pdptes(&c->mmu, cr3, pdpte))
		return fault_gp(0);
	memcpy(c->arch.pdpte, pdpte, sizeof(pdpte));
	return no_fault;
}

#define TSS_TYPE_32 0x8

/* SDM "Initializing IA-32e Mode": what must hold when paging is turned on with EFER.LME. */
static bool may_enter_ia32e(const struct core_state *a)
{
	return (a->cr4 & CR4_PAE) && !(a->seg[CS].attr & SEG_L) && (a->seg[TR].attr & TSS_TYPE_32);
}

MUST_CHECK static struct fault write_cr0(struct vcpu *c, uint64_t value)
{
	uint64_t old = c->arch.cr0, changed, efer = c->arch.efer;
	bool paging_on = (value & CR0_PG) && !(old & CR0_PG);
	bool paging_off = !(value & CR0_PG) && (old & CR0_PG);

	if (value >> 32 != 0 || ((value & CR0_PG) && !(value & CR0_PE)) ||
		((value & CR0_NW) && !(value & CR0_CD)))
		return fault_gp(0);
	value = (value & CR0_KNOWN) | CR0_ET;
	if (paging_on && (efer & EFER_LME)) {
		if (!may_enter_ia32e(&c->arch))
			return fault_gp(0);
		efer |= EFER_LMA;
	}
	if (paging_off && (c->mode == CODE_64 || (c->arch.cr4 & CR4_PCIDE)))
		return fault_gp(0);
	if (paging_off)
		efer &= ~EFER_LMA;
	changed = old ^ value;
	if ((changed & CR0_PDPTES) && uses_pae(value, c->arch.cr4, efer))
		TRY(load_pdptes(c, c->arch.cr3));
	c->arch.efer = efer;
	c->arch.cr0 = value;
	monitor_disarm(c);
	if (changed & CR0_PAGING)
		mmu_flush_all(&c->mmu);
	cpu_state_changed(c);
	return no_fault;
}

MUST_CHECK static struct fault write_cr3(struct vcpu *c, uint64_t value)
{
	bool keep = (c->arch.cr4 & CR4_PCIDE) && (value & CR3_NO_FLUSH);

	if (keep)
		value &= ~CR3_NO_FLUSH;
	if (value >> c->model->physical_bits != 0)
		return fault_gp(0);
	if (uses_pae(c->arch.cr0, c->arch.cr4, c->arch.efer))
		TRY(load_pdptes(c, value));
	c->arch.cr3 = value;
	monitor_disarm(c);
	if (keep)
		mmu_switch(&c->mmu);
	else
		mmu_flush_local(&c->mmu);
	return no_fault;
}

MUST_CHECK static struct fault write_cr4(struct vcpu *c, uint64_t value)
{
	uint64_t changed = c->arch.cr4 ^ value;

	if (cr4_has_reserved(c, value))
		return fault_gp(0);
	if ((c->arch.efer & EFER_LMA) && !(value & CR4_PAE))
		return fault_gp(0);
	if ((changed & value & CR4_PCIDE) &&
		(!(c->arch.efer & EFER_LMA) || (c->arch.cr3 & CR3_PCID)))
		return fault_gp(0);
	if ((changed & CR4_PDPTES) && uses_pae(c->arch.cr0, value, c->arch.efer))
		TRY(load_pdptes(c, c->arch.cr3));
	c->arch.cr4 = value;
	monitor_disarm(c);
	if ((changed & CR4_PAGING) || (changed & ~value & CR4_PCIDE))
		mmu_flush_all(&c->mmu);
	cpu_state_changed(c);
	return no_fault;
}

/* Registers that do not exist are found while decoding, before the privilege is looked at (SDM
 * "Priority Among Simultaneous Exceptions and Interrupts"). */
MUST_CHECK static struct fault need_control_register(const struct vcpu *c, uint64_t n)
{
	if (n == 1 || (n > 4 && n != 8))
		return fault_ud;
	return need_cpl0(c);
}

/* Operand 1 is the control register's number, as an immediate made by the decoder. */
OP_ANY(mov_from_cr)
{
	uint64_t value;

	TRY(need_control_register(c, in->imm));
	switch (in->imm) {
	case 0:
		value = c->arch.cr0;
		break;
	case 2:
		value = c->arch.cr2;
		break;
	case 3:
		value = c->arch.cr3;
		break;
	case 4:
		value = c->arch.cr4;
		break;
	default:
		value = lapic_tpr(c->lapic);
		break;
	}
	reg_set(c, in->reg[0], in->width, value);
	return no_fault;
}

OP_ANY(mov_to_cr)
{
	uint64_t value = reg_get(c, in->reg[1], in->width);

	TRY(need_control_register(c, in->imm));
	if (in->imm != 8)
		mem_fence(c);
	switch (in->imm) {
	case 0:
		return write_cr0(c, value);
	case 2:
		c->arch.cr2 = value;
		return no_fault;
	case 3:
		return write_cr3(c, value);
	case 4:
		return write_cr4(c, value);
	default:
		if (value > 15)
			return fault_gp(0);
		lapic_set_tpr(c->lapic, (unsigned)value);
		return no_fault;
	}
}

OP_ANY(clts)
{
	TRY(need_cpl0(c));
	c->arch.cr0 &= ~CR0_TS;
	cpu_state_changed(c);
	return no_fault;
}

OP_ANY(smsw)
{
	TRY(need_umip(c));
	/* A register gets the operand size, memory 16 bits. */
	return operand_store(
		c, in, 0, in->place[0] == PLACE_REG ? in->width : 2, c->arch.cr0 & 0xffffffff);
}

/* LMSW sets PE, MP, EM, TS; it cannot clear PE. */
OP_ANY(lmsw)
{
	uint64_t value;

	TRY(need_cpl0(c));
	TRY(operand_load(c, in, 0, 2, &value));
	return write_cr0(c, (c->arch.cr0 & ~UINT64_C(0xe)) | (value & 0xf));
}

/* --- descriptor tables --- */

MUST_CHECK static struct fault store_table(
	struct vcpu *c, const struct insn *in, const struct table_register *t)
{
	unsigned size = c->mode == CODE_64 ? 8 : 4;
	uint64_t limit = t->limit, la;
	uint8_t image[10];

	TRY(need_umip(c));
	memcpy(image, &limit, 2);
	memcpy(image + 2, &t->base, size);
	TRY(operand_linear(c, in, ACCESS_WRITE, 2 + size, &la));
	return mem_store(c, in->seg, la, 2 + size, image);
}

MUST_CHECK static struct fault load_table(
	struct vcpu *c, const struct insn *in, struct table_register *t)
{
	unsigned size = c->mode == CODE_64 ? 8 : 4;
	struct table_register value = {0, 0};
	uint8_t image[10];
	uint64_t la;

	TRY(need_cpl0(c));
	TRY(operand_linear(c, in, ACCESS_READ, 2 + size, &la));
	TRY(mem_load(c, in->seg, la, 2 + size, image));
	memcpy(&value.limit, image, 2);
	memcpy(&value.base, image + 2, size);
	if (c->mode != CODE_64 && in->width == 2)
		value.base &= 0xffffff;
	if (!is_canonical(value.base))
		return fault_gp(0);
	*t = value;
	return no_fault;
}

OP_ANY(sgdt)
{
	return store_table(c, in, &c->arch.gdtr);
}

OP_ANY(sidt)
{
	return store_table(c, in, &c->arch.idtr);
}

OP_ANY(lgdt)
{
	mem_fence(c);
	return load_table(c, in, &c->arch.gdtr);
}

OP_ANY(lidt)
{
	mem_fence(c);
	return load_table(c, in, &c->arch.idtr);
}

MUST_CHECK static struct fault store_selector(struct vcpu *c, const struct insn *in, unsigned seg)
{
	if (in_8086_mode(c))
		return fault_ud;
	TRY(need_umip(c));
	return operand_store(
		c, in, 0, in->place[0] == PLACE_REG ? in->width : 2, c->arch.seg[seg].selector);
}

OP_ANY(sldt)
{
	return store_selector(c, in, LDTR);
}

OP_ANY(str)
{
	return store_selector(c, in, TR);
}

static bool system_type_fits(const struct vcpu *c, unsigned type, unsigned wanted)
{
	return type == wanted ||
	       (wanted == SYSTEM_TSS_AVAILABLE && !in_ia32e(c) && type == SYSTEM_TSS16_AVAILABLE);
}

/* Reads the descriptor for LLDT or LTR, which must be of that type and present. */
MUST_CHECK static struct fault system_descriptor(
	struct vcpu *c, uint16_t selector, unsigned type, struct descriptor *d)
{
	uint32_t error = selector & 0xfffcu;

	if (selector & 4)
		return fault_gp(error);
	TRY(descriptor_read_system(c, selector, VECTOR_GP, d));
	if (descriptor_is_code_or_data(d) || !system_type_fits(c, descriptor_type(d), type))
		return fault_gp(error);
	if (!descriptor_present(d))
		return fault_error(VECTOR_NP, error);
	if (!is_canonical(segment_from_descriptor(selector, d).base))
		return fault_gp(error);
	return no_fault;
}

OP_ANY(lldt)
{
	struct descriptor d;
	uint64_t selector;

	if (in_8086_mode(c))
		return fault_ud;
	TRY(need_cpl0(c));
	mem_fence(c);
	TRY(operand_load(c, in, 0, 2, &selector));
	if ((selector & ~3ull) == 0) {
		c->arch.seg[LDTR] = (struct segment){.selector = (uint16_t)selector};
		return no_fault;
	}
	TRY(system_descriptor(c, (uint16_t)selector, SYSTEM_LDT, &d));
	c->arch.seg[LDTR] = segment_from_descriptor((uint16_t)selector, &d);
	return no_fault;
}

OP_ANY(ltr)
{
	struct descriptor d;
	uint64_t selector;
	uint8_t type;

	if (in_8086_mode(c))
		return fault_ud;
	TRY(need_cpl0(c));
	mem_fence(c);
	TRY(operand_load(c, in, 0, 2, &selector));
	if ((selector & ~3ull) == 0)
		return fault_gp(0);
	TRY(system_descriptor(c, (uint16_t)selector, SYSTEM_TSS_AVAILABLE, &d));
	d.low |= BIT(41); /* busy */
	type = (uint8_t)(d.low >> 40);
	TRY(mem_system_store(c, c->arch.gdtr.base + (selector & ~7ull) + 5, 1, &type));
	c->arch.seg[TR] = segment_from_descriptor((uint16_t)selector, &d);
	return no_fault;
}

/* --- segment registers; the operand that is a segment register is its number, in imm --- */

OP_ANY(mov_from_seg)
{
	if (in->imm > GS)
		return fault_ud;
	return operand_store(
		c, in, 0, in->place[0] == PLACE_REG ? in->width : 2, c->arch.seg[in->imm].selector);
}

/* A load of SS holds interrupts and #DB off for one instruction (SDM MOV). */
MUST_CHECK static struct fault load_segment(struct vcpu *c, unsigned seg, uint64_t selector)
{
	TRY(segment_load(c, seg, (uint16_t)selector));
	if (seg == SS)
		c->arch.shadow = SHADOW_MOV_SS;
	cpu_state_changed(c);
	return no_fault;
}

OP_ANY(mov_to_seg)
{
	uint64_t selector;

	if (in->imm == CS || in->imm > GS)
		return fault_ud;
	TRY(operand_load(c, in, 1, 2, &selector));
	return load_segment(c, (unsigned)in->imm, selector);
}

OP_ANY(push_seg)
{
	return stack_push_selector(c, in->width, c->arch.seg[in->imm].selector);
}

OP_ANY(pop_seg)
{
	uint64_t selector;

	TRY(stack_top(c, 0, 2, &selector)); /* of in->width bytes */
	TRY(load_segment(c, (unsigned)in->imm, selector));
	stack_drop(c, in->width);
	return no_fault;
}

/* --- interrupts and halting --- */

OP_ANY(cli)
{
	enum interrupt_flag flag = interrupt_flag_of(c);

	if (flag == FLAG_NONE)
		return fault_gp(0);
	c->arch.rflags &= flag == FLAG_IF ? ~RFLAGS_IF : ~RFLAGS_VIF;
	return no_fault;
}

OP_ANY(sti)
{
	enum interrupt_flag flag = interrupt_flag_of(c);

	if (flag == FLAG_NONE || (flag == FLAG_VIF && (c->arch.rflags & RFLAGS_VIP)))
		return fault_gp(0);
	if (flag == FLAG_VIF) {
		c->arch.rflags |= RFLAGS_VIF;
		return no_fault;
	}
	if ((c->arch.rflags & RFLAGS_IF) == 0)
		c->arch.shadow = SHADOW_STI;
	c->arch.rflags |= RFLAGS_IF;
	return no_fault;
}

OP_ANY(hlt)
{
	TRY(need_cpl0(c));
	c->arch.activity = ACTIVITY_HALTED;
	return no_fault;
}

/* WBINVD, INVD: caches are coherent here. */
OP_ANY(wbinvd)
{
	mem_fence(c);
	return need_cpl0(c);
}

OP_ANY(swapgs)
{
	uint64_t base = c->arch.seg[GS].base;

	TRY(need_cpl0(c));
	c->arch.seg[GS].base = c->arch.kernel_gs_base;
	c->arch.kernel_gs_base = base;
	return no_fault;
}

/* RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE: imm is FS or GS. */
OP_ANY(rdbase)
{
	if ((c->arch.cr4 & CR4_FSGSBASE) == 0)
		return fault_ud;
	reg_set(c, in->reg[0], in->width, c->arch.seg[in->imm].base);
	return no_fault;
}

OP_ANY(wrbase)
{
	uint64_t base = reg_get(c, in->reg[0], in->width);

	if ((c->arch.cr4 & CR4_FSGSBASE) == 0)
		return fault_ud;
	if (!is_canonical(base))
		return fault_gp(0);
	c->arch.seg[in->imm].base = base;
	return no_fault;
}

OP_ANY(clac)
{
	if (cpu_cpl(c) != 0)
		return fault_ud;
	c->arch.rflags &= ~RFLAGS_AC;
	return no_fault;
}

OP_ANY(stac)
{
	if (cpu_cpl(c) != 0)
		return fault_ud;
	c->arch.rflags |= RFLAGS_AC;
	return no_fault;
}

/* --- LAR, LSL, VERR, VERW: ZF tells whether the selector is fit --- */

static bool selector_visible(const struct vcpu *c, uint16_t selector, const struct descriptor *d)
{
	bool conforming = descriptor_is_code(d) && (descriptor_type(d) & 4);
	unsigned rpl = selector & 3;

	return conforming || (descriptor_dpl(d) >= cpu_cpl(c) && descriptor_dpl(d) >= rpl);
}

/* Reads the descriptor; *found is false where the instruction shall just clear ZF. */
MUST_CHECK static struct fault find_descriptor(
	struct vcpu *c, uint64_t selector, struct descriptor *d, bool *found)
{
	struct fault f;

	if (in_8086_mode(c))
		return fault_ud;
	*found = false;
	if ((selector & ~3ull) == 0)
		return no_fault;
	f = descriptor_read(c, (uint16_t)selector, VECTOR_GP, d);
	if (fault_kind(f) == FAULT_EXCEPTION && fault_vector(f) == VECTOR_GP)
		return no_fault;
	TRY(f);
	*found = selector_visible(c, (uint16_t)selector, d);
	return no_fault;
}

static bool lar_type_ok(const struct vcpu *c, const struct descriptor *d, bool limit)
{
	unsigned type = descriptor_type(d);

	if (descriptor_is_code_or_data(d))
		return true;
	if (type == 0x2 || type == 0x9 || type == 0xb)
		return true;
	if (in_ia32e(c))
		return !limit && type == 0xc;
	return type == 0x1 || type == 0x3 || (!limit && (type == 4 || type == 5 || type == 0xc));
}

OP_ANY(lar)
{
	struct descriptor d = {0, 0};
	uint64_t selector;
	bool found;

	TRY(operand_load(c, in, 1, 2, &selector));
	TRY(find_descriptor(c, selector, &d, &found));
	found = found && lar_type_ok(c, &d, false);
	if (found)
		reg_set(c, in->reg[0], in->width, d.low >> 32 & 0xffff00);
	flags_write(c, RFLAGS_ZF, found ? RFLAGS_ZF : 0);
	return no_fault;
}

OP_ANY(lsl)
{
	struct descriptor d = {0, 0};
	uint64_t selector;
	bool found;

	TRY(operand_load(c, in, 1, 2, &selector));
	TRY(find_descriptor(c, selector, &d, &found));
	found = found && lar_type_ok(c, &d, true);
	if (found)
		reg_set(c, in->reg[0], in->width, segment_from_descriptor(0, &d).limit);
	flags_write(c, RFLAGS_ZF, found ? RFLAGS_ZF : 0);
	return no_fault;
}

MUST_CHECK static struct fault verify(struct vcpu *c, const struct insn *in, bool write)
{
	struct descriptor d = {0, 0};
	uint64_t selector;
	bool found, fits;

	TRY(operand_load(c, in, 0, 2, &selector));
	TRY(find_descriptor(c, selector, &d, &found));
	if (write)
		fits = !descriptor_is_code(&d) && (descriptor_type(&d) & 2);
	else
		fits = !descriptor_is_code(&d) || (descriptor_type(&d) & 2);
	found = found && fits && descriptor_is_code_or_data(&d);
	flags_write(c, RFLAGS_ZF, found ? RFLAGS_ZF : 0);
	return no_fault;
}

OP_ANY(verr)
{
	return verify(c, in, false);
}

OP_ANY(verw)
{
	return verify(c, in, true);
}
