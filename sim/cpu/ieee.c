#include "sim/cpu/ieee.h"

#include <fenv.h>
#include <math.h>

/* --- kinds of numbers --- */

static uint64_t quiet_bit(unsigned width)
{
	return BIT(ieee_fraction_bits(width) - 1);
}

static uint64_t least_normal(unsigned width)
{
	return BIT(ieee_fraction_bits(width));
}

/* "QNaN floating-point indefinite". */
static uint64_t default_nan(unsigned width)
{
	return ieee_sign(width) | ieee_infinity(width) | quiet_bit(width);
}

static bool is_signalling(uint64_t v, unsigned width)
{
	return ieee_is_nan(v, width) && (v & quiet_bit(width)) == 0;
}

static bool is_infinite(uint64_t v, unsigned width)
{
	return ieee_magnitude(v, width) == ieee_infinity(width);
}

static bool is_negative(uint64_t v, unsigned width)
{
	return v & ieee_sign(width);
}

/* DAZ: a denormal operand counts as zero. */
static uint64_t operand_of(const struct ieee *e, uint64_t v, unsigned width)
{
	if ((e->control & MXCSR_DAZ) && ieee_is_denormal(v, width))
		return v & ieee_sign(width);
	return v;
}

static void note_denormal(struct ieee *e, uint64_t v, unsigned width)
{
	if (ieee_is_denormal(v, width))
		e->flags |= MXCSR_DE;
}

static bool is_masked(const struct ieee *e, uint32_t flag)
{
	return e->control >> 7 & flag;
}

/* SDM "Rules for Handling NaNs": the first operand if it is a NaN, else the second; made quiet. */
static uint64_t nan_of(struct ieee *e, uint64_t a, uint64_t b, unsigned width)
{
	if (is_signalling(a, width) || is_signalling(b, width))
		e->flags |= MXCSR_IE;
	return (ieee_is_nan(a, width) ? a : b) | quiet_bit(width);
}

/* --- the host's arithmetic --- */

static float single_of(uint64_t v)
{
	uint32_t bits = (uint32_t)v;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static double double_of(uint64_t v)
{
	double d;

	memcpy(&d, &v, sizeof(d));
	return d;
}

static uint64_t bits_of_single(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(f));
	return bits;
}

static uint64_t bits_of_double(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(d));
	return bits;
}

/* Through volatile objects, so that the compiler neither evaluates the operation nor moves it over
 * the calls that set the rounding mode and read the flags. */
static uint64_t operate_single(enum ieee_op op, uint64_t a, uint64_t b)
{
	volatile float x = single_of(a), y = single_of(b), r;

	switch (op) {
	case IEEE_ADD:
		r = x + y;
		break;
	case IEEE_SUB:
		r = x - y;
		break;
	case IEEE_MUL:
		r = x * y;
		break;
	case IEEE_DIV:
		r = x / y;
		break;
	default:
		r = sqrtf(y);
		break;
	}
	return bits_of_single(r);
}

static uint64_t operate_double(enum ieee_op op, uint64_t a, uint64_t b)
{
	volatile double x = double_of(a), y = double_of(b), r;

	switch (op) {
	case IEEE_ADD:
		r = x + y;
		break;
	case IEEE_SUB:
		r = x - y;
		break;
	case IEEE_MUL:
		r = x * y;
		break;
	case IEEE_DIV:
		r = x / y;
		break;
	default:
		r = sqrt(y);
		break;
	}
	return bits_of_double(r);
}

static uint64_t operate(enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	return width == 4 ? operate_single(op, a, b) : operate_double(op, a, b);
}

static void set_rounding(const struct ieee *e)
{
	static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

	fesetround(modes[bits_get(e->control, MXCSR_RC)]);
	feclearexcept(FE_ALL_EXCEPT);
}

/* --- results --- */

/* The significand without its trailing zeros; 0 for zero. */
static uint64_t odd_part(uint64_t v, unsigned width)
{
	uint64_t significand = ieee_fraction(v, width);

	if (ieee_exponent(v, width) != 0)
		significand |= least_normal(width);
	return significand == 0 ? 0 : significand >> __builtin_ctzll(significand);
}

