/* exec_sse_move.c - SSE and SSE2 instructions that move data and change nothing in it. */
#include "sim/cpu/ops.h"
#include "sim/cpu/vector.h"

/* --- whole registers --- */

MUST_CHECK static ALWAYS_INLINE struct fault move_in(
	struct vcpu *c, const struct insn *in, enum shape shape, enum alignment alignment)
{
	union lanes v;

	TRY(c->vector);
	if (shape == SHAPE_RR)
		v = vector_get(c, in->reg[1]);
	else
		TRY(vector_load(c, in, shape, 16, alignment, &v));
	vector_set(c, in->reg[0], v);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault move_out(
	struct vcpu *c, const struct insn *in, enum shape shape, enum alignment alignment)
{
	union lanes v = vector_get(c, in->reg[1]);

	TRY(c->vector);
	if (shape != SHAPE_RR)
		return vector_store(c, in, shape, 16, alignment, &v);
	vector_set(c, in->reg[0], v);
	return no_fault;
}

#define BODY(name, how, alignment)                                                                 \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		(void)width;                                                                       \
		return how(c, in, shape, alignment);                                               \
	}

BODY(movaps_in, move_in, ALIGNED)
BODY(movups_in, move_in, UNALIGNED)
BODY(movaps_out, move_out, ALIGNED)
BODY(movups_out, move_out, UNALIGNED)

OP_VECTOR(movaps_in, body_movaps_in, 16);
OP_VECTOR(movups_in, body_movups_in, 16);
OP_VECTOR_TO(movaps_out, body_movaps_out, 16);
OP_VECTOR_TO(movups_out, body_movups_out, 16);

/* --- scalars: MOVSS, MOVSD; MOVQ --- */

/* From memory the rest is cleared, from a register it is kept. */
MUST_CHECK static ALWAYS_INLINE struct fault body_movs_in(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes v = {.x = {{0, 0}}};

	TRY(c->vector);
	if (shape == SHAPE_RR) {
		memcpy((uint8_t *)c + in->reg[0], (const uint8_t *)c + in->reg[1], width);
		return no_fault;
	}
	TRY(vector_load(c, in, shape, width, UNALIGNED, &v));
	vector_set(c, in->reg[0], v);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_movs_out(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	TRY(c->vector);
	if (shape != SHAPE_RR)
		return vector_store(
			c, in, shape, width, UNALIGNED, (const uint8_t *)c + in->reg[1]);
	memcpy((uint8_t *)c + in->reg[0], (const uint8_t *)c + in->reg[1], width);
	return no_fault;
}

/* MOVQ clears the upper half in any case. */
MUST_CHECK static ALWAYS_INLINE struct fault body_movq_in(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes v;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, width, &v));
	v.x.q[1] = 0;
	vector_set(c, in->reg[0], v);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_movq_out(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes v = vector_get(c, in->reg[1]);

	TRY(c->vector);
	if (shape != SHAPE_RR)
		return vector_store(c, in, shape, width, UNALIGNED, &v);
	v.x.q[1] = 0;
	vector_set(c, in->reg[0], v);
	return no_fault;
}

OP_VECTOR(movss_in, body_movs_in, 4);
OP_VECTOR(movsd_in, body_movs_in, 8);
OP_VECTOR_TO(movss_out, body_movs_out, 4);
OP_VECTOR_TO(movsd_out, body_movs_out, 8);
OP_VECTOR(movq_in, body_movq_in, 8);
OP_VECTOR_TO(movq_out, body_movq_out, 8);

/* --- halves: MOVLPS and its like; a half from a register is MOVHLPS, MOVLHPS --- */

