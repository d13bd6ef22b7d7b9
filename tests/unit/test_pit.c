/* The 8254: its channels tick by tick against a model that counts, then the ports and the clock. */
#include "sim/base/rng.h"
#include "sim/dev/pit_channel.h"
#include "tests/unit/dev_board.h"
#include "tests/unit/unit.h"

/* --- a channel as the data sheet tells it: one CLK pulse at a time, binary counts only --- */

struct model {
	unsigned mode;
	uint32_t next;      /* count register */
	uint32_t element;   /* counting element, 17 bits */
	uint32_t loaded;    /* what was loaded last */
	bool counting;      /* has been loaded since the control word */
	bool load_next_clk; /* write or trigger */
	bool gate, out;
	bool strobed; /* modes 4 and 5: zero was reached */
};

static void model_control(struct model *m, unsigned mode)
{
	m->mode = mode;
	m->out = mode != 0;
	m->counting = false;
	m->load_next_clk = false;
	m->next = 0;
}

static void model_count(struct model *m, uint32_t count)
{
	m->next = count;
	if (m->mode == 0)
		m->out = false;
	if (m->mode == 0 || m->mode == 4 ||
		((m->mode == 2 || m->mode == 3) && m->gate && !m->counting))
		m->load_next_clk = true;
}

static void model_gate(struct model *m, bool level)
{
	bool rises = level && !m->gate;

	m->gate = level;
	if (m->mode == 0 || m->mode == 4)
		return;
	if (rises && m->next != 0)
		m->load_next_clk = true;
	if (!level && (m->mode == 2 || m->mode == 3)) {
		m->out = true;
		m->counting = false;
		m->load_next_clk = false;
	}
}

static void model_load(struct model *m)
{
	m->element = m->next;
	m->loaded = m->next;
	m->counting = true;
	m->load_next_clk = false;
	m->strobed = false;
	if (m->mode == 1)
		m->out = false;
	else if (m->mode != 0)
		m->out = true;
	if (m->mode == 3)
		m->element &= ~1u;
}

static void model_square_clk(struct model *m)
{
	bool odd_extra = (m->loaded & 1) && m->out;

	if (m->element == 0 || (m->element == 2 && !odd_extra)) {
		m->loaded = m->next;
		m->element = m->next & ~1u;
		m->out = !m->out;
	} else {
		m->element -= 2;
	}
}

static void model_clk(struct model *m)
{
	if (m->load_next_clk) {
		model_load(m);
		return;
	}
	if (!m->counting || ((m->mode == 0 || m->mode == 4) && !m->gate))
		return;
	if (m->mode == 3) {
		model_square_clk(m);
		return;
	}
	if (m->mode == 2 && m->element == 1) {
		m->element = m->next;
		m->out = true;
		return;
	}
	m->element = (m->element - 1) & 0xffff;
	if (m->mode == 2)
		m->out = m->element != 1;
	else if (m->mode < 2)
		m->out = m->out || m->element == 0;
	else
		m->out = m->strobed || m->element != 0;
	if (m->mode >= 4 && m->element == 0)
		m->strobed = true;
}

static uint16_t count_read(struct pit_channel *c, uint64_t tick)
{
	uint8_t low;

	pit_channel_latch_count(c, tick);
	low = pit_channel_read(c, tick);
	return (uint16_t)(pit_channel_read(c, tick) << 8 | low);
}

static void count_write(struct pit_channel *c, uint64_t tick, uint32_t count)
{
	pit_channel_write(c, tick, (uint8_t)count);
	pit_channel_write(c, tick, (uint8_t)(count >> 8));
}

/* Something happens to both, or nothing. */
static void disturb(struct pit_channel *c, struct model *m, uint64_t tick, struct rng *r)
{
	uint32_t count = 2 + (uint32_t)rng_below(r, 12);
	bool gate = rng_below(r, 2);

	switch (rng_below(r, 20)) {
	case 0:
		count_write(c, tick, count);
		model_count(m, count);
		break;
	case 1:
	case 2:
		pit_channel_gate(c, tick, gate);
		model_gate(m, gate);
		break;
	}
}

