/* test_float80.c - extended precision arithmetic: against the host's FPU where it has one, and by
 * what must hold on every host. The oracle compares whole instructions; here are the functions,
 * with many more numbers and all control words.
 */
#include "sim/base/rng.h"
#include "sim/cpu/float80.h"

#include "tests/unit/unit.h"

#define CASES 40000
#define BIAS  0x3fff

/* --- numbers --- */

/* A few are pseudo-denormals or unsupported, zero or infinite. */
static struct float80 any_number(struct rng *r)
{
	static const struct float80 special[] = {{0, 0}, {0, 0x8000}, {BIT(63), 0x7fff},
		{BIT(63), 0xffff}, {UINT64_C(0xc123456789abcdef), 0}, {BIT(63), 0x8000}};
	static const unsigned places[] = {0, 1, 2, 30, 0x3fbf, BIAS, BIAS + 62, 0x7ffd};
	static const uint64_t kept[] = {
		UINT64_MAX, UINT64_MAX, ~UINT64_C(0x7ff), ~UINT64_C(0x3ff), ~UINT64_C(0) << 40, 0};
	unsigned exponent = (places[rng_below(r, ARRAY_LEN(places))] + rng_below(r, 4)) & 0x7fff;
	uint64_t significand = rng_next(r) & kept[rng_below(r, ARRAY_LEN(kept))];

	if (rng_below(r, 16) == 0)
		return special[rng_below(r, ARRAY_LEN(special))];
	if (rng_below(r, 8) == 0)
		significand = ~significand;
	if (rng_below(r, 64) != 0)
		significand = exponent == 0 ? significand & ~BIT(63) : significand | BIT(63);
	return (struct float80){significand, (uint16_t)(exponent | rng_below(r, 2) << 15)};
}

/* Finite, and far from overflow and underflow. */
static struct float80 plain_number(struct rng *r)
{
	uint64_t exponent = BIAS - 70 + rng_below(r, 140);

	return (struct float80){
		rng_next(r) | BIT(63), (uint16_t)(exponent | rng_below(r, 2) << 15)};
}

/* Any precision and rounding; OE, UE and PE at times unmasked. */
static uint16_t any_control(struct rng *r)
{
	uint16_t control = (uint16_t)(rng_next(r) & (FCW_RC | FCW_PC));

	if ((control & FCW_PC) == 0x100)
		control |= FCW_PC; /* 01 is reserved */
	return (uint16_t)(control | 0x47 | (rng_below(r, 2) ? 0x38 : rng_next(r) & 0x38));
}

static bool same(struct float80 a, struct float80 b)
{
	return a.significand == b.significand && a.head == b.head;
}

static struct float80_env env_of(uint16_t control)
{
	return (struct float80_env){.control = control};
}

static void expect(const char *what, uint16_t control, struct float80 a, struct float80 b,
	struct float80 is, uint16_t flags, struct float80 must, uint16_t must_flags)
{
	if (!same(is, must) || flags != must_flags)
		ck_abort_msg("%s, control %03x, of %04x:%016" PRIx64 " and %04x:%016" PRIx64
			     ": %04x:%016" PRIx64 " flags %03x, not %04x:%016" PRIx64 " flags %03x",
			what, control, a.head, a.significand, b.head, b.significand, is.head,
			is.significand, flags, must.head, must.significand, must_flags);
}

/* --- the host's FPU --- */

#ifdef __x86_64__

struct ten {
	uint8_t bytes[10];
};

static struct ten ten_of(struct float80 v)
{
	struct ten t;

	memcpy(t.bytes, &v.significand, 8);
	memcpy(t.bytes + 8, &v.head, 2);
	return t;
}

static struct float80 number_of(struct ten t)
{
	struct float80 v;

	memcpy(&v.significand, t.bytes, 8);
	memcpy(&v.head, t.bytes + 8, 2);
	return v;
}

