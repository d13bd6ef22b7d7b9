/* exec_sse_int.c - MMX and SSE2 instructions on packed integers, and logic and shuffles of any
 * lanes.
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/packed.h"

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

PACKED_XMM(punpckhqdq)
{
	return (union lanes){.u64 = {a.u64[1], b.u64[1]}};
}

PACKED_XMM(punpcklqdq)
{
	return (union lanes){.u64 = {a.u64[0], b.u64[0]}};
}

/* --- lane by lane --- */

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
		unsigned lanes = LANES(a, from, SIZE);                                             \
		union lanes r = {.x = {{0, 0}}};                                                   \
                                                                                                   \
		for (unsigned i = 0; i < lanes; i++) {                                             \
			r.to[i] = (type)clamp(a.from[i], least, most);                             \
			r.to[i + lanes] = (type)clamp(b.from[i], least, most);                     \
		}                                                                                  \
		return r;                                                                          \
	}

PACK(packsswb, i16, i8, int8_t, INT8_MIN, INT8_MAX)
PACK(packuswb, i16, u8, uint8_t, 0, UINT8_MAX)
PACK(packssdw, i32, i16, int16_t, INT16_MIN, INT16_MAX)

/* --- unpacking: lanes of the low or high half of a and b in turn. Of memory, MMX instructions read
 * the half that they use, if it is the low one --- */

#define UNPACK(name, member, half, load)                                                           \
	PACKED_LOADING(name, load)                                                                 \
	{                                                                                          \
		unsigned pairs = LANES(a, member, SIZE) / 2;                                       \
		union lanes r = {.x = {{0, 0}}};                                                   \
                                                                                                   \
		for (unsigned i = 0; i < pairs; i++) {                                             \
			r.member[2 * i] = a.member[i + half * pairs];                              \
			r.member[2 * i + 1] = b.member[i + half * pairs];                          \
		}                                                                                  \
		return r;                                                                          \
	}

UNPACK(punpcklbw, u8, 0, 4)
UNPACK(punpcklwd, u16, 0, 4)
UNPACK(punpckldq, u32, 0, 4)
UNPACK(punpckhbw, u8, 1, 8)
UNPACK(punpckhwd, u16, 1, 8)
UNPACK(punpckhdq, u32, 1, 8)

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
	PACKED_CALCULATION(name##_imm)                                                             \
	{                                                                                          \
		(void)b;                                                                           \
		return how(a, imm, lane);                                                          \
	}                                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name##_imm(                            \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		(void)shape;                                                                       \
		return combine(c, in, SHAPE_RR, width, 0, calculate_##name##_imm);                 \
	}                                                                                          \
	FORM(name##_imm, body_##name##_imm, RI, 8)                                                 \
	FORM(name##_imm, body_##name##_imm, RI, 16)                                                \
	const struct op op_##name##_imm = {                                                        \
		.forms = {[SHAPE_RI] = {[WIDTH_INDEX_8] = name##_imm_RI_8,                         \
				  [WIDTH_INDEX_16] = name##_imm_RI_16}},                           \
	};

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

PACKED(pshufw)
{
	for (unsigned i = 0; i < 4; i++)
		a.u16[i] = b.u16[imm >> 2 * i & 3];
	return a;
}

PACKED_XMM(pshufd)
{
	for (unsigned i = 0; i < 4; i++)
		a.u32[i] = b.u32[imm >> 2 * i & 3];
	return a;
}

PACKED_XMM(pshuflw)
{
	a = b;
	for (unsigned i = 0; i < 4; i++)
		a.u16[i] = b.u16[imm >> 2 * i & 3];
	return a;
}

PACKED_XMM(pshufhw)
{
	a = b;
	for (unsigned i = 0; i < 4; i++)
		a.u16[4 + i] = b.u16[4 + (imm >> 2 * i & 3)];
	return a;
}

PACKED_XMM(shufps)
{
	return (union lanes){.u32 = {a.u32[imm & 3], a.u32[imm >> 2 & 3], b.u32[imm >> 4 & 3],
				     b.u32[imm >> 6 & 3]}};
}

PACKED_XMM(shufpd)
{
	return (union lanes){.u64 = {a.u64[imm & 1], b.u64[imm >> 1 & 1]}};
}
