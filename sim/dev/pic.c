#include "sim/dev/pic.h"

#define ICW1             0x10
#define ICW1_WITH_ICW4   0x01
#define ICW1_SINGLE      0x02
#define ICW1_LEVEL       0x08
#define ICW4_AEOI        0x02
#define ICW4_NESTED      0x10 /* special fully nested mode */
#define OCW3             0x08
#define OCW3_READ        0x03
#define OCW3_READ_IRR    0x02
#define OCW3_READ_ISR    0x03
#define OCW3_POLL        0x04
#define OCW3_MASK_CHANGE 0x40
#define OCW3_MASK        0x20
#define POLL_INTERRUPT   0x80

/* The three bits of OCW2, "Operation Command Word 2". */
enum ocw2 {
	OCW2_ROTATE_AEOI_CLEAR,
	OCW2_EOI,
	OCW2_NOTHING,
	OCW2_EOI_SPECIFIC,
	OCW2_ROTATE_AEOI_SET,
	OCW2_ROTATE_EOI,
	OCW2_SET_PRIORITY,
	OCW2_ROTATE_EOI_SPECIFIC,
};

#define NO_INPUT PIC_INPUTS

/* Inputs 0, 1, 2 and, on the second chip, 8 and 13 cannot be level-triggered. */
static const uint8_t elcr_bits[PIC_CHIPS] = {0xf8, 0xde};

static uint8_t level_inputs(const struct pic_chip *c)
{
	return c->icw1 & ICW1_LEVEL ? 0xff : c->levels;
}

static uint8_t requests(const struct pic_chip *c)
{
	uint8_t levels = level_inputs(c);

	return c->lines & (levels | c->edges);
}

/* 0 is the highest priority. */
static unsigned priority(const struct pic_chip *c, unsigned input)
{
	return (input - c->lowest - 1) % PIC_INPUTS;
}

/* The input of the highest priority in a mask, or NO_INPUT. */
static unsigned highest(const struct pic_chip *c, uint8_t mask)
{
	for (unsigned i = 1; i <= PIC_INPUTS; i++) {
		unsigned input = (c->lowest + i) % PIC_INPUTS;

		if (mask >> input & 1)
			return input;
	}
	return NO_INPUT;
}

static bool has_slave(const struct pic_chip *c, unsigned input)
{
	return !(c->icw1 & ICW1_SINGLE) && (c->cascade >> input & 1);
}

/* The input that asks for an interrupt and may, or NO_INPUT. In the special mask mode a masked
 * input in service holds nobody back; in the special fully nested mode a slave does not. */
static unsigned asking(const struct pic_chip *c, bool master)
{
	unsigned input = highest(c, requests(c) & (uint8_t)~c->imr), serving;
	uint8_t service = c->isr;

	if (c->special_mask)
		service &= (uint8_t)~c->imr;
	if (master && (c->icw4 & ICW4_NESTED) && !(c->icw1 & ICW1_SINGLE))
		service &= (uint8_t)~c->cascade;
	serving = highest(c, service);
	if (input == NO_INPUT || serving == NO_INPUT)
		return input;
	return priority(c, input) < priority(c, serving) ? input : NO_INPUT;
}

static void set_line(struct pic_chip *c, unsigned input, bool level)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (level)
		c->edges |= bit & (uint8_t)~c->lines;
	else
		c->edges &= (uint8_t)~bit;
	c->lines = (uint8_t)(level ? c->lines | bit : c->lines & ~bit);
}

/* After any change: the second chip's output, then the first one's. */
static void update(struct pic *p)
{
	struct pic_chip *master = &p->state.chip[0], *slave = &p->state.chip[1];
	bool before = master->output;

	slave->output = asking(slave, false) != NO_INPUT;
	set_line(master, PIC_CASCADE, slave->output);
	master->output = asking(master, true) != NO_INPUT;
	if (master->output != before)
		irq_drive(&p->intr, master->output);
}

