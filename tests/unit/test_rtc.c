/* The CMOS clock. */
#include "sim/dev/rtc.h"

#include <time.h>

#include "sim/base/rng.h"
#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

#define HZ UINT64_C(1000000000)
#define US (HZ / 1000000)
#define A  0x0a
#define B  0x0b
#define C  0x0c
#define D  0x0d

static struct dev_board b;
static struct rtc r;

static void make_at(uint64_t clock)
{
	struct rtc_setup setup = {clock, UINT64_C(128) << 20, 0, 1};

	memset(&r, 0, sizeof(r));
	dev_board_make(&b, &rtc_ops, &r, HZ);
	rtc_init(&r, &b.env, &b.irq, &setup);
}

static void make(void)
{
	make_at(1767225600); /* 2026-01-01, a Thursday */
}

static uint8_t get(uint8_t index)
{
	dev_out(&b, 0, index);
	return dev_in(&b, 1);
}

static void set(uint8_t index, uint8_t value)
{
	dev_out(&b, 0, index);
	dev_out(&b, 1, value);
}

static void set_time(const uint8_t values[7])
{
	static const uint8_t index[] = {9, 8, 7, 6, 4, 2, 0};

	set(B, get(B) | 0x80);
	for (size_t i = 0; i < ARRAY_LEN(index); i++)
		set(index[i], values[i]);
	set(B, get(B) & 0x7f);
}

/* Year, month, day, weekday, hours, minutes, seconds, as bytes. */
static void time_is(const uint8_t values[7])
{
	static const uint8_t index[] = {9, 8, 7, 6, 4, 2, 0};

	for (size_t i = 0; i < ARRAY_LEN(index); i++)
		ck_assert_msg(get(index[i]) == values[i], "register %u is %02x, not %02x", index[i],
			get(index[i]), values[i]);
}

static void wait_seconds(uint64_t n)
{
	dev_board_run(&b, b.now + n * HZ);
}

START_TEST(after_power_on)
{
	make();
	time_is((const uint8_t[]){0x26, 0x01, 0x01, 0x05, 0x00, 0x00, 0x00});
	ck_assert_uint_eq(get(0x32), 0x20);
	ck_assert_uint_eq(get(A), 0x26);
	ck_assert_uint_eq(get(B), 0x02);
	ck_assert_uint_eq(get(D), 0x80);
	ck_assert_uint_eq(get(0x0f), 0);
	ck_assert_uint_eq(dev_in(&b, 0), 0xff);
	ck_assert(!b.level);
	dev_board_run(&b, HZ - 1);
	ck_assert_uint_eq(get(0), 0x00);
	dev_board_run(&b, HZ);
	ck_assert_uint_eq(get(0), 0x01);
}
END_TEST

/* Random moments, and what the C library says of them a second later. */
START_TEST(calendar)
{
	struct rng rng = rng_from(stream_seed(1, "test_rtc"));

	for (int i = 0; i < 500; i++) {
		uint64_t clock = 946684800 + rng_below(&rng, UINT64_C(3155759999));
		time_t later;
		struct tm tm;

		clock += rng_below(&rng, 2) ? 86399 - clock % 86400 : 0; /* midnight next */
		later = (time_t)clock + 1;
		gmtime_r(&later, &tm);
		make_at(clock);
		wait_seconds(1);
		ck_assert_uint_eq(get(0), tm.tm_sec / 10 * 16 + tm.tm_sec % 10);
		ck_assert_uint_eq(get(4), tm.tm_hour / 10 * 16 + tm.tm_hour % 10);
		ck_assert_uint_eq(get(6), tm.tm_wday + 1);
		ck_assert_uint_eq(get(7), tm.tm_mday / 10 * 16 + tm.tm_mday % 10);
		ck_assert_uint_eq(get(8), (tm.tm_mon + 1) / 10 * 16 + (tm.tm_mon + 1) % 10);
		ck_assert_uint_eq(get(9), tm.tm_year % 100 / 10 * 16 + tm.tm_year % 10);
	}
}
END_TEST

