/* The keyboard controller with keyboard and mouse. */
#include "sim/dev/ps2.h"

#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

static struct dev_board b, mouse;
static struct ps2 p;
static struct power power;

static uint8_t status(void)
{
	return (uint8_t)ps2_command_ops.read(&p, 0, 1);
}

static void command(uint8_t byte)
{
	ps2_command_ops.write(&p, 0, 1, byte);
}

static void data(uint8_t byte)
{
	ps2_ops.write(&p, 0, 1, byte);
}

/* The next byte must be there, and is that one. */
static void answers(uint8_t byte)
{
	uint8_t now;

	ck_assert(status() & 0x01);
	now = (uint8_t)ps2_ops.read(&p, 0, 1);
	ck_assert_msg(now == byte, "%02x, not %02x", now, byte);
}

static void silent(void)
{
	ck_assert(!(status() & 0x01));
}

static void set_mode(uint8_t value)
{
	command(0x60);
	data(value);
}

static void make(void)
{
	dev_board_make(&b, &ps2_ops, &p, 1000000000);
	dev_board_make(&mouse, &ps2_ops, &p, 1000000000);
	power_init(&power);
	ps2_init(&p, &b.irq, &mouse.irq, &power);
}

/* As an operating system leaves it: interrupts and translation on. */
static void make_ready(void)
{
	make();
	set_mode(0x47);
}

START_TEST(controller_commands)
{
	make();
	silent();
	ck_assert(!(status() & 0x04));
	command(0xaa);
	ck_assert(status() & 0x04); /* tested */
	answers(0x55);
	command(0xab);
	answers(0x00);
	command(0xa9);
	answers(0x00);
	set_mode(0x65);
	command(0x20);
	answers(0x65);
	ck_assert(status() & 0x04); /* the system flag is a bit of the mode */
	command(0x75);
	ck_assert(status() & 0x08);
	data(0x5a);
	ck_assert(!(status() & 0x08));
	command(0x35);
	answers(0x5a);
	command(0xc0);
	answers(0x80);
	command(0xa7);
	command(0x20);
	answers(0x65);
	command(0xa8);
	command(0x20);
	answers(0x45);
	command(0xad);
	command(0x20);
	answers(0x55);
	silent();
}
END_TEST

START_TEST(bytes_that_come_back)
{
	make_ready();
	command(0xd2);
	data(0x12);
	ck_assert(b.level && !mouse.level);
	answers(0x12);
	command(0xd3);
	data(0x34);
	ck_assert(!b.level && mouse.level);
	ck_assert(status() & 0x20);
	answers(0x34);
	ck_assert(!mouse.level);
}
END_TEST

START_TEST(resets)
{
	make();
	command(0xd1);
	data(0xdf);
	command(0xf1); /* pulses others */
	ck_assert_uint_eq(power_asked(&power), POWER_ON);
	command(0xfe);
	ck_assert_uint_eq(power_asked(&power), POWER_RESET);
	power_ops.reset(&power);
	command(0xd1);
	data(0xde);
	ck_assert_uint_eq(power_asked(&power), POWER_RESET);
	command(0xdd);
	command(0xd0);
	answers(0xcc); /* A20 as it was asked for, and no byte waits */
}
END_TEST

START_TEST(keyboard_commands)
{
	make_ready();
	data(0xff);
	answers(0xfa);
	answers(0xaa);
	data(0xf2);
	answers(0xfa);
	answers(0xab);
	answers(0x41); /* 0x83, translated */
	data(0xed);
	answers(0xfa);
	data(0x02);
	answers(0xfa);
	ck_assert_uint_eq(p.state.keyboard.leds, 2);
	data(0xee);
	answers(0xee);
	data(0xfe);
	answers(0xee);
	data(0xf1);
	answers(0xfe);
	set_mode(0x07);
	data(0xf0);
	answers(0xfa);
	data(0x00);
	answers(0xfa);
	answers(0x02);
	data(0xf0);
	answers(0xfa);
	data(0x07);
	answers(0xfe);
	data(0xf0);
	answers(0xfa);
	data(0x03);
	answers(0xfa);
	ck_assert_uint_eq(p.state.keyboard.set, 3);
	data(0xfc); /* of one key, which follows: set 3 alone heeds it */
	answers(0xfa);
	data(0x1c);
	answers(0xfa);
	silent();
}
END_TEST

START_TEST(keys)
{
	make_ready();
	ps2_key(&p, 0x1c, true); /* A */
	ps2_key(&p, 0x1c, false);
	ps2_key(&p, 0xe075, true); /* up */
	ck_assert(b.level);
	answers(0x1e);
	ck_assert_uint_eq(b.rises, 2); /* the next byte is an edge of its own */
	answers(0x9e);
	answers(0xe0);
	answers(0x48);
	silent();
	ck_assert(!b.level);
	set_mode(0x07);
	ps2_key(&p, 0xe075, false);
	answers(0xe0);
	answers(0xf0);
	answers(0x75);
	data(0xf0);
	answers(0xfa);
	data(0x01);
	answers(0xfa);
	ps2_key(&p, 0xe075, true); /* set 1: as translated */
	ps2_key(&p, 0xe075, false);
	answers(0xe0);
	answers(0x48);
	answers(0xe0);
	answers(0xc8);
	data(0xf5);
	answers(0xfa);
	ps2_key(&p, 0x1c, true); /* not scanning */
	silent();
}
END_TEST

