/* exec_sse4_int.c - SSE4.1 and SSE4.2 on packed integers, blends, inserts and extracts. */
#include "sim/cpu/ops.h"
#include "sim/cpu/packed.h"

/* --- lane by lane --- */

/* The lane of a where the comparison with that of b holds, else that of b. */
#define PICK(name, member, comparison)                                                             \
	PACKED_XMM(name)                                                                           \
	{                                                                                          \
		lanes_u8 mask = (lanes_u8)(a.member comparison b.member);                          \
                                                                                                   \
		return (union lanes){.u8 = (a.u8 & mask) | (b.u8 & ~mask)};                        \
	}

PICK(pminsb, i8, <)
PICK(pminsd, i32, <)
PICK(pminuw, u16, <)
PICK(pminud, u32, <)
PICK(pmaxsb, i8, >)
PICK(pmaxsd, i32, >)
PICK(pmaxuw, u16, >)
PICK(pmaxud, u32, >)

PACKED_XMM(pmulld)
{
	return (union lanes){.u32 = a.u32 * b.u32};
}

PACKED_XMM(pmuldq)
{
	for (unsigned i = 0; i < 2; i++)
		a.u64[i] = (uint64_t)((int64_t)a.i32[2 * i] * b.i32[2 * i]);
	return a;
}

PACKED_XMM(pcmpeqq)
{
	return (union lanes){.u64 = (lanes_u64)(a.u64 == b.u64)};
}

PACKED_XMM(pcmpgtq)
{
	for (unsigned i = 0; i < 2; i++)
		a.u64[i] = (int64_t)a.u64[i] > (int64_t)b.u64[i] ? UINT64_MAX : 0;
	return a;
}

PACKED_XMM(packusdw)
{
	union lanes r;

	for (unsigned i = 0; i < 4; i++) {
		r.u16[i] = (uint16_t)clamp(a.i32[i], 0, UINT16_MAX);
		r.u16[i + 4] = (uint16_t)clamp(b.i32[i], 0, UINT16_MAX);
	}
	return r;
}

/* The least word of b, and its place. */
PACKED_XMM(phminposuw)
{
	unsigned at = 0;

	(void)a;
	for (unsigned i = 1; i < 8; i++)
		if (b.u16[i] < b.u16[at])
			at = i;
	return (union lanes){.u16 = {b.u16[at], (uint16_t)at}};
}

/* Eight sums of four absolute differences: four bytes of b against those of a from each place. */
PACKED_XMM(mpsadbw)
{
	unsigned from = imm & 4, against = (imm & 3) * 4;
	union lanes r = {.x = {{0, 0}}};

	for (unsigned i = 0; i < 32; i++) {
		int difference = a.u8[from + i / 4 + i % 4] - b.u8[against + i % 4];

		r.u16[i / 4] =
			(uint16_t)(r.u16[i / 4] + (difference < 0 ? -difference : difference));
	}
	return r;
}

/* --- wider lanes: of memory just the bytes that are used --- */

#define WIDEN(name, from, to, type, bytes)                                                         \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		union lanes b, r;                                                                  \
                                                                                                   \
		TRY(c->vector);                                                                    \
		TRY(vector_source(c, in, shape, bytes, &b));                                       \
		for (unsigned i = 0; i < LANES(r, to, width); i++)                                 \
			r.to[i] = (type)b.from[i];                                                 \
		vector_set(c, in->reg[0], r);                                                      \
		return no_fault;                                                                   \
	}                                                                                          \
	OP_VECTOR(name, body_##name, 16);

WIDEN(pmovsxbw, i8, i16, int16_t, 8)
WIDEN(pmovsxbd, i8, i32, int32_t, 4)
WIDEN(pmovsxbq, i8, u64, uint64_t, 2)
WIDEN(pmovsxwd, i16, i32, int32_t, 8)
WIDEN(pmovsxwq, i16, u64, uint64_t, 4)
WIDEN(pmovsxdq, i32, u64, uint64_t, 8)
WIDEN(pmovzxbw, u8, u16, uint16_t, 8)
WIDEN(pmovzxbd, u8, u32, uint32_t, 4)
WIDEN(pmovzxbq, u8, u64, uint64_t, 2)
WIDEN(pmovzxwd, u16, u32, uint32_t, 8)
WIDEN(pmovzxwq, u16, u64, uint64_t, 4)
WIDEN(pmovzxdq, u32, u64, uint64_t, 8)

/* --- blends: lanes of b where the immediate's bit, or the sign of XMM0's lane, is set --- */

#define BLEND(name, member)                                                                        \
	PACKED_XMM(name)                                                                           \
	{                                                                                          \
		for (unsigned i = 0; i < LANES(a, member, SIZE); i++)                              \
			if (imm >> i & 1)                                                          \
				a.member[i] = b.member[i];                                         \
		return a;                                                                          \
	}

BLEND(pblendw, u16)
BLEND(blendps, u32)
BLEND(blendpd, u64)

MUST_CHECK static ALWAYS_INLINE struct fault blend_by_xmm0(struct vcpu *c, const struct insn *in,
	enum shape shape, lanes_u8 (*mask_of)(union lanes mask))
{
	union lanes a = vector_get(c, in->reg[0]), b;
	lanes_u8 mask;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, 16, &b));
	mask = mask_of(vector_get(c, offsetof(struct vcpu, arch.xmm[0])));
	vector_set(c, in->reg[0], (union lanes){.u8 = (a.u8 & ~mask) | (b.u8 & mask)});
	return no_fault;
}

