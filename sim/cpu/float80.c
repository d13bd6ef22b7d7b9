/* float80.c - kinds of extended precision numbers, rounding, and the basic arithmetic. */
#include "sim/cpu/float80_parts.h"

#include <math.h>

const struct format float80_extended = {64, -0x3ffe, 0x3fff, 0x6000};

/* --- kinds of numbers --- */

enum float80_kind float80_kind(struct float80 v)
{
	unsigned exponent = float80_exponent(v);

	if (exponent == 0)
		return v.significand == 0 ? FLOAT80_ZERO : FLOAT80_DENORMAL;
	if ((v.significand & FLOAT80_INTEGER) == 0)
		return FLOAT80_UNSUPPORTED;
	if (exponent != FLOAT80_SPECIAL)
		return FLOAT80_NORMAL;
	return v.significand == FLOAT80_INTEGER ? FLOAT80_INFINITE : FLOAT80_NAN;
}

struct float80 float80_indefinite(void)
{
	return (struct float80){FLOAT80_INTEGER | FLOAT80_QUIET, FLOAT80_SIGN | FLOAT80_SPECIAL};
}

struct float80 float80_zero(bool negative)
{
	return (struct float80){0, negative ? FLOAT80_SIGN : 0};
}

struct float80 float80_infinity(bool negative)
{
	return (struct float80){FLOAT80_INTEGER, (negative ? FLOAT80_SIGN : 0) | FLOAT80_SPECIAL};
}

struct float80 float80_make(bool negative, int32_t exponent, uint64_t significand)
{
	return (struct float80){
		significand, (uint16_t)((negative ? FLOAT80_SIGN : 0) | (exponent + FLOAT80_BIAS))};
}

struct number float80_take(struct float80 v)
{
	unsigned exponent = float80_exponent(v);
	int shift = __builtin_clzll(v.significand);

	return (struct number){
		.negative = float80_is_negative(v),
		.exponent = (int32_t)(exponent == 0 ? 1 : exponent) - FLOAT80_BIAS - shift,
		.significand = v.significand << shift,
	};
}

void float80_note_denormal(struct float80_env *e, struct float80 v)
{
	if (float80_kind(v) == FLOAT80_DENORMAL)
		e->raised |= FSW_DE;
}

/* --- what is no number --- */

/* An invalid operation comes alone. */
struct float80 float80_invalid(struct float80_env *e)
{
	e->raised = FSW_IE;
	return float80_indefinite();
}

/* Of two NaNs the one with the larger significand; of equal ones the positive. */
static struct float80 larger_nan(struct float80 a, struct float80 b)
{
	if (a.significand != b.significand)
		return a.significand > b.significand ? a : b;
	return a.head < b.head ? a : b;
}

/* SDM "Rules for Handling NaNs": a quiet NaN goes before a signalling one. */
static struct float80 nan_of(struct float80_env *e, struct float80 a, struct float80 b)
{
	bool a_signals = float80_is_signalling(a), b_signals = float80_is_signalling(b);
	bool a_is = float80_kind(a) == FLOAT80_NAN, b_is = float80_kind(b) == FLOAT80_NAN;

	e->raised = a_signals || b_signals ? FSW_IE : 0;
	a.significand |= FLOAT80_QUIET;
	b.significand |= FLOAT80_QUIET;
	if (a_is && b_is && a_signals == b_signals)
		return larger_nan(a, b);
	if (a_is && b_is)
		return a_signals ? b : a;
	return a_is ? a : b;
}

bool float80_is_no_number(
	struct float80_env *e, struct float80 a, struct float80 b, struct float80 *r)
{
	enum float80_kind ka = float80_kind(a), kb = float80_kind(b);

	if (ka == FLOAT80_UNSUPPORTED || kb == FLOAT80_UNSUPPORTED)
		*r = float80_invalid(e);
	else if (ka == FLOAT80_NAN || kb == FLOAT80_NAN)
		*r = nan_of(e, a, b);
	else
		return false;
	return true;
}

/* --- rounding --- */

struct format float80_precision(const struct float80_env *e)
{
	static const unsigned precisions[] = {24, 64, 53, 64}; /* the second is reserved */
	struct format f = float80_extended;

	f.precision = precisions[bits_get(e->control, FCW_PC)];
	return f;
}

/* The upper `precision` bits of 128, rounded: in the upper bits of the result. */
struct cut {
	uint64_t significand;
	bool carry; /* the significand became 1 higher than its highest bit: it is 0 now */
	bool inexact, up;
};