/* What rounding did to a result. */
struct rounded {
	uint64_t value;
	bool tiny, inexact, overflow;
};

/* A result rounded up to the least normal number is tiny if rounding with an unbounded exponent
 * would leave it below: found out 2^64 times higher, where there is room. */
#define HEADROOM 64

static uint64_t scaled(uint64_t v, int by, unsigned width)
{
	return width == 4 ? bits_of_single(scalbnf(single_of(v), by))
			  : bits_of_double(scalbn(double_of(v), by));
}

static bool below_least_normal(uint64_t higher, unsigned width)
{
	return ieee_magnitude(higher, width) <
	       least_normal(width) + ((uint64_t)HEADROOM << ieee_fraction_bits(width));
}

static bool tiny_before_carry(enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	unsigned bias = ieee_exponent_most(width) / 2;

	if (op == IEEE_MUL && ieee_magnitude(a, width) > ieee_magnitude(b, width))
		b = scaled(b, HEADROOM, width);
	else if (op == IEEE_MUL || ieee_exponent(a, width) < bias)
		a = scaled(a, HEADROOM, width);
	else
		b = scaled(b, -HEADROOM, width);
	return below_least_normal(operate(op, a, b, width), width);
}

/* Whether the result would be exact, had exponents no bounds: PE beside an unmasked OE or UE. */
static bool exact_unbounded(enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	uint64_t x = odd_part(a, width), y = odd_part(b, width);
	int by = HEADROOM;

	if (op == IEEE_MUL)
		return (unsigned __int128)x * y < 2 * least_normal(width);
	if (op == IEEE_DIV)
		return x % y == 0;
	if (ieee_exponent(a | b, width) > ieee_exponent_most(width) / 2)
		by = -HEADROOM;
	feclearexcept(FE_ALL_EXCEPT);
	operate(op, scaled(a, by, width), scaled(b, by, width), width);
	return fetestexcept(FE_INEXACT) == 0;
}

static bool goes_to_handler(const struct ieee *e, struct rounded r)
{
	return (r.tiny && !is_masked(e, MXCSR_UE)) || (r.overflow && !is_masked(e, MXCSR_OE));
}

static struct rounded round_with_host(
	const struct ieee *e, enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	struct rounded r;
	uint64_t magnitude;

	set_rounding(e);
	r.value = operate(op, a, b, width);
	r.inexact = fetestexcept(FE_INEXACT) != 0;
	r.overflow = fetestexcept(FE_OVERFLOW) != 0;
	magnitude = ieee_magnitude(r.value, width);
	r.tiny = magnitude < least_normal(width) && (magnitude != 0 || r.inexact);
	if (magnitude == least_normal(width) && r.inexact && (op == IEEE_MUL || op == IEEE_DIV))
		r.tiny = tiny_before_carry(op, a, b, width);
	if (goes_to_handler(e, r))
		r.inexact = !exact_unbounded(op, a, b, width);
	fesetround(FE_TONEAREST);
	return r;
}

/* SDM "Numeric Underflow Exception", "Flush-To-Zero": the flags of a rounded result. */
static uint64_t finish(struct ieee *e, struct rounded r, unsigned width)
{
	if (r.overflow)
		e->flags |= MXCSR_OE;
	if (r.inexact)
		e->flags |= MXCSR_PE;
	if (!r.tiny)
		return r.value;
	if (!is_masked(e, MXCSR_UE)) {
		e->flags |= MXCSR_UE;
		return r.value;
	}
	if (e->control & MXCSR_FTZ) {
		e->flags |= MXCSR_UE | MXCSR_PE;
		return r.value & ieee_sign(width);
	}
	if (r.inexact)
		e->flags |= MXCSR_UE;
	return r.value;
}

/* --- calculations --- */

static bool is_invalid(enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	bool infinities = is_infinite(a, width) && is_infinite(b, width);
	bool alike = is_negative(a, width) == is_negative(b, width);

	switch (op) {
	case IEEE_ADD:
		return infinities && !alike;
	case IEEE_SUB:
		return infinities && alike;
	case IEEE_MUL:
		return (is_infinite(a, width) && ieee_is_zero(b, width)) ||
		       (ieee_is_zero(a, width) && is_infinite(b, width));
	case IEEE_DIV:
		return infinities || (ieee_is_zero(a, width) && ieee_is_zero(b, width));
	default:
		return is_negative(b, width) && !ieee_is_zero(b, width);
	}
}