MUST_CHECK static ALWAYS_INLINE struct fault move_half_in(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned to, unsigned from)
{
	union lanes v = vector_get(c, in->reg[0]);

	TRY(c->vector);
	if (shape == SHAPE_RR)
		v.x.q[to] = vector_get(c, in->reg[1]).x.q[from];
	else
		TRY(vector_load(c, in, shape, 8, UNALIGNED, &v.x.q[to]));
	vector_set(c, in->reg[0], v);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_movl_in(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	(void)width;
	return move_half_in(c, in, shape, 0, 1);
}

MUST_CHECK static ALWAYS_INLINE struct fault body_movh_in(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	(void)width;
	return move_half_in(c, in, shape, 1, 0);
}

MUST_CHECK static ALWAYS_INLINE struct fault body_movh_out(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes v = vector_get(c, in->reg[1]);

	TRY(c->vector);
	return vector_store(c, in, shape, width, UNALIGNED, &v.x.q[1]);
}

OP_VECTOR(movl_in, body_movl_in, 8);
OP_VECTOR(movh_in, body_movh_in, 8);
OP_VECTOR_TO(movh_out, body_movh_out, 8);

/* --- to and from general registers --- */

MUST_CHECK static ALWAYS_INLINE struct fault body_movd_in(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes v = {.x = {{0, 0}}};

	TRY(c->vector);
	if (shape == SHAPE_RR)
		v.x.q[0] = reg_get(c, in->reg[1], width);
	else
		TRY(vector_load(c, in, shape, width, UNALIGNED, &v));
	vector_set(c, in->reg[0], v);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_movd_out(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes v = vector_get(c, in->reg[1]);

	TRY(c->vector);
	if (shape != SHAPE_RR)
		return vector_store(c, in, shape, width, UNALIGNED, &v);
	reg_set(c, in->reg[0], width, v.x.q[0]);
	return no_fault;
}

VECTOR_FORMS_FROM(movd_in, body_movd_in, 4)
VECTOR_FORMS_FROM(movd_in, body_movd_in, 8)
VECTOR_FORMS_TO(movd_out, body_movd_out, 4)
VECTOR_FORMS_TO(movd_out, body_movd_out, 8)

#define BOTH_WIDTHS(name, shape)                                                                   \
	[SHAPE_##shape] = {                                                                        \
		[WIDTH_INDEX_4] = name##_##shape##_4, [WIDTH_INDEX_8] = name##_##shape##_8}

const struct op op_movd_in = {
	.forms = {BOTH_WIDTHS(movd_in, RR), BOTH_WIDTHS(movd_in, RM), BOTH_WIDTHS(movd_in, RB),
		BOTH_WIDTHS(movd_in, RX)},
};
const struct op op_movd_out = {
	.forms = {BOTH_WIDTHS(movd_out, RR), BOTH_WIDTHS(movd_out, MR), BOTH_WIDTHS(movd_out, BR),
		BOTH_WIDTHS(movd_out, XR)},
};

/* The sign bits of the lanes of that width, one bit each. */
MUST_CHECK static ALWAYS_INLINE struct fault move_mask(
	struct vcpu *c, const struct insn *in, unsigned lane)
{
	const uint8_t *bytes = (const uint8_t *)operand_xmm(c, in, 1);
	uint64_t mask = 0;

	TRY(c->vector);
	for (unsigned i = 0; i < 16 / lane; i++)
		mask |= (uint64_t)(bytes[i * lane + lane - 1] >> 7) << i;
	reg_set(c, in->reg[0], 4, mask);
	return no_fault;
}

OP_ANY(pmovmskb)
{
	return move_mask(c, in, 1);
}

OP_ANY(movmskps)
{
	return move_mask(c, in, 4);
}

OP_ANY(movmskpd)
{
	return move_mask(c, in, 8);
}

OP_ANY(pinsrw)
{
	union lanes v = vector_get(c, in->reg[0]);
	uint64_t word;

	TRY(c->vector);
	TRY(operand_load(c, in, 1, 2, &word));
	v.u16[in->imm & 7] = (uint16_t)word;
	vector_set(c, in->reg[0], v);
	return no_fault;
}

OP_ANY(pextrw)
{
	TRY(c->vector);
	reg_set(c, in->reg[0], 4, vector_get(c, in->reg[1]).u16[in->imm & 7]);
	return no_fault;
}

/* Stores the bytes whose mask has its sign bit set. All of DS:RDI (or another segment by prefix)
 * must be writable, the upper half first, as processors have it. */
OP_ANY(maskmovdqu)
{
	union lanes v = vector_get(c, in->reg[0]), mask = vector_get(c, in->reg[1]);
	uint64_t la;
	uint8_t *host;

	TRY(c->vector);
	TRY(segment_linear(c, in->seg, zero_extend(c->arch.gpr[RDI], in->address_size), 16,
		ACCESS_WRITE, &la));
	TRY(mem_open(c, in->seg, la + 8, 8, &host));
	TRY(mem_open(c, in->seg, la, 16, &host));
	for (unsigned i = 0; i < 16; i++)
		if (mask.u8[i] & 0x80)
			host[i] = v.u8[i];
	mem_commit(c, host);
	return no_fault;
}
