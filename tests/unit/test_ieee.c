/* test_ieee.c - RCPPS and RSQRTPS, which no host can be the oracle for: the bound of the manual,
 * and the same results everywhere. All else of ieee.c is compared in tests/oracle.
 */
#include "sim/cpu/ieee.h"

#include "tests/unit/unit.h"

#include <math.h>

#define BOUND (1.5 / 4096)

static float single(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static void check_near(uint32_t bits, uint32_t result, double truth)
{
	if (fabs((double)single(result) - truth) > BOUND * truth)
		ck_abort_msg("%#x gives %#x, not near %a", bits, result, truth);
}

/* Two binades, which is where the results repeat, by a step that meets all low bits. */
START_TEST(approximations_keep_the_bound)
{
	for (uint32_t bits = 0x3f800000; bits < 0x40800000; bits += 5) {
		double x = (double)single(bits);

		check_near(bits, ieee_reciprocal(bits), 1 / x);
		check_near(bits, ieee_reciprocal_root(bits), 1 / sqrt(x));
	}
}
END_TEST

START_TEST(approximations_are_the_same_everywhere)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 1u << 20; i++) {
		uint32_t bits = i * 0x9e3779b1u;

		sum = sum * 31 + ieee_reciprocal(bits);
		sum = sum * 31 + ieee_reciprocal_root(bits);
	}
	ck_assert_uint_eq(sum, UINT64_C(5933304980514656512));
}
END_TEST

START_TEST(approximations_of_what_is_no_number)
{
	static const struct {
		uint32_t of, reciprocal, root;
	} cases[] = {
		{0x00000000, 0x7f800000, 0x7f800000}, /* 0 */
		{0x80000000, 0xff800000, 0xff800000}, /* -0 */
		{0x00000001, 0x7f800000, 0x7f800000}, /* a denormal counts as 0 */
		{0x7f800000, 0x00000000, 0x00000000}, /* infinity */
		{0xff800000, 0x80000000, 0xffc00000}, {0xbf800000, 0xbf800000, 0xffc00000}, /* -1 */
		{0x7f800001, 0x7fc00001, 0x7fc00001}, /* a NaN, made quiet */
		{0x7f000000, 0x00000000, 0x1fb50800}, /* a denormal result is 0 */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert_uint_eq(ieee_reciprocal(cases[i].of), cases[i].reciprocal);
		ck_assert_uint_eq(ieee_reciprocal_root(cases[i].of), cases[i].root);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {approximations_keep_the_bound,
		approximations_are_the_same_everywhere, approximations_of_what_is_no_number};

	return unit_run("ieee", tests, ARRAY_LEN(tests));
}
