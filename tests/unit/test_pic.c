/* The two 8259s. */
#include "sim/dev/pic.h"

#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

static struct dev_board b;
static struct pic p;

static const struct device_ops *const ops[] = {&pic_ops, &pic_slave_ops, &pic_elcr_ops};

enum { MASTER, SLAVE, ELCR };

static uint8_t in(unsigned chip, uint64_t offset)
{
	return (uint8_t)ops[chip]->read(&p, offset, 1);
}

static void out(unsigned chip, uint64_t offset, uint8_t value)
{
	ops[chip]->write(&p, offset, 1, value);
}

static void program(unsigned chip, uint8_t icw1, uint8_t base, uint8_t cascade, uint8_t icw4)
{
	out(chip, 0, icw1);
	out(chip, 1, base);
	if (!(icw1 & 2))
		out(chip, 1, cascade);
	if (icw1 & 1)
		out(chip, 1, icw4);
}

/* As a PC's operating system programs them, nothing masked. */
static void make(uint8_t icw4)
{
	dev_board_make(&b, &pic_ops, &p, 1000000000);
	pic_init(&p, &b.irq);
	program(MASTER, 0x11, 0x20, 0x04, icw4);
	program(SLAVE, 0x11, 0x28, 0x02, icw4);
	out(MASTER, 1, 0);
	out(SLAVE, 1, 0);
}

static void pulse(unsigned line)
{
	pic_drive(&p, line, false);
	pic_drive(&p, line, true);
}

static void acknowledges(uint8_t vector)
{
	ck_assert_uint_eq(pic_acknowledge(&p), vector);
}

static void eoi(unsigned chip)
{
	out(chip, 0, 0x20);
}

START_TEST(after_power_on_nothing_comes)
{
	dev_board_make(&b, &pic_ops, &p, 1000000000);
	pic_init(&p, &b.irq);
	for (unsigned i = 0; i < 16; i++)
		if (i != PIC_CASCADE)
			pic_drive(&p, i, true);
	ck_assert(!b.level);
	ck_assert_uint_eq(in(MASTER, 1), 0xff);
	ck_assert_uint_eq(in(MASTER, 0), 0xfb);
}
END_TEST

START_TEST(edge_to_end)
{
	make(0x01);
	pulse(3);
	ck_assert(b.level);
	ck_assert_uint_eq(in(MASTER, 0), 0x08);
	acknowledges(0x23);
	ck_assert(!b.level);
	ck_assert_uint_eq(in(MASTER, 0), 0);
	out(MASTER, 0, 0x0b);
	ck_assert_uint_eq(in(MASTER, 0), 0x08); /* the ISR */
	eoi(MASTER);
	ck_assert_uint_eq(in(MASTER, 0), 0);
	ck_assert(!b.level); /* the line is still high: no edge */
	pulse(3);
	ck_assert(b.level);
}
END_TEST

START_TEST(an_edge_that_falls_is_spurious)
{
	make(0x01);
	pulse(3);
	pic_drive(&p, 3, false);
	ck_assert(!b.level);
	acknowledges(0x27);
	out(MASTER, 0, 0x0b);
	ck_assert_uint_eq(in(MASTER, 0), 0); /* nothing is in service */
}
END_TEST

START_TEST(a_spurious_interrupt_of_the_second)
{
	make(0x01);
	out(MASTER, 0, 0x68); /* special mask mode, so that the first one does not follow */
	out(SLAVE, 0, 0x0b);
	pulse(9);
	p.state.chip[SLAVE].imr = 0x02; /* between INTR and the acknowledge */
	acknowledges(0x2f);
	ck_assert_uint_eq(in(SLAVE, 0), 0);
	out(MASTER, 0, 0x0b);
	ck_assert_uint_eq(in(MASTER, 0), 0x04); /* which wants an EOI all the same */
}
END_TEST

START_TEST(priorities_nest)
{
	make(0x01);
	pulse(5);
	acknowledges(0x25);
	pulse(6);
	ck_assert(!b.level);
	pulse(1);
	ck_assert(b.level);
	acknowledges(0x21);
	eoi(MASTER); /* of 1, the highest */
	ck_assert(!b.level);
	eoi(MASTER);
	acknowledges(0x26);
}
END_TEST

START_TEST(masks)
{
	make(0x01);
	out(MASTER, 1, 0x08);
	pulse(3);
	ck_assert(!b.level);
	ck_assert_uint_eq(in(MASTER, 0), 0x08);
	out(MASTER, 1, 0);
	ck_assert(b.level);
}
END_TEST

START_TEST(cascade)
{
	make(0x01);
	pulse(8);
	pulse(12);
	ck_assert(b.level);
	acknowledges(0x28);
	ck_assert(!b.level);
	out(SLAVE, 0, 0x0b);
	ck_assert_uint_eq(in(SLAVE, 0), 0x01);
	eoi(SLAVE);
	ck_assert(!b.level); /* the first one still serves 2 */
	eoi(MASTER);
	ck_assert(b.level);
	acknowledges(0x2c);
	eoi(SLAVE);
	eoi(MASTER);
	ck_assert(!b.level);
}
END_TEST

