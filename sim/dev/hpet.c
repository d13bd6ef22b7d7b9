#include "sim/dev/hpet.h"

enum hpet_register {
	HPET_ID = 0x000,
	HPET_CONFIG = 0x010,
	HPET_STATUS = 0x020,
	HPET_COUNTER = 0x0f0,
	HPET_TIMER = 0x100, /* 32 bytes each: */
	TIMER_CONFIG = 0x00,
	TIMER_COMPARATOR = 0x08,
	TIMER_ROUTE = 0x10, /* of FSB messages: none */
	TIMER_SIZE = 0x20,
};

#define CONFIG_ENABLE BIT(0)
#define CONFIG_LEGACY BIT(1)

#define TN_LEVEL      BIT(1)
#define TN_INTERRUPT  BIT(2)
#define TN_PERIODIC   BIT(3)
#define TN_CAPABILITY (BIT(4) | BIT(5)) /* periodic, 64 bits */
#define TN_SET_VALUE  BIT(6)
#define TN_32         BIT(8)
#define TN_ROUTE      (UINT64_C(31) << 9)
#define TN_WRITABLE   (TN_LEVEL | TN_INTERRUPT | TN_PERIODIC | TN_SET_VALUE | TN_32 | TN_ROUTE)
#define TN_PINS       ((BIT(HPET_PINS) - 1) << HPET_PIN_FIRST << 32)

/* --- the counter --- */

static uint64_t tick_now(const struct hpet *h)
{
	return (uint64_t)((unsigned __int128)*h->env.now * HPET_HZ / h->env.hz);
}

/* The first cycle of a tick; EVENT_NEVER beyond the end of time. */
static uint64_t tick_cycle(const struct hpet *h, unsigned __int128 tick)
{
	unsigned __int128 cycle;

	if (tick > UINT64_MAX)
		return EVENT_NEVER;
	cycle = (tick * h->env.hz + HPET_HZ - 1) / HPET_HZ;
	return cycle < EVENT_NEVER ? (uint64_t)cycle : EVENT_NEVER;
}

static bool is_running(const struct hpet *h)
{
	return h->state.config & CONFIG_ENABLE;
}

static uint64_t counter_now(const struct hpet *h)
{
	return h->state.counter + (is_running(h) ? tick_now(h) - h->state.start : 0);
}

static void set_counter(struct hpet *h, uint64_t value)
{
	h->state.counter = value;
	h->state.start = tick_now(h);
}

static uint64_t width_mask(const struct hpet_timer *t)
{
	return t->config & TN_32 ? UINT32_MAX : UINT64_MAX;
}

/* --- interrupts --- */

static bool is_legacy(const struct hpet *h, unsigned n)
{
	return n < HPET_LEGACY && (h->state.config & CONFIG_LEGACY);
}

static bool output(const struct hpet *h, unsigned n)
{
	const struct hpet_timer *t = &h->state.timer[n];

	if (!(t->config & TN_INTERRUPT))
		return false;
	return t->config & TN_LEVEL ? h->state.status >> n & 1 : t->high;
}

static bool pin_level(const struct hpet *h, unsigned pin)
{
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		if (!is_legacy(h, n) && bits_get(h->state.timer[n].config, TN_ROUTE) == pin &&
			output(h, n))
			return true;
	return false;
}

static void drive_all(struct hpet *h)
{
	for (unsigned n = 0; n < HPET_LEGACY; n++)
		irq_drive(&h->legacy[n],
			is_legacy(h, n) ? output(h, n) : h->state.legacy_in >> n & 1);
	for (unsigned i = 0; i < HPET_PINS; i++)
		irq_drive(&h->pin[i], pin_level(h, HPET_PIN_FIRST + i));
}

void hpet_legacy_drive(void *hpet, unsigned pin, bool level)
{
	struct hpet *h = hpet;

	SIM_ASSERT(pin < HPET_LEGACY);
	h->state.legacy_in = (h->state.legacy_in & ~BIT(pin)) | (uint64_t)level << pin;
	drive_all(h);
}

/* --- matches --- */

/* A match of the others changes nothing that anybody can see. */
static bool matters(const struct hpet_timer *t)
{
	return (t->config & (TN_INTERRUPT | TN_PERIODIC)) != 0;
}

/* The comparator matches when the counter, which moves on by one each tick, becomes equal to it. */
static void schedule(struct hpet *h, unsigned n)
{
	const struct hpet_timer *t = &h->state.timer[n];
	uint64_t left = (t->comparator - counter_now(h)) & width_mask(t), due;
	unsigned __int128 ticks = left != 0 ? left : (unsigned __int128)width_mask(t) + 1;

	due = is_running(h) && matters(t) ? tick_cycle(h, tick_now(h) + ticks) : EVENT_NEVER;
	if (due != EVENT_NEVER)
		event_schedule(h->env.events, h->env.owner, n, due);
	else
		event_cancel(h->env.events, h->env.owner, n);
}

static void schedule_all(struct hpet *h)
{
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		schedule(h, n);
}

static void match(struct hpet *h, unsigned n)
{
	struct hpet_timer *t = &h->state.timer[n];

	if (t->config & TN_PERIODIC)
		t->comparator = (t->comparator + t->period) & width_mask(t);
	if (!(t->config & TN_INTERRUPT))
		return;
	if (t->config & TN_LEVEL) {
		h->state.status |= BIT(n);
	} else {
		t->high = 0;
		drive_all(h);
		t->high = 1;
	}
	drive_all(h);
}