/* a in ST(0), b in ST(1); what is in ST(0) behind it, or was stored. */
#define HOST(name, instruction)                                                                    \
	static uint16_t host_##name(uint16_t control, struct float80 a, struct float80 b,          \
		struct ten *result, uint64_t *stored)                                              \
	{                                                                                          \
		struct ten x = ten_of(a), y = ten_of(b);                                           \
		uint16_t status;                                                                   \
                                                                                                   \
		__asm__ volatile(                                                                  \
			"fninit; fldcw %3; fldt %5; fldt %4\n\t" instruction                       \
			"\n\tfnstsw %0; fnclex; fstpt %1; fninit"                                  \
			: "=m"(status), "=m"(*result), "+m"(*stored)                               \
			: "m"(control), "m"(x), "m"(y)                                             \
			: "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)");    \
		return status;                                                                     \
	}

HOST(add, "fadd %%st(1), %%st")
HOST(sub, "fsub %%st(1), %%st")
HOST(mul, "fmul %%st(1), %%st")
HOST(div, "fdiv %%st(1), %%st")
HOST(scale, "fscale")
HOST(sqrt, "fsqrt")
HOST(round, "frndint")
HOST(prem, "fprem")
HOST(prem1, "fprem1")
HOST(extract, "fxtract")
HOST(compare, "fcom %%st(1)")
HOST(single, "fsts %2")
HOST(real, "fstl %2")
HOST(integer, "fld %%st; fistpll %2")

typedef uint16_t (*host_fn)(
	uint16_t control, struct float80 a, struct float80 b, struct ten *result, uint64_t *stored);

static struct float80 sqrt_of(struct float80_env *e, struct float80 a, struct float80 b)
{
	(void)b;
	return float80_sqrt(e, a);
}

static struct float80 round_of(struct float80_env *e, struct float80 a, struct float80 b)
{
	(void)b;
	return float80_round(e, a);
}

static struct float80 significand_of(struct float80_env *e, struct float80 a, struct float80 b)
{
	(void)b;
	float80_extract(e, a, &b);
	return b;
}

START_TEST(arithmetic_is_the_hosts)
{
	static const struct {
		const char *name;
		float80_fn ours;
		host_fn host;
	} all[] = {{"add", float80_add, host_add}, {"sub", float80_sub, host_sub},
		{"mul", float80_mul, host_mul}, {"div", float80_div, host_div},
		{"scale", float80_scale, host_scale}, {"sqrt", sqrt_of, host_sqrt},
		{"round", round_of, host_round}, {"extract", significand_of, host_extract}};
	struct rng r = rng_from(1);

	for (unsigned n = 0; n < CASES * ARRAY_LEN(all); n++) {
		size_t i = n % ARRAY_LEN(all);
		struct float80 a = any_number(&r), b = any_number(&r);
		struct float80_env e = env_of(any_control(&r));
		uint64_t stored = 0;
		struct ten host;
		uint16_t flags = all[i].host(e.control, a, b, &host, &stored);
		struct float80 is = all[i].ours(&e, a, b);

		expect(all[i].name, e.control, a, b, is, e.raised, number_of(host),
			flags & (FSW_FLAGS | FSW_C1));
	}
}
END_TEST

START_TEST(remainders_are_the_hosts)
{
	struct rng r = rng_from(2);

	for (unsigned n = 0; n < 2 * CASES; n++) {
		struct float80 a = any_number(&r), b = any_number(&r);
		struct float80_env e = env_of(any_control(&r));
		bool nearest = n & 1;
		uint16_t codes = 0, flags;
		uint64_t stored = 0;
		struct float80 is;
		struct ten host;

		flags = (nearest ? host_prem1 : host_prem)(e.control, a, b, &host, &stored);
		is = float80_remainder(&e, a, b, nearest, &codes);
		expect(nearest ? "prem1" : "prem", e.control, a, b, is, e.raised | codes,
			number_of(host), flags & (FSW_FLAGS | FSW_CODES));
	}
}
END_TEST