/* SDM MINSS, MAXSS: the second operand unless the first is less, or greater. */
static uint64_t pick(struct ieee *e, enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	enum ieee_order order = ieee_compare(e, a, b, width, true);

	return order == (op == IEEE_MIN ? IEEE_LESS : IEEE_GREATER) ? a : b;
}

uint64_t ieee_calculate(struct ieee *e, enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	a = op == IEEE_SQRT ? 0 : operand_of(e, a, width);
	b = operand_of(e, b, width);
	if (op == IEEE_MIN || op == IEEE_MAX)
		return pick(e, op, a, b, width);
	if (ieee_is_nan(a, width) || ieee_is_nan(b, width))
		return nan_of(e, a, b, width);
	if (is_invalid(op, a, b, width)) {
		e->flags |= MXCSR_IE;
		return default_nan(width);
	}
	if (op == IEEE_DIV && ieee_is_zero(b, width) && !is_infinite(a, width)) {
		e->flags |= MXCSR_ZE;
		return ieee_infinity(width) | ((a ^ b) & ieee_sign(width));
	}
	note_denormal(e, a, width);
	note_denormal(e, b, width);
	return finish(e, round_with_host(e, op, a, b, width), width);
}

/* --- exactness, by whole numbers --- */

static bool product_is(uint64_t a, uint64_t b, uint64_t r, unsigned width)
{
	return (unsigned __int128)odd_part(a, width) * odd_part(b, width) == odd_part(r, width);
}

/* Knuth's two-sum: what was rounded off a + b. */
static bool sum_is_double(uint64_t a, uint64_t b, uint64_t r)
{
	double x = double_of(a), y = double_of(b), sum = double_of(r);
	double y_part = sum - x, x_part = sum - y_part;

	return x - x_part == 0 && y - y_part == 0;
}

static bool sum_is_single(uint64_t a, uint64_t b, uint64_t r)
{
	float x = single_of(a), y = single_of(b), sum = single_of(r);
	float y_part = sum - x, x_part = sum - y_part;

	return x - x_part == 0 && y - y_part == 0;
}

bool ieee_is_inexact(enum ieee_op op, uint64_t a, uint64_t b, uint64_t r, unsigned width)
{
	switch (op) {
	case IEEE_SUB:
		b ^= ieee_sign(width);
		/* fall through */
	case IEEE_ADD:
		return !(width == 4 ? sum_is_single(a, b, r) : sum_is_double(a, b, r));
	case IEEE_MUL:
		return !product_is(a, b, r, width);
	case IEEE_DIV:
		return !product_is(r, b, a, width);
	default:
		return !product_is(r, r, b, width);
	}
}

/* --- comparisons --- */

/* Numbers in the order of signed integers. */
static int64_t rank(uint64_t v, unsigned width)
{
	int64_t magnitude = (int64_t)ieee_magnitude(v, width);

	return is_negative(v, width) ? -magnitude : magnitude;
}

enum ieee_order ieee_compare(
	struct ieee *e, uint64_t a, uint64_t b, unsigned width, bool signalling)
{
	a = operand_of(e, a, width);
	b = operand_of(e, b, width);
	if (ieee_is_nan(a, width) || ieee_is_nan(b, width)) {
		if (signalling || is_signalling(a, width) || is_signalling(b, width))
			e->flags |= MXCSR_IE;
		return IEEE_UNORDERED;
	}
	note_denormal(e, a, width);
	note_denormal(e, b, width);
	if (rank(a, width) == rank(b, width))
		return IEEE_EQUAL;
	return rank(a, width) < rank(b, width) ? IEEE_LESS : IEEE_GREATER;
}

/* --- conversions --- */

static uint64_t convert_nan(struct ieee *e, uint64_t v, unsigned from, unsigned to)
{
	uint64_t sign = is_negative(v, from) ? ieee_sign(to) : 0;
	uint64_t fraction = ieee_fraction(v, from);

	if (is_signalling(v, from))
		e->flags |= MXCSR_IE;
	fraction = from == 4 ? fraction << 29 : fraction >> 29;
	return sign | ieee_infinity(to) | quiet_bit(to) | fraction;
}

