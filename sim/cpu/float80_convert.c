/* float80_convert.c - extended precision numbers from and to other formats, and constants. */
#include "sim/cpu/float80_parts.h"

/* --- single and double precision --- */

static const struct format *narrow_format(unsigned width)
{
	static const struct format single = {24, -126, 127, 192};
	static const struct format real = {53, -1022, 1023, 1536};

	return width == 4 ? &single : &real;
}

/* The fraction of a 4 or 8-byte number, without the integer bit. */
static unsigned fraction_bits(unsigned width)
{
	return width == 4 ? 23 : 52;
}

struct float80 float80_widen(struct float80_env *e, uint64_t v, unsigned width)
{
	const struct format *f = narrow_format(width);
	unsigned bits = fraction_bits(width), special = 2 * (unsigned)f->most + 1;
	unsigned exponent = (unsigned)(v >> bits) & special;
	uint64_t fraction = (v & (BIT(bits) - 1)) << (63 - bits);
	bool negative = v >> (width * 8 - 1) & 1;
	int shift;

	if (exponent == special)
		return (struct float80){FLOAT80_INTEGER | fraction,
			(uint16_t)((negative ? FLOAT80_SIGN : 0) | FLOAT80_SPECIAL)};
	if (exponent != 0)
		return float80_make(
			negative, (int32_t)exponent - f->most, FLOAT80_INTEGER | fraction);
	if (fraction == 0)
		return float80_zero(negative);
	e->raised |= FSW_DE;
	shift = __builtin_clzll(fraction);
	return float80_make(negative, f->least - shift, fraction << shift);
}

struct float80 float80_quieten(struct float80_env *e, struct float80 v)
{
	struct float80 r;

	return float80_is_no_number(e, v, v, &r) ? r : v;
}

static uint64_t pack_narrow(struct number n, unsigned width)
{
	const struct format *f = narrow_format(width);
	unsigned bits = fraction_bits(width);
	uint64_t sign = (uint64_t)n.negative << (width * 8 - 1);
	uint64_t fraction = (n.significand & ~FLOAT80_INTEGER) >> (63 - bits);
	uint64_t exponent = n.significand & FLOAT80_INTEGER ? (uint64_t)(n.exponent + f->most) : 0;

	return sign | exponent << bits | fraction;
}

uint64_t float80_narrow(struct float80_env *e, struct float80 v, unsigned width)
{
	const struct format *f = narrow_format(width);
	enum float80_kind kind;
	struct number n = {float80_is_negative(v), f->least, 0};

	v = float80_quieten(e, v);
	kind = float80_kind(v);
	if (kind == FLOAT80_INFINITE || kind == FLOAT80_NAN) {
		n = (struct number){float80_is_negative(v), f->most + 1, v.significand};
	} else if (kind != FLOAT80_ZERO) {
		n = float80_take(v);
		n = float80_round_to(e, f, n.negative, n.exponent, (uint128)n.significand << 64);
	}
	return pack_narrow(n, width);
}

/* --- integers --- */

struct float80 float80_from_integer(int64_t v)
{
	uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
	int shift;

	if (v == 0)
		return float80_zero(false);
	shift = __builtin_clzll(magnitude);
	return float80_make(v < 0, 63 - shift, magnitude << shift);
}

/* A number rounded to an integer below 2^64; false if it is none. Raises PE and C1. */
MUST_CHECK static bool integer_of(
	struct float80_env *e, struct float80 v, enum rounding how, uint64_t *magnitude)
{
	struct number n;
	uint128 whole;
	uint64_t rest;
	int32_t shift;

	*magnitude = 0;
	if (float80_kind(v) == FLOAT80_ZERO)
		return true;
	n = float80_take(v);
	if (n.exponent > 63)
		return false;
	/* 64 bits behind the point; numbers below 2^-2 count alike */
	shift = n.exponent < -2 ? 65 : 63 - n.exponent;
	whole = (uint128)n.significand << 64 >> shift;
	rest = (uint64_t)whole;
	if (n.exponent < -2)
		rest = 1;
	whole >>= 64;
	if (float80_rounds_up(how, n.negative, whole & 1, rest)) {
		whole++;
		e->raised |= FSW_C1;
	}
	if (rest != 0)
		e->raised |= FSW_PE;
	*magnitude = (uint64_t)whole;
	return whole >> 64 == 0;
}

