/* float80_function.c - transcendental functions, correctly rounded by MPFR.
 *
 * MPFR gives 128 bits and whether they are exact, so that rounding, overflow and underflow are
 * those of all other operations. Its default range of exponents is never reached, and what it
 * remembers between calls (constants) shows in no result.
 */
#include "sim/cpu/float80_parts.h"

#include <stdint.h>

#define MPFR_USE_INTMAX_T
#include <mpfr.h>

#define WORKING_BITS 128
#define EXACT_BITS   64 /* of an operand */

/* --- to and from MPFR --- */

static void set_number(mpfr_t to, struct number n)
{
	mpfr_init2(to, EXACT_BITS);
	mpfr_set_uj_2exp(to, n.significand, n.exponent - 63, MPFR_RNDN);
	if (n.negative)
		mpfr_neg(to, to, MPFR_RNDN);
}

/* A value of 128 bits, truncated; inexact if there is more. */
static struct float80 finish(struct float80_env *e, const mpfr_t v, bool inexact)
{
	bool negative = mpfr_sgn(v) < 0;
	uint128 significand = 0;
	mpz_t z;
	mpfr_exp_t exponent;

	if (mpfr_zero_p(v))
		return float80_zero(mpfr_signbit(v));
	mpz_init(z);
	exponent = mpfr_get_z_2exp(z, v);
	mpz_abs(z, z);
	SIM_ASSERT(mpz_sizeinbase(z, 2) == WORKING_BITS);
	mpz_export(&significand, NULL, -1, sizeof(significand), 0, 0, z);
	mpz_clear(z);
	return float80_finish(
		e, &float80_extended, negative, (int32_t)exponent + 127, significand | inexact);
}

/* --- 2^x - 1 --- */

struct float80 float80_2xm1(struct float80_env *e, struct float80 x)
{
	enum float80_kind kind = float80_kind(x);
	struct float80 r;
	mpfr_t v, to;
	int ternary;

	if (float80_is_no_number(e, x, x, &r))
		return r;
	if (kind == FLOAT80_ZERO)
		return x;
	if (kind == FLOAT80_INFINITE)
		return float80_is_negative(x) ? float80_make(true, 0, FLOAT80_INTEGER) : x;
	float80_note_denormal(e, x);
	if (float80_exponent(x) >= FLOAT80_BIAS && x.significand << 1 != 0)
		return x; /* beyond 1 the manual leaves it undefined */
	set_number(v, float80_take(x));
	mpfr_init2(to, WORKING_BITS);
	ternary = mpfr_exp2m1(to, v, MPFR_RNDZ);
	r = finish(e, to, ternary != 0);
	mpfr_clears(v, to, (mpfr_ptr)NULL);
	return r;
}

/* --- y * log2(x) and y * log2(x + 1) --- */

typedef int (*logarithm_fn)(mpfr_ptr to, mpfr_srcptr x, mpfr_rnd_t how);

/* The product to 128 bits. A logarithm that is not exact is not rational, and nor is the product:
 * with bits enough, its distance to every number of 128 bits shows. */
static struct float80 times_logarithm(
	struct float80_env *e, struct number y, struct number x, logarithm_fn logarithm)
{
	mpfr_t a, b, log, product, to;
	bool exact = false, done = false;
	struct float80 r;

	set_number(a, y);
	set_number(b, x);
	mpfr_init2(to, WORKING_BITS);
	for (mpfr_prec_t bits = 2 * WORKING_BITS; !done; bits *= 2) {
		mpfr_init2(log, bits);
		mpfr_init2(product, bits + EXACT_BITS);
		exact = logarithm(log, b, MPFR_RNDN) == 0;
		mpfr_mul(product, a, log, MPFR_RNDN);
		done = exact ||
		       mpfr_can_round(product, bits - 2, MPFR_RNDN, MPFR_RNDZ, WORKING_BITS);
		if (done)
			exact &= mpfr_set(to, product, MPFR_RNDZ) == 0;
		mpfr_clears(log, product, (mpfr_ptr)NULL);
	}
	r = finish(e, to, !exact);
	/* as processors have it, exact or not */
	e->raised |= float80_kind(r) == FLOAT80_DENORMAL ? FSW_PE | FSW_UE : FSW_PE;
	mpfr_clears(a, b, to, (mpfr_ptr)NULL);
	return r;
}

