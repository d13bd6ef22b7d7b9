/* The APIC timer in its three modes. */
#include "tests/unit/apic_board.h"
#include "tests/unit/unit.h"

#define LVT      0x320
#define INITIAL  0x380
#define CURRENT  0x390
#define DIVIDE   0x3e0
#define BY_1     0xb
#define PERIODIC 0x20000
#define DEADLINE 0x40000
#define MASKED   0x10000
#define VECTOR   0x31

static struct apic_board b;
static struct lapic *l = &b.lapics[0];

static void timer(uint32_t lvt, uint32_t divide, uint32_t initial)
{
	board_make(&b, 1, true);
	board_enable(&b);
	b.now = 1000;
	lapic_write(l, LVT, lvt);
	lapic_write(l, DIVIDE, divide);
	lapic_write(l, INITIAL, initial);
}

/* Did the timer interrupt? If so, the interrupt is handled. */
static bool fired(void)
{
	int vector = lapic_pending_vector(l);

	if (vector < 0)
		return false;
	ck_assert_int_eq(vector, VECTOR);
	lapic_acknowledge(l, vector);
	lapic_write(l, 0x0b0, 0);
	return true;
}

START_TEST(one_shot)
{
	timer(VECTOR, BY_1, 100);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 100);
	board_run(&b, 1001);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 99);
	board_run(&b, 1099);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 1);
	ck_assert(!fired());
	board_run(&b, 1100);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 0);
	ck_assert_uint_eq(lapic_read(l, INITIAL), 100);
	ck_assert(fired());
	board_run(&b, 9999);
	ck_assert(!fired());
	ck_assert_uint_eq(lapic_read(l, CURRENT), 0);
}
END_TEST

START_TEST(divide)
{
	static const struct {
		uint32_t bits, by;
	} row[] = {{0x0, 2}, {0x1, 4}, {0x2, 8}, {0x3, 16}, {0x8, 32}, {0x9, 64}, {0xa, 128},
		{0xb, 1}};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint64_t end = 1000 + 10 * row[i].by;

		timer(VECTOR, row[i].bits, 10);
		board_run(&b, end - 1);
		ck_assert(!fired());
		ck_assert_uint_eq(lapic_read(l, CURRENT), 1);
		board_run(&b, end);
		ck_assert(fired());
	}
}
END_TEST

START_TEST(periodic)
{
	timer(VECTOR | PERIODIC, 0, 50); /* every 100 cycles */
	for (int i = 1; i <= 5; i++) {
		board_run(&b, 1000 + 100 * i - 1);
		ck_assert(!fired());
		board_run(&b, 1000 + 100 * i);
		ck_assert(fired());
		ck_assert_uint_eq(lapic_read(l, CURRENT), 50);
	}
	board_run(&b, 1550);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 25);
	lapic_write(l, INITIAL, 0);
	board_run(&b, 9999);
	ck_assert(!fired());
}
END_TEST

/* The event comes late: the period does not move. */
START_TEST(periodic_does_not_drift)
{
	timer(VECTOR | PERIODIC, BY_1, 100);
	b.now = 1130;
	ck_assert_uint_eq(event_take(&b.events).due, 1100);
	lapic_event(l, LAPIC_EVENT_TIMER);
	ck_assert(fired());
	ck_assert_uint_eq(event_next_due(&b.events), 1200);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 70);
}
END_TEST

START_TEST(masked_counts_silently)
{
	timer(VECTOR | PERIODIC | MASKED, BY_1, 100);
	board_run(&b, 1250);
	ck_assert(!fired());
	ck_assert_uint_eq(lapic_read(l, CURRENT), 50);
	lapic_write(l, LVT, VECTOR | PERIODIC);
	ck_assert(!fired()); /* what was masked is lost */
	board_run(&b, 1300);
	ck_assert(fired());
}
END_TEST

START_TEST(periodic_to_one_shot)
{
	timer(VECTOR | PERIODIC, BY_1, 100);
	board_run(&b, 1130);
	ck_assert(fired());
	lapic_write(l, LVT, VECTOR);
	board_run(&b, 1200);
	ck_assert(fired());
	board_run(&b, 1400);
	ck_assert(!fired());
}
END_TEST