static float narrow(double d)
{
	volatile double from = d;
	volatile float to = (float)from;

	return to;
}

static uint64_t narrow_with_host(struct ieee *e, uint64_t v)
{
	struct rounded r;
	uint64_t magnitude;

	set_rounding(e);
	r.value = bits_of_single(narrow(double_of(v)));
	r.inexact = fetestexcept(FE_INEXACT) != 0;
	r.overflow = fetestexcept(FE_OVERFLOW) != 0;
	magnitude = ieee_magnitude(r.value, 4);
	r.tiny = magnitude < least_normal(4) && (magnitude != 0 || r.inexact);
	if (magnitude == least_normal(4) && r.inexact)
		r.tiny = below_least_normal(
			bits_of_single(narrow(scalbn(double_of(v), HEADROOM))), 4);
	if (goes_to_handler(e, r))
		r.inexact = odd_part(v, 8) >= 2 * least_normal(4);
	fesetround(FE_TONEAREST);
	return finish(e, r, 4);
}

uint64_t ieee_convert(struct ieee *e, uint64_t v, unsigned from, unsigned to)
{
	v = operand_of(e, v, from);
	if (ieee_is_nan(v, from))
		return convert_nan(e, v, from, to);
	note_denormal(e, v, from);
	return from == 4 ? bits_of_double(single_of(v)) : narrow_with_host(e, v);
}

/* Whether the magnitude goes up by one, for what was cut off in units of 2^-64. */
static bool rounds_up(const struct ieee *e, bool negative, bool odd, uint64_t cut)
{
	switch (bits_get(e->control, MXCSR_RC)) {
	case 0:
		return cut > BIT(63) || (cut == BIT(63) && odd);
	case 1:
		return negative && cut != 0;
	case 2:
		return !negative && cut != 0;
	default:
		return false;
	}
}

/* Shifts right; *cut is what fell off, with all that lies below 2^-64 as one bit. */
static uint64_t shift_off(uint64_t v, unsigned by, uint64_t *cut)
{
	if (by == 0)
		*cut = 0;
	else if (by < 64)
		*cut = v << (64 - by);
	else
		*cut = by == 64 ? v : v != 0;
	return by < 64 ? v >> by : 0;
}

static uint64_t integer_indefinite(struct ieee *e, unsigned integer)
{
	e->flags |= MXCSR_IE;
	return BIT(integer * 8 - 1);
}

uint64_t ieee_to_integer(
	struct ieee *e, uint64_t v, unsigned width, unsigned integer, bool truncate)
{
	uint64_t value = operand_of(e, v, width), most = BIT(integer * 8 - 1), whole, cut = 0;
	bool negative = is_negative(value, width);
	int exponent = (int)ieee_exponent(value, width) - (int)(ieee_exponent_most(width) / 2);
	int fraction = (int)ieee_fraction_bits(width);

	if (exponent > 63)
		return integer_indefinite(e, integer);
	whole = ieee_fraction(value, width);
	if (ieee_exponent(value, width) != 0)
		whole |= least_normal(width);
	else
		exponent++;
	if (exponent >= fraction)
		whole <<= exponent - fraction;
	else
		whole = shift_off(whole, (unsigned)(fraction - exponent), &cut);
	if (!truncate && rounds_up(e, negative, whole & 1, cut))
		whole++;
	if (whole > (negative ? most : most - 1))
		return integer_indefinite(e, integer);
	if (cut != 0)
		e->flags |= MXCSR_PE;
	return negative ? -whole : whole;
}

/* Below 1 the integer is 0 or 1; else the fraction's lowest bits are cut off, where a carry goes
 * into the exponent. */