/* SDM FYL2X, "FYL2X Results": zero and infinity. *r is the result then. */
static bool is_special_logarithm(
	struct float80_env *e, struct float80 y, struct float80 x, struct float80 *r)
{
	enum float80_kind ky = float80_kind(y), kx = float80_kind(x);
	bool is_one = x.head == FLOAT80_BIAS && x.significand == FLOAT80_INTEGER;
	bool below_one = x.head < FLOAT80_BIAS, negative = float80_is_negative(y);

	if (kx != FLOAT80_ZERO && float80_is_negative(x)) {
		*r = float80_invalid(e);
		return true;
	}
	if (kx == FLOAT80_ZERO) {
		if (ky == FLOAT80_ZERO) {
			*r = float80_invalid(e);
			return true;
		}
		if (ky != FLOAT80_INFINITE)
			e->raised = FSW_ZE;
		*r = float80_infinity(!negative);
		return true;
	}
	if ((kx == FLOAT80_INFINITE && ky == FLOAT80_ZERO) || (is_one && ky == FLOAT80_INFINITE)) {
		*r = float80_invalid(e);
		return true;
	}
	if (kx == FLOAT80_INFINITE || ky == FLOAT80_INFINITE)
		*r = float80_infinity(negative != below_one);
	else if (ky == FLOAT80_ZERO || is_one)
		*r = float80_zero(negative != below_one);
	else
		return false;
	float80_note_denormal(e, x);
	float80_note_denormal(e, y);
	return true;
}

struct float80 float80_yl2x(struct float80_env *e, struct float80 y, struct float80 x)
{
	struct float80 r;

	if (float80_is_no_number(e, y, x, &r) || is_special_logarithm(e, y, x, &r))
		return r;
	float80_note_denormal(e, x);
	float80_note_denormal(e, y);
	return times_logarithm(e, float80_take(y), float80_take(x), mpfr_log2);
}

struct float80 float80_yl2xp1(struct float80_env *e, struct float80 y, struct float80 x)
{
	enum float80_kind ky = float80_kind(y), kx = float80_kind(x);
	bool negative = float80_is_negative(y) != float80_is_negative(x);
	struct float80 r;

	if (float80_is_no_number(e, y, x, &r))
		return r;
	if ((kx == FLOAT80_ZERO && ky == FLOAT80_INFINITE) ||
		(kx == FLOAT80_INFINITE && (ky == FLOAT80_ZERO || float80_is_negative(x))))
		return float80_invalid(e);
	float80_note_denormal(e, x);
	float80_note_denormal(e, y);
	if (kx == FLOAT80_INFINITE || ky == FLOAT80_INFINITE)
		return float80_infinity(negative);
	if (kx == FLOAT80_ZERO || ky == FLOAT80_ZERO)
		return float80_zero(negative);
	if (float80_is_negative(x) && float80_exponent(x) >= FLOAT80_BIAS)
		return x; /* beyond the range the manual leaves it undefined */
	return times_logarithm(e, float80_take(y), float80_take(x), mpfr_log2p1);
}

/* --- the angle of (x, y) --- */

/* SDM FPATAN, "FPATAN Results": zeros and infinities are those of atan2. */
static void set_any(mpfr_t to, struct float80 v)
{
	int sign = float80_is_negative(v) ? -1 : 1;

	switch (float80_kind(v)) {
	case FLOAT80_ZERO:
		mpfr_init2(to, EXACT_BITS);
		mpfr_set_zero(to, sign);
		break;
	case FLOAT80_INFINITE:
		mpfr_init2(to, EXACT_BITS);
		mpfr_set_inf(to, sign);
		break;
	default:
		set_number(to, float80_take(v));
		break;
	}
}

