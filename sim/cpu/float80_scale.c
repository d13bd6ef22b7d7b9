/* float80_scale.c - FSCALE, FXTRACT and the partial remainders. */
#include "sim/cpu/float80_parts.h"

/* An operand that is the result, without UE: a pseudo-denormal becomes the normal number that it
 * stands for. */
static struct float80 unchanged(struct float80 v)
{
	if (float80_kind(v) == FLOAT80_DENORMAL && (v.significand & FLOAT80_INTEGER))
		v.head |= 1;
	return v;
}

/* --- FSCALE --- */

/* Beyond this a factor of 2^n over- or underflows whatever it is applied to, adjusted or not. */
#define SCALE_MOST 0xffff

/* The integer part of b, or SCALE_MOST. */
static int32_t scale_of(struct float80 b)
{
	struct number n;
	int32_t v;

	if (float80_kind(b) == FLOAT80_ZERO)
		return 0;
	n = float80_take(b);
	if (n.exponent < 0)
		return 0;
	v = n.exponent > 15 ? SCALE_MOST : (int32_t)(n.significand >> (63 - n.exponent));
	return n.negative ? -v : v;
}

/* SDM FSCALE, "Results Obtained from FSCALE": the row of an infinite b. */
static struct float80 scale_by_infinity(struct float80_env *e, struct float80 a, bool negative)
{
	enum float80_kind kind = float80_kind(a);

	if (kind == (negative ? FLOAT80_INFINITE : FLOAT80_ZERO))
		return float80_invalid(e);
	float80_note_denormal(e, a);
	return negative ? float80_zero(float80_is_negative(a))
			: float80_infinity(float80_is_negative(a));
}

/* An unmasked over- or underflow that an adjusted exponent does not bring back into range: infinity
 * or zero. */
static struct float80 beyond_adjustment(struct float80_env *e, struct number n)
{
	e->raised |= (n.exponent > 0 ? FSW_OE | FSW_C1 : FSW_UE) | FSW_PE;
	return n.exponent > 0 ? float80_infinity(n.negative) : float80_zero(n.negative);
}

static bool is_beyond_adjustment(const struct float80_env *e, struct number n)
{
	const struct format *f = &float80_extended;

	if (n.exponent > f->most + f->adjustment)
		return !float80_is_masked(e, FSW_OE);
	return n.exponent < f->least - f->adjustment && !float80_is_masked(e, FSW_UE);
}

struct float80 float80_scale(struct float80_env *e, struct float80 a, struct float80 b)
{
	enum float80_kind ka = float80_kind(a), kb = float80_kind(b);
	struct float80 r;
	struct number n;

	if (float80_is_no_number(e, a, b, &r))
		return r;
	if (kb == FLOAT80_INFINITE)
		return scale_by_infinity(e, a, float80_is_negative(b));
	float80_note_denormal(e, a);
	float80_note_denormal(e, b);
	if (ka == FLOAT80_INFINITE || ka == FLOAT80_ZERO || kb == FLOAT80_ZERO)
		return unchanged(a);
	n = float80_take(a);
	n.exponent += scale_of(b);
	if (is_beyond_adjustment(e, n))
		return beyond_adjustment(e, n);
	return float80_finish(
		e, &float80_extended, n.negative, n.exponent, (uint128)n.significand << 64);
}

/* --- FXTRACT --- */

struct float80 float80_extract(struct float80_env *e, struct float80 a, struct float80 *significand)
{
	struct number n;
	struct float80 r;

	*significand = a;
	if (float80_is_no_number(e, a, a, &r)) {
		*significand = r;
		return r;
	}
	if (float80_kind(a) == FLOAT80_INFINITE)
		return float80_infinity(false);
	if (float80_kind(a) == FLOAT80_ZERO) {
		e->raised = FSW_ZE;
		return float80_infinity(true);
	}
	float80_note_denormal(e, a);
	n = float80_take(a);
	*significand = float80_make(n.negative, 0, n.significand);
	return float80_from_integer(n.exponent);
}

/* --- FPREM, FPREM1 --- */

/* From this difference of exponents on, an instruction makes only a part of the division. */
#define DIFFERENCE_WHOLE 64

static uint16_t quotient_codes(uint64_t q)
{
	return (q & 1 ? FSW_C1 : 0) | (q & 2 ? FSW_C3 : 0) | (q & 4 ? FSW_C0 : 0);
}

/* How many bits of the quotient a partial division makes: 32 to 63, as processors do. */
static int32_t partial_bits(int32_t difference)
{
	return (difference & 31) | 32;
}

/* Subtracts the divisor once more where that brings the remainder nearer to zero. *rest and the
 * divisor are below 2^65. */
static bool round_quotient(uint128 *rest, uint128 divisor, uint64_t *q)
{
	if (2 * *rest < divisor || (2 * *rest == divisor && (*q & 1) == 0))
		return false;
	*rest = divisor - *rest;
	++*q;
	return true;
}

/* x - y * q, for x not below y / 2. In units of half the weight of y's last bit. */
static struct float80 divide_whole(
	struct float80_env *e, struct number x, struct number y, bool nearest, uint16_t *codes)
{
	int32_t difference = x.exponent - y.exponent;
	uint128 n = (uint128)x.significand << (difference < 0 ? 0 : difference);
	uint64_t q = difference < 0 ? 0 : (uint64_t)(n / y.significand);
	uint128 rest = difference < 0 ? n : n % y.significand * 2;
	bool negative = x.negative;

	if (nearest && round_quotient(&rest, (uint128)y.significand * 2, &q))
		negative = !negative;
	*codes = quotient_codes(q);
	if (rest == 0)
		return float80_zero(x.negative);
	return float80_finish(e, &float80_extended, negative, y.exponent + 63, rest);
}

static struct float80 divide_partly(
	struct float80_env *e, struct number x, struct number y, uint16_t *codes)
{
	int32_t bits = partial_bits(x.exponent - y.exponent);
	uint128 rest = ((uint128)x.significand << bits) % y.significand;

	*codes = FSW_C2;
	if (rest == 0)
		return float80_zero(x.negative);
	return float80_finish(e, &float80_extended, x.negative, x.exponent - bits + 64, rest);
}

struct float80 float80_remainder(
	struct float80_env *e, struct float80 a, struct float80 b, bool nearest, uint16_t *codes)
{
	enum float80_kind ka = float80_kind(a), kb = float80_kind(b);
	struct number x, y;
	struct float80 r;

	if (float80_is_no_number(e, a, b, &r))
		return r;
	if (ka == FLOAT80_INFINITE || kb == FLOAT80_ZERO)
		return float80_invalid(e);
	float80_note_denormal(e, a);
	float80_note_denormal(e, b);
	*codes = 0;
	if (ka == FLOAT80_ZERO || kb == FLOAT80_INFINITE)
		return unchanged(a);
	x = float80_take(a);
	y = float80_take(b);
	if (x.exponent - y.exponent >= DIFFERENCE_WHOLE)
		return divide_partly(e, x, y, codes);
	if (x.exponent - y.exponent >= (nearest ? -1 : 0))
		return divide_whole(e, x, y, nearest, codes);
	return float80_finish(
		e, &float80_extended, x.negative, x.exponent, (uint128)x.significand << 64);
}