START_TEST(comparison_is_the_hosts)
{
	static const uint16_t codes[] = {[FLOAT80_LESS] = FSW_C0,
		[FLOAT80_EQUAL] = FSW_C3,
		[FLOAT80_GREATER] = 0,
		[FLOAT80_UNORDERED] = FSW_C3 | FSW_C2 | FSW_C0};
	struct rng r = rng_from(3);

	for (unsigned n = 0; n < CASES; n++) {
		struct float80 a = any_number(&r), b = rng_below(&r, 4) ? any_number(&r) : a;
		struct float80_env e = env_of(any_control(&r));
		uint64_t stored = 0;
		struct ten host;
		uint16_t flags = host_compare(e.control, a, b, &host, &stored);
		enum float80_order order = float80_compare(&e, a, b, true);

		expect("compare", e.control, a, b, a, e.raised | codes[order], a,
			flags & (FSW_FLAGS | FSW_CODES));
	}
}
END_TEST

/* What an unmasked exception does not store is not compared. */
START_TEST(conversions_are_the_hosts)
{
	struct rng r = rng_from(4);

	for (unsigned n = 0; n < 3 * CASES; n++) {
		static const host_fn hosts[] = {host_single, host_real, host_integer};
		struct float80 a = any_number(&r);
		struct float80_env e = env_of(any_control(&r) | FSW_OE | FSW_UE);
		unsigned width = n % 3 == 0 ? 4 : 8;
		uint64_t stored = 0, is;
		struct ten host;
		uint16_t flags = hosts[n % 3](e.control, a, a, &host, &stored);

		if (n % 3 == 2)
			is = float80_to_integer(
				&e, a, 8, (enum rounding)bits_get(e.control, FCW_RC));
		else
			is = float80_narrow(&e, a, width);
		expect("conversion", e.control, a, a, (struct float80){is, 0}, e.raised,
			(struct float80){stored, 0}, flags & (FSW_FLAGS | FSW_C1));
	}
}
END_TEST

#endif

/* --- on every host --- */

#define NEAREST 0x37f

/* Says nothing of what holds: check's own assertions tell their parent each time. */
#define HOLDS(condition) ((condition) ? (void)0 : ck_abort_msg("%s", #condition))

static uint16_t control_with(enum rounding how)
{
	return (uint16_t)(NEAREST | (unsigned)how << 10);
}

/* Down and up are neighbours if the result is not exact, and nearest is one of them. */
START_TEST(roundings_enclose_the_result)
{
	static const float80_fn all[] = {float80_add, float80_sub, float80_mul, float80_div};
	struct rng r = rng_from(5);

	for (unsigned n = 0; n < CASES; n++) {
		struct float80 a = plain_number(&r), b = plain_number(&r), result[4];
		uint16_t raised = 0;

		for (unsigned how = 0; how < 4; how++) {
			struct float80_env e = env_of(control_with((enum rounding)how));

			result[how] = all[n % 4](&e, a, b);
			raised |= e.raised;
		}
		if ((raised & FSW_PE) == 0) {
			HOLDS(same(result[ROUND_UP], result[ROUND_NEAREST]));
			continue;
		}
		HOLDS(same(result[ROUND_NEAREST], result[ROUND_UP]) !=
			same(result[ROUND_NEAREST], result[ROUND_DOWN]));
		HOLDS(same(result[ROUND_ZERO],
			result[float80_is_negative(result[ROUND_ZERO]) ? ROUND_UP : ROUND_DOWN]));
	}
}
END_TEST