/* Whether v is a number that rounds to an integer of at most `most`, or most + 1 if negative. */
MUST_CHECK static bool fits(struct float80_env *e, struct float80 v, enum rounding how,
	uint64_t most, bool negative_more, uint64_t *magnitude)
{
	enum float80_kind kind = float80_kind(v);

	if (kind == FLOAT80_INFINITE || kind == FLOAT80_NAN || kind == FLOAT80_UNSUPPORTED)
		return false;
	if (!integer_of(e, v, how, magnitude))
		return false;
	return *magnitude <= most + (negative_more && float80_is_negative(v));
}

uint64_t float80_to_integer(
	struct float80_env *e, struct float80 v, unsigned width, enum rounding how)
{
	uint64_t most = BIT(width * 8 - 1) - 1, magnitude;

	if (!fits(e, v, how, most, true, &magnitude)) {
		e->raised = FSW_IE;
		return most + 1;
	}
	return float80_is_negative(v) ? -magnitude : magnitude;
}

struct float80 float80_round(struct float80_env *e, struct float80 v)
{
	struct float80 r;
	uint64_t magnitude;

	if (float80_is_no_number(e, v, v, &r))
		return r;
	float80_note_denormal(e, v);
	if (float80_kind(v) == FLOAT80_INFINITE || float80_exponent(v) >= FLOAT80_BIAS + 63)
		return v;
	if (!integer_of(e, v, float80_rounding(e), &magnitude))
		SIM_ASSERT(false);
	r = float80_from_integer((int64_t)magnitude);
	if (magnitude >> 63)
		r = float80_make(false, 63, magnitude);
	r.head |= v.head & FLOAT80_SIGN;
	return r;
}

/* --- packed decimals: 18 digits, and a sign in the highest bit --- */

#define BCD_MOST UINT64_C(999999999999999999)

struct float80 float80_from_bcd(const uint8_t bcd[BCD_BYTES])
{
	struct float80 r;
	uint64_t v = 0;

	for (unsigned i = BCD_BYTES - 1; i-- > 0;)
		v = v * 100 + (bcd[i] >> 4) * 10u + (bcd[i] & 15);
	r = float80_from_integer((int64_t)v);
	if (bcd[BCD_BYTES - 1] & 0x80)
		r.head |= FLOAT80_SIGN;
	return r;
}

void float80_to_bcd(struct float80_env *e, struct float80 v, uint8_t bcd[BCD_BYTES])
{
	static const uint8_t indefinite[BCD_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff};
	uint64_t magnitude;

	if (!fits(e, v, float80_rounding(e), BCD_MOST, false, &magnitude)) {
		e->raised = FSW_IE;
		memcpy(bcd, indefinite, BCD_BYTES);
		return;
	}
	for (unsigned i = 0; i < BCD_BYTES - 1; i++) {
		bcd[i] = (uint8_t)(magnitude / 10 % 10 << 4 | magnitude % 10);
		magnitude /= 100;
	}
	bcd[BCD_BYTES - 1] = float80_is_negative(v) ? 0x80 : 0;
}

/* --- constants --- */

/* Truncated to 64 bits; the next bit rounds to nearest. None is exact but 1 and 0, and 66 bits tell
 * that of all the rest is not half. */
struct float80 float80_constant(const struct float80_env *e, enum float80_constant which)
{
	static const struct {
		uint64_t significand;
		int16_t exponent;
		bool exact, next;
	} constants[] = {
		[FLOAT80_1] = {BIT(63), 0, true, false},
		[FLOAT80_L2T] = {0xd49a784bcd1b8afe, 1, false, false},
		[FLOAT80_L2E] = {0xb8aa3b295c17f0bb, 0, false, true},
		[FLOAT80_PI] = {0xc90fdaa22168c234, 1, false, true},
		[FLOAT80_LG2] = {0x9a209a84fbcff798, -2, false, true},
		[FLOAT80_LN2] = {0xb17217f7d1cf79ab, -1, false, true},
	};
	enum rounding how = float80_rounding(e);
	bool up;

	if (which == FLOAT80_0)
		return float80_zero(false);
	up = how == ROUND_UP || (how == ROUND_NEAREST && constants[which].next);
	return float80_make(false, constants[which].exponent,
		constants[which].significand + (up && !constants[which].exact));
}