struct float80 float80_atan(struct float80_env *e, struct float80 y, struct float80 x)
{
	mpfr_t a, b, to;
	struct float80 r;
	int ternary;

	if (float80_is_no_number(e, y, x, &r))
		return r;
	float80_note_denormal(e, x);
	float80_note_denormal(e, y);
	set_any(a, y);
	set_any(b, x);
	mpfr_init2(to, WORKING_BITS);
	ternary = mpfr_atan2(to, a, b, MPFR_RNDZ);
	r = finish(e, to, ternary != 0);
	mpfr_clears(a, b, to, (mpfr_ptr)NULL);
	return r;
}

/* --- circular functions --- */

/* SDM "Approximation of Pi": processors reduce operands by a pi of 66 bits, and so do we. */
#define PI_BITS      66
#define PI_HIGH      UINT64_C(0xc90fdaa22168c234)
#define PI_LOW       3 /* the two bits behind */
#define REDUCED_BITS 256

/* x = quadrant * pi / 2 + rest, with |rest| at most pi / 4; exact. */
static unsigned reduce(mpfr_t rest, struct number x)
{
	mpfr_t v, half_pi, quotient;
	unsigned long quadrant = 0;

	set_number(v, x);
	mpfr_init2(rest, REDUCED_BITS);
	mpfr_init2(half_pi, PI_BITS);
	mpfr_init2(quotient, EXACT_BITS);
	mpfr_set_uj_2exp(half_pi, PI_HIGH, 2, MPFR_RNDN);
	mpfr_add_ui(half_pi, half_pi, PI_LOW, MPFR_RNDN);
	mpfr_div_2ui(half_pi, half_pi, 65, MPFR_RNDN);
	mpfr_div(quotient, v, half_pi, MPFR_RNDN);
	mpfr_rint(quotient, quotient, MPFR_RNDN);
	quadrant = (unsigned long)mpfr_get_sj(quotient, MPFR_RNDN);
	mpfr_mul(rest, quotient, half_pi, MPFR_RNDN);
	mpfr_sub(rest, v, rest, MPFR_RNDN);
	mpfr_clears(v, half_pi, quotient, (mpfr_ptr)NULL);
	return quadrant & 3;
}

static int evaluate(mpfr_t to, enum float80_circular which, unsigned quadrant, const mpfr_t rest)
{
	int ternary;

	if (which == FLOAT80_TAN && (quadrant & 1)) {
		ternary = mpfr_cot(to, rest, MPFR_RNDZ);
		mpfr_neg(to, to, MPFR_RNDZ);
		return ternary;
	}
	if (which == FLOAT80_TAN)
		return mpfr_tan(to, rest, MPFR_RNDZ);
	if (which == FLOAT80_COS)
		quadrant++;
	ternary = quadrant & 1 ? mpfr_cos(to, rest, MPFR_RNDZ) : mpfr_sin(to, rest, MPFR_RNDZ);
	if (quadrant & 2)
		mpfr_neg(to, to, MPFR_RNDZ);
	return ternary;
}

struct float80 float80_circular(
	struct float80_env *e, enum float80_circular which, struct float80 x, bool *in_range)
{
	enum float80_kind kind = float80_kind(x);
	struct float80 r;
	unsigned quadrant;
	mpfr_t rest, to;
	int ternary;

	*in_range = true;
	if (float80_is_no_number(e, x, x, &r))
		return r;
	if (kind == FLOAT80_INFINITE)
		return float80_invalid(e);
	if (kind == FLOAT80_ZERO)
		return which == FLOAT80_COS ? float80_make(false, 0, FLOAT80_INTEGER) : x;
	if (float80_exponent(x) >= FLOAT80_BIAS + 63) {
		*in_range = false;
		return x;
	}
	float80_note_denormal(e, x);
	quadrant = reduce(rest, float80_take(x));
	mpfr_init2(to, WORKING_BITS);
	ternary = evaluate(to, which, quadrant, rest);
	r = finish(e, to, ternary != 0);
	mpfr_clears(rest, to, (mpfr_ptr)NULL);
	return r;
}
