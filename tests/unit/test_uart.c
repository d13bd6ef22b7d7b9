/* The 16550A, register by register. */
#include "sim/dev/uart.h"

#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define FCR IIR

static struct dev_board b;
static struct uart u;
static char sent[64];
static size_t sent_count;

static void put(void *context, uint8_t byte)
{
	(void)context;
	sent[sent_count++] = (char)byte;
}

static void make(void)
{
	struct byte_sink sink = {put, NULL};

	sent_count = 0;
	memset(&u, 0, sizeof(u));
	dev_board_make(&b, &uart_ops, &u, 1000000000);
	uart_init(&u, &b.irq, &sink);
	dev_out(&b, MCR, 0x08); /* OUT2: the line is connected */
}

START_TEST(after_reset)
{
	static const uint8_t expected[8] = {0, 0, 0x01, 0, 0, 0x60, 0xb0, 0};

	make();
	uart_ops.reset(&u);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_msg(dev_in(&b, i) == expected[i], "register %u", i);
	ck_assert(!b.level);
}
END_TEST

START_TEST(plain_registers)
{
	make();
	for (unsigned v = 0; v < 256; v += 5) {
		dev_out(&b, SCR, (uint8_t)v);
		ck_assert_uint_eq(dev_in(&b, SCR), v);
		dev_out(&b, LCR, v & 0x7f);
		ck_assert_uint_eq(dev_in(&b, LCR), v & 0x7f);
	}
	dev_out(&b, LCR, 0);
	dev_out(&b, IER, 0xff);
	ck_assert_uint_eq(dev_in(&b, IER), 0x0f);
	dev_out(&b, MCR, 0xff);
	ck_assert_uint_eq(dev_in(&b, MCR), 0x1f);
	dev_out(&b, LSR, 0xff); /* read-only here */
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
}
END_TEST

START_TEST(divisor_latch)
{
	make();
	dev_out(&b, IER, 0x05);
	dev_out(&b, LCR, 0x83);
	dev_out(&b, DATA, 0x34);
	dev_out(&b, IER, 0x12);
	ck_assert_uint_eq(dev_in(&b, DATA), 0x34);
	ck_assert_uint_eq(dev_in(&b, IER), 0x12);
	ck_assert_uint_eq(sent_count, 0);
	dev_out(&b, LCR, 0x03);
	ck_assert_uint_eq(dev_in(&b, IER), 0x05);
	dev_out(&b, DATA, 'x');
	ck_assert_uint_eq(sent_count, 1);
}
END_TEST

START_TEST(transmit)
{
	make();
	for (const char *s = "hello"; *s != '\0'; s++) {
		ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
		dev_out(&b, DATA, (uint8_t)*s);
	}
	ck_assert_mem_eq(sent, "hello", 5);
	ck_assert_uint_eq(sent_count, 5);
	ck_assert(!b.level);
}
END_TEST

START_TEST(thre_interrupt)
{
	make();
	dev_out(&b, IER, 0x02); /* enabling it raises it: the transmitter is empty */
	ck_assert(b.level);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x02);
	ck_assert(!b.level); /* reading IIR answered it */
	ck_assert_uint_eq(dev_in(&b, IIR), 0x01);
	dev_out(&b, DATA, 'a');
	ck_assert(b.level);
	dev_out(&b, IER, 0x00);
	ck_assert(!b.level);
	dev_out(&b, IER, 0x02);
	ck_assert(b.level);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x02);
	dev_out(&b, IER, 0x03); /* enabled before: not raised again */
	ck_assert(!b.level);
}
END_TEST

/* The THRE interrupt stays when IIR names a more urgent one. */
START_TEST(priorities)
{
	make();
	dev_out(&b, MCR, 0x18); /* loopback, to move the modem lines */
	dev_out(&b, MCR, 0x08);
	dev_in(&b, MSR);
	dev_out(&b, MCR, 0x18);
	dev_out(&b, MCR, 0x08); /* deltas */
	dev_out(&b, IER, 0x0f);
	uart_receive(&u, 'a');
	uart_receive(&u, 'b'); /* no FIFO: overrun */
	ck_assert(b.level);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x06);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x63);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x04);
	ck_assert_uint_eq(dev_in(&b, DATA), 'b');
	ck_assert_uint_eq(dev_in(&b, IIR), 0x02);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x00);
	ck_assert(b.level);
	ck_assert_uint_ne(dev_in(&b, MSR) & 0x0f, 0);
	ck_assert(!b.level);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x01);
}
END_TEST

START_TEST(receive_without_fifo)
{
	make();
	dev_out(&b, IER, 0x01);
	ck_assert(uart_can_receive(&u));
	uart_receive(&u, 'a');
	ck_assert(b.level);
	ck_assert(!uart_can_receive(&u));
	ck_assert_uint_eq(dev_in(&b, LSR), 0x61);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x04);
	ck_assert_uint_eq(dev_in(&b, DATA), 'a');
	ck_assert(!b.level);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
	ck_assert_uint_eq(dev_in(&b, DATA), 'a'); /* nothing new: the same again */
}
END_TEST

START_TEST(disabled_sources)
{
	make();
	uart_receive(&u, 'a');
	uart_receive(&u, 'b'); /* and an overrun */
	ck_assert(!b.level);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x01);
	dev_out(&b, IER, 0x04);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x06);
	dev_out(&b, IER, 0x01);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x04);
	dev_out(&b, FCR, 0xc1);
	uart_receive(&u, 'a');
	dev_out(&b, IER, 0x00);
	ck_assert_uint_eq(dev_in(&b, IIR), 0xc1);
	ck_assert(!b.level);
}
END_TEST