uint64_t ieee_round(struct ieee *e, uint64_t v, unsigned width)
{
	uint64_t value = operand_of(e, v, width), sign = value & ieee_sign(width), whole, cut = 0;
	unsigned fraction = ieee_fraction_bits(width), bias = ieee_exponent_most(width) / 2;
	unsigned exponent = ieee_exponent(value, width), drop;

	if (ieee_is_nan(value, width))
		return nan_of(e, value, value, width);
	if (exponent >= bias + fraction || ieee_is_zero(value, width))
		return value;
	whole = ieee_magnitude(value, width);
	drop = bias + fraction - exponent;
	if (exponent < bias) {
		whole = ieee_fraction(value, width) | (exponent != 0 ? least_normal(width) : 0);
		whole = shift_off(whole, drop, &cut);
		whole = rounds_up(e, sign != 0, whole & 1, cut) ? (uint64_t)bias << fraction : 0;
	} else {
		bool odd = whole >> drop & 1; /* of 1, the exponent's lowest bit, which is set */

		whole = shift_off(whole, drop, &cut);
		whole = (whole + rounds_up(e, sign != 0, odd, cut)) << drop;
	}
	if (cut != 0)
		e->flags |= MXCSR_PE;
	return sign | whole;
}

uint64_t ieee_from_integer(struct ieee *e, int64_t v, unsigned width)
{
	bool negative = v < 0;
	uint64_t magnitude = negative ? -(uint64_t)v : (uint64_t)v, cut = 0;
	unsigned fraction = ieee_fraction_bits(width), top, exponent;

	if (v == 0)
		return 0;
	top = 63 - (unsigned)__builtin_clzll(magnitude);
	exponent = ieee_exponent_most(width) / 2 + top;
	if (top <= fraction)
		magnitude <<= fraction - top;
	else
		magnitude = shift_off(magnitude, top - fraction, &cut);
	if (rounds_up(e, negative, magnitude & 1, cut))
		magnitude++; /* a carry out of the fraction goes into the exponent */
	if (cut != 0)
		e->flags |= MXCSR_PE;
	magnitude += (uint64_t)(exponent - 1) << fraction;
	return negative ? magnitude | ieee_sign(width) : magnitude;
}

/* --- approximations --- */

#define BIAS 127

static uint32_t pack_single(uint32_t sign, int exponent, uint32_t fraction12)
{
	if (exponent <= 0)
		return sign;
	return sign | (((uint32_t)exponent << 23) + (fraction12 << 11)); /* may carry */
}

/* 1/x = 2^-e / s for a significand s in [1, 2): 2/s, rounded to 12 bits behind the point. */
uint32_t ieee_reciprocal(uint32_t v)
{
	uint32_t sign = v & BIT(31), significand = (uint32_t)ieee_fraction(v, 4) | 1u << 23;
	int exponent = (int)ieee_exponent(v, 4);
	uint64_t twice;

	if (ieee_is_nan(v, 4))
		return v | (uint32_t)quiet_bit(4);
	if (exponent == 0)
		return sign | (uint32_t)ieee_infinity(4);
	if (is_infinite(v, 4))
		return sign;
	twice = ((BIT(37) / significand) + 1) >> 1; /* in [2^12, 2^13] */
	return pack_single(sign, 2 * BIAS - 1 - exponent, (uint32_t)(twice - BIT(12)));
}

static uint64_t integer_root(uint64_t v)
{
	uint64_t root = 0;

	for (uint64_t bit = BIT(31); bit != 0; bit >>= 1)
		if ((root | bit) * (root | bit) <= v)
			root |= bit;
	return root;
}

/* 1/sqrt(x) = 2^-h / sqrt(t) for x = 2^2h * t, t in [1, 4): 2/sqrt(t), rounded to 12 bits behind
 * the point. */
uint32_t ieee_reciprocal_root(uint32_t v)
{
	uint32_t sign = v & BIT(31);
	uint64_t significand = ieee_fraction(v, 4) | BIT(23), twice;
	int exponent = (int)ieee_exponent(v, 4) - BIAS, half = exponent >> 1;

	if (ieee_is_nan(v, 4))
		return v | (uint32_t)quiet_bit(4);
	if (ieee_exponent(v, 4) == 0)
		return sign | (uint32_t)ieee_infinity(4);
	if (sign)
		return (uint32_t)default_nan(4);
	if (is_infinite(v, 4))
		return 0;
	significand <<= exponent - 2 * half;
	twice = (integer_root(BIT(51) / significand) + 1) >> 1; /* in [2^12, 2^13] */
	return pack_single(0, BIAS - 1 - half, (uint32_t)(twice - BIT(12)));
}
