/* exec_bcd.c - decimal arithmetic, BOUND and ARPL: what 64-bit mode has no more.
 *
 * Flags that the manual leaves undefined are 0, but for those that follow from the result as they
 * do elsewhere.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

static unsigned accumulator(const struct vcpu *c, unsigned width)
{
	return (unsigned)reg_get(c, REG_OFFSET(RAX), width);
}

/* AL becomes a result; carry is what AF and CF shall be. */
static void set_decimal(struct vcpu *c, unsigned al, uint64_t carry)
{
	reg_set(c, REG_OFFSET(RAX), 1, al);
	flags_write(c, RFLAGS_STATUS, flags_of_result((int8_t)al) | carry);
}

/* What both digits of AL need: the lower one 6, the upper one 0x60. */
static unsigned decimal_correction(struct vcpu *c, uint64_t *carry)
{
	unsigned al = accumulator(c, 1), correction = 0;

	flags_settle(c);
	*carry = 0;
	if ((al & 0xf) > 9 || (c->arch.rflags & RFLAGS_AF)) {
		correction = 0x06;
		*carry = RFLAGS_AF;
	}
	if (al > 0x99 || (c->arch.rflags & RFLAGS_CF)) {
		correction |= 0x60;
		*carry |= RFLAGS_CF;
	}
	return correction;
}

OP_ANY(daa)
{
	uint64_t carry;
	unsigned correction = decimal_correction(c, &carry);

	set_decimal(c, (uint8_t)(accumulator(c, 1) + correction), carry);
	return no_fault;
}

/* A borrow of the lower digit alone is one too. */
OP_ANY(das)
{
	uint64_t carry;
	unsigned correction = decimal_correction(c, &carry), al = accumulator(c, 1);

	if ((correction & 0x06) && al < 6)
		carry |= RFLAGS_CF;
	set_decimal(c, (uint8_t)(al - correction), carry);
	return no_fault;
}

/* AAA, AAS: one digit in AL, and a carry of +1 or -1 to AH. */
static void adjust_digit(struct vcpu *c, unsigned by)
{
	unsigned ax = accumulator(c, 2);
	bool carry;

	flags_settle(c);
	carry = (ax & 0xf) > 9 || (c->arch.rflags & RFLAGS_AF);
	if (carry)
		ax += by;
	reg_set(c, REG_OFFSET(RAX), 2, ax & 0xff0f);
	flags_write(c, RFLAGS_STATUS,
		flags_of_result((int8_t)(ax & 0xf)) | (carry ? RFLAGS_AF | RFLAGS_CF : 0));
}

OP_ANY(aaa)
{
	adjust_digit(c, 0x106);
	return no_fault;
}

OP_ANY(aas)
{
	adjust_digit(c, (unsigned)-0x106);
	return no_fault;
}

OP_ANY(aam)
{
	unsigned al = accumulator(c, 1), base = (uint8_t)in->imm;

	if (base == 0)
		return fault_exception(VECTOR_DE);
	reg_set(c, REG_OFFSET(RAX), 2, al / base << 8);
	set_decimal(c, al % base, 0);
	return no_fault;
}

OP_ANY(aad)
{
	unsigned ax = accumulator(c, 2), al = (uint8_t)(ax + (ax >> 8) * (uint8_t)in->imm);

	reg_set(c, REG_OFFSET(RAX), 2, 0);
	set_decimal(c, al, 0);
	return no_fault;
}

/* --- BOUND, ARPL --- */

/* A signed index, and a lower and an upper bound in memory, which belong to the array. The upper
 * one is looked at last. */
OP_ANY(bound)
{
	int64_t index = reg_get_signed(c, in->reg[0], in->width);
	uint64_t offset = operand_offset(c, in), la, value = 0;

	for (unsigned i = 0; i < 2; i++) {
		int64_t bound;

		TRY(segment_linear(c, in->seg, zero_extend(offset, in->address_size), in->width,
			ACCESS_READ, &la));
		TRY(mem_load(c, in->seg, la, in->width, &value));
		bound = sign_extend(value, in->width);
		if (i == 0 ? index < bound : index > bound)
			return fault_exception(VECTOR_BR);
		offset += in->width;
	}
	return no_fault;
}

#define RPL 3u

/* Raises the destination's RPL to the source's; writes nothing else. */
OP_ANY(arpl)
{
	unsigned least = reg_get(c, in->reg[1], 2) & RPL;
	uint64_t selector;
	bool below;

	if ((c->arch.cr0 & CR0_PE) == 0 || (c->arch.rflags & RFLAGS_VM))
		return fault_ud;
	TRY(operand_load(c, in, 0, 2, &selector));
	below = (selector & RPL) < least;
	if (below)
		TRY(operand_store(c, in, 0, 2, (selector & ~(uint64_t)RPL) | least));
	flags_write(c, RFLAGS_ZF, below ? RFLAGS_ZF : 0);
	return no_fault;
}
