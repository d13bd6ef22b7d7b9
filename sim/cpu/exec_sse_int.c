/* exec_sse_int.c - SSE2 instructions on packed integers, and logic and shuffles of any lanes. */
#include "sim/cpu/ops.h"
#include "sim/cpu/vector.h"

#define LANES(v, member) (sizeof(v.member) / sizeof(v.member[0]))

/* An operation on two vectors, the destination first. */
typedef union lanes (*vector_fn)(union lanes a, union lanes b);

MUST_CHECK static ALWAYS_INLINE struct fault combine(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, vector_fn calculate)
{
	union lanes b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, width, &b));
	vector_set(c, in->reg[0], calculate(vector_get(c, in->reg[0]), b));
	return no_fault;
}

/* PACKED(name) { body } defines the operation from its calculation of a and b. */
#define PACKED(name)                                                                               \
	static ALWAYS_INLINE union lanes calculate_##name(union lanes a, union lanes b);           \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return combine(c, in, shape, width, calculate_##name);                             \
	}                                                                                          \
	OP_VECTOR(name, body_##name, 16);                                                          \
	static ALWAYS_INLINE union lanes calculate_##name(union lanes a, union lanes b)

#define PACKED_IS(name, member, expression)                                                        \
	PACKED(name)                                                                               \
	{                                                                                          \
		return (union lanes){.member = expression};                                        \
	}

PACKED_IS(pand, u64, a.u64 &b.u64)
PACKED_IS(pandn, u64, ~a.u64 &b.u64)
PACKED_IS(por, u64, a.u64 | b.u64)
PACKED_IS(pxor, u64, a.u64 ^ b.u64)

PACKED_IS(paddb, u8, a.u8 + b.u8)
PACKED_IS(paddw, u16, a.u16 + b.u16)
PACKED_IS(paddd, u32, a.u32 + b.u32)
PACKED_IS(paddq, u64, a.u64 + b.u64)
PACKED_IS(psubb, u8, a.u8 - b.u8)
PACKED_IS(psubw, u16, a.u16 - b.u16)
PACKED_IS(psubd, u32, a.u32 - b.u32)
PACKED_IS(psubq, u64, a.u64 - b.u64)
PACKED_IS(pmullw, u16, a.u16 *b.u16)

PACKED_IS(pcmpeqb, i8, a.i8 == b.i8)
PACKED_IS(pcmpeqw, i16, a.i16 == b.i16)
PACKED_IS(pcmpeqd, i32, a.i32 == b.i32)
PACKED_IS(pcmpgtb, i8, a.i8 > b.i8)
PACKED_IS(pcmpgtw, i16, a.i16 > b.i16)
PACKED_IS(pcmpgtd, i32, a.i32 > b.i32)

PACKED_IS(punpckhqdq, u64, ((lanes_u64){a.u64[1], b.u64[1]}))
PACKED_IS(punpcklqdq, u64, ((lanes_u64){a.u64[0], b.u64[0]}))

/* --- lane by lane --- */

/* PACKED_EACH(name, member, expression): lane i of the result from x and y, those of a and b. */
#define PACKED_EACH(name, member, type, expression)                                                \
	PACKED(name)                                                                               \
	{                                                                                          \
		union lanes r;                                                                     \
                                                                                                   \
		for (unsigned i = 0; i < LANES(r, member); i++) {                                  \
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

PACKED_EACH(paddsb, i8, int8_t, clamp(x + y, INT8_MIN, INT8_MAX))
PACKED_EACH(paddsw, i16, int16_t, clamp(x + y, INT16_MIN, INT16_MAX))
PACKED_EACH(paddusb, u8, uint8_t, clamp(x + y, 0, UINT8_MAX))
PACKED_EACH(paddusw, u16, uint16_t, clamp(x + y, 0, UINT16_MAX))
PACKED_EACH(psubsb, i8, int8_t, clamp(x - y, INT8_MIN, INT8_MAX))
PACKED_EACH(psubsw, i16, int16_t, clamp(x - y, INT16_MIN, INT16_MAX))
PACKED_EACH(psubusb, u8, uint8_t, clamp(x - y, 0, UINT8_MAX))
PACKED_EACH(psubusw, u16, uint16_t, clamp(x - y, 0, UINT16_MAX))

PACKED_EACH(pminub, u8, uint8_t, x < y ? x : y)
PACKED_EACH(pmaxub, u8, uint8_t, x > y ? x : y)
PACKED_EACH(pminsw, i16, int16_t, x < y ? x : y)
PACKED_EACH(pmaxsw, i16, int16_t, x > y ? x : y)
PACKED_EACH(pavgb, u8, uint8_t, (x + y + 1) >> 1)
PACKED_EACH(pavgw, u16, uint16_t, (x + y + 1) >> 1)
PACKED_EACH(pmulhw, i16, int16_t, (x * y) >> 16)
PACKED_EACH(pmulhuw, u16, uint16_t, ((uint32_t)x * (uint32_t)y) >> 16)

PACKED(pmuludq)
{
	for (unsigned i = 0; i < 2; i++)
		a.u64[i] = (uint64_t)(uint32_t)a.u64[i] * (uint32_t)b.u64[i];
	return a;
}

PACKED(pmaddwd)
{
	union lanes r;

	for (unsigned i = 0; i < 4; i++)
		r.u32[i] = (uint32_t)(a.i16[2 * i] * b.i16[2 * i]) +
			   (uint32_t)(a.i16[2 * i + 1] * b.i16[2 * i + 1]);
	return r;
}

PACKED(psadbw)
{
	union lanes r = {.x = {{0, 0}}};

	for (unsigned i = 0; i < 16; i++)
		r.u64[i / 8] +=
			(uint64_t)(a.u8[i] > b.u8[i] ? a.u8[i] - b.u8[i] : b.u8[i] - a.u8[i]);
	return r;
}

/* --- packing: lanes of a, then of b, to half the width --- */

#define PACK(name, from, to, type, least, most)                                                    \
	PACKED(name)                                                                               \
	{                                                                                          \
		union lanes r;                                                                     \
                                                                                                   \
		for (unsigned i = 0; i < LANES(a, from); i++) {                                    \
			r.to[i] = (type)clamp(a.from[i], least, most);                             \
			r.to[i + LANES(a, from)] = (type)clamp(b.from[i], least, most);            \
		}                                                                                  \
		return r;                                                                          \
	}

PACK(packsswb, i16, i8, int8_t, INT8_MIN, INT8_MAX)
PACK(packuswb, i16, u8, uint8_t, 0, UINT8_MAX)
PACK(packssdw, i32, i16, int16_t, INT16_MIN, INT16_MAX)

/* --- unpacking: lanes of the low or high half of a and b in turn --- */

#define UNPACK(name, member, half)                                                                 \
	PACKED(name)                                                                               \
	{                                                                                          \
		union lanes r;                                                                     \
                                                                                                   \
		for (unsigned i = 0; i < LANES(r, member) / 2; i++) {                              \
			r.member[2 * i] = a.member[i + half * LANES(r, member) / 2];               \
			r.member[2 * i + 1] = b.member[i + half * LANES(r, member) / 2];           \
		}                                                                                  \
		return r;                                                                          \
	}

UNPACK(punpcklbw, u8, 0)
UNPACK(punpcklwd, u16, 0)
UNPACK(punpckldq, u32, 0)
UNPACK(punpckhbw, u8, 1)
UNPACK(punpckhwd, u16, 1)
UNPACK(punpckhdq, u32, 1)

/* --- shifts: a count beyond the lane clears it, or fills it with the sign --- */

static ALWAYS_INLINE union lanes shift_left(union lanes a, uint64_t count, unsigned lane)
{
	if (count >= lane * 8)
		return (union lanes){.x = {{0, 0}}};
	if (lane == 2)
		return (union lanes){.u16 = a.u16 << (uint16_t)count};
	if (lane == 4)
		return (union lanes){.u32 = a.u32 << (uint32_t)count};
	return (union lanes){.u64 = a.u64 << count};
}

static ALWAYS_INLINE union lanes shift_right(union lanes a, uint64_t count, unsigned lane)
{
	if (count >= lane * 8)
		return (union lanes){.x = {{0, 0}}};
	if (lane == 2)
		return (union lanes){.u16 = a.u16 >> (uint16_t)count};
	if (lane == 4)
		return (union lanes){.u32 = a.u32 >> (uint32_t)count};
	return (union lanes){.u64 = a.u64 >> count};
}

static ALWAYS_INLINE union lanes shift_signed(union lanes a, uint64_t count, unsigned lane)
{
	if (count >= lane * 8)
		count = lane * 8 - 1;
	if (lane == 2)
		return (union lanes){.i16 = a.i16 >> (int16_t)count};
	return (union lanes){.i32 = a.i32 >> (int32_t)count};
}

/* The count is the low half of b, or an immediate. */
#define SHIFT(name, how, lane)                                                                     \
	PACKED(name)                                                                               \
	{                                                                                          \
		return how(a, b.x.q[0], lane);                                                     \
	}                                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name##_imm(                            \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		(void)shape, (void)width;                                                          \
		TRY(c->vector);                                                                    \
		vector_set(c, in->reg[0], how(vector_get(c, in->reg[0]), (uint8_t)in->imm, lane)); \
		return no_fault;                                                                   \
	}                                                                                          \
	FORM(name##_imm, body_##name##_imm, RI, 16)                                                \
	const struct op op_##name##_imm = {.forms = {VECTOR_ENTRY(name##_imm, RI, 16)}};

SHIFT(psllw, shift_left, 2)
SHIFT(pslld, shift_left, 4)
SHIFT(psllq, shift_left, 8)
SHIFT(psrlw, shift_right, 2)
SHIFT(psrld, shift_right, 4)
SHIFT(psrlq, shift_right, 8)
SHIFT(psraw, shift_signed, 2)
SHIFT(psrad, shift_signed, 4)

/* PSLLDQ and PSRLDQ count bytes. */
OP_ANY(pslldq)
{
	unsigned count = (unsigned)min_u64((uint8_t)in->imm, 16);
	uint8_t bytes[32] = {0};

	TRY(c->vector);
	memcpy(bytes + 16, operand_xmm(c, in, 0), 16);
	memcpy(operand_xmm(c, in, 0), bytes + 16 - count, 16);
	return no_fault;
}

OP_ANY(psrldq)
{
	unsigned count = (unsigned)min_u64((uint8_t)in->imm, 16);
	uint8_t bytes[32] = {0};

	TRY(c->vector);
	memcpy(bytes, operand_xmm(c, in, 0), 16);
	memcpy(operand_xmm(c, in, 0), bytes + count, 16);
	return no_fault;
}

/* --- shuffles by an immediate --- */

typedef union lanes (*shuffle_fn)(union lanes a, union lanes b, unsigned order);

MUST_CHECK static ALWAYS_INLINE struct fault shuffle(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, shuffle_fn calculate)
{
	union lanes b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, width, &b));
	vector_set(
		c, in->reg[0], calculate(vector_get(c, in->reg[0]), b, (unsigned)in->imm & 0xff));
	return no_fault;
}

#define SHUFFLE(name)                                                                              \
	static ALWAYS_INLINE union lanes calculate_##name(                                         \
		union lanes a, union lanes b, unsigned order);                                     \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return shuffle(c, in, shape, width, calculate_##name);                             \
	}                                                                                          \
	OP_VECTOR(name, body_##name, 16);                                                          \
	static ALWAYS_INLINE union lanes calculate_##name(                                         \
		union lanes a, union lanes b, unsigned order)

SHUFFLE(pshufd)
{
	for (unsigned i = 0; i < 4; i++)
		a.u32[i] = b.u32[order >> 2 * i & 3];
	return a;
}

SHUFFLE(pshuflw)
{
	a = b;
	for (unsigned i = 0; i < 4; i++)
		a.u16[i] = b.u16[order >> 2 * i & 3];
	return a;
}

SHUFFLE(pshufhw)
{
	a = b;
	for (unsigned i = 0; i < 4; i++)
		a.u16[4 + i] = b.u16[4 + (order >> 2 * i & 3)];
	return a;
}

SHUFFLE(shufps)
{
	return (union lanes){.u32 = {a.u32[order & 3], a.u32[order >> 2 & 3], b.u32[order >> 4 & 3],
				     b.u32[order >> 6 & 3]}};
}

SHUFFLE(shufpd)
{
	return (union lanes){.u64 = {a.u64[order & 1], b.u64[order >> 1 & 1]}};
}