START_TEST(new_divide_keeps_count)
{
	timer(VECTOR, BY_1, 100);
	board_run(&b, 1040);
	lapic_write(l, DIVIDE, 0);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 60);
	board_run(&b, 1040 + 119);
	ck_assert(!fired());
	board_run(&b, 1040 + 120);
	ck_assert(fired());
}
END_TEST

START_TEST(restart)
{
	timer(VECTOR, BY_1, 100);
	board_run(&b, 1060);
	lapic_write(l, INITIAL, 100);
	board_run(&b, 1159);
	ck_assert(!fired());
	board_run(&b, 1160);
	ck_assert(fired());
}
END_TEST

START_TEST(longest)
{
	timer(VECTOR, 0xa, 0xffffffff);
	board_run(&b, 1000 + UINT64_C(0xffffffff) * 128 - 1);
	ck_assert(!fired());
	board_run(&b, b.now + 1);
	ck_assert(fired());
}
END_TEST

START_TEST(tsc_deadline)
{
	timer(VECTOR | DEADLINE, BY_1, 0);
	lapic_set_tsc_deadline(l, 6500, 5000); /* the TSC is 5000 ahead */
	ck_assert_uint_eq(lapic_tsc_deadline(l), 6500);
	board_run(&b, 1499);
	ck_assert(!fired());
	board_run(&b, 1500);
	ck_assert(fired());
	ck_assert_uint_eq(lapic_tsc_deadline(l), 0);
	board_run(&b, 9999);
	ck_assert(!fired());
}
END_TEST

START_TEST(tsc_deadline_past)
{
	timer(VECTOR | DEADLINE, BY_1, 0);
	lapic_set_tsc_deadline(l, 999, 0);
	board_run(&b, 1000);
	ck_assert(fired());
	lapic_set_tsc_deadline(l, 5000, 0);
	lapic_set_tsc_deadline(l, 0, 0); /* disarms */
	board_run(&b, 9999);
	ck_assert(!fired());
	lapic_set_tsc_deadline(l, UINT64_MAX, 0); /* never, but kept */
	ck_assert_uint_eq(lapic_tsc_deadline(l), UINT64_MAX);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
	lapic_set_tsc_deadline(l, 100, -UINT64_C(9999)); /* a TSC behind the clock */
	board_run(&b, 10098);
	ck_assert(!fired());
	board_run(&b, 10099);
	ck_assert(fired());
}
END_TEST

START_TEST(modes_are_apart)
{
	timer(VECTOR, BY_1, 100);
	lapic_set_tsc_deadline(l, 1050, 0); /* ignored outside its mode */
	ck_assert_uint_eq(lapic_tsc_deadline(l), 0);
	lapic_write(l, LVT, VECTOR | DEADLINE); /* disarms */
	board_run(&b, 2000);
	ck_assert(!fired());
	lapic_write(l, INITIAL, 50); /* ignored */
	ck_assert_uint_eq(lapic_read(l, INITIAL), 0);
	ck_assert_uint_eq(lapic_read(l, CURRENT), 0);
	lapic_set_tsc_deadline(l, 3000, 0);
	lapic_write(l, DIVIDE, 0);              /* not its clock */
	lapic_write(l, LVT, VECTOR | DEADLINE); /* the same mode: stays armed */
	board_run(&b, 3000);
	ck_assert(fired());
	lapic_set_tsc_deadline(l, 4000, 0);
	lapic_write(l, LVT, VECTOR | PERIODIC);
	ck_assert_uint_eq(lapic_tsc_deadline(l), 0);
	board_run(&b, 5000);
	ck_assert(!fired());
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {one_shot, divide, periodic, periodic_does_not_drift,
		masked_counts_silently, periodic_to_one_shot, new_divide_keeps_count, restart,
		longest, tsc_deadline, tsc_deadline_past, modes_are_apart};

	return unit_run("lapic_timer", tests, ARRAY_LEN(tests));
}
