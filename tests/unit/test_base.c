/* Random streams, digests, the log. */
#include "sim/base/hash.h"
#include "sim/base/log.h"
#include "sim/base/rng.h"
#include "tests/unit/unit.h"

/* The reference implementation's first outputs for the state 1, 2, 3, 4. */
START_TEST(xoshiro_known_answers)
{
	static const uint64_t expected[] = {
		11520, 0, 1509978240, 1215971899390074240, 1216172134540287360};
	struct rng r = {{1, 2, 3, 4}};

	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		ck_assert_uint_eq(rng_next(&r), expected[i]);
}
END_TEST

/* SplitMix64's first outputs for the seed 0: a seed means the same numbers for ever. */
START_TEST(seeding_known_answers)
{
	static const uint64_t expected[] = {UINT64_C(0xe220a8397b1dcdaf),
		UINT64_C(0x6e789e6aa1b965f4), UINT64_C(0x06c45d188009454f),
		UINT64_C(0xf88bb8a8724c81ec)};
	struct rng r = rng_from(0);

	ck_assert_mem_eq(r.s, expected, sizeof(expected));
	ck_assert_uint_eq(stream_seed(0, ""), UINT64_C(0x2d06800538d394c2)); /* XXH3 of nothing */
}
END_TEST

START_TEST(streams_are_apart)
{
	struct rng a = rng_from(stream_seed(1, "a")), again = rng_from(stream_seed(1, "a"));
	struct rng b = rng_from(stream_seed(1, "b")), other = rng_from(stream_seed(2, "a"));
	uint64_t first = rng_next(&a);

	ck_assert_uint_eq(first, rng_next(&again));
	ck_assert_uint_ne(first, rng_next(&b));
	ck_assert_uint_ne(first, rng_next(&other));
}
END_TEST

/* With a bound of 3/4 of the range a plain remainder would hit the lower third twice as often. */
START_TEST(below_is_unbiased)
{
	struct rng r = rng_from(stream_seed(1, "test_base"));
	uint64_t bound = UINT64_C(3) << 62, low = 0;

	for (int i = 0; i < 30000; i++) {
		uint64_t x = rng_below(&r, bound);

		ck_assert(x < bound);
		low += x < bound / 3;
	}
	ck_assert_uint_gt(low, 9500);
	ck_assert_uint_lt(low, 10500);
	ck_assert_uint_eq(rng_below(&r, 1), 0);
}
END_TEST

START_TEST(below_reaches_all)
{
	struct rng r = rng_from(7);
	unsigned seen = 0;

	for (int i = 0; i < 1000; i++)
		seen |= 1u << rng_below(&r, 7);
	ck_assert_uint_eq(seen, 0x7f);
}
END_TEST

/* XXH3's published value for no bytes: digests may be stored. */
START_TEST(hash_is_xxh3)
{
	struct digest a = digest_bytes("abc", 3, 0), b = digest_bytes("abd", 3, 0);

	ck_assert_uint_eq(hash_bytes("", 0, 0), UINT64_C(0x2d06800538d394c2));
	ck_assert_uint_ne(hash_bytes("abc", 3, 0), hash_bytes("abc", 3, 1));
	ck_assert(digest_equal(a, a));
	ck_assert(!digest_equal(a, b));
	ck_assert_uint_eq(digest_bytes("", 0, 0).low, UINT64_C(0x6001c324468d497f));
}
END_TEST

START_TEST(log_topics_parse)
{
	uint64_t topics = 99;
	struct error e;

	ck_assert(log_topics("", &topics, &e));
	ck_assert_uint_eq(topics, 0);
	ck_assert(log_topics("apic,dev", &topics, &e));
	ck_assert_uint_eq(topics, BIT(LOG_APIC) | BIT(LOG_DEV));
	ck_assert(log_topics("all", &topics, &e));
	ck_assert_uint_eq(topics, BIT(LOG_TOPICS) - 1);
	ck_assert(!log_topics("apic,devil", &topics, &e));
	ck_assert(strstr(e.text, "'devil'") != NULL);
	ck_assert(strstr(e.text, "all, board, cpu") != NULL);
	ck_assert(strstr(e.text, "replay") != NULL);
	ck_assert(log_topics("board", &topics, &e));
	ck_assert_uint_eq(topics, BIT(LOG_BOARD));
}
END_TEST

START_TEST(log_lines)
{
	uint64_t now = 42;
	char text[100] = "";
	struct log l = {fmemopen(text, sizeof(text), "w"), BIT(LOG_APIC), &now};

	LOG(&l, LOG_APIC, "vector %d", 0x20);
	LOG(&l, LOG_CPU, "nobody asked");
	fclose(l.out);
	ck_assert_str_eq(text, "42 apic: vector 32\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {xoshiro_known_answers, seeding_known_answers,
		streams_are_apart, below_is_unbiased, below_reaches_all, hash_is_xxh3,
		log_topics_parse, log_lines};

	return unit_run("base", tests, ARRAY_LEN(tests));
}