/* next_change may be early, never late. */
static void run_against_model(unsigned mode, uint64_t seed)
{
	struct pit_channel c = {.gate = 1};
	struct model m = {.gate = true};
	struct rng r = rng_from(stream_seed(seed, "test_pit"));
	uint64_t quiet_until = 0;
	bool last = false;

	pit_channel_control(&c, 0, (uint8_t)(0x30 | mode << 1));
	model_control(&m, mode);
	for (uint64_t tick = 0; tick < 400; tick++) {
		if (tick > 0)
			model_clk(&m);
		ck_assert_msg(pit_channel_out(&c, tick) == m.out,
			"mode %u seed %" PRIu64 " tick %" PRIu64 ": out", mode, seed, tick);
		if (m.counting)
			ck_assert_msg(count_read(&c, tick) == (m.element & 0xffff),
				"mode %u seed %" PRIu64 " tick %" PRIu64 ": %x, not %x", mode, seed,
				tick, count_read(&c, tick), m.element);
		ck_assert_msg(tick >= quiet_until || m.out == last,
			"mode %u seed %" PRIu64 " tick %" PRIu64
			": a change that was not announced",
			mode, seed, tick);
		disturb(&c, &m, tick, &r);
		last = pit_channel_out(&c, tick);
		ck_assert(last == m.out);
		quiet_until = pit_channel_next_change(&c, tick);
		ck_assert(quiet_until > tick);
	}
}

START_TEST(agrees_with_model)
{
	for (unsigned mode = 0; mode < 6; mode++)
		for (uint64_t seed = 0; seed < 60; seed++)
			run_against_model(mode, seed);
}
END_TEST

/* --- the ports --- */

#define HZ      1000000000
#define CONTROL 3

static struct dev_board b;
static struct pit p;

static void make(void)
{
	memset(&p, 0, sizeof(p));
	dev_board_make(&b, &pit_ops, &p, HZ);
	pit_init(&p, &b.env, &b.irq);
}

/* The first cycle of a tick, by another formula than the device's. */
static uint64_t cycle(uint64_t tick)
{
	uint64_t whole = tick / PIT_HZ * HZ, rest = tick % PIT_HZ * HZ;

	return whole + rest / PIT_HZ + (rest % PIT_HZ != 0);
}

static void program(unsigned channel, uint8_t control, uint16_t count)
{
	dev_out(&b, CONTROL, (uint8_t)(channel << 6 | control));
	if (control & 0x10)
		dev_out(&b, channel, (uint8_t)count);
	if (control & 0x20)
		dev_out(&b, channel, (uint8_t)(count >> 8));
}

START_TEST(after_reset)
{
	make();
	ck_assert(!b.level);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
	ck_assert_uint_eq(dev_in(&b, CONTROL), 0xff);
	dev_board_run(&b, HZ);
	ck_assert_uint_eq(b.rises, 0);
}
END_TEST

/* A thousand interrupts of mode 2 come at their exact cycles, and none drifts. */
START_TEST(rate_is_exact)
{
	make();
	program(0, 0x34, 11932);
	ck_assert(b.level);
	for (uint64_t i = 1; i <= 1000; i++) {
		uint64_t rise = cycle(1 + i * 11932);

		dev_board_run(&b, rise - 1);
		ck_assert_uint_eq(b.rises, i);
		ck_assert(!b.level);
		dev_board_run(&b, rise);
		ck_assert(b.level);
	}
	ck_assert_uint_eq(b.rises, 1001); /* the first: the output is high from the control word */
}
END_TEST

START_TEST(square_wave)
{
	make();
	program(0, 0x36, 0); /* 65536: 18.2 Hz */
	dev_board_run(&b, cycle(1 + 32768) - 1);
	ck_assert(b.level);
	dev_board_run(&b, cycle(1 + 32768));
	ck_assert(!b.level);
	dev_board_run(&b, cycle(1 + 65536));
	ck_assert(b.level);
}
END_TEST

START_TEST(one_interrupt)
{
	make();
	program(0, 0x30, 1000);
	ck_assert(!b.level);
	dev_board_run(&b, cycle(1001) - 1);
	ck_assert(!b.level);
	dev_board_run(&b, cycle(1001));
	ck_assert(b.level);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
	program(0, 0x30, 1000);
	ck_assert(!b.level);
}
END_TEST

START_TEST(access_modes)
{
	make();
	program(0, 0x10, 200); /* low byte only */
	b.now = cycle(1);
	ck_assert_uint_eq(dev_in(&b, 0), 200);
	b.now = cycle(11);
	ck_assert_uint_eq(dev_in(&b, 0), 190);
	program(0, 0x20, 0x300); /* high byte only */
	b.now += cycle(2);
	ck_assert_uint_eq(dev_in(&b, 0), 0x02);
	program(0, 0x30, 0x1234);
	b.now += cycle(2);
	ck_assert_uint_eq(dev_in(&b, 0), 0x33);
	ck_assert_uint_eq(dev_in(&b, 0), 0x12);
	ck_assert_uint_eq(dev_in(&b, 0), 0x33);
}
END_TEST

