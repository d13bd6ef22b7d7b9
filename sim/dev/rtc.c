#include "sim/dev/rtc.h"

#include <time.h>

enum rtc_register {
	RTC_SECONDS = 0x00,
	RTC_SECONDS_ALARM = 0x01,
	RTC_MINUTES = 0x02,
	RTC_MINUTES_ALARM = 0x03,
	RTC_HOURS = 0x04,
	RTC_HOURS_ALARM = 0x05,
	RTC_WEEKDAY = 0x06, /* 1 is Sunday */
	RTC_DAY = 0x07,
	RTC_MONTH = 0x08,
	RTC_YEAR = 0x09,
	RTC_A = 0x0a,
	RTC_B = 0x0b,
	RTC_C = 0x0c,
	RTC_D = 0x0d,

	CMOS_SHUTDOWN = 0x0f,
	CMOS_EQUIPMENT = 0x14,
	CMOS_BASE_KIB = 0x15,     /* two bytes, as all that follow */
	CMOS_EXTENDED_KIB = 0x17, /* above 1 MiB */
	CMOS_CHECKSUM = 0x2e,     /* of 0x10 to 0x2d, high byte first */
	CMOS_EXTENDED_KIB_2 = 0x30,
	CMOS_CENTURY = 0x32,   /* one byte */
	CMOS_ABOVE_16M = 0x34, /* 64 KiB units */
	CMOS_BOOT_LAST = 0x38, /* one byte, as the next */
	CMOS_BOOT = 0x3d,
	CMOS_ABOVE_4G = 0x5b, /* 64 KiB units, three bytes */
	CMOS_CPUS = 0x5f,     /* one byte: how many beside the first */
};

#define A_UIP     0x80
#define A_DIVIDER 0x70
#define A_RUNNING 0x20 /* divider 010: a 32768 Hz crystal */
#define A_RATE    0x0f
#define A_DEFAULT 0x26 /* running, 1024 Hz */

#define B_SET    0x80
#define B_PIE    0x40
#define B_AIE    0x20
#define B_UIE    0x10
#define B_BINARY 0x04
#define B_SQUARE 0x08
#define B_24H    0x02

#define C_IRQF 0x80
#define C_PF   0x40
#define C_AF   0x20
#define C_UF   0x10

#define D_VRT 0x80

#define HOUR_PM    0x80
#define ALARM_ANY  0xc0 /* both bits: this field of the alarm always matches */
#define CRYSTAL_HZ 32768
#define UIP_US     2228 /* 244 us of warning, 1984 us of updating */

enum rtc_event { EVENT_UPDATE, EVENT_PERIODIC };

/* --- the time registers --- */

static unsigned decode(const struct rtc *r, uint8_t value)
{
	return r->state.cmos[RTC_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static uint8_t encode(const struct rtc *r, unsigned n)
{
	if (r->state.cmos[RTC_B] & B_BINARY)
		return (uint8_t)n;
	return (uint8_t)(n / 10 << 4 | n % 10);
}

static unsigned decode_hours(const struct rtc *r)
{
	uint8_t raw = r->state.cmos[RTC_HOURS];

	if (r->state.cmos[RTC_B] & B_24H)
		return decode(r, raw);
	return decode(r, raw & ~HOUR_PM) % 12 + (raw & HOUR_PM ? 12 : 0);
}

static uint8_t encode_hours(const struct rtc *r, unsigned hours)
{
	if (r->state.cmos[RTC_B] & B_24H)
		return encode(r, hours);
	return encode(r, (hours + 11) % 12 + 1) | (hours >= 12 ? HOUR_PM : 0);
}

/* The year's two digits are enough: 2000 is a leap year. */
static unsigned month_days(unsigned month, unsigned year)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month < 1 || month > 12)
		return 31;
	return days[month - 1] + (month == 2 && year % 4 == 0);
}

/* Counts a register up; true when it has passed last and begins at first again. */
static bool count_up(struct rtc *r, enum rtc_register reg, unsigned first, unsigned last)
{
	unsigned n = decode(r, r->state.cmos[reg]) + 1;

	r->state.cmos[reg] = encode(r, n > last ? first : n);
	return n > last;
}

static bool count_up_hours(struct rtc *r)
{
	unsigned hours = decode_hours(r) + 1;

	r->state.cmos[RTC_HOURS] = encode_hours(r, hours > 23 ? 0 : hours);
	return hours > 23;
}

static void next_second(struct rtc *r)
{
	const uint8_t *cmos = r->state.cmos;
	unsigned days = month_days(decode(r, cmos[RTC_MONTH]), decode(r, cmos[RTC_YEAR]));

	if (!count_up(r, RTC_SECONDS, 0, 59) || !count_up(r, RTC_MINUTES, 0, 59) ||
		!count_up_hours(r))
		return;
	count_up(r, RTC_WEEKDAY, 1, 7);
	if (count_up(r, RTC_DAY, 1, days) && count_up(r, RTC_MONTH, 1, 12))
		count_up(r, RTC_YEAR, 0, 99);
}

