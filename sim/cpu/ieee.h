/* ieee.h - IEEE 754 arithmetic on single and double precision numbers, as SSE instructions do it.
 *
 * Numbers are bit patterns, their width in bytes is 4 or 8. What the host's arithmetic leaves to
 * choice (NaN results, when a result counts as tiny) is decided here, so that results and flags are
 * the same on every host; docs/decisions/0009-floating-point.md says how. These functions take
 * every mode and operand and are slow; exec_sse_float.c has the fast path for the common case.
 *
 * SDM "Floating-Point Exceptions" and "Operating with SIMD Floating-Point Exceptions".
 */
#ifndef CPU_IEEE_H
#define CPU_IEEE_H

#include "sim/cpu/vector.h"

struct ieee {
	uint32_t control; /* MXCSR: masks and modes */
	uint32_t flags;   /* what was raised: MXCSR_IE to MXCSR_PE */
};

enum ieee_op { IEEE_ADD, IEEE_SUB, IEEE_MUL, IEEE_DIV, IEEE_SQRT, IEEE_MIN, IEEE_MAX };

/* a op b; the square root is that of b. */
uint64_t ieee_calculate(struct ieee *e, enum ieee_op op, uint64_t a, uint64_t b, unsigned width);

/* Whether r, the finite result of an operation on numbers that are normal or zero, is rounded. */
bool ieee_is_inexact(enum ieee_op op, uint64_t a, uint64_t b, uint64_t r, unsigned width);

enum ieee_order { IEEE_LESS, IEEE_EQUAL, IEEE_GREATER, IEEE_UNORDERED };

/* A signalling comparison raises IE for quiet NaNs too. */
enum ieee_order ieee_compare(
	struct ieee *e, uint64_t a, uint64_t b, unsigned width, bool signalling);

/* From one width to the other. */
uint64_t ieee_convert(struct ieee *e, uint64_t v, unsigned from, unsigned to);

/* To a signed integer of 4 or 8 bytes, rounded as MXCSR says or truncated. What does not fit
 * becomes the integer indefinite, the most negative number. */
uint64_t ieee_to_integer(
	struct ieee *e, uint64_t v, unsigned width, unsigned integer, bool truncate);
/* To an integer that stays a number of that width. Denormals raise nothing but PE. */
uint64_t ieee_round(struct ieee *e, uint64_t v, unsigned width);
uint64_t ieee_from_integer(struct ieee *e, int64_t v, unsigned width);

/* RCPSS and RSQRTSS: approximations to 12 bits, no flags, no modes. */
uint32_t ieee_reciprocal(uint32_t v);
uint32_t ieee_reciprocal_root(uint32_t v);

/* Sets the flags in MXCSR; an unmasked one is #XM. */
MUST_CHECK struct fault vector_raise(struct vcpu *c, uint32_t flags);

/* --- the parts of a number --- */

static ALWAYS_INLINE unsigned ieee_fraction_bits(unsigned width)
{
	return width == 4 ? 23 : 52;
}

static ALWAYS_INLINE unsigned ieee_exponent_most(unsigned width)
{
	return width == 4 ? 0xff : 0x7ff;
}

static ALWAYS_INLINE uint64_t ieee_sign(unsigned width)
{
	return width == 4 ? BIT(31) : BIT(63);
}

static ALWAYS_INLINE unsigned ieee_exponent(uint64_t v, unsigned width)
{
	return (unsigned)(v >> ieee_fraction_bits(width)) & ieee_exponent_most(width);
}

static ALWAYS_INLINE uint64_t ieee_fraction(uint64_t v, unsigned width)
{
	return v & (BIT(ieee_fraction_bits(width)) - 1);
}

static ALWAYS_INLINE uint64_t ieee_magnitude(uint64_t v, unsigned width)
{
	return v & (ieee_sign(width) - 1);
}

static ALWAYS_INLINE uint64_t ieee_infinity(unsigned width)
{
	return (uint64_t)ieee_exponent_most(width) << ieee_fraction_bits(width);
}

static ALWAYS_INLINE bool ieee_is_nan(uint64_t v, unsigned width)
{
	return ieee_magnitude(v, width) > ieee_infinity(width);
}

static ALWAYS_INLINE bool ieee_is_zero(uint64_t v, unsigned width)
{
	return ieee_magnitude(v, width) == 0;
}

static ALWAYS_INLINE bool ieee_is_denormal(uint64_t v, unsigned width)
{
	return ieee_exponent(v, width) == 0 && ieee_fraction(v, width) != 0;
}

#endif
