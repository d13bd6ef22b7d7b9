#include "sim/dev/isa.h"

/* The wires are not reset: who drives them is. */
static void isa_reset(void *device)
{
	(void)device;
}

void isa_init(struct isa *i, const struct irq_line *pic, const struct irq_line *ioapic)
{
	*i = (struct isa){.pic = *pic, .ioapic = *ioapic};
}

static void update(const struct isa *i, unsigned line)
{
	bool level = (i->state.device | i->state.pci) >> line & 1;

	if (line == ISA_CASCADE)
		return;
	i->pic.drive(i->pic.controller, line, level);
	i->ioapic.drive(i->ioapic.controller, line == 0 ? ISA_LINE_0_PIN : line, level);
}

static uint16_t put_bit(uint16_t levels, unsigned line, bool level)
{
	return (uint16_t)((levels & ~(1u << line)) | (unsigned)level << line);
}

void isa_drive(void *isa, unsigned pin, bool level)
{
	struct isa *i = isa;

	SIM_ASSERT(pin < ISA_LINES);
	i->state.device = put_bit(i->state.device, pin, level);
	update(i, pin);
}

void isa_drive_pci(void *isa, unsigned pin, bool level)
{
	struct isa *i = isa;

	SIM_ASSERT(pin < ISA_LINES);
	i->state.pci = put_bit(i->state.pci, pin, level);
	update(i, pin);
}

const struct device_ops isa_ops = {
	.name = "isa",
	.state_size = sizeof(struct isa_state),
	.reset = isa_reset,
};
