/* exec_mmx.c - MMX instructions that move data; those that calculate are in exec_sse_int.c.
 *
 * SDM "MMX Technology System Programming". Each but EMMS leaves TOP 0 and no register empty.
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/vector.h"
#include "sim/cpu/x87.h"

/* A store that faults has set TOP to 0 already, as processors have it; the tags follow with it. */
MUST_CHECK static struct fault mmx_store(struct vcpu *c, const struct insn *in)
{
	struct fault f = operand_store(c, in, 0, in->width, mmx_get(c, in->reg[1]));

	if (fault_kind(f) == FAULT_NONE)
		mmx_enter(c);
	else if (fault_kind(f) == FAULT_EXCEPTION)
		c->arch.x87.fsw &= (uint16_t)~FSW_TOP;
	return f;
}

OP_ANY(emms)
{
	TRY(mmx_check(c));
	mmx_enter(c);
	c->arch.x87.ftw = 0;
	return no_fault;
}

/* MOVD and MOVQ: of 4 bytes the upper half becomes zero. */
OP_ANY(mmx_mov_in)
{
	uint64_t value;

	TRY(mmx_check(c));
	TRY(operand_load(c, in, 1, in->width, &value));
	mmx_set(c, in->reg[0], value);
	return no_fault;
}

/* To memory or a general register; MOVNTQ too. */
OP_ANY(mmx_mov_out)
{
	TRY(mmx_check(c));
	return mmx_store(c, in);
}

OP_ANY(mmx_movq_out)
{
	TRY(mmx_check(c));
	if (in->place[0] != PLACE_REG)
		return mmx_store(c, in);
	mmx_set(c, in->reg[0], mmx_get(c, in->reg[1]));
	return no_fault;
}

OP_ANY(mmx_pinsrw)
{
	unsigned shift = ((unsigned)in->imm & 3) * 16;
	uint64_t value, word;

	TRY(mmx_check(c));
	TRY(operand_load(c, in, 1, 2, &word));
	value = mmx_get(c, in->reg[0]) & ~(UINT64_C(0xffff) << shift);
	mmx_set(c, in->reg[0], value | word << shift);
	return no_fault;
}

OP_ANY(mmx_pextrw)
{
	TRY(mmx_check(c));
	reg_set(c, in->reg[0], 4, (uint16_t)(mmx_get(c, in->reg[1]) >> (in->imm & 3) * 16));
	mmx_enter(c);
	return no_fault;
}

/* The sign bits of the bytes. */
OP_ANY(mmx_pmovmskb)
{
	uint64_t v = mmx_get(c, in->reg[1]), mask = 0;

	TRY(mmx_check(c));
	for (unsigned i = 0; i < 8; i++)
		mask |= (v >> (8 * i + 7) & 1) << i;
	reg_set(c, in->reg[0], 4, mask);
	mmx_enter(c);
	return no_fault;
}

/* Stores the bytes whose mask has its sign bit set; all of DS:RDI must be writable. Registers are
 * valid and TOP is 0 even when it is not, as processors have it. */
OP_ANY(maskmovq)
{
	uint64_t v = mmx_get(c, in->reg[0]), mask = mmx_get(c, in->reg[1]), la;
	struct fault f;
	uint8_t *host;

	TRY(mmx_check(c));
	f = segment_linear(
		c, in->seg, zero_extend(c->arch.gpr[RDI], in->address_size), 8, ACCESS_WRITE, &la);
	if (fault_kind(f) == FAULT_NONE)
		f = mem_open(c, in->seg, la, 8, &host);
	if (fault_kind(f) == FAULT_NONE || fault_kind(f) == FAULT_EXCEPTION)
		mmx_enter(c);
	TRY(f);
	for (unsigned i = 0; i < 8; i++)
		if (mask >> (8 * i) & 0x80)
			host[i] = (uint8_t)(v >> 8 * i);
	mem_commit(c, host);
	return no_fault;
}

OP_ANY(movq2dq)
{
	TRY(c->vector);
	TRY(mmx_check(c));
	vector_set(c, in->reg[0], (union lanes){.x = {{mmx_get(c, in->reg[1]), 0}}});
	mmx_enter(c);
	return no_fault;
}

OP_ANY(movdq2q)
{
	TRY(c->vector);
	TRY(mmx_check(c));
	mmx_set(c, in->reg[0], vector_get(c, in->reg[1]).x.q[0]);
	return no_fault;
}
