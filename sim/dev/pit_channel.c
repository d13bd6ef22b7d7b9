#include "sim/dev/pit_channel.h"

enum pit_mode {
	MODE_TERMINAL_COUNT,
	MODE_ONE_SHOT,
	MODE_RATE,
	MODE_SQUARE,
	MODE_SOFT_STROBE,
	MODE_HARD_STROBE,
};

enum pit_access { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };

#define CONTROL_ACCESS 0x30
#define CONTROL_MODE   0x0e
#define CONTROL_BCD    0x01

#define STATUS_OUT  0x80
#define STATUS_NULL 0x40

/* In modes 0 and 4 a low gate stops the count; in 2 and 3 it ends it until the gate rises. */
static bool gate_pauses(const struct pit_channel *c)
{
	return c->mode == MODE_TERMINAL_COUNT || c->mode == MODE_SOFT_STROBE;
}

static bool is_periodic(const struct pit_channel *c)
{
	return c->mode == MODE_RATE || c->mode == MODE_SQUARE;
}

/* Ticks for which the element has counted since it was loaded. */
static uint64_t elapsed(const struct pit_channel *c, uint64_t tick)
{
	uint64_t at = gate_pauses(c) && !c->gate ? c->stopped_at : tick;

	return at > c->start ? at - c->start : 0;
}

/* How long the present cycle of a periodic mode lasts; in mode 3 the present half of it. */
static uint64_t cycle_length(const struct pit_channel *c)
{
	if (c->mode == MODE_RATE)
		return c->count;
	return c->low_half ? c->count / 2 : (c->count + 1) / 2;
}

static void next_cycle(struct pit_channel *c)
{
	c->start += cycle_length(c);
	c->low_half = c->mode == MODE_SQUARE && !c->low_half;
	c->count = c->next;
	c->null = 0;
}

/* Brings the channel to the cycle that it is in now. */
static void sync(struct pit_channel *c, uint64_t tick)
{
	if (!c->running || tick < c->start)
		return;
	if (c->loading) {
		c->loading = 0;
		c->null = 0;
	}
	if (!is_periodic(c))
		return;
	while (tick - c->start >= cycle_length(c)) {
		next_cycle(c);
		if (tick - c->start >= c->count)
			c->start += (tick - c->start) / c->count * c->count;
	}
}

static bool output(const struct pit_channel *c, uint64_t tick)
{
	uint64_t passed = elapsed(c, tick);

	if (!c->running)
		return c->mode != MODE_TERMINAL_COUNT;
	if (c->loading)
		return c->held_out;
	switch ((enum pit_mode)c->mode) {
	case MODE_TERMINAL_COUNT:
	case MODE_ONE_SHOT:
		return passed >= c->count;
	case MODE_RATE:
		return passed != c->count - 1;
	case MODE_SQUARE:
		return !c->low_half;
	case MODE_SOFT_STROBE:
	case MODE_HARD_STROBE:
		return passed != c->count;
	}
	return true;
}