START_TEST(laws_hold)
{
	struct float80_env e = env_of(NEAREST);
	const struct float80 one = float80_constant(&e, FLOAT80_1);
	struct rng r = rng_from(6);

	for (unsigned n = 0; n < CASES; n++) {
		struct float80 a = plain_number(&r), b = plain_number(&r), c = a;
		struct float80 exponent, significand;

		c.head ^= 0x8000;
		HOLDS(same(float80_add(&e, a, b), float80_add(&e, b, a)));
		HOLDS(same(float80_mul(&e, a, b), float80_mul(&e, b, a)));
		HOLDS(same(float80_add(&e, a, c), (struct float80){0, 0}));
		e.raised = 0;
		HOLDS(same(float80_mul(&e, a, one), a));
		HOLDS(same(float80_div(&e, a, a), one));
		exponent = float80_extract(&e, a, &significand);
		HOLDS(same(float80_scale(&e, significand, exponent), a));
		HOLDS(e.raised == 0);
	}
}
END_TEST

START_TEST(a_square_has_its_root)
{
	struct rng r = rng_from(7);

	for (unsigned n = 0; n < CASES; n++) {
		struct float80_env e = env_of((uint16_t)(any_control(&r) | FCW_PC | 0x3f));
		struct float80 a = plain_number(&r), square;

		a.significand &= ~UINT64_C(0xffffffff);
		a.head &= 0x7fff;
		square = float80_mul(&e, a, a);
		HOLDS(same(float80_sqrt(&e, square), a));
		HOLDS(e.raised == 0);
	}
}
END_TEST

START_TEST(other_formats_come_back)
{
	struct rng r = rng_from(8);

	for (unsigned n = 0; n < CASES; n++) {
		struct float80_env e = env_of(control_with((enum rounding)(n & 3)));
		uint64_t v = rng_next(&r), whole = v >> rng_below(&r, 64);
		unsigned width = n & 4 ? 8 : 4;
		struct float80 wide = float80_from_integer((int64_t)whole);
		uint8_t decimals[BCD_BYTES];

		HOLDS(float80_to_integer(&e, wide, 8, (enum rounding)(n & 3)) == whole);
		wide = float80_from_integer((int64_t)(whole % UINT64_C(1000000000000000000)));
		float80_to_bcd(&e, wide, decimals);
		HOLDS(same(float80_from_bcd(decimals), wide));
		HOLDS(e.raised == 0);
		if (width == 4)
			v &= 0xffffffff;
		wide = float80_widen(&e, v, width);
		if (float80_kind(wide) != FLOAT80_NAN)
			HOLDS(float80_narrow(&e, wide, width) == v);
	}
}
END_TEST

/* All bits of many results: other hosts and compilers must find the same. */
START_TEST(results_are_the_same_everywhere)
{
	struct rng r = rng_from(9);
	uint64_t sum = 0;

	for (unsigned n = 0; n < 20000; n++) {
		struct float80 a = any_number(&r), b = any_number(&r), v[8];
		struct float80_env e = env_of(any_control(&r));
		bool in_range;

		v[0] = float80_add(&e, a, b);
		v[1] = float80_mul(&e, a, b);
		v[2] = float80_div(&e, a, b);
		v[3] = float80_sqrt(&e, a);
		v[4] = float80_2xm1(&e, a);
		v[5] = float80_yl2x(&e, b, a);
		v[6] = float80_atan(&e, b, a);
		v[7] = float80_circular(&e, (enum float80_circular)(n % 3), a, &in_range);
		for (unsigned i = 0; i < ARRAY_LEN(v); i++)
			sum = (sum * 31 + v[i].significand) * 31 + v[i].head;
		sum = sum * 31 + e.raised;
	}
	ck_assert_uint_eq(sum, UINT64_C(10979622199159397677));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
#ifdef __x86_64__
		arithmetic_is_the_hosts, remainders_are_the_hosts, comparison_is_the_hosts,
		conversions_are_the_hosts,
#endif
		roundings_enclose_the_result, laws_hold, a_square_has_its_root,
		other_formats_come_back, results_are_the_same_everywhere};

	return unit_run("float80", tests, ARRAY_LEN(tests));
}