static ALWAYS_INLINE struct cut cut_off(
	const struct float80_env *e, unsigned precision, bool negative, uint128 significand)
{
	uint64_t unit = BIT(64 - precision), high = (uint64_t)(significand >> 64);
	uint64_t fraction = (uint64_t)significand;
	struct cut c;

	if (precision < 64) {
		fraction = high << precision | (fraction != 0);
		high &= -unit;
	}
	c.inexact = fraction != 0;
	c.up = float80_rounds_up(float80_rounding(e), negative, (high & unit) != 0, fraction);
	c.significand = high + (c.up ? unit : 0);
	c.carry = c.significand < high;
	return c;
}

static void note_rounding(struct float80_env *e, struct cut c)
{
	if (c.inexact)
		e->raised |= FSW_PE;
	if (c.up)
		e->raised |= FSW_C1;
}

/* SDM "Numeric Overflow Exception": the masked response. */
static struct number overflow(struct float80_env *e, const struct format *format, bool negative)
{
	enum rounding how = float80_rounding(e);
	bool infinite = how == ROUND_NEAREST || how == (negative ? ROUND_DOWN : ROUND_UP);

	e->raised |= FSW_OE | FSW_PE;
	if (!infinite)
		return (struct number){
			negative, format->most, UINT64_MAX << (64 - format->precision)};
	e->raised |= FSW_C1;
	return (struct number){negative, format->most + 1, FLOAT80_INTEGER};
}

static uint128 shift_right_sticky(uint128 v, int32_t by)
{
	if (by > 127)
		return v != 0;
	return v >> by | ((v & (((uint128)1 << by) - 1)) != 0);
}

/* SDM "Numeric Underflow Exception": the masked response. */
static struct number underflow(struct float80_env *e, const struct format *format, bool negative,
	int32_t exponent, uint128 significand)
{
	struct cut c = cut_off(e, format->precision, negative,
		shift_right_sticky(significand, format->least - exponent));

	if (c.inexact)
		e->raised |= FSW_UE;
	note_rounding(e, c);
	return (struct number){negative, format->least, c.significand};
}

/* Tininess is detected after rounding with an unbounded exponent. */
static ALWAYS_INLINE struct number round_to(struct float80_env *e, const struct format *format,
	bool negative, int32_t exponent, uint128 significand)
{
	struct cut c = cut_off(e, format->precision, negative, significand);
	struct number n = {negative, exponent + c.carry, c.carry ? FLOAT80_INTEGER : c.significand};

	if (n.exponent > format->most) {
		if (float80_is_masked(e, FSW_OE))
			return overflow(e, format, negative);
		e->raised |= FSW_OE;
		n.exponent -= format->adjustment;
	} else if (n.exponent < format->least) {
		if (float80_is_masked(e, FSW_UE))
			return underflow(e, format, negative, exponent, significand);
		e->raised |= FSW_UE;
		n.exponent += format->adjustment;
	}
	note_rounding(e, c);
	return n;
}

struct number float80_round_to(struct float80_env *e, const struct format *format, bool negative,
	int32_t exponent, uint128 significand)
{
	return round_to(e, format, negative, exponent, significand);
}

static ALWAYS_INLINE struct float80 pack(struct number n)
{
	if ((n.significand & FLOAT80_INTEGER) == 0)
		return (struct float80){n.significand, n.negative ? FLOAT80_SIGN : 0};
	return float80_make(n.negative, n.exponent, n.significand);
}

static unsigned leading_zeros(uint128 v)
{
	uint64_t high = (uint64_t)(v >> 64);

	return (unsigned)(high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)v));
}

struct float80 float80_finish(struct float80_env *e, const struct format *format, bool negative,
	int32_t exponent, uint128 significand)
{
	unsigned shift;

	if (significand == 0)
		return float80_zero(negative);
	shift = leading_zeros(significand);
	return pack(round_to(e, format, negative, exponent - (int32_t)shift, significand << shift));
}

/* --- addition and subtraction --- */

static inline bool are_normal(struct float80 a, struct float80 b)
{
	return float80_is_normal(a) && float80_is_normal(b);
}

/* The sign of a zero that is the sum of numbers of opposite signs. */
static struct float80 cancelled(const struct float80_env *e)
{
	return float80_zero(float80_rounding(e) == ROUND_DOWN);
}

static struct float80 add_numbers(struct float80_env *e, struct number a, struct number b)
{
	const struct format format = float80_precision(e);
	uint128 x, y;
	int32_t by;