void pic_drive(void *pic, unsigned pin, bool level)
{
	struct pic *p = pic;

	SIM_ASSERT(pin < PIC_CHIPS * PIC_INPUTS);
	SIM_ASSERT(pin != PIC_CASCADE);
	set_line(&p->state.chip[pin / PIC_INPUTS], pin % PIC_INPUTS, level);
	update(p);
}

/* "Interrupt Sequence": the request becomes one in service. */
static void enter_service(struct pic_chip *c, unsigned input)
{
	uint8_t bit = (uint8_t)(1u << input);

	c->edges &= (uint8_t)~bit;
	if (!(c->icw4 & ICW4_AEOI))
		c->isr |= bit;
	else if (c->rotate_aeoi)
		c->lowest = (uint8_t)input;
}

static uint8_t acknowledge_slave(struct pic *p)
{
	struct pic_chip *slave = &p->state.chip[1];
	unsigned input = asking(slave, false);

	if (input == NO_INPUT)
		return slave->base + (PIC_INPUTS - 1);
	enter_service(slave, input);
	set_line(&p->state.chip[0], PIC_CASCADE, false); /* a further request is a new edge */
	return (uint8_t)(slave->base + input);
}

uint8_t pic_acknowledge(void *pic)
{
	struct pic *p = pic;
	struct pic_chip *master = &p->state.chip[0];
	unsigned input = asking(master, true);
	uint8_t vector;

	if (input == NO_INPUT)
		return master->base + (PIC_INPUTS - 1);
	enter_service(master, input);
	vector = (uint8_t)(master->base + input);
	if (input == PIC_CASCADE && has_slave(master, input))
		vector = acknowledge_slave(p);
	update(p);
	return vector;
}

static void pic_reset(void *device)
{
	struct pic *p = device;

	for (unsigned i = 0; i < PIC_CHIPS; i++) {
		struct pic_chip *c = &p->state.chip[i];

		/* The wires are not ours to reset. */
		*c = (struct pic_chip){
			.lines = c->lines, .output = c->output, .imr = 0xff, .lowest = 7};
	}
	update(p);
}

void pic_init(struct pic *p, const struct irq_line *intr)
{
	memset(p, 0, sizeof(*p));
	p->intr = *intr;
	pic_reset(p);
}

/* --- commands --- */

/* "Initialization Command Words 1 and 2": the edges seen so far are forgotten. */
static void begin_initialization(struct pic_chip *c, uint8_t icw1)
{
	*c = (struct pic_chip){
		.lines = c->lines,
		.output = c->output,
		.levels = c->levels,
		.base = c->base,
		.cascade = c->cascade,
		.icw = 2,
		.icw1 = icw1,
		.lowest = 7,
	};
}

static void end_of_interrupt(struct pic_chip *c, unsigned input)
{
	if (input != NO_INPUT)
		c->isr &= (uint8_t) ~(1u << input);
}

/* The non-specific EOI passes over what the special mask mode hides. */
static unsigned serving_highest(const struct pic_chip *c)
{
	return highest(c, c->special_mask ? c->isr & (uint8_t)~c->imr : c->isr);
}

static void write_ocw2(struct pic_chip *c, uint8_t value)
{
	unsigned level = value & 7, serving = serving_highest(c);

	switch ((enum ocw2)(value >> 5)) {
	case OCW2_ROTATE_AEOI_CLEAR:
	case OCW2_ROTATE_AEOI_SET:
		c->rotate_aeoi = value >> 7;
		break;
	case OCW2_EOI:
		end_of_interrupt(c, serving);
		break;
	case OCW2_EOI_SPECIFIC:
		end_of_interrupt(c, level);
		break;
	case OCW2_ROTATE_EOI:
		end_of_interrupt(c, serving);
		c->lowest = (uint8_t)(serving != NO_INPUT ? serving : c->lowest);
		break;
	case OCW2_ROTATE_EOI_SPECIFIC:
		end_of_interrupt(c, level);
		c->lowest = (uint8_t)level;
		break;
	case OCW2_SET_PRIORITY:
		c->lowest = (uint8_t)level;
		break;
	case OCW2_NOTHING:
		break;
	}
}

