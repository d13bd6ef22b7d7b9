#include "sim/dev/power.h"

#define PORT92_RESET 0x01
#define PORT92_A20   0x02

#define CONTROL_FULL  0x08
#define CONTROL_HARD  0x02
#define CONTROL_RESET 0x04

static void power_reset(void *device)
{
	struct power *p = device;

	p->state = (struct power_state){.port92 = PORT92_A20};
}

void power_init(struct power *p)
{
	power_reset(p);
}

void power_ask(struct power *p, enum power_request request)
{
	if (p->state.request == POWER_ON)
		p->state.request = request;
}

static uint64_t port92_read(void *device, uint64_t offset, unsigned size)
{
	const struct power *p = device;

	(void)offset;
	(void)size;
	return p->state.port92;
}

/* The reset bit acts when it rises. */
static void port92_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct power *p = device;
	bool rises = (value & ~p->state.port92 & PORT92_RESET) != 0;

	(void)offset;
	(void)size;
	p->state.port92 = value & (PORT92_RESET | PORT92_A20);
	if (rises)
		power_ask(p, POWER_RESET);
}

static uint64_t control_read(void *device, uint64_t offset, unsigned size)
{
	const struct power *p = device;

	(void)offset;
	(void)size;
	return p->state.control;
}

/* "Reset Control Register": as above; whether hard or soft is the same here. */
static void control_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct power *p = device;
	bool rises = (value & ~p->state.control & CONTROL_RESET) != 0;

	(void)offset;
	(void)size;
	p->state.control = value & (CONTROL_FULL | CONTROL_HARD | CONTROL_RESET);
	if (rises)
		power_ask(p, POWER_RESET);
}

const struct device_ops power_ops = {
	.name = "power",
	.state_size = sizeof(struct power_state),
	.reset = power_reset,
	.read = port92_read,
	.write = port92_write,
};

const struct device_ops power_control_ops = {
	.name = "reset control",
	.reset = power_reset,
	.read = control_read,
	.write = control_write,
};