	if (a.exponent < b.exponent ||
		(a.exponent == b.exponent && a.significand < b.significand)) {
		struct number swap = a;

		a = b;
		b = swap;
	}
	x = (uint128)a.significand << 63;
	by = a.exponent - b.exponent;
	y = by < 64 ? (uint128)b.significand << (63 - by)
		    : shift_right_sticky((uint128)b.significand << 63, by);
	x = a.negative == b.negative ? x + y : x - y;
	if (x == 0)
		return cancelled(e);
	return float80_finish(e, &format, a.negative, a.exponent + 1, x);
}

/* Rounds a number that an operation gives back as it is. */
static struct float80 rounded(struct float80_env *e, struct float80 v)
{
	const struct format format = float80_precision(e);
	struct number n;

	if (float80_kind(v) == FLOAT80_ZERO)
		return v;
	n = float80_take(v);
	return float80_finish(e, &format, n.negative, n.exponent, (uint128)n.significand << 64);
}

static struct float80 add_any(struct float80_env *e, struct float80 a, struct float80 b)
{
	enum float80_kind ka = float80_kind(a), kb = float80_kind(b);
	bool alike = float80_is_negative(a) == float80_is_negative(b);
	struct float80 r;

	if (float80_is_no_number(e, a, b, &r))
		return r;
	if (ka == FLOAT80_INFINITE && kb == FLOAT80_INFINITE && !alike)
		return float80_invalid(e);
	float80_note_denormal(e, a);
	float80_note_denormal(e, b);
	if (ka == FLOAT80_INFINITE || kb == FLOAT80_INFINITE)
		return ka == FLOAT80_INFINITE ? a : b;
	if (ka == FLOAT80_ZERO && kb == FLOAT80_ZERO)
		return alike ? a : cancelled(e);
	if (ka == FLOAT80_ZERO || kb == FLOAT80_ZERO)
		return rounded(e, ka == FLOAT80_ZERO ? b : a);
	return add_numbers(e, float80_take(a), float80_take(b));
}

struct float80 float80_add(struct float80_env *e, struct float80 a, struct float80 b)
{
	if (likely(are_normal(a, b)))
		return add_numbers(e, float80_take(a), float80_take(b));
	return add_any(e, a, b);
}

/* A NaN keeps its sign. */
struct float80 float80_sub(struct float80_env *e, struct float80 a, struct float80 b)
{
	enum float80_kind kind = float80_kind(b);

	if (kind != FLOAT80_NAN)
		b.head ^= FLOAT80_SIGN;
	return float80_add(e, a, b);
}

/* --- multiplication, division, root --- */

static struct float80 multiply_numbers(struct float80_env *e, struct number x, struct number y)
{
	const struct format format = float80_precision(e);

	return float80_finish(e, &format, x.negative != y.negative, x.exponent + y.exponent + 1,
		(uint128)x.significand * y.significand);
}

static struct float80 multiply_any(struct float80_env *e, struct float80 a, struct float80 b)
{
	enum float80_kind ka = float80_kind(a), kb = float80_kind(b);
	bool negative = float80_is_negative(a) != float80_is_negative(b);
	struct float80 r;

	if (float80_is_no_number(e, a, b, &r))
		return r;
	if ((ka == FLOAT80_INFINITE && kb == FLOAT80_ZERO) ||
		(ka == FLOAT80_ZERO && kb == FLOAT80_INFINITE))
		return float80_invalid(e);
	float80_note_denormal(e, a);
	float80_note_denormal(e, b);
	if (ka == FLOAT80_INFINITE || kb == FLOAT80_INFINITE)
		return float80_infinity(negative);
	if (ka == FLOAT80_ZERO || kb == FLOAT80_ZERO)
		return float80_zero(negative);
	return multiply_numbers(e, float80_take(a), float80_take(b));
}

struct float80 float80_mul(struct float80_env *e, struct float80 a, struct float80 b)
{
	if (likely(are_normal(a, b)))
		return multiply_numbers(e, float80_take(a), float80_take(b));
	return multiply_any(e, a, b);
}

/* 128 bits of x / y. The quotient of significands lies between 1/2 and 2. */
static struct float80 divide_numbers(struct float80_env *e, struct number x, struct number y)
{
	const struct format format = float80_precision(e);
	uint128 n = (uint128)x.significand << 63, high = n / y.significand, low;

