/* The high precision event timers. */
#include "sim/dev/hpet.h"

#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

#define HZ   UINT64_C(1000000000)
#define TICK (HZ / HPET_HZ)

#define CONFIG  0x010
#define STATUS  0x020
#define COUNTER 0x0f0
#define T0      0x100
#define T1      0x120
#define T2      0x140
#define CMP     0x08

#define LEVEL    0x002
#define ENABLED  0x004
#define PERIODIC 0x008
#define SET      0x040
#define MODE32   0x100
#define PIN(n)   ((uint64_t)(n) << 9)

static struct dev_board b;
static struct hpet h;

/* Levels and rises of ISA 0 and 8, then of the pins. */
static bool level[HPET_LEGACY + HPET_PINS];
static unsigned rises[HPET_LEGACY + HPET_PINS];

static void drive(void *controller, unsigned pin, bool now)
{
	(void)controller;
	rises[pin] += now && !level[pin];
	level[pin] = now;
}

static uint64_t get(uint64_t offset)
{
	return hpet_ops.read(&h, offset, 8);
}

static void set(uint64_t offset, uint64_t value)
{
	hpet_ops.write(&h, offset, 8, value);
}

static void make_hz(uint64_t hz)
{
	struct irq_line legacy[HPET_LEGACY], pins[HPET_PINS];

	dev_board_make(&b, &hpet_ops, &h, hz);
	for (unsigned i = 0; i < HPET_LEGACY; i++)
		legacy[i] = (struct irq_line){drive, NULL, i};
	for (unsigned i = 0; i < HPET_PINS; i++)
		pins[i] = (struct irq_line){drive, NULL, HPET_LEGACY + i};
	memset(level, 0, sizeof(level));
	hpet_init(&h, &b.env, legacy, pins);
	memset(rises, 0, sizeof(rises));
}

static void make(void)
{
	make_hz(HZ);
}

static void run_ticks(uint64_t ticks)
{
	dev_board_run(&b, b.now + ticks * TICK);
}

START_TEST(capabilities)
{
	struct hpet_state before;

	make();
	ck_assert_uint_eq(get(0) >> 32, 10000000); /* fs */
	ck_assert_uint_eq(get(0) & 0xffffffff, 0x8086a201);
	ck_assert_uint_eq(hpet_ops.read(&h, 4, 4), 10000000);
	ck_assert_uint_eq(get(T0) >> 32, 0x00f00000);
	ck_assert_uint_eq(get(T0) & 0xffffffff, 0x30);
	ck_assert_uint_eq(get(T0 + CMP), UINT64_MAX);
	ck_assert_uint_eq(get(T2 + 0x20), 0); /* no fourth timer */
	set(0, 0);
	ck_assert_uint_eq(get(0) >> 32, 10000000);
	ck_assert_uint_eq(hpet_ops.read(&h, COUNTER + 2, 4), 0); /* not aligned */
	ck_assert_uint_eq(hpet_ops.read(&h, COUNTER, 2), 0);
	before = h.state;
	set(T2 + 0x20, UINT64_MAX);
	set(T2 + 0x28, UINT64_MAX);
	ck_assert_mem_eq(&h.state, &before, sizeof(before));
}
END_TEST

START_TEST(the_counter)
{
	make();
	run_ticks(10);
	ck_assert_uint_eq(get(COUNTER), 0);
	set(COUNTER, 0xfffffffe);
	set(CONFIG, 1);
	run_ticks(5);
	ck_assert_uint_eq(get(COUNTER), UINT64_C(0x100000003));
	ck_assert_uint_eq(hpet_ops.read(&h, COUNTER + 4, 4), 1);
	set(CONFIG, 0);
	run_ticks(5);
	ck_assert_uint_eq(get(COUNTER), UINT64_C(0x100000003));
	hpet_ops.write(&h, COUNTER + 4, 4, 7);
	ck_assert_uint_eq(get(COUNTER), UINT64_C(0x700000003));
}
END_TEST

START_TEST(nothing_drifts)
{
	make_hz(1234567891);
	set(CONFIG, 1);
	set(T0 + CMP, 1000);
	set(T0, ENABLED | PERIODIC | SET | PIN(20));
	set(T0 + CMP, 1000);
	dev_board_run(&b, 1234567891); /* one second */
	ck_assert_uint_eq(rises[HPET_LEGACY], HPET_HZ / 1000);
	ck_assert_uint_eq(get(COUNTER), HPET_HZ);
}
END_TEST