START_TEST(leap_years)
{
	make();
	set_time((const uint8_t[]){0x28, 0x02, 0x28, 0x02, 0x23, 0x59, 0x59});
	wait_seconds(1);
	time_is((const uint8_t[]){0x28, 0x02, 0x29, 0x03, 0x00, 0x00, 0x00});
	set_time((const uint8_t[]){0x28, 0x02, 0x29, 0x03, 0x23, 0x59, 0x59});
	wait_seconds(1);
	time_is((const uint8_t[]){0x28, 0x03, 0x01, 0x04, 0x00, 0x00, 0x00});
	set_time((const uint8_t[]){0x27, 0x02, 0x28, 0x01, 0x23, 0x59, 0x59});
	wait_seconds(1);
	time_is((const uint8_t[]){0x27, 0x03, 0x01, 0x02, 0x00, 0x00, 0x00});
	set_time((const uint8_t[]){0x99, 0x12, 0x31, 0x07, 0x23, 0x59, 0x59});
	wait_seconds(1);
	time_is((const uint8_t[]){0x00, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00});
	ck_assert_uint_eq(get(0x32), 0x20); /* the century is plain memory */
}
END_TEST

START_TEST(twelve_hours)
{
	static const struct {
		uint8_t before, after;
	} row[] = {
		{0x12, 0x01}, {0x11, 0x92}, {0x92, 0x81}, {0x91, 0x12}, {0x01, 0x02}, {0x89, 0x90}};

	make();
	set_time((const uint8_t[]){0x26, 0x01, 0x01, 0x05, 0x22, 0x59, 0x59});
	wait_seconds(1);
	time_is((const uint8_t[]){0x26, 0x01, 0x01, 0x05, 0x23, 0x00, 0x00});
	set(B, 0x00);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		set_time((const uint8_t[]){0x26, 0x01, 0x01, 0x05, row[i].before, 0x59, 0x59});
		wait_seconds(1);
		ck_assert_uint_eq(get(4), row[i].after);
		ck_assert_uint_eq(get(7), row[i].before == 0x91 ? 0x02 : 0x01);
	}
}
END_TEST

START_TEST(binary)
{
	make();
	set(B, 0x06);
	set_time((const uint8_t[]){26, 12, 31, 7, 23, 59, 59});
	wait_seconds(1);
	time_is((const uint8_t[]){27, 1, 1, 1, 0, 0, 0});
	set(B, 0x04); /* and 12 hours */
	set_time((const uint8_t[]){26, 12, 31, 7, 11, 59, 59});
	wait_seconds(1);
	ck_assert_uint_eq(get(4), 12 | 0x80);
}
END_TEST

/* SET holds the registers; the divider goes on, so the next update comes when it would have. */
START_TEST(set_inhibits)
{
	make();
	dev_board_run(&b, HZ / 4);
	get(C);
	set(B, 0x92); /* SET clears UIE */
	ck_assert_uint_eq(get(B), 0x82);
	dev_board_run(&b, 3 * HZ + HZ / 4);
	ck_assert_uint_eq(get(0), 0);
	ck_assert_uint_eq(get(C) & 0x10, 0);
	set(B, 0x02);
	dev_board_run(&b, 4 * HZ - 1);
	ck_assert_uint_eq(get(0), 0);
	dev_board_run(&b, 4 * HZ);
	ck_assert_uint_eq(get(0), 1);
}
END_TEST

START_TEST(update_in_progress)
{
	make();
	dev_board_run(&b, HZ - 2228 * US - 1);
	ck_assert_uint_eq(get(A), 0x26);
	dev_board_run(&b, HZ - 2228 * US);
	ck_assert_uint_eq(get(A), 0xa6);
	set(B, 0x82); /* SET */
	ck_assert_uint_eq(get(A), 0x26);
	set(B, 0x02);
	dev_board_run(&b, HZ);
	ck_assert_uint_eq(get(A), 0x26);
	set(A, 0xa6); /* UIP is read-only */
	ck_assert_uint_eq(get(A), 0x26);
}
END_TEST

