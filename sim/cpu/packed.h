/* packed.h - instructions on packed integers, each from one body for XMM and for MMX registers.
 *
 * A body calculates with vectors of 16 bytes. Those of MMX registers have 8 bytes in the low half;
 * the rest of them is zero, and the rest of the result does not count. Where lanes of different
 * places meet, the body asks SIZE, which is 8 or 16 and constant.
 */
#ifndef CPU_PACKED_H
#define CPU_PACKED_H

#include "sim/cpu/vector.h"
#include "sim/cpu/x87.h"

/* How many lanes of a member of union lanes are in size bytes. */
#define LANES(v, member, size) ((size) / sizeof(v.member[0]))

/* An operation on two vectors, the destination first, and an immediate. */
typedef union lanes (*packed_fn)(union lanes a, union lanes b, unsigned imm, unsigned size);

static ALWAYS_INLINE union lanes lanes_of_mmx(uint64_t value)
{
	return (union lanes){.x = {{value, 0}}};
}

MUST_CHECK static ALWAYS_INLINE struct fault combine_mmx(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned load, packed_fn calculate)
{
	union lanes a = lanes_of_mmx(mmx_get(c, in->reg[0])), b = lanes_of_mmx(0);

	TRY(mmx_check(c));
	TRY(mmx_source(c, in, shape, load, b.x.q));
	a = calculate(a, b, (uint8_t)in->imm, 8);
	mmx_set(c, in->reg[0], a.x.q[0]);
	return no_fault;
}

/* load is how much of a memory operand an MMX instruction reads. */
MUST_CHECK static ALWAYS_INLINE struct fault combine(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, unsigned load, packed_fn calculate)
{
	union lanes b;

	if (width == 8)
		return combine_mmx(c, in, shape, load, calculate);
	TRY(c->vector);
	TRY(vector_source(c, in, shape, width, &b));
	vector_set(c, in->reg[0], calculate(vector_get(c, in->reg[0]), b, (uint8_t)in->imm, width));
	return no_fault;
}

#define PACKED_CALCULATION(name)                                                                   \
	static ALWAYS_INLINE union lanes calculate_##name(union lanes a, union lanes b,            \
		__attribute__((unused)) unsigned imm, __attribute__((unused)) unsigned SIZE)

#define PACKED_BODY(name, load)                                                                    \
	PACKED_CALCULATION(name);                                                                  \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return combine(c, in, shape, width, load, calculate_##name);                       \
	}

/* XMM and MMX forms. */
#define PACKED_LOADING(name, load)                                                                 \
	PACKED_BODY(name, load)                                                                    \
	VECTOR_FORMS_FROM(name, body_##name, 16)                                                   \
	FORM(name, body_##name, RR, 8)                                                             \
	FORM(name, body_##name, RM, 8)                                                             \
	const struct op op_##name = {                                                              \
		.forms = {[SHAPE_RR] = {[WIDTH_INDEX_8] = name##_RR_8,                             \
				  [WIDTH_INDEX_16] = name##_RR_16},                                \
			[SHAPE_RM] =                                                               \
				{[WIDTH_INDEX_8] = name##_RM_8, [WIDTH_INDEX_16] = name##_RM_16},  \
			VECTOR_ENTRY(name, RB, 16),                                                \
			VECTOR_ENTRY(name, RX, 16)},                                               \
	};                                                                                         \
	PACKED_CALCULATION(name)

/* PACKED(name) { body } defines the operation from its calculation of a, b and imm; PACKED_XMM one
 * that MMX registers do not have. */
#define PACKED(name) PACKED_LOADING(name, 8)

#define PACKED_XMM(name)                                                                           \
	PACKED_BODY(name, 8)                                                                       \
	OP_VECTOR(name, body_##name, 16);                                                          \
	PACKED_CALCULATION(name)

#define PACKED_IS(name, member, expression)                                                        \
	PACKED(name)                                                                               \
	{                                                                                          \
		return (union lanes){.member = expression};                                        \
	}

/* PACKED_EACH(name, member, type, expression): lane i of the result from x and y, those of a and
 * b. */
#define PACKED_EACH(name, member, type, expression)                                                \
	PACKED(name)                                                                               \
	{                                                                                          \
		union lanes r;                                                                     \
                                                                                                   \
		for (unsigned i = 0; i < LANES(r, member, sizeof(r)); i++) {                       \
			int32_t x = a.member[i], y = b.member[i];                                  \
                                                                                                   \
			r.member[i] = (type)(expression);                                          \
		}                                                                                  \
		return r;                                                                          \
	}

static ALWAYS_INLINE int32_t clamp(int32_t v, int32_t least, int32_t most)
{
	return v < least ? least : v > most ? most : v;
}

#endif