static uint16_t to_bcd(uint32_t n)
{
	return (uint16_t)(n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint32_t n)
{
	return (n & 15) + (n >> 4 & 15) * 10 + (n >> 8 & 15) * 100 + (n >> 12) * 1000;
}

/* What the counting element shows. Past zero it goes on from 0xffff, or 9999 in BCD. */
static uint16_t element(const struct pit_channel *c, uint64_t tick)
{
	uint64_t passed = elapsed(c, tick), modulus = c->bcd ? 10000 : 0x10000, left;

	if (!c->running || c->loading)
		return c->held;
	if (c->mode == MODE_SQUARE)
		left = (c->count & ~UINT32_C(1)) - 2 * passed;
	else
		left = c->count + modulus - passed % modulus;
	return c->bcd ? to_bcd((uint32_t)(left % modulus)) : (uint16_t)left;
}

/* The next CLK pulse will load the count; in mode 0 the output is low from now. */
static void load(struct pit_channel *c, uint64_t tick)
{
	c->held = element(c, tick);
	c->held_out = c->mode != MODE_TERMINAL_COUNT && output(c, tick);
	c->count = c->next;
	c->start = tick + 1;
	c->stopped_at = c->start;
	c->running = 1;
	c->loading = 1;
	c->low_half = 0;
}

static void stop(struct pit_channel *c, uint64_t tick)
{
	c->held = element(c, tick);
	c->running = 0;
	c->loading = 0;
}

void pit_channel_control(struct pit_channel *c, uint64_t tick, uint8_t control)
{
	sync(c, tick);
	stop(c, tick);
	c->access = (control & CONTROL_ACCESS) >> 4;
	c->mode = (control & CONTROL_MODE) >> 1;
	if (c->mode > MODE_HARD_STROBE) /* 110 and 111 are 010 and 011 */
		c->mode -= 4;
	c->bcd = control & CONTROL_BCD;
	c->next = 0;
	c->null = 1;
	c->low_half = 0;
	c->write_high = 0;
	c->read_high = 0;
	c->latch_bytes = 0;
	c->status_latched = 0;
}

static void new_count(struct pit_channel *c, uint64_t tick, uint32_t raw)
{
	uint32_t count = c->bcd ? from_bcd(raw) : raw;

	c->next = count != 0 ? count : c->bcd ? 10000 : 0x10000;
	c->null = 1;
	switch ((enum pit_mode)c->mode) {
	case MODE_TERMINAL_COUNT:
	case MODE_SOFT_STROBE:
		load(c, tick);
		break;
	case MODE_RATE:
	case MODE_SQUARE:
		if (!c->running && c->gate)
			load(c, tick);
		break;
	case MODE_ONE_SHOT:
	case MODE_HARD_STROBE:
		break;
	}
}

/* In mode 0 the first of two bytes stops the count. */
void pit_channel_write(struct pit_channel *c, uint64_t tick, uint8_t byte)
{
	sync(c, tick);
	switch ((enum pit_access)c->access) {
	case ACCESS_LATCH: /* never programmed */
		break;
	case ACCESS_LOW:
		new_count(c, tick, byte);
		break;
	case ACCESS_HIGH:
		new_count(c, tick, (uint32_t)byte << 8);
		break;
	case ACCESS_BOTH:
		if (c->write_high) {
			new_count(c, tick, (uint32_t)byte << 8 | c->write_low);
		} else {
			c->write_low = byte;
			if (c->mode == MODE_TERMINAL_COUNT)
				stop(c, tick);
		}
		c->write_high = !c->write_high;
		break;
	}
}

uint8_t pit_channel_read(struct pit_channel *c, uint64_t tick)
{
	uint16_t value;
	bool high;

	sync(c, tick);
	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	value = c->latch_bytes != 0 ? c->latched : element(c, tick);
	if (c->latch_bytes != 0)
		c->latch_bytes--;
	high = c->access == ACCESS_HIGH || (c->access == ACCESS_BOTH && c->read_high);
	if (c->access == ACCESS_BOTH)
		c->read_high = !c->read_high;
	return high ? value >> 8 : value & 0xff;
}

/* A count that is latched already stays until it has been read. */
void pit_channel_latch_count(struct pit_channel *c, uint64_t tick)
{
	sync(c, tick);
	if (c->latch_bytes != 0)
		return;
	c->latched = element(c, tick);
	c->latch_bytes = c->access == ACCESS_BOTH ? 2 : 1;
}

void pit_channel_latch_status(struct pit_channel *c, uint64_t tick)
{
	sync(c, tick);
	if (c->status_latched)
		return;
	c->status = (uint8_t)((output(c, tick) ? STATUS_OUT : 0) | (c->null ? STATUS_NULL : 0) |
			      c->access << 4 | c->mode << 1 | c->bcd);
	c->status_latched = 1;
}

static void gate_rises(struct pit_channel *c, uint64_t tick)
{
	if (!gate_pauses(c)) {
		if (c->next != 0)
			load(c, tick);
	} else if (tick > c->stopped_at) {
		c->start += tick - c->stopped_at;
	}
}

static void gate_falls(struct pit_channel *c, uint64_t tick)
{
	if (gate_pauses(c))
		c->stopped_at = max_u64(tick, c->start);
	else if (is_periodic(c))
		stop(c, tick);
}

void pit_channel_gate(struct pit_channel *c, uint64_t tick, bool level)
{
	sync(c, tick);
	if (level == c->gate)
		return;
	if (level)
		gate_rises(c, tick);
	else
		gate_falls(c, tick);
	c->gate = level;
}

bool pit_channel_out(struct pit_channel *c, uint64_t tick)
{
	sync(c, tick);
	return output(c, tick);
}

uint64_t pit_channel_next_change(struct pit_channel *c, uint64_t tick)
{
	uint64_t passed, count;

	sync(c, tick);
	passed = elapsed(c, tick);
	count = c->count;
	if (c->running && c->loading)
		return c->start;
	if (!c->running || (gate_pauses(c) && !c->gate))
		return EVENT_NEVER;
	switch ((enum pit_mode)c->mode) {
	case MODE_TERMINAL_COUNT:
	case MODE_ONE_SHOT:
		return passed < count ? c->start + count : EVENT_NEVER;
	case MODE_RATE:
		return c->start + (passed < count - 1 ? count - 1 : count);
	case MODE_SQUARE:
		return c->start + cycle_length(c);
	case MODE_SOFT_STROBE:
	case MODE_HARD_STROBE:
		return passed <= count ? c->start + count + (passed == count) : EVENT_NEVER;
	}
	return EVENT_NEVER;
}
