#include "sim/dev/pm.h"

#define STATUS_TIMER  0x0001
#define STATUS_BITS   0x8731 /* timer, bus master, global, buttons, RTC, wake */
#define ENABLE_BITS   0x0721
#define CONTROL_SCI   0x0001
#define CONTROL_BITS  0x1c02 /* SLP_TYP, BM_RLD */
#define CONTROL_TYPE  0x1c00
#define CONTROL_SLEEP 0x2000

#define REG_STATUS  PM_EVENT
#define REG_ENABLE  (PM_EVENT + 2)
#define REG_CONTROL PM_CONTROL

static uint64_t tick_now(const struct pm *p)
{
	return (uint64_t)((unsigned __int128)*p->env.now * PM_HZ / p->env.hz);
}

/* The first cycle of a tick. */
static uint64_t tick_cycle(const struct pm *p, uint64_t tick)
{
	return (uint64_t)(((unsigned __int128)tick * p->env.hz + PM_HZ - 1) / PM_HZ);
}

/* "Power Management Timer": TMR_STS says that the highest bit has changed. */
static void update_timer(struct pm *p)
{
	uint64_t now = tick_now(p), half = BIT(PM_TIMER_BITS - 1);

	if (now / half != p->state.timer_seen / half)
		p->state.status |= STATUS_TIMER;
	p->state.timer_seen = now;
}

/* Nothing happens at that moment unless somebody wants to hear of it. */
static void schedule_timer(struct pm *p)
{
	uint64_t half = BIT(PM_TIMER_BITS - 1), next = (p->state.timer_seen / half + 1) * half;

	if ((p->state.enable & STATUS_TIMER) && !(p->state.status & STATUS_TIMER))
		event_schedule(p->env.events, p->env.owner, 0, tick_cycle(p, next));
	else
		event_cancel(p->env.events, p->env.owner, 0);
}

static void update(struct pm *p)
{
	schedule_timer(p);
	irq_drive(&p->sci, (p->state.status & p->state.enable & ENABLE_BITS) != 0);
}

static void pm_reset(void *device)
{
	struct pm *p = device;

	p->state = (struct pm_state){.timer_seen = tick_now(p)};
	update(p);
}

void pm_init(
	struct pm *p, const struct device_env *env, const struct irq_line *sci, struct power *power)
{
	p->env = *env;
	p->sci = *sci;
	p->power = power;
	pm_reset(p);
}

static void pm_event(void *device, uint32_t what)
{
	(void)what;
	update_timer(device);
	update(device);
}

/* The 12 bytes as they read now. */
static void registers(struct pm *p, uint8_t bytes[PM_PORTS])
{
	uint16_t control = p->state.control | CONTROL_SCI;
	uint32_t timer = (uint32_t)(tick_now(p) & (BIT(PM_TIMER_BITS) - 1));

	memset(bytes, 0, PM_PORTS);
	memcpy(bytes + REG_STATUS, &p->state.status, 2);
	memcpy(bytes + REG_ENABLE, &p->state.enable, 2);
	memcpy(bytes + REG_CONTROL, &control, 2);
	memcpy(bytes + PM_TIMER, &timer, 4);
}

static uint64_t pm_read(void *device, uint64_t offset, unsigned size)
{
	struct pm *p = device;
	uint8_t bytes[PM_PORTS + 8] = {0};
	uint64_t value;

	update_timer(p);
	update(p);
	registers(p, bytes);
	memcpy(&value, bytes + offset, sizeof(value));
	return size == 8 ? value : value & (BIT(8 * size) - 1);
}

static void write_control(struct pm *p, uint16_t value)
{
	p->state.control = value & CONTROL_BITS;
	if ((value & CONTROL_SLEEP) && bits_get(value, CONTROL_TYPE) == PM_SLEEP_S5)
		power_ask(p->power, POWER_OFF);
}

/* Writes the bytes of a 16-bit register that lie in [offset, offset + size) over what it is; the
 * others are `rest`. */
static bool merge(uint64_t offset, unsigned size, uint64_t value, unsigned reg, uint16_t rest,
	uint16_t *merged)
{
	bool any = false;

	*merged = rest;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = reg + i - offset;

		if (at >= size)
			continue;
		*merged &= (uint16_t) ~(0xff << (8 * i));
		*merged |= (uint16_t)((value >> (8 * at) & 0xff) << (8 * i));
		any = true;
	}
	return any;
}

static void pm_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pm *p = device;
	uint16_t merged;

	update_timer(p);
	if (merge(offset, size, value, REG_STATUS, 0, &merged)) /* a one clears */
		p->state.status &= (uint16_t)~merged & STATUS_BITS;
	if (merge(offset, size, value, REG_ENABLE, p->state.enable, &merged))
		p->state.enable = merged & ENABLE_BITS;
	if (merge(offset, size, value, REG_CONTROL, p->state.control, &merged))
		write_control(p, merged);
	update(p);
}

const struct device_ops pm_ops = {
	.name = "pm",
	.state_size = sizeof(struct pm_state),
	.reset = pm_reset,
	.read = pm_read,
	.write = pm_write,
	.event = pm_event,
};