static bool alarm_matches(const struct rtc *r)
{
	const uint8_t *cmos = r->state.cmos;

	for (unsigned reg = RTC_SECONDS; reg <= RTC_HOURS; reg += 2)
		if ((cmos[reg + 1] & ALARM_ANY) != ALARM_ANY && cmos[reg + 1] != cmos[reg])
			return false;
	return true;
}

/* --- the divider chain --- */

static bool is_running(const struct rtc *r)
{
	return (r->state.cmos[RTC_A] & A_DIVIDER) == A_RUNNING;
}

static uint64_t crystal_now(const struct rtc *r)
{
	return (uint64_t)((unsigned __int128)*r->env.now * CRYSTAL_HZ / r->env.hz);
}

/* The first cycle of a tick of the crystal. */
static uint64_t crystal_cycle(const struct rtc *r, uint64_t tick)
{
	return (uint64_t)(((unsigned __int128)tick * r->env.hz + CRYSTAL_HZ - 1) / CRYSTAL_HZ);
}

/* Ticks from one periodic interrupt to the next, or 0. Rates 1 and 2 are those of 8 and 9. */
static uint64_t periodic_ticks(const struct rtc *r)
{
	unsigned rate = r->state.cmos[RTC_A] & A_RATE;

	if (rate == 0 || !is_running(r))
		return 0;
	return UINT64_C(1) << (rate <= 2 ? rate + 6 : rate - 1);
}

/* Sets PF if a period has ended since it was told last; nothing happens at that moment unless the
 * interrupt is enabled. */
static void update_periodic(struct rtc *r)
{
	uint64_t ticks = periodic_ticks(r), now = crystal_now(r);

	if (ticks != 0 && now / ticks != r->state.periodic_seen / ticks)
		r->state.cmos[RTC_C] |= C_PF;
	r->state.periodic_seen = now;
}

static void schedule_periodic(struct rtc *r)
{
	uint64_t ticks = periodic_ticks(r), next;

	if (ticks == 0 || !(r->state.cmos[RTC_B] & B_PIE) || (r->state.cmos[RTC_C] & C_PF)) {
		event_cancel(r->env.events, r->env.owner, EVENT_PERIODIC);
		return;
	}
	next = (r->state.periodic_seen / ticks + 1) * ticks;
	event_schedule(r->env.events, r->env.owner, EVENT_PERIODIC, crystal_cycle(r, next));
}

/* PF, AF and UF stand where PIE, AIE and UIE stand in register B. */
static void update_irq(struct rtc *r)
{
	uint8_t *c = &r->state.cmos[RTC_C];
	bool irq = *c & r->state.cmos[RTC_B] & (C_PF | C_AF | C_UF);

	*c = (uint8_t)((*c & ~C_IRQF) | (irq ? C_IRQF : 0));
	schedule_periodic(r);
	irq_drive(&r->irq, irq);
}

static void update_ended(struct rtc *r)
{
	if (!(r->state.cmos[RTC_B] & B_SET)) {
		next_second(r);
		r->state.cmos[RTC_C] |= C_UF | (alarm_matches(r) ? C_AF : 0);
	}
	r->state.next_update += r->env.hz;
	event_schedule(r->env.events, r->env.owner, EVENT_UPDATE, r->state.next_update);
}

static void rtc_event(void *device, uint32_t what)
{
	struct rtc *r = device;

	if (what == EVENT_UPDATE)
		update_ended(r);
	update_periodic(r);
	update_irq(r);
}

static bool update_in_progress(const struct rtc *r)
{
	uint64_t window = r->env.hz * UIP_US / 1000000;

	return is_running(r) && !(r->state.cmos[RTC_B] & B_SET) &&
	       r->state.next_update <= *r->env.now + window;
}

/* --- reset --- */

static void put16(uint8_t *cmos, unsigned at, uint64_t value)
{
	value = min_u64(value, 0xffff);
	cmos[at] = (uint8_t)value;
	cmos[at + 1] = (uint8_t)(value >> 8);
}

static uint64_t above(uint64_t bytes, uint64_t limit, uint64_t unit)
{
	return bytes > limit ? (bytes - limit) / unit : 0;
}

static void fill_memory_sizes(struct rtc *r)
{
	uint64_t low = r->setup.memory_low, high = r->setup.memory_high >> 16;
	uint8_t *cmos = r->state.cmos;

	put16(cmos, CMOS_BASE_KIB, min_u64(low >> 10, 640));
	put16(cmos, CMOS_EXTENDED_KIB, above(low, 1 << 20, 1 << 10));
	put16(cmos, CMOS_EXTENDED_KIB_2, above(low, 1 << 20, 1 << 10));
	put16(cmos, CMOS_ABOVE_16M, above(low, 16 << 20, 1 << 16));
	for (unsigned i = 0; i < 3; i++)
		cmos[CMOS_ABOVE_4G + i] = (uint8_t)(high >> (8 * i));
}

static void fill_checksum(uint8_t *cmos)
{
	unsigned sum = 0;

	for (unsigned i = 0x10; i < CMOS_CHECKSUM; i++)
		sum += cmos[i];
	cmos[CMOS_CHECKSUM] = (uint8_t)(sum >> 8);
	cmos[CMOS_CHECKSUM + 1] = (uint8_t)sum;
}