static void hpet_event(void *device, uint32_t what)
{
	match(device, what);
	schedule(device, what);
}

/* --- registers --- */

static void hpet_reset(void *device)
{
	struct hpet *h = device;
	uint64_t legacy_in = h->state.legacy_in; /* the wires are not ours to reset */

	memset(&h->state, 0, sizeof(h->state));
	h->state.legacy_in = legacy_in;
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		h->state.timer[n].comparator = UINT64_MAX;
	schedule_all(h);
	drive_all(h);
}

void hpet_init(struct hpet *h, const struct device_env *env,
	const struct irq_line legacy[HPET_LEGACY], const struct irq_line pin[HPET_PINS])
{
	memset(h, 0, sizeof(*h));
	h->env = *env;
	memcpy(h->legacy, legacy, sizeof(h->legacy));
	memcpy(h->pin, pin, sizeof(h->pin));
	hpet_reset(h);
}

static uint64_t timer_read(const struct hpet *h, uint64_t reg)
{
	const struct hpet_timer *t = &h->state.timer[reg / TIMER_SIZE];

	switch (reg % TIMER_SIZE) {
	case TIMER_CONFIG:
		return t->config | TN_CAPABILITY | TN_PINS;
	case TIMER_COMPARATOR:
		return t->comparator & width_mask(t);
	}
	return 0;
}

/* The 64-bit register at a multiple of 8. */
static uint64_t register_read(const struct hpet *h, uint64_t reg)
{
	switch (reg) {
	case HPET_ID:
		return HPET_CAPABILITIES;
	case HPET_CONFIG:
		return h->state.config;
	case HPET_STATUS:
		return h->state.status;
	case HPET_COUNTER:
		return counter_now(h);
	}
	if (reg >= HPET_TIMER && reg < HPET_TIMER + HPET_TIMERS * TIMER_SIZE)
		return timer_read(h, reg - HPET_TIMER);
	return 0;
}

static void write_config(struct hpet *h, uint64_t value)
{
	uint64_t counter = counter_now(h);

	h->state.config = value & (CONFIG_ENABLE | CONFIG_LEGACY);
	set_counter(h, counter);
	schedule_all(h);
}

static void write_timer_config(struct hpet *h, unsigned n, uint64_t value)
{
	struct hpet_timer *t = &h->state.timer[n];

	t->config = value & TN_WRITABLE;
	t->comparator &= width_mask(t);
	t->period &= width_mask(t);
	if (!(t->config & TN_INTERRUPT) || (t->config & TN_LEVEL))
		t->high = 0;
	if (!(t->config & TN_LEVEL))
		h->state.status &= ~BIT(n);
	schedule(h, n);
}

/* In periodic mode the comparator itself is only written after Tn_VAL_SET_CNF was; what is written
 * always becomes the period. mask: the half, or both, that is written. */
static void write_comparator(struct hpet *h, unsigned n, uint64_t value, uint64_t mask)
{
	struct hpet_timer *t = &h->state.timer[n];

	mask &= width_mask(t);
	if (t->config & TN_PERIODIC)
		t->period = (t->period & ~mask) | (value & mask);
	if (!(t->config & TN_PERIODIC) || (t->config & TN_SET_VALUE))
		t->comparator = (t->comparator & ~mask) | (value & mask);
	t->config &= ~TN_SET_VALUE;
	schedule(h, n);
}

static void timer_write(struct hpet *h, uint64_t reg, uint64_t value, uint64_t mask)
{
	unsigned n = (unsigned)(reg / TIMER_SIZE);
	uint64_t old = h->state.timer[n].config;

	if (reg % TIMER_SIZE == TIMER_CONFIG)
		write_timer_config(h, n, (old & ~mask) | (value & mask));
	else if (reg % TIMER_SIZE == TIMER_COMPARATOR)
		write_comparator(h, n, value, mask);
}

static void register_write(struct hpet *h, uint64_t reg, uint64_t value, uint64_t mask)
{
	if (reg == HPET_CONFIG) {
		write_config(h, (h->state.config & ~mask) | (value & mask));
	} else if (reg == HPET_STATUS) { /* a one clears */
		h->state.status &= ~(value & mask);
	} else if (reg == HPET_COUNTER) {
		set_counter(h, (counter_now(h) & ~mask) | (value & mask));
		schedule_all(h);
	} else if (reg >= HPET_TIMER && reg < HPET_TIMER + HPET_TIMERS * TIMER_SIZE) {
		timer_write(h, reg - HPET_TIMER, value, mask);
	}
	drive_all(h);
}

/* Accesses are of 32 or 64 bits and aligned ("Register Access"); others do nothing. */
static bool is_proper(uint64_t offset, unsigned size)
{
	return (size == 4 || size == 8) && offset % size == 0;
}

static uint64_t hpet_read(void *device, uint64_t offset, unsigned size)
{
	if (!is_proper(offset, size))
		return 0;
	return register_read(device, offset & ~UINT64_C(7)) >> (8 * (offset & 7));
}

static void hpet_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	unsigned shift = 8 * (offset & 7);
	uint64_t mask = size == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << shift;

	if (is_proper(offset, size))
		register_write(device, offset & ~UINT64_C(7), value << shift, mask);
}

const struct device_ops hpet_ops = {
	.name = "hpet",
	.state_size = sizeof(struct hpet_state),
	.reset = hpet_reset,
	.read = hpet_read,
	.write = hpet_write,
	.event = hpet_event,
};
