/* float80_parts.h - what the parts of the extended precision arithmetic share: numbers taken apart,
 * NaN results, and rounding.
 */
#ifndef CPU_FLOAT80_PARTS_H
#define CPU_FLOAT80_PARTS_H

#include "sim/cpu/float80.h"

typedef unsigned __int128 uint128;

#define FLOAT80_BIAS     0x3fff
#define FLOAT80_SPECIAL  0x7fff /* exponent of infinities and NaNs */
#define FLOAT80_INTEGER  BIT(63)
#define FLOAT80_QUIET    BIT(62)
#define FLOAT80_EXPONENT 0x7fff
#define FLOAT80_SIGN     0x8000

/* A number that is not zero: significand / 2^63 * 2^exponent, with the highest bit set. */
struct number {
	bool negative;
	int32_t exponent;
	uint64_t significand;
};

/* A format that results are rounded to. */
struct format {
	unsigned precision;  /* bits of the significand */
	int32_t least, most; /* exponents of normal numbers */
	int32_t adjustment;  /* of the exponent, in an unmasked overflow or underflow */
};

/* Extended precision; and that, with the precision that the control word says. */
extern const struct format float80_extended;
struct format float80_precision(const struct float80_env *e);

static inline enum rounding float80_rounding(const struct float80_env *e)
{
	return (enum rounding)bits_get(e->control, FCW_RC);
}

static inline bool float80_is_masked(const struct float80_env *e, uint16_t flag)
{
	return e->control & flag;
}

static inline unsigned float80_exponent(struct float80 v)
{
	return v.head & FLOAT80_EXPONENT;
}

static inline bool float80_is_normal(struct float80 v)
{
	return float80_exponent(v) - 1 < FLOAT80_SPECIAL - 1 && (v.significand & FLOAT80_INTEGER);
}

static inline bool float80_is_signalling(struct float80 v)
{
	return float80_kind(v) == FLOAT80_NAN && (v.significand & FLOAT80_QUIET) == 0;
}

struct float80 float80_zero(bool negative);
struct float80 float80_infinity(bool negative);

/* Takes a normal or denormal number apart. */
struct number float80_take(struct float80 v);
/* A number that is exact and normal. */
struct float80 float80_make(bool negative, int32_t exponent, uint64_t significand);

/* #IA, and nothing else: the QNaN floating-point indefinite. */
struct float80 float80_invalid(struct float80_env *e);

/* Whether an operand is a NaN or unsupported: *r is the result then, and what it raises. */
bool float80_is_no_number(
	struct float80_env *e, struct float80 a, struct float80 b, struct float80 *r);

/* DE, if v is a denormal. */
void float80_note_denormal(struct float80_env *e, struct float80 v);

/* Whether a fraction that is cut off makes the rest one larger; its highest bit is a half, the
 * lowest stands for all that follows. */
static inline bool float80_rounds_up(enum rounding how, bool negative, bool odd, uint64_t fraction)
{
	if (how == ROUND_NEAREST)
		return fraction > BIT(63) || (fraction == BIT(63) && odd);
	return fraction != 0 && how == (negative ? ROUND_DOWN : ROUND_UP);
}

/* A number of 128 bits, the highest of which is set: significand / 2^127 * 2^exponent; the lowest
 * stands for all that follows. Rounded to a format, with the flags that this raises. The exponent
 * is format->most + 1 for infinity; the highest bit is clear for denormals, whose exponent is
 * format->least. */
struct number float80_round_to(struct float80_env *e, const struct format *format, bool negative,
	int32_t exponent, uint128 significand);

/* The same for what need not have its highest bit set, and may be 0 only if it is exact. */
struct float80 float80_finish(struct float80_env *e, const struct format *format, bool negative,
	int32_t exponent, uint128 significand);

#endif
