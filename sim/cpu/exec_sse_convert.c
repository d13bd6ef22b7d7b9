/* exec_sse_convert.c - SSE and SSE2 conversions between single, double, and signed integers. */
#include "sim/cpu/ieee.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/x87.h"

static ALWAYS_INLINE bool modes_are_default(const struct vcpu *c)
{
	return (c->arch.mxcsr & ~MXCSR_FLAGS) == MXCSR_MASKS;
}

/* --- one number --- */

typedef uint64_t (*conversion)(struct ieee *e, uint64_t v, bool quick);

static ALWAYS_INLINE uint64_t to_double(struct ieee *e, uint64_t v, bool quick)
{
	(void)quick;
	return ieee_convert(e, (uint32_t)v, 4, 8);
}

/* To nearest, where the result is normal and not the least. */
static ALWAYS_INLINE uint64_t to_single(struct ieee *e, uint64_t v, bool quick)
{
	double d;
	float f;
	uint32_t bits;

	if (!quick || ieee_exponent(v, 8) - 0x382 > 0x47d - 0x382)
		return ieee_convert(e, v, 8, 4);
	memcpy(&d, &v, sizeof(d));
	f = (float)d;
	memcpy(&bits, &f, sizeof(f));
	if ((double)f != d)
		e->flags |= MXCSR_PE;
	return bits;
}

/* What the significand has room for is exact. */
#define FROM_INTEGER(name, type, real, bits_type, width)                                           \
	static ALWAYS_INLINE uint64_t name(struct ieee *e, uint64_t v, bool quick)                 \
	{                                                                                          \
		uint64_t room = BIT(ieee_fraction_bits(width) + 1);                                \
		int64_t integer = (type)v;                                                         \
		real r = (real)integer;                                                            \
		bits_type bits;                                                                    \
                                                                                                   \
		(void)quick;                                                                       \
		if (unlikely((uint64_t)integer + room > 2 * room))                                 \
			return ieee_from_integer(e, integer, width);                               \
		memcpy(&bits, &r, sizeof(r));                                                      \
		return bits;                                                                       \
	}

FROM_INTEGER(single_from_32, int32_t, float, uint32_t, 4)
FROM_INTEGER(single_from_64, int64_t, float, uint32_t, 4)
FROM_INTEGER(double_from_64, int64_t, double, uint64_t, 8)

/* Always exact. */
static ALWAYS_INLINE uint64_t double_from_32(struct ieee *e, uint64_t v, bool quick)
{
	double d = (int32_t)v;

	(void)e, (void)quick;
	memcpy(&v, &d, sizeof(d));
	return v;
}

#define TO_INTEGER(name, width, integer)                                                           \
	static ALWAYS_INLINE uint64_t name(struct ieee *e, uint64_t v, bool quick)                 \
	{                                                                                          \
		(void)quick;                                                                       \
		return ieee_to_integer(e, v, width, integer, false);                               \
	}

TO_INTEGER(single_to_32, 4, 4)
TO_INTEGER(single_to_64, 4, 8)
TO_INTEGER(double_to_32, 8, 4)
TO_INTEGER(double_to_64, 8, 8)
/* Truncated to what surely fits, with PE the only flag in question. */
#define TRUNCATE(name, real, bits_type, width, integer)                                            \
	static ALWAYS_INLINE uint64_t name(struct ieee *e, uint64_t v, bool quick)                 \
	{                                                                                          \
		unsigned fits = ieee_exponent_most(width) / 2 + integer * 8 - 1;                   \
		bits_type bits = (bits_type)v;                                                     \
		int64_t whole;                                                                     \
		real r;                                                                            \
                                                                                                   \
		if (unlikely(!quick || ieee_exponent(v, width) >= fits))                           \
			return ieee_to_integer(e, v, width, integer, true);                        \
		memcpy(&r, &bits, sizeof(r));                                                      \
		whole = (int64_t)r;                                                                \
		if ((real)whole != r)                                                              \
			e->flags |= MXCSR_PE;                                                      \
		return (uint64_t)whole;                                                            \
	}

