/* exec_tlb.c - INVLPG and INVPCID. */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

MUST_CHECK static struct fault need_cpl0(const struct vcpu *c)
{
	return cpu_cpl(c) == 0 ? no_fault : fault_gp(0);
}

OP_ANY(invlpg)
{
	uint64_t la;

	TRY(need_cpl0(c));
	mem_fence(c);
	if (in->place[0] != PLACE_MEM)
		return fault_ud;
	TRY(segment_linear(c, in->seg, operand_offset(c, in), 1, ACCESS_READ, &la));
	if (is_canonical(la))
		mmu_flush_page(&c->mmu, la);
	return no_fault;
}

enum invpcid_type { INVPCID_PAGE, INVPCID_PCID, INVPCID_ALL, INVPCID_NOT_GLOBAL };

/* SDM INVPCID, "Protected Mode Exceptions". */
static bool is_good(const struct vcpu *c, uint64_t type, const uint64_t descriptor[2])
{
	if (type > INVPCID_NOT_GLOBAL || descriptor[0] >> 12 != 0)
		return false;
	if (type <= INVPCID_PCID && (c->arch.cr4 & CR4_PCIDE) == 0 && descriptor[0] != 0)
		return false;
	return type != INVPCID_PAGE || is_canonical(descriptor[1]);
}

OP_ANY(invpcid)
{
	uint64_t type = reg_get(c, in->reg[0], c->mode == CODE_64 ? 8 : 4), descriptor[2], la;

	TRY(need_cpl0(c));
	mem_fence(c);
	TRY(operand_linear(c, in, ACCESS_READ, sizeof(descriptor), &la));
	TRY(mem_load(c, in->seg, la, sizeof(descriptor), descriptor));
	if (!is_good(c, type, descriptor))
		return fault_gp(0);
	switch ((enum invpcid_type)type) {
	case INVPCID_PAGE:
		mmu_flush_pcid_page(&c->mmu, (unsigned)descriptor[0], descriptor[1]);
		break;
	case INVPCID_PCID:
		mmu_flush_pcid(&c->mmu, (unsigned)descriptor[0]);
		break;
	case INVPCID_ALL:
		mmu_flush_all(&c->mmu);
		break;
	case INVPCID_NOT_GLOBAL:
		mmu_flush_not_global(&c->mmu);
		break;
	}
	return no_fault;
}
