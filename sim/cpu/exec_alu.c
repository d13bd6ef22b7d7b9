/* exec_alu.c - integer arithmetic and logic with two operands or one, and moves of data. */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

/* A two-operand calculation: takes and gives sign-extended values, sets the flags. */
typedef int64_t (*calculation)(struct vcpu *c, int64_t a, int64_t b, unsigned width);

static ALWAYS_INLINE int64_t calculate_add(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	flags_set_lazy(c, LAZY_ADD, width, a, b);
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static ALWAYS_INLINE int64_t calculate_sub(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	flags_set_lazy(c, LAZY_SUB, width, a, b);
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static ALWAYS_INLINE int64_t calculate_adc(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	unsigned carry = flags_carry(c);

	flags_set_lazy(c, LAZY_ADC, width, a, b);
	c->lazy.carry_in = carry;
	return (int64_t)((uint64_t)a + (uint64_t)b + carry);
}

static ALWAYS_INLINE int64_t calculate_sbb(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	unsigned carry = flags_carry(c);

	flags_set_lazy(c, LAZY_SBB, width, a, b);
	c->lazy.carry_in = carry;
	return (int64_t)((uint64_t)a - (uint64_t)b - carry);
}

static ALWAYS_INLINE int64_t calculate_and(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	flags_set_logic(c, width, a & b);
	return a & b;
}

static ALWAYS_INLINE int64_t calculate_or(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	flags_set_logic(c, width, a | b);
	return a | b;
}

static ALWAYS_INLINE int64_t calculate_xor(struct vcpu *c, int64_t a, int64_t b, unsigned width)
{
	flags_set_logic(c, width, a ^ b);
	return a ^ b;
}

MUST_CHECK static ALWAYS_INLINE struct fault change(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, calculation calculate)
{
	uint8_t *host = NULL;
	int64_t a, b;

	if (shape_to_memory(shape)) {
		TRY(form_source(c, in, shape, width, &b));
		TRY(form_dest_open(c, in, shape, width, &host, &a));
	} else {
		TRY(form_dest_open(c, in, shape, width, &host, &a));
		TRY(form_source(c, in, shape, width, &b));
	}
	form_dest_commit(c, in, shape, width, host, (uint64_t)calculate(c, a, b, width));
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault examine(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, calculation calculate)
{
	int64_t a, b;

	TRY(form_dest_value(c, in, shape, width, &a));
	TRY(form_source(c, in, shape, width, &b));
	calculate(c, a, b, width);
	return no_fault;
}

#define BODY(name, how, calculate)                                                                 \
	MUST_CHECK static ALWAYS_INLINE struct fault name(                                         \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return how(c, in, shape, width, calculate);                                        \
	}

BODY(body_add, change, calculate_add)
BODY(body_adc, change, calculate_adc)
BODY(body_sub, change, calculate_sub)
BODY(body_sbb, change, calculate_sbb)
BODY(body_and, change, calculate_and)
BODY(body_or, change, calculate_or)
BODY(body_xor, change, calculate_xor)
BODY(body_cmp, examine, calculate_sub)
BODY(body_test, examine, calculate_and)

OP_BINARY(add, body_add);
OP_BINARY(adc, body_adc);
OP_BINARY(sub, body_sub);
OP_BINARY(sbb, body_sbb);
OP_BINARY(and, body_and);
OP_BINARY(or, body_or);
OP_BINARY(xor, body_xor);
OP_BINARY(cmp, body_cmp);
OP_BINARY(test, body_test);

/* --- one operand --- */

typedef int64_t (*calculation_unary)(struct vcpu *c, int64_t a, unsigned width);

MUST_CHECK static ALWAYS_INLINE struct fault change_unary(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, calculation_unary calculate)
{
	uint8_t *host = NULL;
	int64_t a;

	TRY(form_dest_open(c, in, shape, width, &host, &a));
	form_dest_commit(c, in, shape, width, host, (uint64_t)calculate(c, a, width));
	return no_fault;
}

static ALWAYS_INLINE int64_t calculate_inc(struct vcpu *c, int64_t a, unsigned width)
{
	c->lazy.carry_in = flags_carry(c);
	flags_set_lazy(c, LAZY_INC, width, a, 1);
	return (int64_t)((uint64_t)a + 1);
}

static ALWAYS_INLINE int64_t calculate_dec(struct vcpu *c, int64_t a, unsigned width)
{
	c->lazy.carry_in = flags_carry(c);
	flags_set_lazy(c, LAZY_DEC, width, a, 1);
	return (int64_t)((uint64_t)a - 1);
}

static ALWAYS_INLINE int64_t calculate_neg(struct vcpu *c, int64_t a, unsigned width)
{
	return calculate_sub(c, 0, a, width);
}

static ALWAYS_INLINE int64_t calculate_not(struct vcpu *c, int64_t a, unsigned width)
{
	(void)c, (void)width;
	return ~a;
}

BODY(body_inc, change_unary, calculate_inc)
BODY(body_dec, change_unary, calculate_dec)
BODY(body_neg, change_unary, calculate_neg)
BODY(body_not, change_unary, calculate_not)

OP_UNARY(inc, body_inc);
OP_UNARY(dec, body_dec);
OP_UNARY(neg, body_neg);
OP_UNARY(not, body_not);

/* --- moves --- */

MUST_CHECK static ALWAYS_INLINE struct fault body_mov(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	uint64_t la;
	int64_t b;

	if (!shape_to_memory(shape)) {
		TRY(form_source(c, in, shape, width, &b));
		reg_set(c, in->reg[0], width, (uint64_t)b);
		return no_fault;
	}
	TRY(address_of(c, in, shape_address(shape), ACCESS_WRITE, width, &la));
	if (shape == SHAPE_BI || shape == SHAPE_XI || shape == SHAPE_MI)
		return form_store(c, in, shape, la, width, &in->imm);
	return form_store(c, in, shape, la, width, (const uint8_t *)c + in->reg[1]);
}

OP_BINARY(mov, body_mov);

/* The accumulator and an absolute offset, which the decoder puts into imm. */
MUST_CHECK static struct fault absolute_address(
	struct vcpu *c, const struct insn *in, enum access how, uint64_t *la)
{
	return segment_linear(
		c, in->seg, zero_extend(in->imm, in->address_size), in->width, how, la);
}

OP_ANY(load_offset)
{
	uint64_t la, value = 0;

	TRY(absolute_address(c, in, ACCESS_READ, &la));
	TRY(mem_load(c, in->seg, la, in->width, &value));
	reg_set(c, offsetof(struct vcpu, arch.gpr[RAX]), in->width, value);
	return no_fault;
}

OP_ANY(store_offset)
{
	uint64_t la;

	TRY(absolute_address(c, in, ACCESS_WRITE, &la));
	return mem_store(c, in->seg, la, in->width, &c->arch.gpr[RAX]);
}

MUST_CHECK static ALWAYS_INLINE struct fault body_lea(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	uint64_t offset;

	if (shape_address(shape) == ADDRESS_ANY)
		offset = operand_offset(c, in);
	else
		TRY(address_of(c, in, shape_address(shape), ACCESS_READ, 1, &offset));
	reg_set(c, in->reg[0], width, offset);
	return no_fault;
}

FORM_WIDTHS(lea, body_lea, RB)
FORM_WIDTHS(lea, body_lea, RX)
FORM_WIDTHS(lea, body_lea, RM)
const struct op op_lea = {
	.forms = {FORM_ROW(lea, RB), FORM_ROW(lea, RX), FORM_ROW(lea, RM)},
};

/* MOVZX and MOVSX: the source's width is part of the operation, in->width that of the result. */
MUST_CHECK static ALWAYS_INLINE struct fault extend(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, unsigned source, bool is_signed)
{
	int64_t v;

	TRY(form_source(c, in, shape, source, &v));
	reg_set(c, in->reg[0], width, is_signed ? (uint64_t)v : zero_extend((uint64_t)v, source));
	return no_fault;
}

#define BODY_EXTEND(name, source, is_signed)                                                       \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return extend(c, in, shape, width, source, is_signed);                             \
	}                                                                                          \
	OP_REGISTER_FROM(name, body_##name)

BODY_EXTEND(movzx_b, 1, false);
BODY_EXTEND(movzx_w, 2, false);
BODY_EXTEND(movsx_b, 1, true);
BODY_EXTEND(movsx_w, 2, true);
BODY_EXTEND(movsx_d, width == 2 ? 2 : 4, true);