START_TEST(automatic_eoi)
{
	make(0x03);
	pulse(8);
	pulse(9);
	acknowledges(0x28);
	acknowledges(0x29);
	ck_assert(!b.level);
	out(MASTER, 0, 0x80); /* rotate in AEOI mode */
	pulse(0);
	pulse(1);
	acknowledges(0x20);
	pulse(0);
	acknowledges(0x21); /* 0 is the lowest now */
	acknowledges(0x20);
}
END_TEST

START_TEST(level_triggered)
{
	make(0x01);
	out(ELCR, 0, 0xff);
	out(ELCR, 1, 0xff);
	ck_assert_uint_eq(in(ELCR, 0), 0xf8);
	ck_assert_uint_eq(in(ELCR, 1), 0xde);
	pic_drive(&p, 10, true);
	acknowledges(0x2a);
	eoi(SLAVE);
	eoi(MASTER);
	ck_assert(b.level); /* still active */
	pic_drive(&p, 10, false);
	ck_assert(!b.level);
}
END_TEST

START_TEST(specific_eoi_and_rotation)
{
	make(0x01);
	pulse(4);
	acknowledges(0x24);
	pulse(2 + 1);
	acknowledges(0x23);
	out(MASTER, 0, 0x64); /* EOI of 4 */
	out(MASTER, 0, 0x0b);
	ck_assert_uint_eq(in(MASTER, 0), 0x08);
	out(MASTER, 0, 0xa0); /* rotate on EOI: 3 is the lowest now */
	ck_assert_uint_eq(in(MASTER, 0), 0);
	pulse(3);
	pulse(7);
	acknowledges(0x27);
	eoi(MASTER);
	acknowledges(0x23);
	out(MASTER, 0, 0xe3); /* rotate on specific EOI */
	out(MASTER, 0, 0xc0); /* set priority: 0 is the lowest */
	pulse(0);
	pulse(1);
	acknowledges(0x21);
}
END_TEST

START_TEST(special_mask_mode)
{
	make(0x01);
	pulse(1);
	acknowledges(0x21);
	pulse(6);
	ck_assert(!b.level);
	out(MASTER, 1, 0x02);
	ck_assert(!b.level);
	out(MASTER, 0, 0x68);
	ck_assert(b.level);
	acknowledges(0x26);
	eoi(MASTER); /* passes over 1, which is masked */
	out(MASTER, 0, 0x0b);
	ck_assert_uint_eq(in(MASTER, 0), 0x02);
	out(MASTER, 0, 0x48);
	eoi(MASTER);
	ck_assert_uint_eq(in(MASTER, 0), 0);
}
END_TEST

START_TEST(special_fully_nested_mode)
{
	make(0x01);
	program(MASTER, 0x11, 0x20, 0x04, 0x11);
	pulse(12);
	acknowledges(0x2c);
	pulse(8);
	ck_assert(b.level); /* though the first one serves 2 */
	acknowledges(0x28);
}
END_TEST

START_TEST(polling)
{
	make(0x01);
	out(MASTER, 0, 0x0c);
	ck_assert_uint_eq(in(MASTER, 0), 0);
	pulse(3);
	out(MASTER, 0, 0x0c);
	ck_assert_uint_eq(in(MASTER, 0), 0x83);
	ck_assert(!b.level);
	ck_assert_uint_eq(in(MASTER, 0), 0); /* once */
	out(MASTER, 0, 0x0b);
	ck_assert_uint_eq(in(MASTER, 0), 0x08);
}
END_TEST

START_TEST(initialization)
{
	make(0x01);
	pulse(3);
	pulse(4);
	acknowledges(0x23);
	out(MASTER, 1, 0x55);
	out(MASTER, 0, 0x13); /* single, with ICW4: forgets masks, edges and service */
	out(MASTER, 1, 0x4f); /* only the upper five bits count */
	out(MASTER, 1, 0x01);
	ck_assert_uint_eq(in(MASTER, 1), 0);
	ck_assert_uint_eq(in(MASTER, 0), 0);
	out(MASTER, 1, 0xaa);
	ck_assert_uint_eq(in(MASTER, 1), 0xaa);
	pulse(4);
	acknowledges(0x4c);
	out(MASTER, 0, 0x10); /* no ICW4: the third word is ICW3 */
	out(MASTER, 1, 0x40);
	out(MASTER, 1, 0x04);
	out(MASTER, 1, 0x33);
	ck_assert_uint_eq(in(MASTER, 1), 0x33);
}
END_TEST

START_TEST(reset_is_exact)
{
	static struct pic fresh;

	make(0x03);
	pulse(3);
	out(ELCR, 0, 0xf8);
	acknowledges(0x23);
	pulse(4);
	pic_drive(&p, 3, false);
	pic_drive(&p, 4, false);
	pic_ops.reset(&p);
	pic_init(&fresh, &b.irq);
	ck_assert_mem_eq(&p.state, &fresh.state, sizeof(p.state));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {after_power_on_nothing_comes, edge_to_end,
		an_edge_that_falls_is_spurious, a_spurious_interrupt_of_the_second, priorities_nest,
		masks, cascade, automatic_eoi, level_triggered, specific_eoi_and_rotation,
		special_mask_mode, special_fully_nested_mode, polling, initialization,
		reset_is_exact};

	return unit_run("pic", tests, ARRAY_LEN(tests));
}
