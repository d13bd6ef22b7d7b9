/* Random code, mostly of common instructions, runs alike straight, in chunks and without caches. */
#include "tests/fuzz/any_code.h"

#include "sim/base/rng.h"
#include "tests/unit/unit.h"

#define PROGRAMS 600
#define SIZE     700
#define STEPS    400

/* First bytes of instructions that load, store, branch, repeat or touch the stack. */
static const uint8_t common[] = {0x89, 0x01, 0x48, 0x8b, 0x66, 0xf3, 0x0f, 0xab, 0xa5, 0x83, 0xe8,
	0xeb, 0x75, 0xc3, 0x50, 0x58, 0xff, 0x67, 0x81, 0xf0, 0xaa, 0x31, 0x9c, 0x9d, 0xfb};

static void make_program(struct rng *rng, uint8_t *program, bool biased)
{
	for (unsigned i = 0; i < SIZE; i++) {
		bool use_common = biased && rng_below(rng, 3) == 0;

		program[i] = use_common ? common[rng_below(rng, sizeof(common))]
					: (uint8_t)rng_next(rng);
	}
}

START_TEST(random_code_is_independent_of_caches)
{
	struct rng rng = rng_from(stream_seed(1, "any-code"));
	uint8_t program[SIZE];

	for (unsigned i = 0; i < PROGRAMS; i++) {
		make_program(&rng, program, i % 2);
		ck_assert_msg(any_code_same(program, SIZE, STEPS), "program %u", i);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {random_code_is_independent_of_caches};

	return unit_run("any_code", tests, ARRAY_LEN(tests));
}