START_TEST(one_shot)
{
	make();
	set(T1, ENABLED | PIN(21));
	set(T1 + CMP, 100);
	ck_assert_uint_eq(b.events.count, 0); /* the counter stands still */
	set(CONFIG, 1);
	run_ticks(99);
	ck_assert_uint_eq(rises[HPET_LEGACY + 1], 0);
	run_ticks(1);
	ck_assert_uint_eq(rises[HPET_LEGACY + 1], 1);
	run_ticks(1000000);
	ck_assert_uint_eq(rises[HPET_LEGACY + 1], 1);
	set(T1 + CMP, get(COUNTER) + 1); /* the line is still up: it falls and rises */
	run_ticks(1);
	ck_assert_uint_eq(rises[HPET_LEGACY + 1], 2);
	ck_assert_uint_eq(get(STATUS), 0);
}
END_TEST

START_TEST(a_comparator_that_was_passed_waits_for_the_wrap)
{
	make();
	set(T0, ENABLED | MODE32 | PIN(20));
	set(COUNTER, 1000);
	set(CONFIG, 1);
	set(T0 + CMP, 999);
	run_ticks(UINT64_C(0xffffffff) - 1);
	ck_assert_uint_eq(rises[HPET_LEGACY], 0);
	run_ticks(1);
	ck_assert_uint_eq(rises[HPET_LEGACY], 1);
	run_ticks(UINT64_C(0x100000000));
	ck_assert_uint_eq(rises[HPET_LEGACY], 2);
}
END_TEST

START_TEST(level_triggered)
{
	make();
	set(T2, ENABLED | LEVEL | PIN(23));
	set(T2 + CMP, 10);
	set(CONFIG, 1);
	run_ticks(10);
	ck_assert(level[HPET_LEGACY + 3]);
	ck_assert_uint_eq(get(STATUS), 4);
	set(STATUS, 3);
	ck_assert(level[HPET_LEGACY + 3]);
	set(STATUS, 4);
	ck_assert(!level[HPET_LEGACY + 3]);
	ck_assert_uint_eq(get(STATUS), 0);
}
END_TEST

/* As Linux programs it: the first value with Tn_VAL_SET_CNF, then the period. */
START_TEST(periodic)
{
	make();
	set(CONFIG, 3);
	set(T0, ENABLED | PERIODIC | SET | MODE32);
	set(T0 + CMP, 500);
	set(T0 + CMP, 100);
	ck_assert_uint_eq(get(T0 + CMP), 500);
	run_ticks(499);
	ck_assert_uint_eq(rises[0], 0);
	run_ticks(1);
	ck_assert_uint_eq(rises[0], 1);
	ck_assert_uint_eq(get(T0 + CMP), 600);
	run_ticks(1000);
	ck_assert_uint_eq(rises[0], 11);
}
END_TEST

START_TEST(legacy_replacement)
{
	make();
	hpet_legacy_drive(&h, 0, true);
	hpet_legacy_drive(&h, 1, true);
	ck_assert(level[0] && level[1]);
	set(CONFIG, 2);
	ck_assert(!level[0] && !level[1]); /* PIT and RTC are cut off */
	hpet_legacy_drive(&h, 0, false);
	hpet_legacy_drive(&h, 0, true);
	ck_assert(!level[0]);
	set(T1, ENABLED | PIN(20));
	set(T1 + CMP, 3);
	set(CONFIG, 3);
	run_ticks(3);
	ck_assert(level[1]);
	ck_assert(!level[HPET_LEGACY]); /* the route does not count */
	set(CONFIG, 0);
	ck_assert(level[0] && level[1]);
}
END_TEST

START_TEST(a_timer_without_interrupt_is_silent)
{
	make();
	set(T0, LEVEL | PIN(20));
	set(T0 + CMP, 10);
	set(CONFIG, 1);
	ck_assert_uint_eq(b.events.count, 0); /* nobody could see the match */
	run_ticks(20);
	ck_assert_uint_eq(get(STATUS), 0);
	ck_assert(!level[HPET_LEGACY]);
	ck_assert_uint_eq(b.events.count, 0);
}
END_TEST

START_TEST(reset_is_exact)
{
	struct hpet_state fresh;

	make();
	fresh = h.state;
	set(T0, ENABLED | PERIODIC | SET);
	set(T0 + CMP, 10);
	set(T2, ENABLED | LEVEL | PIN(23));
	set(T2 + CMP, 10);
	set(CONFIG, 3);
	run_ticks(100);
	ck_assert(level[0] && level[HPET_LEGACY + 3]);
	hpet_ops.reset(&h);
	ck_assert(!level[0] && !level[HPET_LEGACY + 3]);
	ck_assert_uint_eq(b.events.count, 0);
	ck_assert_mem_eq(&h.state, &fresh, sizeof(fresh));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {capabilities, the_counter, nothing_drifts, one_shot,
		a_comparator_that_was_passed_waits_for_the_wrap, level_triggered, periodic,
		legacy_replacement, a_timer_without_interrupt_is_silent, reset_is_exact};

	return unit_run("hpet", tests, ARRAY_LEN(tests));
}