static void fill_time(struct rtc *r)
{
	time_t clock = (time_t)r->setup.clock;
	uint8_t *cmos = r->state.cmos;
	struct tm tm;

	gmtime_r(&clock, &tm);
	cmos[RTC_SECONDS] = encode(r, (unsigned)tm.tm_sec);
	cmos[RTC_MINUTES] = encode(r, (unsigned)tm.tm_min);
	cmos[RTC_HOURS] = encode_hours(r, (unsigned)tm.tm_hour);
	cmos[RTC_WEEKDAY] = encode(r, (unsigned)tm.tm_wday + 1);
	cmos[RTC_DAY] = encode(r, (unsigned)tm.tm_mday);
	cmos[RTC_MONTH] = encode(r, (unsigned)tm.tm_mon + 1);
	cmos[RTC_YEAR] = encode(r, (unsigned)tm.tm_year % 100);
	cmos[CMOS_CENTURY] = encode(r, (unsigned)tm.tm_year / 100 + 19);
}

/* What a BIOS asks beside the sizes: disks before optical disks before floppies, of which there is
 * none; an FPU and a mouse. */
static void fill_equipment(struct rtc *r)
{
	uint8_t *cmos = r->state.cmos;

	cmos[CMOS_EQUIPMENT] = 0x06;
	cmos[CMOS_BOOT] = 0x32;
	cmos[CMOS_BOOT_LAST] = 0x10;
	cmos[CMOS_CPUS] = (uint8_t)(r->setup.cpus - 1);
}

/* The RESET pin: time and memory have a battery. */
static void rtc_reset(void *device)
{
	struct rtc *r = device;

	r->state.cmos[RTC_B] &= (uint8_t) ~(B_PIE | B_AIE | B_UIE | B_SQUARE);
	r->state.cmos[RTC_C] = 0;
	r->state.index = 0;
	r->state.periodic_seen = crystal_now(r);
	update_irq(r);
}

void rtc_init(struct rtc *r, const struct device_env *env, const struct irq_line *irq,
	const struct rtc_setup *setup)
{
	uint8_t *cmos = r->state.cmos;

	r->env = *env;
	r->irq = *irq;
	r->setup = *setup;
	memset(&r->state, 0, sizeof(r->state));
	cmos[RTC_A] = A_DEFAULT;
	cmos[RTC_B] = B_24H;
	cmos[RTC_D] = D_VRT;
	fill_time(r);
	fill_memory_sizes(r);
	fill_equipment(r);
	fill_checksum(cmos);
	r->state.next_update = *r->env.now + r->env.hz;
	event_schedule(r->env.events, r->env.owner, EVENT_UPDATE, r->state.next_update);
	rtc_reset(r);
}

/* --- the ports --- */

static uint8_t read_c(struct rtc *r)
{
	uint8_t value = r->state.cmos[RTC_C];

	r->state.cmos[RTC_C] = 0;
	return value;
}

static uint64_t rtc_read(void *device, uint64_t offset, unsigned size)
{
	struct rtc *r = device;
	uint8_t value;

	(void)size;
	if (offset == 0)
		return 0xff; /* the index port is for writing only */
	update_periodic(r);
	value = r->state.cmos[r->state.index];
	if (r->state.index == RTC_A && update_in_progress(r))
		value |= A_UIP;
	if (r->state.index == RTC_C)
		value = read_c(r);
	update_irq(r);
	return value;
}

/* A divider that is set running ends its first second after half a one. */
static void write_a(struct rtc *r, uint8_t value)
{
	bool was_running = is_running(r);

	r->state.cmos[RTC_A] = value & (uint8_t)~A_UIP;
	if (!is_running(r)) {
		event_cancel(r->env.events, r->env.owner, EVENT_UPDATE);
	} else if (!was_running) {
		r->state.next_update = *r->env.now + r->env.hz / 2;
		event_schedule(r->env.events, r->env.owner, EVENT_UPDATE, r->state.next_update);
	}
}

/* SET clears UIE. */
static void write_b(struct rtc *r, uint8_t value)
{
	r->state.cmos[RTC_B] = value & B_SET ? value & (uint8_t)~B_UIE : value;
}

static void write_register(struct rtc *r, uint8_t value)
{
	switch (r->state.index) {
	case RTC_A:
		write_a(r, value);
		break;
	case RTC_B:
		write_b(r, value);
		break;
	case RTC_C:
	case RTC_D:
		break;
	default:
		r->state.cmos[r->state.index] = value;
	}
}

static void rtc_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct rtc *r = device;

	(void)size;
	if (offset == 0) {
		r->state.index =
			value & 0x7f; /* bit 7 masks NMI on a PC; nothing here raises one */
		return;
	}
	update_periodic(r);
	write_register(r, (uint8_t)value);
	update_irq(r);
}

const struct device_ops rtc_ops = {
	.name = "rtc",
	.state_size = sizeof(struct rtc_state),
	.reset = rtc_reset,
	.read = rtc_read,
	.write = rtc_write,
	.event = rtc_event,
};