START_TEST(a_disabled_keyboard_waits)
{
	make_ready();
	command(0xad);
	ps2_key(&p, 0x1c, true);
	silent();
	command(0xae);
	answers(0x1e);
	for (unsigned i = 0; i < 100; i++) /* what does not fit is lost */
		ps2_key(&p, 0x1c, true);
	for (unsigned i = 0; i < 17; i++)
		answers(0x1e);
	silent();
}
END_TEST

/* Something that it does not understand. */
static void mouse_refuses(uint8_t byte)
{
	command(0xd4);
	data(byte);
	answers(0xfe);
}

/* An answer that the mouse gives. */
static void mouse_command(uint8_t byte)
{
	command(0xd4);
	data(byte);
	ck_assert(mouse.level);
	ck_assert(status() & 0x20);
	answers(0xfa);
}

static void mouse_status(uint8_t flags)
{
	mouse_command(0xe9);
	answers(flags);
	answers(0x02);
	answers(80);
}

static void mouse_knocks(void)
{
	static const uint8_t knock[] = {200, 100, 80};

	for (size_t i = 0; i < ARRAY_LEN(knock); i++) {
		mouse_command(0xf3);
		mouse_command(knock[i]);
	}
}

START_TEST(mouse_commands)
{
	make_ready();
	mouse_command(0xff);
	answers(0xaa);
	answers(0x00);
	mouse_command(0xe9);
	answers(0x00);
	answers(0x02);
	answers(100);
	mouse_knocks();
	mouse_command(0xf2);
	answers(0x03);
	mouse_command(0xee);
	command(0xd4);
	data(0x42);
	answers(0x42); /* wrapped */
	mouse_command(0xec);
	mouse_refuses(0xe1);
	mouse_command(0xf3);
	mouse_refuses(0xf1);
	mouse_refuses(100); /* no rate follows any more */
	mouse_command(0xe7);
	mouse_command(0xf0);
	mouse_status(0x50); /* remote, 2:1 */
	mouse_command(0xe6);
	mouse_command(0xea);
	mouse_status(0x00);
	silent();
}
END_TEST

START_TEST(movements)
{
	make_ready();
	ps2_move(&p, 3, 0, 0, 0);
	silent(); /* not reporting */
	mouse_command(0xf6);
	mouse_command(0xf4);
	ps2_move(&p, 5, -2, 0, 1);
	answers(0x29);
	answers(0x05);
	answers(0xfe);
	ps2_move(&p, 300, 0, 0, 0);
	answers(0x08);
	answers(0xff);
	answers(0x00);
	mouse_command(0xeb); /* the rest of it */
	answers(0x08);
	answers(45);
	answers(0);
	silent();
	mouse_command(0xf0);
	ps2_move(&p, 0, 5, 0, 0);
	silent(); /* remote: only when asked */
	mouse_knocks();
	ps2_move(&p, 0, 0, 2, 0);
	mouse_command(0xeb);
	answers(0x08);
	answers(0);
	answers(5);
	answers(2); /* the wheel */
	silent();
}
END_TEST

/* Packets that do not fit are not sent, but what they would have told is not lost. */
START_TEST(movements_wait_in_the_mouse)
{
	unsigned sum = 0;
	uint8_t now;

	make_ready();
	mouse_command(0xf4);
	for (unsigned i = 0; i < 100; i++)
		ps2_move(&p, 1, 1, 0, 0);
	while (status() & 0x01) {
		answers(0x08);
		now = (uint8_t)ps2_ops.read(&p, 0, 1);
		answers(now);
		sum += now;
	}
	ck_assert_uint_lt(sum, 100);
	for (unsigned i = 0; i < PS2_QUEUE; i++)
		ck_assert_uint_eq(p.state.mouse.queue.at[i], 0);
	mouse_command(0xeb);
	answers(0x08);
	answers((uint8_t)(100 - sum));
	answers((uint8_t)(100 - sum));
}
END_TEST

START_TEST(reset_is_exact)
{
	struct ps2_state fresh;

	make();
	fresh = p.state;
	set_mode(0x47);
	mouse_command(0xf4);
	ps2_move(&p, 5, 5, 0, 0);
	ps2_key(&p, 0x1c, true);
	data(0xed);
	ps2_ops.reset(&p);
	ck_assert(!b.level && !mouse.level);
	ck_assert_mem_eq(&p.state, &fresh, sizeof(fresh));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {controller_commands, bytes_that_come_back, resets,
		keyboard_commands, keys, a_disabled_keyboard_waits, mouse_commands, movements,
		movements_wait_in_the_mouse, reset_is_exact};

	return unit_run("ps2", tests, ARRAY_LEN(tests));
}