START_TEST(reset_drops_the_line)
{
	make();
	dev_out(&b, IER, 0x02);
	ck_assert(b.level);
	uart_ops.reset(&u);
	ck_assert(!b.level);
}
END_TEST

START_TEST(fifo)
{
	make();
	dev_out(&b, FCR, 0x01);
	for (uint8_t i = 0; i < 16; i++) {
		ck_assert(uart_can_receive(&u));
		uart_receive(&u, i);
	}
	ck_assert(!uart_can_receive(&u));
	ck_assert_uint_eq(dev_in(&b, LSR), 0x61);
	uart_receive(&u, 99); /* lost; the FIFO keeps what it has */
	ck_assert_uint_eq(dev_in(&b, LSR), 0x63);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x61);
	for (uint8_t i = 0; i < 16; i++)
		ck_assert_uint_eq(dev_in(&b, DATA), i);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
}
END_TEST

START_TEST(trigger_levels)
{
	static const uint8_t levels[4] = {1, 4, 8, 14};

	for (unsigned i = 0; i < 4; i++) {
		make();
		dev_out(&b, FCR, (uint8_t)(0x01 | i << 6));
		dev_out(&b, IER, 0x01);
		for (unsigned n = 1; n <= 15; n++) {
			uart_receive(&u, 'x');
			ck_assert_uint_eq(dev_in(&b, IIR), n >= levels[i] ? 0xc4 : 0xcc);
			ck_assert(b.level); /* the timeout is immediate */
		}
	}
}
END_TEST

START_TEST(fifo_control)
{
	make();
	ck_assert_uint_eq(dev_in(&b, IIR), 0x01);
	uart_receive(&u, 'a');
	dev_out(&b, FCR, 0xca); /* without the enable bit: nothing is programmed */
	ck_assert_uint_eq(u.state.fcr, 0);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x61);
	dev_out(&b, FCR, 0x01); /* a change of mode empties */
	ck_assert_uint_eq(dev_in(&b, IIR), 0xc1);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
	uart_receive(&u, 'b');
	dev_out(&b, FCR, 0x01);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x61);
	dev_out(&b, FCR, 0x03);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
	uart_receive(&u, 'c');
	dev_out(&b, FCR, 0x05); /* the transmit FIFO is always empty */
	ck_assert_uint_eq(dev_in(&b, DATA), 'c');
	uart_receive(&u, 'd');
	dev_out(&b, FCR, 0x00);
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
}
END_TEST

START_TEST(loopback)
{
	make();
	dev_out(&b, IER, 0x01);
	dev_out(&b, MCR, 0x18);
	dev_out(&b, DATA, 'L');
	ck_assert_uint_eq(sent_count, 0);
	ck_assert_uint_eq(dev_in(&b, IIR), 0x04);
	ck_assert(!b.level); /* OUT2 is off the line in loopback mode */
	ck_assert_uint_eq(dev_in(&b, DATA), 'L');
	ck_assert(!uart_can_receive(&u));
	uart_receive(&u, 'x'); /* the line is not heard */
	ck_assert_uint_eq(dev_in(&b, LSR), 0x60);
}
END_TEST

START_TEST(modem_lines)
{
	static const struct {
		uint8_t mcr, msr;
	} row[] = {{0x10, 0x00}, {0x11, 0x20}, {0x12, 0x10}, {0x14, 0x40}, {0x18, 0x80}};

	make();
	ck_assert_uint_eq(dev_in(&b, MSR), 0xb0);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		dev_out(&b, MCR, row[i].mcr);
		ck_assert_uint_eq(dev_in(&b, MSR) & 0xf0, row[i].msr);
	}
	dev_out(&b, MCR, 0x10);
	dev_in(&b, MSR);
	dev_out(&b, MCR, 0x1f);
	ck_assert_uint_eq(dev_in(&b, MSR), 0xfb); /* RI rose: no trailing edge */
	ck_assert_uint_eq(dev_in(&b, MSR), 0xf0);
	dev_out(&b, MCR, 0x1b);
	ck_assert_uint_eq(dev_in(&b, MSR), 0xb4); /* RI fell */
	dev_out(&b, MCR, 0x1a);
	dev_out(&b, MCR, 0x1b); /* there and back: the delta stays */
	ck_assert_uint_eq(dev_in(&b, MSR), 0xb2);
}
END_TEST

START_TEST(out2_gates)
{
	make();
	dev_out(&b, MCR, 0x00);
	dev_out(&b, IER, 0x02);
	ck_assert(!b.level);
	dev_out(&b, MCR, 0x08);
	ck_assert(b.level);
}
END_TEST

START_TEST(unused_places_are_zero)
{
	static struct uart_state fresh;

	make();
	fresh = u.state;
	dev_out(&b, FCR, 0x01);
	uart_receive(&u, 0);
	uart_receive(&u, 'b');
	dev_in(&b, DATA);
	dev_in(&b, DATA);
	fresh.last = 'b';
	fresh.fcr = 0x01;
	ck_assert_mem_eq(&u.state, &fresh, sizeof(fresh));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {after_reset, plain_registers, divisor_latch, transmit,
		thre_interrupt, priorities, receive_without_fifo, disabled_sources,
		reset_drops_the_line, fifo, trigger_levels, fifo_control, loopback, modem_lines,
		out2_gates, unused_places_are_zero};

	return unit_run("uart", tests, ARRAY_LEN(tests));
}