START_TEST(first_byte_stops_mode_0)
{
	make();
	program(0, 0x30, 1000);
	b.now = cycle(500);
	dev_out(&b, 0, 0x10);
	b.now = cycle(5000);
	ck_assert(!b.level);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
	dev_out(&b, 0, 0x00);
	dev_board_run(&b, cycle(5000 + 17));
	ck_assert(b.level);
}
END_TEST

START_TEST(latch)
{
	make();
	program(0, 0x34, 1000);
	b.now = cycle(101);
	dev_out(&b, CONTROL, 0x00);
	b.now = cycle(201);
	dev_out(&b, CONTROL, 0x00); /* ignored: one is waiting */
	ck_assert_uint_eq(dev_in(&b, 0), 900 & 0xff);
	ck_assert_uint_eq(dev_in(&b, 0), 900 >> 8);
	ck_assert_uint_eq(dev_in(&b, 0), 800 & 0xff); /* live again */
	ck_assert_uint_eq(dev_in(&b, 0), 800 >> 8);
}
END_TEST

START_TEST(read_back)
{
	make();
	program(0, 0x34, 1000);
	program(1, 0x16, 100);
	b.now = cycle(101);
	dev_out(&b, CONTROL, 0xc0 | 0x06); /* count and status of 0 and 1 */
	b.now = cycle(301);
	ck_assert_uint_eq(dev_in(&b, 0), 0x80 | 0x34); /* OUT high, not NULL */
	ck_assert_uint_eq(dev_in(&b, 0), 900 & 0xff);
	ck_assert_uint_eq(dev_in(&b, 0), 900 >> 8);
	ck_assert_uint_eq(dev_in(&b, 1), 0x80 | 0x16);
	ck_assert_uint_eq(dev_in(&b, 1), 100);
	dev_out(&b, CONTROL, 0xe0 | 0x02); /* status alone */
	ck_assert_uint_eq(dev_in(&b, 0), 0x80 | 0x34);
	ck_assert_uint_eq(dev_in(&b, 0), 700 & 0xff);
	dev_in(&b, 0);
	dev_out(&b, CONTROL, 0xd0 | 0x02); /* count alone */
	b.now = cycle(302);
	ck_assert_uint_eq(dev_in(&b, 0), 700 & 0xff);
	ck_assert_uint_eq(dev_in(&b, 1), 98); /* not named, so not latched */
}
END_TEST

static uint8_t status(unsigned channel)
{
	dev_out(&b, CONTROL, (uint8_t)(0xe0 | 2 << channel));
	return dev_in(&b, channel);
}

START_TEST(null_count)
{
	make();
	dev_out(&b, CONTROL, 0x34);
	ck_assert_uint_eq(status(0), 0xc0 | 0x34);
	dev_out(&b, 0, 100);
	ck_assert_uint_eq(status(0), 0xc0 | 0x34);
	dev_out(&b, 0, 0);
	ck_assert_uint_eq(status(0), 0xc0 | 0x34);
	b.now = cycle(1);
	ck_assert_uint_eq(status(0), 0x80 | 0x34);
	dev_out(&b, 0, 50); /* waits for the end of the period */
	dev_out(&b, 0, 0);
	b.now = cycle(99);
	ck_assert_uint_eq(status(0), 0xc0 | 0x34);
	b.now = cycle(100);
	ck_assert_uint_eq(status(0), 0x40 | 0x34); /* the low pulse */
	b.now = cycle(101);
	ck_assert_uint_eq(status(0), 0x80 | 0x34);
	dev_in(&b, 0);
	dev_in(&b, 0);
	b.now = cycle(151);
	ck_assert_uint_eq(dev_in(&b, 0), 50);
}
END_TEST

