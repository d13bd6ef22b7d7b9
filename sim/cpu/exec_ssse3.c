/* exec_ssse3.c - SSSE3: packed integers, of XMM and MMX registers. */
#include "sim/cpu/ops.h"
#include "sim/cpu/packed.h"

/* An index with its sign bit set gives zero. */
PACKED(pshufb)
{
	union lanes r;

	for (unsigned i = 0; i < 16; i++)
		r.u8[i] = b.u8[i] & 0x80 ? 0 : a.u8[b.u8[i] & (SIZE - 1)];
	return r;
}

/* --- horizontal: neighbours x and y of a, then of b --- */

#define HORIZONTAL(name, member, type, expression)                                                 \
	PACKED(name)                                                                               \
	{                                                                                          \
		unsigned pairs = LANES(a, member, SIZE) / 2;                                       \
		union lanes r = {.x = {{0, 0}}};                                                   \
                                                                                                   \
		for (unsigned i = 0; i < 2 * pairs; i++) {                                         \
			union lanes from = i < pairs ? a : b;                                      \
			int64_t x = from.member[2 * (i % pairs)];                                  \
			int64_t y = from.member[2 * (i % pairs) + 1];                              \
                                                                                                   \
			r.member[i] = (type)(expression);                                          \
		}                                                                                  \
		return r;                                                                          \
	}

static ALWAYS_INLINE int32_t saturate_word(int64_t v)
{
	return clamp((int32_t)v, INT16_MIN, INT16_MAX);
}

HORIZONTAL(phaddw, i16, int16_t, x + y)
HORIZONTAL(phaddd, i32, int32_t, x + y)
HORIZONTAL(phaddsw, i16, int16_t, saturate_word(x + y))
HORIZONTAL(phsubw, i16, int16_t, x - y)
HORIZONTAL(phsubd, i32, int32_t, x - y)
HORIZONTAL(phsubsw, i16, int16_t, saturate_word(x - y))

/* Unsigned bytes of a by signed ones of b. */
PACKED(pmaddubsw)
{
	union lanes r;

	for (unsigned i = 0; i < 8; i++)
		r.i16[i] = (int16_t)saturate_word(
			a.u8[2 * i] * b.i8[2 * i] + a.u8[2 * i + 1] * b.i8[2 * i + 1]);
	return r;
}

/* --- lane by lane --- */

PACKED_EACH(pmulhrsw, i16, int16_t, ((x * y >> 14) + 1) >> 1)
PACKED_EACH(psignb, i8, int8_t, y < 0 ? -x : y == 0 ? 0 : x)
PACKED_EACH(psignw, i16, int16_t, y < 0 ? -x : y == 0 ? 0 : x)

#define PACKED_ABS(name, member, type)                                                             \
	PACKED(name)                                                                               \
	{                                                                                          \
		for (unsigned i = 0; i < LANES(a, member, sizeof(a)); i++)                         \
			a.member[i] =                                                              \
				(type)(b.member[i] < 0 ? -(int64_t)b.member[i] : b.member[i]);     \
		return a;                                                                          \
	}

PACKED_ABS(pabsb, i8, int8_t)
PACKED_ABS(pabsw, i16, int16_t)
PACKED_ABS(pabsd, i32, int32_t)

PACKED(psignd)
{
	for (unsigned i = 0; i < 4; i++)
		a.u32[i] = b.i32[i] < 0 ? -a.u32[i] : b.i32[i] == 0 ? 0 : a.u32[i];
	return a;
}

/* a above b, shifted right by bytes. */
PACKED(palignr)
{
	uint8_t bytes[3 * 16] = {0};
	union lanes r = {.x = {{0, 0}}};

	memcpy(bytes, &b, SIZE);
	memcpy(bytes + SIZE, &a, SIZE);
	memcpy(&r, bytes + (imm < 2 * SIZE ? imm : 2 * SIZE), SIZE);
	return r;
}
