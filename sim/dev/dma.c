#include "sim/dev/dma.h"

enum dma_register {
	DMA_COMMAND = 8, /* reads as the status */
	DMA_REQUEST,
	DMA_MASK_ONE,
	DMA_MODE,
	DMA_CLEAR_HIGH,
	DMA_MASTER_CLEAR, /* reads as the temporary register */
	DMA_CLEAR_MASK,
	DMA_MASK_ALL,
};

#define ALL_CHANNELS 0x0f

static void master_clear(struct dma_controller *c)
{
	c->command = 0;
	c->request = 0;
	c->mask = ALL_CHANNELS;
	c->high = 0;
}

static void dma_reset(void *device)
{
	struct dma *d = device;

	memset(&d->state, 0, sizeof(d->state));
	for (unsigned i = 0; i < ARRAY_LEN(d->state.controller); i++)
		master_clear(&d->state.controller[i]);
}

static uint16_t *word(struct dma_controller *c, unsigned reg)
{
	return reg % 2 == 0 ? &c->address[reg / 2] : &c->count[reg / 2];
}

static uint8_t controller_read(struct dma_controller *c, unsigned reg)
{
	unsigned shift = c->high ? 8 : 0;

	if (reg < DMA_COMMAND) {
		c->high = !c->high;
		return (uint8_t)(*word(c, reg) >> shift);
	}
	if (reg == DMA_COMMAND)
		return (uint8_t)(c->request << 4); /* no channel has reached its end */
	return reg == DMA_MASK_ALL ? 0xf0 | c->mask : 0;
}

/* The bit of a channel, set or cleared by bit 2 of a command that names it. */
static uint8_t put_channel(uint8_t bits, uint8_t value)
{
	uint8_t bit = (uint8_t)(1u << (value & 3));

	return (uint8_t)(value & 4 ? bits | bit : bits & ~bit);
}

static void controller_write(struct dma_controller *c, unsigned reg, uint8_t value)
{
	switch (reg) {
	case DMA_COMMAND:
		c->command = value;
		break;
	case DMA_REQUEST:
		c->request = put_channel(c->request, value);
		break;
	case DMA_MASK_ONE:
		c->mask = put_channel(c->mask, value);
		break;
	case DMA_MODE:
		c->mode[value & 3] = value;
		break;
	case DMA_CLEAR_HIGH:
		c->high = 0;
		break;
	case DMA_MASTER_CLEAR:
		master_clear(c);
		break;
	case DMA_CLEAR_MASK:
		c->mask = 0;
		break;
	case DMA_MASK_ALL:
		c->mask = value & ALL_CHANNELS;
		break;
	default:
		*word(c, reg) = c->high ? (uint16_t)((*word(c, reg) & 0xff) | value << 8)
					: (uint16_t)((*word(c, reg) & 0xff00) | value);
		c->high = !c->high;
	}
}

static uint64_t first_read(void *device, uint64_t offset, unsigned size)
{
	struct dma *d = device;

	(void)size;
	return controller_read(&d->state.controller[0], (unsigned)offset);
}

static void first_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct dma *d = device;

	(void)size;
	controller_write(&d->state.controller[0], (unsigned)offset, (uint8_t)value);
}

static uint64_t second_read(void *device, uint64_t offset, unsigned size)
{
	struct dma *d = device;

	(void)size;
	return controller_read(&d->state.controller[1], (unsigned)offset / 2);
}

static void second_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct dma *d = device;

	(void)size;
	controller_write(&d->state.controller[1], (unsigned)offset / 2, (uint8_t)value);
}

static uint64_t page_read(void *device, uint64_t offset, unsigned size)
{
	const struct dma *d = device;

	(void)size;
	return d->state.page[offset % DMA_PAGES];
}

static void page_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct dma *d = device;

	(void)size;
	d->state.page[offset % DMA_PAGES] = (uint8_t)value;
}

const struct device_ops dma_ops = {
	.name = "dma",
	.state_size = sizeof(struct dma_state),
	.reset = dma_reset,
	.read = first_read,
	.write = first_write,
};

const struct device_ops dma_second_ops = {
	.name = "dma second",
	.reset = dma_reset,
	.read = second_read,
	.write = second_write,
};

const struct device_ops dma_page_ops = {
	.name = "dma page",
	.reset = dma_reset,
	.read = page_read,
	.write = page_write,
};