#define BLEND_BY_XMM0(name, expression)                                                            \
	static ALWAYS_INLINE lanes_u8 mask_##name(union lanes m)                                   \
	{                                                                                          \
		return (lanes_u8)(expression);                                                     \
	}                                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		(void)width;                                                                       \
		return blend_by_xmm0(c, in, shape, mask_##name);                                   \
	}                                                                                          \
	OP_VECTOR(name, body_##name, 16);

BLEND_BY_XMM0(pblendvb, m.i8 < 0)
BLEND_BY_XMM0(blendvps, m.i32 < 0)
BLEND_BY_XMM0(blendvpd, m.u64 >= BIT(63))

/* --- PTEST: ZF, b has no bit of a; CF, it has none that a has not --- */

MUST_CHECK static ALWAYS_INLINE struct fault body_ptest(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes a = vector_get(c, in->reg[0]), b, both, extra;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, width, &b));
	both.u64 = a.u64 & b.u64;
	extra.u64 = ~a.u64 & b.u64;
	flags_write(c, RFLAGS_STATUS,
		((both.u64[0] | both.u64[1]) == 0 ? RFLAGS_ZF : 0) |
			((extra.u64[0] | extra.u64[1]) == 0 ? RFLAGS_CF : 0));
	return no_fault;
}

OP_VECTOR(ptest, body_ptest, 16);

/* --- one lane in, one lane out --- */

/* Lane number imm of that size, into a register or memory. */
MUST_CHECK static struct fault extract(struct vcpu *c, const struct insn *in, unsigned size)
{
	unsigned lane = (unsigned)in->imm & (16 / size - 1);
	union lanes v = vector_get(c, in->reg[1]);
	uint64_t value = 0;

	TRY(c->vector);
	memcpy(&value, (const uint8_t *)&v + lane * size, size);
	if (in->place[0] == PLACE_REG)
		reg_set(c, in->reg[0], 8, value);
	else
		TRY(operand_store(c, in, 0, size, value));
	return no_fault;
}

MUST_CHECK static struct fault insert(struct vcpu *c, const struct insn *in, unsigned size)
{
	unsigned lane = (unsigned)in->imm & (16 / size - 1);
	union lanes v = vector_get(c, in->reg[0]);
	uint64_t value;

	TRY(c->vector);
	TRY(operand_load(c, in, 1, size, &value));
	memcpy((uint8_t *)&v + lane * size, &value, size);
	vector_set(c, in->reg[0], v);
	return no_fault;
}

OP_ANY(pextrb)
{
	return extract(c, in, 1);
}

OP_ANY(pextrw_out)
{
	return extract(c, in, 2);
}

OP_ANY(pextrd)
{
	return extract(c, in, in->width);
}

OP_ANY(extractps)
{
	return extract(c, in, 4);
}

OP_ANY(pinsrb)
{
	return insert(c, in, 1);
}

OP_ANY(pinsrd)
{
	return insert(c, in, in->width);
}

/* A single from memory, or one of b's by imm[7:6], to the place imm[5:4]; imm[3:0] clears. */
MUST_CHECK static ALWAYS_INLINE struct fault body_insertps(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes a = vector_get(c, in->reg[0]), b;
	unsigned from = shape == SHAPE_RR ? in->imm >> 6 & 3 : 0;

	(void)width;
	TRY(c->vector);
	TRY(vector_source(c, in, shape, 4, &b));
	a.u32[in->imm >> 4 & 3] = b.u32[from];
	for (unsigned i = 0; i < 4; i++)
		if (in->imm >> i & 1)
			a.u32[i] = 0;
	vector_set(c, in->reg[0], a);
	return no_fault;
}

OP_VECTOR(insertps, body_insertps, 16);