static void write_ocw3(struct pic_chip *c, uint8_t value)
{
	if (value & OCW3_POLL)
		c->poll = 1;
	else if ((value & OCW3_READ) == OCW3_READ_IRR || (value & OCW3_READ) == OCW3_READ_ISR)
		c->read_isr = (value & OCW3_READ) == OCW3_READ_ISR;
	if (value & OCW3_MASK_CHANGE)
		c->special_mask = (value & OCW3_MASK) != 0;
}

static void write_command(struct pic_chip *c, uint8_t value)
{
	if (value & ICW1)
		begin_initialization(c, value);
	else if (value & OCW3)
		write_ocw3(c, value);
	else
		write_ocw2(c, value);
}

/* ICW3 is left out by a single chip, ICW4 where ICW1 says so. */
static unsigned next_icw(const struct pic_chip *c)
{
	if (c->icw == 2 && !(c->icw1 & ICW1_SINGLE))
		return 3;
	return c->icw < 4 && (c->icw1 & ICW1_WITH_ICW4) ? 4 : 0;
}

static void write_data(struct pic_chip *c, uint8_t value)
{
	switch (c->icw) {
	case 2:
		c->base = value & 0xf8;
		break;
	case 3:
		c->cascade = value;
		break;
	case 4:
		c->icw4 = value;
		break;
	default:
		c->imr = value;
		return;
	}
	c->icw = (uint8_t)next_icw(c);
}

/* "Poll Command": a read in place of the acknowledge cycle. */
static uint8_t poll(struct pic *p, unsigned chip)
{
	struct pic_chip *c = &p->state.chip[chip];
	unsigned input = asking(c, chip == 0);

	c->poll = 0;
	if (input == NO_INPUT)
		return 0;
	enter_service(c, input);
	if (chip != 0)
		set_line(&p->state.chip[0], PIC_CASCADE, false);
	update(p);
	return (uint8_t)(POLL_INTERRUPT | input);
}

static uint64_t chip_read(struct pic *p, unsigned chip, uint64_t offset)
{
	struct pic_chip *c = &p->state.chip[chip];

	if (c->poll)
		return poll(p, chip);
	if (offset != 0)
		return c->imr;
	return c->read_isr ? c->isr : requests(c);
}

static void chip_write(struct pic *p, unsigned chip, uint64_t offset, uint8_t value)
{
	if (offset == 0)
		write_command(&p->state.chip[chip], value);
	else
		write_data(&p->state.chip[chip], value);
	update(p);
}

static uint64_t master_read(void *device, uint64_t offset, unsigned size)
{
	(void)size;
	return chip_read(device, 0, offset);
}

static void master_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)size;
	chip_write(device, 0, offset, (uint8_t)value);
}

static uint64_t slave_read(void *device, uint64_t offset, unsigned size)
{
	(void)size;
	return chip_read(device, 1, offset);
}

static void slave_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)size;
	chip_write(device, 1, offset, (uint8_t)value);
}

static uint64_t elcr_read(void *device, uint64_t offset, unsigned size)
{
	const struct pic *p = device;

	(void)size;
	return p->state.chip[offset % PIC_CHIPS].levels;
}

static void elcr_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct pic *p = device;
	unsigned chip = offset % PIC_CHIPS;

	(void)size;
	p->state.chip[chip].levels = (uint8_t)value & elcr_bits[chip];
	update(p);
}

const struct device_ops pic_ops = {
	.name = "pic",
	.state_size = sizeof(struct pic_state),
	.reset = pic_reset,
	.read = master_read,
	.write = master_write,
};

const struct device_ops pic_slave_ops = {
	.name = "pic slave",
	.reset = pic_reset,
	.read = slave_read,
	.write = slave_write,
};

const struct device_ops pic_elcr_ops = {
	.name = "elcr",
	.reset = pic_reset,
	.read = elcr_read,
	.write = elcr_write,
};
