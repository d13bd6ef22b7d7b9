/* forms.h - makes the handlers of an operation from its one inline body.
 *
 * A body is a function with constant arguments (shape, width) that the compiler folds, and returns
 * a fault. The macros instantiate it for each form and fill a struct op. A handler then goes on to
 * the next instruction of the block itself, which optimised builds make a jump.
 *
 * Forms with a flat memory operand only look into the soft-TLB: where that misses, the body returns
 * FAULT_MISS before it has changed anything, and the handler for any memory operand takes over.
 */
#ifndef CPU_FORMS_H
#define CPU_FORMS_H

#include "sim/cpu/operand.h"

/* What a handler returns when its instruction did not complete, or ended the block. Else it returns
 * in[1].run(c, in + 1), written out: an inline function for that would cost gcc the jump. */
static ALWAYS_INLINE struct fault stop_at(struct vcpu *c, const struct insn *in, struct fault f)
{
	c->at = in;
	return f;
}

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

/* Memory as a form sees it: the fast path alone, or all there is. */
MUST_CHECK static ALWAYS_INLINE struct fault form_load(struct vcpu *c, const struct insn *in,
	enum shape shape, uint64_t la, unsigned size, void *to)
{
	const struct soft_entry *e = soft_entry(c->soft, la);

	if (shape_address(shape) == ADDRESS_ANY)
		return mem_load(c, in->seg, la, size, to);
	if (unlikely(!soft_reads(e, la, size)))
		return fault_miss;
	memcpy(to, soft_host(e, la), size);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault form_store(struct vcpu *c, const struct insn *in,
	enum shape shape, uint64_t la, unsigned size, const void *from)
{
	const struct soft_entry *e = soft_entry(c->soft, la);

	if (shape_address(shape) == ADDRESS_ANY)
		return mem_store(c, in->seg, la, size, from);
	if (unlikely(!soft_writes(e, la, size)))
		return fault_miss;
	memcpy(soft_host(e, la), from, size);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault form_open(struct vcpu *c, const struct insn *in,
	enum shape shape, uint64_t la, unsigned size, uint8_t **host)
{
	const struct soft_entry *e = soft_entry(c->soft, la);

