#include "sim/dev/framebuffer.h"

#define VENDOR           0x1234
#define DEVICE           0x1111
#define SUBSYSTEM_VENDOR 0x1af4
#define SUBSYSTEM        0x1100
#define BAR_MEMORY       0
#define BAR_REGISTERS    2
#define REGISTERS_AT     0x500 /* in their BAR; before it is the EDID, which is empty */
#define VERSION          0xb0c5
#define WIDTH_MAX        16000
#define HEIGHT_MAX       12000
#define BITS             32

enum {
	REGISTER_ID,
	REGISTER_WIDTH,
	REGISTER_HEIGHT,
	REGISTER_BITS,
	REGISTER_ENABLE,
	REGISTER_BANK,
	REGISTER_VIRTUAL_WIDTH,
	REGISTER_VIRTUAL_HEIGHT,
	REGISTER_X,
	REGISTER_Y,
	REGISTER_MEMORY, /* its size, in 64 KiB */
	REGISTER_COUNT,
};

_Static_assert(REGISTER_COUNT <= FRAMEBUFFER_REGISTERS, "each has its place");

#define ENABLE_ON     0x01
#define ENABLE_LIMITS 0x02 /* the first three show their maxima */
#define ENABLE_KEEP   0x80 /* switching on does not clear the memory */

bool framebuffer_mode(const struct framebuffer *f, struct framebuffer_mode *mode)
{
	const uint16_t *r = f->state.registers;
	uint64_t width = r[REGISTER_VIRTUAL_WIDTH];

	if (f->function.bus == NULL || !(r[REGISTER_ENABLE] & ENABLE_ON) ||
		r[REGISTER_BITS] != BITS)
		return false;
	if (width < r[REGISTER_WIDTH])
		width = r[REGISTER_WIDTH];
	mode->width = r[REGISTER_WIDTH];
	mode->height = r[REGISTER_HEIGHT];
	mode->stride = width * (BITS / 8);
	mode->start = r[REGISTER_Y] * mode->stride + (uint64_t)r[REGISTER_X] * (BITS / 8);
	return mode->width != 0 && mode->height != 0 &&
	       mode->start + mode->height * mode->stride <= FRAMEBUFFER_SIZE;
}

static uint16_t register_read(const struct framebuffer *f, unsigned n)
{
	bool limits = f->state.registers[REGISTER_ENABLE] & ENABLE_LIMITS;

	switch (n) {
	case REGISTER_ID:
		return VERSION;
	case REGISTER_MEMORY:
		return FRAMEBUFFER_SIZE >> 16;
	case REGISTER_WIDTH:
		return limits ? WIDTH_MAX : f->state.registers[n];
	case REGISTER_HEIGHT:
		return limits ? HEIGHT_MAX : f->state.registers[n];
	case REGISTER_BITS:
		return limits ? BITS : f->state.registers[n];
	}
	return f->state.registers[n];
}

static void register_write(struct framebuffer *f, unsigned n, uint16_t value)
{
	bool was_on = f->state.registers[REGISTER_ENABLE] & ENABLE_ON;

	if (n == REGISTER_ID || n == REGISTER_MEMORY)
		return;
	f->state.registers[n] = value;
	if (n == REGISTER_ENABLE && !was_on && (value & (ENABLE_ON | ENABLE_KEEP)) == ENABLE_ON)
		blocks_zero(f->memory, 0, FRAMEBUFFER_SIZE);
}

/* The register at that offset of the BAR, or REGISTER_COUNT. */
static unsigned register_at(uint64_t offset, unsigned size)
{
	uint64_t n = (offset - REGISTERS_AT) / 2;

	return size == 2 && offset >= REGISTERS_AT && offset % 2 == 0 && n < REGISTER_COUNT
		       ? (unsigned)n
		       : REGISTER_COUNT;
}

static uint64_t bar_read(void *device, unsigned bar, uint64_t offset, unsigned size)
{
	const struct framebuffer *f = device;
	unsigned n = register_at(offset, size);
	uint64_t value = 0;

	if (bar == BAR_MEMORY)
		blocks_read(f->memory, offset, &value, size);
	else if (n != REGISTER_COUNT)
		value = register_read(f, n);
	return value;
}

static void bar_write(void *device, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
	struct framebuffer *f = device;
	unsigned n = register_at(offset, size);

	if (bar == BAR_MEMORY)
		blocks_write(f->memory, offset, &value, size);
	else if (n != REGISTER_COUNT)
		register_write(f, n, (uint16_t)value);
}

static const struct pci_class class = {
	.vendor = VENDOR,
	.device = DEVICE,
	.subsystem_vendor = SUBSYSTEM_VENDOR,
	.subsystem = SUBSYSTEM,
	.code = 0x038000,
	.revision = 2,
	.bars = {[BAR_MEMORY] = {PCI_BAR_MEMORY, FRAMEBUFFER_SIZE},
		[BAR_REGISTERS] = {PCI_BAR_MEMORY, 0x1000}},
	.read = bar_read,
	.write = bar_write,
};

static void reset(void *device)
{
	struct framebuffer *f = device;

	if (f->function.bus == NULL)
		return;
	pci_function_reset(&f->function);
	memset(f->state.registers, 0, sizeof(f->state.registers));
}

void framebuffer_init(
	struct framebuffer *f, struct blocks *memory, struct pci_bus *bus, unsigned devfn)
{
	SIM_ASSERT(memory->size == FRAMEBUFFER_SIZE);
	f->memory = memory;
	f->function = (struct pci_function){.class = &class, .state = &f->state.pci, .device = f};
	pci_attach(bus, &f->function, devfn);
}

const struct device_ops framebuffer_ops = {
	.name = "display",
	.state_size = sizeof(struct framebuffer_state),
	.reset = reset,
};