START_TEST(divider_reset)
{
	make();
	set(A, 0x76);
	dev_board_run(&b, 5 * HZ);
	ck_assert_uint_eq(get(0), 0);
	ck_assert_uint_eq(get(A), 0x76);
	set(A, 0x26); /* the first update comes after half a second */
	dev_board_run(&b, 5 * HZ + HZ / 2 - 1);
	ck_assert_uint_eq(get(0), 0);
	dev_board_run(&b, 5 * HZ + HZ / 2);
	ck_assert_uint_eq(get(0), 1);
	dev_board_run(&b, 6 * HZ + HZ / 2);
	ck_assert_uint_eq(get(0), 2);
}
END_TEST

START_TEST(update_interrupt)
{
	make();
	set(B, 0x12);
	dev_board_run(&b, HZ - 1);
	ck_assert(!b.level);
	dev_board_run(&b, HZ);
	ck_assert(b.level);
	dev_board_run(&b, 3 * HZ); /* nobody reads C: the line stays up */
	ck_assert_uint_eq(b.rises, 1);
	ck_assert_uint_eq(get(C) & 0xb0, 0x90);
	ck_assert(!b.level);
	ck_assert_uint_eq(get(C), 0);
	dev_board_run(&b, 4 * HZ);
	ck_assert_uint_eq(b.rises, 2);
}
END_TEST

/* Flags are set whether or not their interrupt is enabled; enabling it later raises the line. */
START_TEST(flag_before_enable)
{
	make();
	dev_board_run(&b, HZ);
	ck_assert(!b.level);
	set(B, 0x12);
	ck_assert(b.level);
	set(B, 0x02);
	ck_assert(!b.level);
	ck_assert_uint_eq(get(C) & 0x90, 0x10);
}
END_TEST

START_TEST(alarm)
{
	make();
	set(1, 0x03);
	set(3, 0x00);
	set(5, 0x00);
	set(B, 0x22);
	dev_board_run(&b, 3 * HZ - 1);
	ck_assert(!b.level);
	dev_board_run(&b, 3 * HZ);
	ck_assert(b.level);
	ck_assert_uint_eq(get(C) & 0xa0, 0xa0);
	dev_board_run(&b, 63 * HZ); /* a minute later it is another minute */
	ck_assert(!b.level);
	set(3, 0xff);
	set(5, 0xc0); /* any minute, any hour */
	dev_board_run(&b, 123 * HZ);
	ck_assert(b.level);
	get(C);
	set(5, 0x01); /* another hour */
	set(1, 0xff);
	dev_board_run(&b, 124 * HZ);
	ck_assert(!b.level);
	set(5, 0xff);
	set(1, 0xc1); /* any second */
	dev_board_run(&b, 125 * HZ);
	ck_assert(b.level);
}
END_TEST

START_TEST(periodic_rates)
{
	static const uint32_t hz[16] = {
		0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2};

	for (uint8_t rate = 0; rate < 16; rate++) {
		unsigned count = 0;

		make();
		set(A, 0x20 | rate);
		set(B, 0x42);
		for (uint64_t end = HZ; event_next_due(&b.events) < end;) {
			dev_board_run(&b, event_next_due(&b.events));
			count += b.level;
			get(C);
		}
		ck_assert_uint_eq(count, hz[rate] == 0 ? 0 : hz[rate] - 1);
		dev_board_run(&b, HZ); /* the last coincides with the update */
		ck_assert(b.level == (hz[rate] != 0));
	}
}
END_TEST

/* PF tells of a period's end to who polls, without any event. */
START_TEST(periodic_polled)
{
	make();
	set(A, 0x2f); /* 2 Hz */
	get(C);
	b.now = HZ / 2 - 1;
	ck_assert_uint_eq(get(C), 0);
	b.now = HZ / 2;
	ck_assert_uint_eq(get(C), 0x40);
	ck_assert_uint_eq(get(C), 0);
	set(A, 0x6f); /* no divider, no periods */
	b.now = 5 * HZ;
	ck_assert_uint_eq(get(C), 0);
}
END_TEST