	if (shape_address(shape) == ADDRESS_ANY)
		return mem_open(c, in->seg, la, size, host);
	if (unlikely(!soft_writes(e, la, size)))
		return fault_miss;
	*host = soft_host(e, la);
	return no_fault;
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
		TRY(form_load(c, in, shape, la, width, &v));
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
	TRY(form_load(c, in, shape, la, width, &v));
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
	TRY(form_open(c, in, shape, la, width, host));
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
	if (shape_address(shape) == ADDRESS_ANY)
		mem_commit(c, host);
}

/* FORM defines one handler, name_shape_width, from body(c, in, shape, width); FORM_FLAT one with a
 * flat memory operand, which hands over to that for any memory operand. */
#define FORM(name, body, shape, width)                                                             \
	static struct fault name##_##shape##_##width(struct vcpu *c, const struct insn *in)        \
	{                                                                                          \
		struct fault f = body(c, in, SHAPE_##shape, width);                                \
                                                                                                   \
		if (unlikely(f.raw))                                                               \
			return stop_at(c, in, f);                                                  \
		return in[1].run(c, in + 1);                                                       \
	}

#define FORM_FLAT(name, body, shape, any_shape, width)                                             \
	static struct fault name##_##shape##_##width(struct vcpu *c, const struct insn *in)        \
	{                                                                                          \
		struct fault f = body(c, in, SHAPE_##shape, width);                                \
                                                                                                   \
		if (unlikely(f.raw == FAULT_MISS))                                                 \
			return name##_##any_shape##_##width(c, in);                                \
		if (unlikely(f.raw))                                                               \
			return stop_at(c, in, f);                                                  \
		return in[1].run(c, in + 1);                                                       \
	}

#define FORM_WIDTHS(name, body, shape)                                                             \
	FORM(name, body, shape, 1)                                                                 \
	FORM(name, body, shape, 2)                                                                 \
	FORM(name, body, shape, 4)                                                                 \
	FORM(name, body, shape, 8)

#define FORM_FLAT_WIDTHS(name, body, shape, any_shape)                                             \
	FORM_FLAT(name, body, shape, any_shape, 1)                                                 \
	FORM_FLAT(name, body, shape, any_shape, 2)                                                 \
	FORM_FLAT(name, body, shape, any_shape, 4)                                                 \
	FORM_FLAT(name, body, shape, any_shape, 8)

/* All memory forms: with a second operand, into it, and alone. */
#define FORMS_FROM_MEMORY(name, body)                                                              \
	FORM_WIDTHS(name, body, RM)                                                                \
	FORM_FLAT_WIDTHS(name, body, RB, RM)                                                       \
	FORM_FLAT_WIDTHS(name, body, RX, RM)

#define FORMS_TO_MEMORY(name, body)                                                                \
	FORM_WIDTHS(name, body, MR)                                                                \
	FORM_FLAT_WIDTHS(name, body, BR, MR)                                                       \
	FORM_FLAT_WIDTHS(name, body, XR, MR)                                                       \
	FORM_WIDTHS(name, body, MI)                                                                \
	FORM_FLAT_WIDTHS(name, body, BI, MI)                                                       \
	FORM_FLAT_WIDTHS(name, body, XI, MI)

#define FORMS_MEMORY(name, body)                                                                   \
	FORM_WIDTHS(name, body, M)                                                                 \
	FORM_FLAT_WIDTHS(name, body, B, M)                                                         \
	FORM_FLAT_WIDTHS(name, body, X, M)

#define FORM_ROW(name, shape)                                                                      \
	[SHAPE_##shape] = {                                                                        \
		name##_##shape##_1, name##_##shape##_2, name##_##shape##_4, name##_##shape##_8}

#define FORM_ROWS_FROM_MEMORY(name) FORM_ROW(name, RB), FORM_ROW(name, RX), FORM_ROW(name, RM)

/* An operation on register or memory, and register, memory or immediate. */
#define OP_BINARY(name, body)                                                                      \
	FORM_WIDTHS(name, body, RR)                                                                \
	FORM_WIDTHS(name, body, RI)                                                                \
	FORMS_FROM_MEMORY(name, body)                                                              \
	FORMS_TO_MEMORY(name, body)                                                                \
	const struct op op_##name = {                                                              \
		.forms = {FORM_ROW(name, RR), FORM_ROW(name, RI), FORM_ROWS_FROM_MEMORY(name),     \
			FORM_ROW(name, BR), FORM_ROW(name, XR), FORM_ROW(name, MR),                \
			FORM_ROW(name, BI), FORM_ROW(name, XI), FORM_ROW(name, MI)},               \
	}

/* An operation that puts into a register what it makes of a register or memory. */
#define OP_REGISTER_FROM(name, body)                                                               \
	FORM_WIDTHS(name, body, RR)                                                                \
	FORMS_FROM_MEMORY(name, body)                                                              \
	const struct op op_##name = {                                                              \
		.forms = {FORM_ROW(name, RR), FORM_ROWS_FROM_MEMORY(name)},                        \
	}

/* An operation on one register or memory operand. */
#define OP_UNARY(name, body)                                                                       \
	FORM_WIDTHS(name, body, R)                                                                 \
	FORMS_MEMORY(name, body)                                                                   \
	const struct op op_##name = {                                                              \
		.forms = {FORM_ROW(name, R), FORM_ROW(name, B), FORM_ROW(name, X),                 \
			FORM_ROW(name, M)},                                                        \
	}

/* One handler for every form, name_any; OP_ANY makes it an operation. The macro stands before the
 * body's braces, with c and in as its arguments. */
#define HANDLER_ANY(name)                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name##_any(                            \
		struct vcpu *c, const struct insn *in);                                            \
	static struct fault name##_any(struct vcpu *c, const struct insn *in)                      \
	{                                                                                          \
		struct fault f = body_##name##_any(c, in);                                         \
                                                                                                   \
		if (unlikely(f.raw))                                                               \
			return stop_at(c, in, f);                                                  \
		return in[1].run(c, in + 1);                                                       \
	}                                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name##_any(                            \
		__attribute__((unused)) struct vcpu *c,                                            \
		__attribute__((unused)) const struct insn *in)

#define OP_ANY(name)                                                                               \
	static struct fault name##_any(struct vcpu *c, const struct insn *in);                     \
	const struct op op_##name = {.any = name##_any};                                           \
	HANDLER_ANY(name)

#endif
