/* test_tamper.c - one interrupt is delayed, dropped or comes twice; all others as ever. */
#include "tests/unit/apic_board.h"
#include "tests/unit/unit.h"

#define VECTOR 0x51

static struct apic_board b;
static struct lapic *l = &b.lapics[0];

static void make(enum lapic_tamper how, uint64_t cycles)
{
	board_make(&b, 2, true);
	board_enable(&b);
	b.now = 1000;
	lapic_tamper(l, how, VECTOR, cycles);
}

/* Core 1 sends; is it accepted? */
static bool send(uint8_t vector)
{
	const struct apic_message m = {
		.kind = DESTINATION_PHYSICAL, .destination = 0, .vector = vector, .sender = 1};

	return apic_send(&b.bus, &m);
}

/* The vector that the core takes and ends; -1: none. */
static int take(void)
{
	int vector = lapic_pending_vector(l);

	if (vector < 0)
		return vector;
	lapic_acknowledge(l, vector);
	lapic_write(l, 0x0b0, 0);
	return vector;
}

START_TEST(one_is_dropped)
{
	make(TAMPER_DROP, 0);
	ck_assert(send(VECTOR + 1));
	ck_assert_int_eq(take(), VECTOR + 1);
	ck_assert(lapic_tampers(l));
	ck_assert(send(VECTOR)); /* the sender does not notice */
	ck_assert(!lapic_tampers(l));
	ck_assert_int_eq(take(), -1);
	ck_assert(send(VECTOR));
	ck_assert_int_eq(take(), VECTOR);
}
END_TEST

START_TEST(one_comes_twice)
{
	make(TAMPER_DUPLICATE, 0);
	ck_assert(send(VECTOR));
	ck_assert_int_eq(take(), VECTOR);
	ck_assert_int_eq(take(), VECTOR);
	ck_assert_int_eq(take(), -1);
	ck_assert(send(VECTOR));
	ck_assert_int_eq(take(), VECTOR);
	ck_assert_int_eq(take(), -1);
}
END_TEST

START_TEST(one_is_delayed)
{
	make(TAMPER_DELAY, 500);
	ck_assert(send(VECTOR));
	ck_assert_int_eq(take(), -1);
	ck_assert(send(VECTOR + 1));
	ck_assert_int_eq(take(), VECTOR + 1);
	board_run(&b, 1499);
	ck_assert_int_eq(take(), -1);
	board_run(&b, 1500);
	ck_assert_uint_eq(b.kicks[0], 2);
	ck_assert_int_eq(take(), VECTOR);
	ck_assert(send(VECTOR));
	ck_assert_int_eq(take(), VECTOR);
}
END_TEST

START_TEST(a_second_delay_ends_the_first)
{
	make(TAMPER_DELAY, 500);
	ck_assert(send(VECTOR));
	lapic_tamper(l, TAMPER_DELAY, VECTOR + 1, 700);
	ck_assert(send(VECTOR + 1));
	ck_assert_int_eq(take(), VECTOR);
	board_run(&b, 1699);
	ck_assert_int_eq(take(), -1);
	board_run(&b, 1700);
	ck_assert_int_eq(take(), VECTOR + 1);
}
END_TEST

START_TEST(a_reset_forgets)
{
	make(TAMPER_DELAY, 500);
	ck_assert(send(VECTOR));
	lapic_reset_init(l);
	board_run(&b, 5000);
	ck_assert_int_eq(take(), -1);
	ck_assert(!lapic_tampers(l));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {one_is_dropped, one_comes_twice, one_is_delayed,
		a_second_delay_ends_the_first, a_reset_forgets};

	return unit_run("tamper", tests, ARRAY_LEN(tests));
}