/* While the line is up for an unread flag no events are spent on further periods. */
START_TEST(periodic_waits_for_reader)
{
	make();
	set(B, 0x42);
	dev_board_run(&b, HZ / 2);
	ck_assert_uint_eq(b.rises, 1);
	ck_assert_uint_eq(event_next_due(&b.events), HZ);
	get(C);
	ck_assert_uint_lt(event_next_due(&b.events), HZ / 2 + HZ / 1000);
}
END_TEST

START_TEST(read_only_registers)
{
	make();
	set(C, 0xff);
	set(D, 0x00);
	ck_assert_uint_eq(get(C), 0);
	ck_assert_uint_eq(get(D), 0x80);
}
END_TEST

START_TEST(reset_keeps_time_and_memory)
{
	make();
	set(B, 0x12);
	set(0x40, 0x55);
	dev_board_run(&b, HZ + HZ / 2);
	ck_assert(b.level);
	rtc_ops.reset(&r);
	ck_assert(!b.level);
	ck_assert_uint_eq(get(0x40), 0x55);
	ck_assert_uint_eq(get(B), 0x02);
	ck_assert_uint_eq(get(C), 0);
	ck_assert_uint_eq(get(0), 1);
	dev_board_run(&b, 2 * HZ + HZ / 2);
	ck_assert_uint_eq(get(0), 2);
}
END_TEST

/* The flag of a period that ended before the rate changed is not lost. */
START_TEST(rate_change_keeps_flag)
{
	make();
	set(A, 0x2f);
	get(C);
	b.now = HZ / 2 + 1;
	set(A, 0x2e);
	ck_assert_uint_eq(get(C), 0x40);
}
END_TEST

START_TEST(memory)
{
	make();
	for (unsigned i = 0x0e; i < 128; i++)
		set((uint8_t)(i | 0x80), (uint8_t)(i * 3)); /* bit 7 of the index is the NMI mask */
	for (unsigned i = 0x0e; i < 128; i++)
		ck_assert_uint_eq(get((uint8_t)i), (i * 3) & 0xff);
}
END_TEST

static unsigned get16(uint8_t index)
{
	return get(index) | (unsigned)get((uint8_t)(index + 1)) << 8;
}

static void memory_sizes(uint64_t low, uint64_t high)
{
	struct rtc_setup setup = {1767225600, low, high, 3};

	dev_board_make(&b, &rtc_ops, &r, HZ);
	rtc_init(&r, &b.env, &b.irq, &setup);
}

START_TEST(memory_size_bytes)
{
	unsigned sum = 0;

	memory_sizes(UINT64_C(128) << 20, 0);
	ck_assert_uint_eq(get16(0x15), 640);
	ck_assert_uint_eq(get16(0x17), 65535);
	ck_assert_uint_eq(get16(0x30), 65535);
	ck_assert_uint_eq(get16(0x34), 112 * 16);
	ck_assert_uint_eq(get(0x5b) | get(0x5c) | get(0x5d), 0);
	memory_sizes(UINT64_C(8) << 20, 0);
	ck_assert_uint_eq(get16(0x17), 7168);
	ck_assert_uint_eq(get16(0x30), 7168);
	ck_assert_uint_eq(get16(0x34), 0);
	memory_sizes(UINT64_C(3) << 30, (UINT64_C(61) << 30) + (5 << 16));
	ck_assert_uint_eq(get16(0x34), 3056 * 16);
	ck_assert_uint_eq(get16(0x5b) | (unsigned)get(0x5d) << 16, 61 * 16384 + 5);
	for (uint8_t i = 0x10; i < 0x2e; i++)
		sum += get(i);
	ck_assert_uint_eq(get(0x2e) << 8 | get(0x2f), sum);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {after_power_on, calendar, leap_years, twelve_hours, binary,
		set_inhibits, update_in_progress, divider_reset, update_interrupt,
		flag_before_enable, alarm, periodic_rates, periodic_polled,
		periodic_waits_for_reader, read_only_registers, reset_keeps_time_and_memory,
		rate_change_keeps_flag, memory, memory_size_bytes};

	return unit_run("rtc", tests, ARRAY_LEN(tests));
}
