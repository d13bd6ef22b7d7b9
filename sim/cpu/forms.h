/* forms.h - makes the specialised handlers of an operation from its one inline body.
 *
 * A body is a function with constant arguments (shape, width) that the compiler folds. The macros
 * instantiate it for each form and fill a struct op.
 */
#ifndef CPU_FORMS_H
#define CPU_FORMS_H

#include "sim/cpu/operand.h"

static ALWAYS_INLINE enum address_kind shape_address(enum shape shape)
{
	switch (shape) {
	case SHAPE_RB:
	case SHAPE_BR:
	case SHAPE_BI:
	case SHAPE_B:
		return ADDRESS_BASE;
	case SHAPE_RX:
	case SHAPE_XR:
	case SHAPE_XI:
	case SHAPE_X:
		return ADDRESS_INDEX;
	default:
		return ADDRESS_ANY;
	}
}

/* Operand 0 is memory. */
static ALWAYS_INLINE bool shape_to_memory(enum shape shape)
{
	return shape >= SHAPE_BR && shape != SHAPE_R;
}

/* The second operand of a two-operand form, sign-extended. */
MUST_CHECK static ALWAYS_INLINE struct fault form_source(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width, int64_t *value)
{
	uint64_t la, v = 0;

	switch (shape) {
	case SHAPE_RI:
	case SHAPE_BI:
	case SHAPE_XI:
	case SHAPE_MI:
		*value = (int64_t)in->imm;
		return no_fault;
	case SHAPE_RB:
	case SHAPE_RX:
	case SHAPE_RM:
		TRY(address_of(c, in, shape_address(shape), ACCESS_READ, width, &la));
		TRY(mem_load(c, in->seg, la, width, &v));
		*value = sign_extend(v, width);
		return no_fault;
	default:
		*value = reg_get_signed(c, in->reg[1], width);
		return no_fault;
	}
}

/* Operand 0 for reading only. */
MUST_CHECK static ALWAYS_INLINE struct fault form_dest_value(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width, int64_t *value)
{
	uint64_t la, v = 0;

	if (!shape_to_memory(shape)) {
		*value = reg_get_signed(c, in->reg[0], width);
		return no_fault;
	}
	TRY(address_of(c, in, shape_address(shape), ACCESS_READ, width, &la));
	TRY(mem_load(c, in->seg, la, width, &v));
	*value = sign_extend(v, width);
	return no_fault;
}

/* Operand 0 for reading and writing: a memory operand is translated once, for write. */
MUST_CHECK static ALWAYS_INLINE struct fault form_dest_open(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, uint8_t **host, int64_t *value)
{
	uint64_t la, v = 0;

	if (!shape_to_memory(shape)) {
		*value = reg_get_signed(c, in->reg[0], width);
		return no_fault;
	}
	TRY(address_of(c, in, shape_address(shape), ACCESS_WRITE, width, &la));
	TRY(mem_open(c, in->seg, la, width, host));
	memcpy(&v, *host, width);
	*value = sign_extend(v, width);
	return no_fault;
}

static ALWAYS_INLINE void form_dest_commit(struct vcpu *c, const struct insn *in, enum shape shape,
	unsigned width, uint8_t *host, uint64_t value)
{
	if (!shape_to_memory(shape)) {
		reg_set(c, in->reg[0], width, value);
		return;
	}
	memcpy(host, &value, width);
	mem_commit(c, host);
}

/* FORM defines one handler: name_shape_width, from body(c, in, shape, width). */
#define FORM(name, body, shape, width)                                                             \
	static struct fault name##_##shape##_##width(struct vcpu *c, const struct insn *in)        \
	{                                                                                          \
		return body(c, in, SHAPE_##shape, width);                                          \
	}

#define FORM_WIDTHS(name, body, shape)                                                             \
	FORM(name, body, shape, 1)                                                                 \
	FORM(name, body, shape, 2)                                                                 \
	FORM(name, body, shape, 4)                                                                 \
	FORM(name, body, shape, 8)

#define FORM_ROW(name, shape)                                                                      \
	[SHAPE_##shape] = {                                                                        \
		name##_##shape##_1, name##_##shape##_2, name##_##shape##_4, name##_##shape##_8}

/* An operation on register or memory, and register, memory or immediate. */
#define OP_BINARY(name, body)                                                                      \
	FORM_WIDTHS(name, body, RR)                                                                \
	FORM_WIDTHS(name, body, RI)                                                                \
	FORM_WIDTHS(name, body, RB)                                                                \
	FORM_WIDTHS(name, body, RX)                                                                \
	FORM_WIDTHS(name, body, RM)                                                                \
	FORM_WIDTHS(name, body, BR)                                                                \
	FORM_WIDTHS(name, body, XR)                                                                \
	FORM_WIDTHS(name, body, MR)                                                                \
	FORM_WIDTHS(name, body, BI)                                                                \
	FORM_WIDTHS(name, body, XI)                                                                \
	FORM_WIDTHS(name, body, MI)                                                                \
	const struct op op_##name = {                                                              \
		.forms = {FORM_ROW(name, RR), FORM_ROW(name, RI), FORM_ROW(name, RB),              \
			FORM_ROW(name, RX), FORM_ROW(name, RM), FORM_ROW(name, BR),                \
			FORM_ROW(name, XR), FORM_ROW(name, MR), FORM_ROW(name, BI),                \
			FORM_ROW(name, XI), FORM_ROW(name, MI)},                                   \
	}

/* An operation on one register or memory operand. */
#define OP_UNARY(name, body)                                                                       \
	FORM_WIDTHS(name, body, R)                                                                 \
	FORM_WIDTHS(name, body, B)                                                                 \
	FORM_WIDTHS(name, body, X)                                                                 \
	FORM_WIDTHS(name, body, M)                                                                 \
	const struct op op_##name = {                                                              \
		.forms = {FORM_ROW(name, R), FORM_ROW(name, B), FORM_ROW(name, X),                 \
			FORM_ROW(name, M)},                                                        \
	}

/* An operation with one handler for every form. */
#define OP_ANY(name)                                                                               \
	static struct fault name##_any(struct vcpu *c, const struct insn *in);                     \
	const struct op op_##name = {.any = name##_any};                                           \
	static struct fault name##_any(__attribute__((unused)) struct vcpu *c,                     \
		__attribute__((unused)) const struct insn *in)

#endif