TRUNCATE(single_to_32_truncated, float, uint32_t, 4, 4)
TRUNCATE(single_to_64_truncated, float, uint32_t, 4, 8)
TRUNCATE(double_to_32_truncated, double, uint64_t, 8, 4)
TRUNCATE(double_to_64_truncated, double, uint64_t, 8, 8)

/* --- vectors: count lanes, from one width to another; the rest of a is as given --- */

MUST_CHECK static ALWAYS_INLINE struct fault convert_lanes(struct vcpu *c, union lanes *a,
	const union lanes *b, unsigned to, unsigned from, unsigned count, conversion convert)
{
	struct ieee e = {.control = (uint32_t)c->arch.mxcsr};
	bool quick = modes_are_default(c);

	for (unsigned i = 0; i < count; i++) {
		uint64_t v = convert(&e, from == 4 ? b->u32[i] : b->u64[i], quick);

		if (to == 4)
			a->u32[i] = (uint32_t)v;
		else
			a->u64[i] = v;
	}
	return unlikely(e.flags != 0) ? vector_raise(c, e.flags) : no_fault;
}

/* A whole register: lanes that are not written become zero. */
MUST_CHECK static ALWAYS_INLINE struct fault convert_packed(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned to, unsigned from, conversion convert)
{
	unsigned count = to == 4 && from == 4 ? 4 : 2;
	union lanes a = {.x = {{0, 0}}}, b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, from * count, &b));
	TRY(convert_lanes(c, &a, &b, to, from, count, convert));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault convert_scalar(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned to, unsigned from, conversion convert)
{
	union lanes a = vector_get(c, in->reg[0]), b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, from, &b));
	TRY(convert_lanes(c, &a, &b, to, from, 1, convert));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

#define CONVERT(name, how, width, to, from, convert)                                               \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned size)            \
	{                                                                                          \
		(void)size;                                                                        \
		return how(c, in, shape, to, from, convert);                                       \
	}                                                                                          \
	OP_VECTOR(name, body_##name, width)

CONVERT(cvtps2pd, convert_packed, 16, 8, 4, to_double);
CONVERT(cvtpd2ps, convert_packed, 16, 4, 8, to_single);
CONVERT(cvtdq2ps, convert_packed, 16, 4, 4, single_from_32);
CONVERT(cvtdq2pd, convert_packed, 16, 8, 4, double_from_32);
CONVERT(cvtps2dq, convert_packed, 16, 4, 4, single_to_32);
CONVERT(cvttps2dq, convert_packed, 16, 4, 4, single_to_32_truncated);
CONVERT(cvtpd2dq, convert_packed, 16, 4, 8, double_to_32);
CONVERT(cvttpd2dq, convert_packed, 16, 4, 8, double_to_32_truncated);
CONVERT(cvtss2sd, convert_scalar, 8, 8, 4, to_double);
CONVERT(cvtsd2ss, convert_scalar, 4, 4, 8, to_single);

/* --- from and to general registers; REX.W makes the integer 64 bits wide --- */

MUST_CHECK static ALWAYS_INLINE struct fault convert_from_integer(struct vcpu *c,
	const struct insn *in, enum shape shape, unsigned integer, unsigned to, conversion convert)
{
	union lanes a = vector_get(c, in->reg[0]), b = {.x = {{0, 0}}};

	TRY(c->vector);
	if (shape == SHAPE_RR)
		b.x.q[0] = reg_get(c, in->reg[1], integer);
	else
		TRY(vector_load(c, in, shape, integer, UNALIGNED, &b));
	TRY(convert_lanes(c, &a, &b, to, 8, 1, convert));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault convert_to_integer(struct vcpu *c,
	const struct insn *in, enum shape shape, unsigned integer, unsigned from,
	conversion convert)
{
	union lanes a, b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, from, &b));
	TRY(convert_lanes(c, &a, &b, 8, from, 1, convert));
	reg_set(c, in->reg[0], integer, a.x.q[0]);
	return no_fault;
}

