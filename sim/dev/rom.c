#include "sim/dev/rom.h"

static void rom_reset(void *device)
{
	(void)device;
}

static uint64_t rom_read(void *device, uint64_t offset, unsigned size)
{
	const struct phys_mem *mem = device;
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++) {
		uint64_t pa = ROM_ADDRESS + offset + i;
		uint32_t page = pa < PHYS_HIGH ? phys_fetch_page(mem, pa) : PHYS_NO_PAGE;
		uint64_t byte = 0xff;

		if (page != PHYS_NO_PAGE)
			byte = phys_host(mem, page)[pa & PAGE_MASK];
		value |= byte << (8 * i);
	}
	return value;
}

static void rom_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)device;
	(void)offset;
	(void)size;
	(void)value;
}

const struct device_ops rom_ops = {
	.name = "rom",
	.reset = rom_reset,
	.read = rom_read,
	.write = rom_write,
};