START_TEST(bcd)
{
	make();
	program(0, 0x31, 0x1000);
	b.now = cycle(2);
	ck_assert_uint_eq(dev_in(&b, 0), 0x99);
	ck_assert_uint_eq(dev_in(&b, 0), 0x09);
	b.now = cycle(1001);
	ck_assert_uint_eq(dev_in(&b, 0), 0x00);
	ck_assert_uint_eq(dev_in(&b, 0), 0x00);
	b.now = cycle(1002); /* past zero comes 9999 */
	ck_assert_uint_eq(dev_in(&b, 0), 0x99);
	ck_assert_uint_eq(dev_in(&b, 0), 0x99);
	ck_assert_uint_eq(status(0), 0x80 | 0x31);
	program(0, 0x35, 0); /* 0 is 10000 */
	dev_board_run(&b, b.now + cycle(10003));
	ck_assert_uint_eq(b.rises, 2);
}
END_TEST

START_TEST(control_word_stops)
{
	make();
	program(0, 0x34, 1000);
	b.now = cycle(2501);
	dev_out(&b, CONTROL, 0xe2); /* latched, and forgotten with the control word */
	dev_out(&b, CONTROL, 0x34);
	b.now = cycle(9999);
	ck_assert_uint_eq(dev_in(&b, 0), 500 & 0xff);
	ck_assert_uint_eq(dev_in(&b, 0), 500 >> 8);
	ck_assert(b.level);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
}
END_TEST

START_TEST(reset_stops)
{
	make();
	program(0, 0x34, 1000);
	ck_assert(b.level);
	pit_ops.reset(&p);
	ck_assert(!b.level);
	ck_assert_uint_eq(event_next_due(&b.events), EVENT_NEVER);
}
END_TEST

START_TEST(mode_aliases)
{
	make();
	program(0, 0x3c, 100);
	ck_assert_uint_eq(status(0) & 0x3f, 0x34);
	program(0, 0x3e, 100);
	ck_assert_uint_eq(status(0) & 0x3f, 0x36);
}
END_TEST

static uint8_t port61(void)
{
	return (uint8_t)pit_port61_ops.read(&p, 0, 1);
}

/* How kernels calibrate: channel 2 in mode 0, its gate and output in port 0x61. */
START_TEST(calibration)
{
	make();
	pit_port61_ops.write(&p, 0, 1, 0x01);
	program(2, 0x30, 11932);
	ck_assert_uint_eq(port61() & 0x2f, 0x01);
	b.now = cycle(11933) - 1;
	ck_assert_uint_eq(port61() & 0x20, 0);
	b.now = cycle(11933);
	ck_assert_uint_eq(port61() & 0x20, 0x20);
	ck_assert_uint_eq(b.rises, 0); /* not channel 0's line */
}
END_TEST

START_TEST(gate_2)
{
	make();
	program(2, 0x30, 1000); /* the gate is low after a reset */
	b.now = cycle(5000);
	ck_assert_uint_eq(port61() & 0x20, 0);
	pit_port61_ops.write(&p, 0, 1, 0x01);
	b.now = cycle(5000 + 999);
	ck_assert_uint_eq(port61() & 0x20, 0);
	b.now = cycle(5000 + 1000);
	ck_assert_uint_eq(port61() & 0x20, 0x20);
	pit_port61_ops.write(&p, 0, 1, 0xfe);
	ck_assert_uint_eq(port61() & 0xcf, 0x0e);
	program(2, 0x30, 1000); /* the gate is low again */
	b.now += cycle(5000);
	ck_assert_uint_eq(port61() & 0x20, 0);
}
END_TEST

START_TEST(refresh_toggles)
{
	unsigned toggles = 0;
	uint8_t last;

	make();
	last = port61() & 0x10;
	for (uint64_t t = 0; t < 18 * 100; t++) {
		b.now = cycle(t);
		toggles += (port61() & 0x10) != last;
		last = port61() & 0x10;
	}
	ck_assert_uint_eq(toggles, 99);
}
END_TEST

/* Far into a run, and at another clock frequency. */
START_TEST(large_times)
{
	make();
	b.env.hz = UINT64_C(10000000000);
	pit_init(&p, &b.env, &b.irq);
	b.now = UINT64_C(1) << 62;
	program(0, 0x34, 11932);
	dev_board_run(&b, b.now + 2 * b.env.hz);
	ck_assert_uint_eq(b.rises, 1 + 199); /* 199.98 periods in two seconds */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {agrees_with_model, after_reset, rate_is_exact, square_wave,
		one_interrupt, access_modes, first_byte_stops_mode_0, latch, read_back, null_count,
		bcd, control_word_stops, reset_stops, mode_aliases, calibration, gate_2,
		refresh_toggles, large_times};

	return unit_run("pit", tests, ARRAY_LEN(tests));
}
