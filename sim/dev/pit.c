#include "sim/dev/pit.h"

#include "sim/dev/pit_channel.h"

#define PORT_CONTROL 3

#define CONTROL_CHANNEL    0xc0
#define CONTROL_ACCESS     0x30 /* 0: latch command */
#define CONTROL_READBACK   3    /* as channel */
#define READBACK_NO_COUNT  0x20
#define READBACK_NO_STATUS 0x10

#define PORT61_GATE2   0x01
#define PORT61_WRITTEN 0x0f /* gate 2, speaker, two check enables */
#define PORT61_REFRESH 0x10 /* toggles with each refresh of DRAM, about every 15 us */
#define PORT61_OUT2    0x20
#define REFRESH_TICKS  18

static uint64_t tick_now(const struct pit *p)
{
	return (uint64_t)((unsigned __int128)*p->env.now * PIT_HZ / p->env.hz);
}

/* The first cycle of a tick. */
static uint64_t tick_cycle(const struct pit *p, uint64_t tick)
{
	return (uint64_t)(((unsigned __int128)tick * p->env.hz + PIT_HZ - 1) / PIT_HZ);
}

/* After anything that channel 0 has seen: its output, and when that changes next. */
static void update_channel0(struct pit *p)
{
	struct pit_channel *c = &p->state.channel[0];
	uint64_t tick = tick_now(p), next;

	irq_drive(&p->irq, pit_channel_out(c, tick));
	next = pit_channel_next_change(c, tick);
	if (next != EVENT_NEVER)
		event_schedule(p->env.events, p->env.owner, 0, tick_cycle(p, next));
	else
		event_cancel(p->env.events, p->env.owner, 0);
}

static void pit_reset(void *device)
{
	struct pit *p = device;

	memset(&p->state, 0, sizeof(p->state));
	p->state.channel[0].gate = 1;
	p->state.channel[1].gate = 1;
	update_channel0(p);
}

void pit_init(struct pit *p, const struct device_env *env, const struct irq_line *irq)
{
	p->env = *env;
	p->irq = *irq;
	pit_reset(p);
}

static uint64_t pit_read(void *device, uint64_t offset, unsigned size)
{
	struct pit *p = device;

	(void)size;
	if (offset >= PIT_CHANNELS)
		return 0xff;
	return pit_channel_read(&p->state.channel[offset], tick_now(p));
}

static void read_back(struct pit *p, uint8_t command)
{
	uint64_t tick = tick_now(p);

	for (unsigned i = 0; i < PIT_CHANNELS; i++) {
		if (!(command >> (i + 1) & 1))
			continue;
		if (!(command & READBACK_NO_COUNT))
			pit_channel_latch_count(&p->state.channel[i], tick);
		if (!(command & READBACK_NO_STATUS))
			pit_channel_latch_status(&p->state.channel[i], tick);
	}
}

static void write_control(struct pit *p, uint8_t control)
{
	unsigned which = (control & CONTROL_CHANNEL) >> 6;

	if (which == CONTROL_READBACK)
		read_back(p, control);
	else if (!(control & CONTROL_ACCESS))
		pit_channel_latch_count(&p->state.channel[which], tick_now(p));
	else
		pit_channel_control(&p->state.channel[which], tick_now(p), control);
}

static void pit_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pit *p = device;

	(void)size;
	if (offset == PORT_CONTROL)
		write_control(p, (uint8_t)value);
	else
		pit_channel_write(&p->state.channel[offset], tick_now(p), (uint8_t)value);
	update_channel0(p);
}

static void pit_event(void *device, uint32_t what)
{
	(void)what;
	update_channel0(device);
}

static uint64_t port61_read(void *device, uint64_t offset, unsigned size)
{
	struct pit *p = device;
	uint64_t tick = tick_now(p), value = p->state.port61;

	(void)offset;
	(void)size;
	if (tick / REFRESH_TICKS & 1)
		value |= PORT61_REFRESH;
	if (pit_channel_out(&p->state.channel[2], tick))
		value |= PORT61_OUT2;
	return value;
}

static void port61_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pit *p = device;

	(void)offset;
	(void)size;
	p->state.port61 = value & PORT61_WRITTEN;
	pit_channel_gate(&p->state.channel[2], tick_now(p), value & PORT61_GATE2);
}

const struct device_ops pit_ops = {
	.name = "pit",
	.state_size = sizeof(struct pit_state),
	.reset = pit_reset,
	.read = pit_read,
	.write = pit_write,
	.event = pit_event,
};

const struct device_ops pit_port61_ops = {
	.name = "port61",
	.reset = pit_reset,
	.read = port61_read,
	.write = port61_write,
};