	n = (n - high * y.significand) << 64;
	low = n / y.significand;
	return float80_finish(e, &format, x.negative != y.negative, x.exponent - y.exponent,
		high << 64 | low | (n != low * y.significand));
}

static struct float80 divide_any(struct float80_env *e, struct float80 a, struct float80 b)
{
	enum float80_kind ka = float80_kind(a), kb = float80_kind(b);
	bool negative = float80_is_negative(a) != float80_is_negative(b);
	struct float80 r;

	if (float80_is_no_number(e, a, b, &r))
		return r;
	if (ka == kb && (ka == FLOAT80_INFINITE || ka == FLOAT80_ZERO))
		return float80_invalid(e);
	if (kb == FLOAT80_ZERO && ka != FLOAT80_INFINITE) {
		e->raised = FSW_ZE;
		return float80_infinity(negative);
	}
	float80_note_denormal(e, a);
	float80_note_denormal(e, b);
	if (ka == FLOAT80_INFINITE)
		return float80_infinity(negative);
	if (ka == FLOAT80_ZERO || kb == FLOAT80_INFINITE)
		return float80_zero(negative);
	return divide_numbers(e, float80_take(a), float80_take(b));
}

struct float80 float80_div(struct float80_env *e, struct float80 a, struct float80 b)
{
	if (likely(are_normal(a, b)))
		return divide_numbers(e, float80_take(a), float80_take(b));
	return divide_any(e, a, b);
}

/* The root of a number of 127 or 128 bits; *rest is what its square lacks. The host's root has 53
 * bits, one step of Newton's method makes the root of them, or 1 more or less. */
static uint64_t root_of(uint128 n, uint128 *rest)
{
	uint128 root = (uint128)(sqrt((double)(uint64_t)(n >> 64)) * 0x1p32);

	root = (root + n / root) / 2;
	if (root > UINT64_MAX)
		root = UINT64_MAX;
	while (root * root > n)
		root--;
	while (root < UINT64_MAX && (root + 1) * (root + 1) <= n)
		root++;
	*rest = n - root * root;
	return (uint64_t)root;
}

/* The bit behind the root is set if the rest is more than the root; it is never exact then. */
struct float80 float80_sqrt(struct float80_env *e, struct float80 a)
{
	const struct format format = float80_precision(e);
	enum float80_kind kind = float80_kind(a);
	struct number x;
	struct float80 r;
	uint128 rest;
	uint64_t root;

	if (float80_is_no_number(e, a, a, &r))
		return r;
	if (kind == FLOAT80_ZERO)
		return a;
	if (float80_is_negative(a))
		return float80_invalid(e);
	float80_note_denormal(e, a);
	if (kind == FLOAT80_INFINITE)
		return a;
	x = float80_take(a);
	root = root_of((uint128)x.significand << (x.exponent & 1 ? 64 : 63), &rest);
	return float80_finish(e, &format, false, x.exponent >> 1,
		(uint128)root << 64 | (uint128)(rest > root) << 63 | (rest != 0));
}

/* --- comparison --- */

static int sign_of(struct float80 v)
{
	return float80_kind(v) == FLOAT80_ZERO ? 0 : float80_is_negative(v) ? -1 : 1;
}

/* The larger of two positive numbers has the larger exponent and significand; a pseudo-denormal's
 * exponent is 1. */
static enum float80_order compare_magnitudes(struct float80 a, struct float80 b)
{
	unsigned x = float80_exponent(a), y = float80_exponent(b);

	x += x == 0;
	y += y == 0;
	if (x != y)
		return x < y ? FLOAT80_LESS : FLOAT80_GREATER;
	if (a.significand != b.significand)
		return a.significand < b.significand ? FLOAT80_LESS : FLOAT80_GREATER;
	return FLOAT80_EQUAL;
}

enum float80_order float80_compare(
	struct float80_env *e, struct float80 a, struct float80 b, bool signalling)
{
	struct float80 r;

	if (float80_is_no_number(e, a, b, &r)) {
		if (signalling)
			e->raised = FSW_IE;
		return FLOAT80_UNORDERED;
	}
	float80_note_denormal(e, a);
	float80_note_denormal(e, b);
	if (sign_of(a) != sign_of(b))
		return sign_of(a) < sign_of(b) ? FLOAT80_LESS : FLOAT80_GREATER;
	if (sign_of(a) == 0)
		return FLOAT80_EQUAL;
	return sign_of(a) > 0 ? compare_magnitudes(a, b) : compare_magnitudes(b, a);
}
