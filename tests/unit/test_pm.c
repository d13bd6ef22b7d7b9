/* ACPI's fixed hardware and the reset registers. */
#include "sim/dev/pm.h"

#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

#define HZ   UINT64_C(1000000000)
#define HALF (UINT64_C(1) << 23) /* ticks after which TMR_STS is set */

static struct dev_board b;
static struct pm p;
static struct power power;

static void make(void)
{
	dev_board_make(&b, &pm_ops, &p, HZ);
	power_init(&power);
	pm_init(&p, &b.env, &b.irq, &power);
}

static uint64_t get(uint64_t offset, unsigned size)
{
	return pm_ops.read(&p, offset, size);
}

static void set(uint64_t offset, unsigned size, uint64_t value)
{
	pm_ops.write(&p, offset, size, value);
}

static uint64_t cycle_of(uint64_t tick)
{
	return (tick * HZ + PM_HZ - 1) / PM_HZ;
}

START_TEST(the_timer_counts)
{
	make();
	ck_assert_uint_eq(get(PM_TIMER, 4), 0);
	for (uint64_t tick = 1; tick < 3000; tick += 7) {
		b.now = cycle_of(tick) - 1;
		ck_assert_uint_eq(get(PM_TIMER, 4), tick - 1);
		b.now++;
		ck_assert_uint_eq(get(PM_TIMER, 4), tick);
	}
	b.now = 3600 * HZ; /* nothing drifts, and it has 24 bits */
	ck_assert_uint_eq(get(PM_TIMER, 4), UINT64_C(3600) * PM_HZ % (2 * HALF));
	ck_assert_uint_eq(get(PM_TIMER + 1, 1), UINT64_C(3600) * PM_HZ >> 8 & 0xff);
}
END_TEST

START_TEST(overflow_interrupts_when_asked)
{
	make();
	dev_board_run(&b, cycle_of(HALF) + 5);
	ck_assert(!b.level);
	ck_assert_uint_eq(get(0, 2), 0x0001);
	set(2, 2, 0x0001);
	ck_assert(b.level);
	set(0, 2, 0x0001);
	ck_assert(!b.level);
	dev_board_run(&b, cycle_of(2 * HALF) - 1);
	ck_assert(!b.level);
	dev_board_run(&b, cycle_of(2 * HALF));
	ck_assert(b.level);
	ck_assert_uint_eq(b.rises, 2);
}
END_TEST

START_TEST(registers)
{
	make();
	ck_assert_uint_eq(get(4, 2), 0x0001); /* SCI_EN */
	set(4, 2, 0x1402);                    /* a sleep type, and SCI_EN cannot be cleared */
	ck_assert_uint_eq(get(4, 2), 0x1403);
	set(2, 2, 0xffff);
	ck_assert_uint_eq(get(2, 2), 0x0721);
	set(3, 1, 0);
	ck_assert_uint_eq(get(2, 2), 0x0021);
	ck_assert_uint_eq(get(0, 4), 0x00210000);
	ck_assert_uint_eq(get(6, 2), 0);
	ck_assert_uint_eq(get(11, 4), get(11, 1)); /* nothing behind the end */
}
END_TEST

START_TEST(power_off)
{
	make();
	set(4, 2, 0x1400); /* a type without SLP_EN */
	ck_assert_uint_eq(power_asked(&power), POWER_ON);
	set(4, 2, 0x3400); /* a type that there is not */
	ck_assert_uint_eq(power_asked(&power), POWER_ON);
	set(4, 2, 0x2000);
	ck_assert_uint_eq(power_asked(&power), POWER_OFF);
	ck_assert_uint_eq(get(4, 2), 0x0001); /* SLP_EN reads 0 */
}
END_TEST

START_TEST(reset_registers)
{
	make();
	power_control_ops.write(&power, 0, 1, 0x02);
	ck_assert_uint_eq(power_asked(&power), POWER_ON);
	power_control_ops.write(&power, 0, 1, POWER_RESET_VALUE);
	ck_assert_uint_eq(power_asked(&power), POWER_RESET);
	power_ask(&power, POWER_OFF); /* the first one counts */
	ck_assert_uint_eq(power_asked(&power), POWER_RESET);
	power_ops.reset(&power);
	ck_assert_uint_eq(power_asked(&power), POWER_ON);
	ck_assert_uint_eq(power_ops.read(&power, 0, 1), 0x02); /* A20 is open */
	power_ops.write(&power, 0, 1, 0x02);
	ck_assert_uint_eq(power_asked(&power), POWER_ON);
	power_ops.write(&power, 0, 1, 0x03);
	ck_assert_uint_eq(power_asked(&power), POWER_RESET);
}
END_TEST

START_TEST(reset_is_exact)
{
	struct pm_state fresh;

	make();
	fresh = p.state;
	set(2, 2, 0x0001);
	dev_board_run(&b, 10 * HZ);
	set(4, 2, 0x0402);
	ck_assert(b.level);
	pm_ops.reset(&p);
	ck_assert(!b.level);
	ck_assert_uint_eq(b.events.count, 0);
	p.state.timer_seen = 0; /* time goes on */
	ck_assert_mem_eq(&p.state, &fresh, sizeof(fresh));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {the_timer_counts, overflow_interrupts_when_asked, registers,
		power_off, reset_registers, reset_is_exact};

	return unit_run("pm", tests, ARRAY_LEN(tests));
}
