#include "sim/dev/debug_console.h"

#define PRESENT 0xe9

static void debug_console_reset(void *device)
{
	(void)device;
}

static uint64_t debug_console_read(void *device, uint64_t offset, unsigned size)
{
	(void)device;
	(void)offset;
	(void)size;
	return PRESENT;
}

static void debug_console_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	const struct debug_console *d = device;

	(void)offset;
	(void)size;
	if (d->sink.put != NULL)
		d->sink.put(d->sink.context, (uint8_t)value);
}

const struct device_ops debug_console_ops = {
	.name = "debug_console",
	.reset = debug_console_reset,
	.read = debug_console_read,
	.write = debug_console_write,
};
