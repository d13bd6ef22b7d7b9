#include "sim/dev/debug_exit.h"

static void debug_exit_reset(void *device)
{
	struct debug_exit *d = device;

	d->state = (struct debug_exit_state){0, 0};
}

static uint64_t debug_exit_read(void *device, uint64_t offset, unsigned size)
{
	(void)device;
	(void)offset;
	(void)size;
	return 0;
}

static void debug_exit_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct debug_exit *d = device;

	if (offset != 0 || d->state.written)
		return;
	d->state.written = 1;
	d->state.status = (uint32_t)(size < 4 ? value & (BIT(8 * size) - 1) : value);
}

const struct device_ops debug_exit_ops = {
	.name = "debug_exit",
	.state_size = sizeof(struct debug_exit_state),
	.reset = debug_exit_reset,
	.read = debug_exit_read,
	.write = debug_exit_write,
};