#define BOTH_WIDTHS(name, shape)                                                                   \
	[SHAPE_##shape] = {                                                                        \
		[WIDTH_INDEX_4] = name##_##shape##_4, [WIDTH_INDEX_8] = name##_##shape##_8}

#define CONVERT_INTEGER(name, how, width, convert_32, convert_64)                                  \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned integer)         \
	{                                                                                          \
		if (integer == 4)                                                                  \
			return how(c, in, shape, 4, width, convert_32);                            \
		return how(c, in, shape, 8, width, convert_64);                                    \
	}                                                                                          \
	VECTOR_FORMS_FROM(name, body_##name, 4)                                                    \
	VECTOR_FORMS_FROM(name, body_##name, 8)                                                    \
	const struct op op_##name = {                                                              \
		.forms = {BOTH_WIDTHS(name, RR), BOTH_WIDTHS(name, RM), BOTH_WIDTHS(name, RB),     \
			BOTH_WIDTHS(name, RX)},                                                    \
	}

CONVERT_INTEGER(cvtsi2ss, convert_from_integer, 4, single_from_32, single_from_64);
CONVERT_INTEGER(cvtsi2sd, convert_from_integer, 8, double_from_32, double_from_64);
CONVERT_INTEGER(cvtss2si, convert_to_integer, 4, single_to_32, single_to_64);
CONVERT_INTEGER(cvtsd2si, convert_to_integer, 8, double_to_32, double_to_64);
CONVERT_INTEGER(cvttss2si, convert_to_integer, 4, single_to_32_truncated, single_to_64_truncated);
CONVERT_INTEGER(cvttsd2si, convert_to_integer, 8, double_to_32_truncated, double_to_64_truncated);

/* --- from and to MMX registers: two signed integers of 32 bits --- */

/* Only an operand in an MMX register makes it an MMX instruction, as processors have it. Registers
 * are valid and TOP is 0 even when a SIMD exception follows. */
MUST_CHECK static ALWAYS_INLINE struct fault convert_from_mmx(
	struct vcpu *c, const struct insn *in, unsigned to, conversion convert)
{
	union lanes a = vector_get(c, in->reg[0]), b = {.x = {{0, 0}}};
	bool is_mmx = in->place[1] == PLACE_REG;

	TRY(c->vector);
	if (is_mmx)
		TRY(mmx_check(c));
	TRY(operand_load(c, in, 1, 8, &b.x.q[0]));
	if (is_mmx)
		mmx_enter(c);
	TRY(convert_lanes(c, &a, &b, to, 4, 2, convert));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault convert_to_mmx(
	struct vcpu *c, const struct insn *in, unsigned from, conversion convert)
{
	enum shape shape = in->place[1] == PLACE_REG ? SHAPE_RR : SHAPE_RM;
	union lanes a, b;

	TRY(c->vector);
	TRY(mmx_check(c));
	TRY(vector_source(c, in, shape, 2 * from, &b));
	mmx_enter(c);
	TRY(convert_lanes(c, &a, &b, 4, from, 2, convert));
	mmx_set(c, in->reg[0], a.x.q[0]);
	return no_fault;
}

OP_ANY(cvtpi2ps)
{
	return convert_from_mmx(c, in, 4, single_from_32);
}

OP_ANY(cvtpi2pd)
{
	return convert_from_mmx(c, in, 8, double_from_32);
}

OP_ANY(cvtps2pi)
{
	return convert_to_mmx(c, in, 4, single_to_32);
}

OP_ANY(cvttps2pi)
{
	return convert_to_mmx(c, in, 4, single_to_32_truncated);
}

OP_ANY(cvtpd2pi)
{
	return convert_to_mmx(c, in, 8, double_to_32);
}

OP_ANY(cvttpd2pi)
{
	return convert_to_mmx(c, in, 8, double_to_32_truncated);
}
