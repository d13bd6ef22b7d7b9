#include "sim/dev/ps2.h"

#define STATUS_OUTPUT  0x01 /* the output buffer is full */
#define STATUS_SYSTEM  0x04
#define STATUS_COMMAND 0x08 /* port 0x64 was written last */
#define STATUS_UNLOCK  0x10
#define STATUS_MOUSE   0x20 /* the byte is the mouse's */

#define MODE_KEYBOARD_IRQ 0x01
#define MODE_MOUSE_IRQ    0x02
#define MODE_SYSTEM       0x04
#define MODE_NO_KEYBOARD  0x10
#define MODE_NO_MOUSE     0x20
#define MODE_TRANSLATE    0x40

#define PORT_NO_RESET     0x01
#define PORT_A20          0x02
#define PORT_KEYBOARD_IRQ 0x10
#define PORT_MOUSE_IRQ    0x20
#define PORT_RESET_STATE  (0xcc | PORT_NO_RESET | PORT_A20)
#define INPUT_PORT        0x80 /* the keyboard is not locked */

#define BREAK 0xf0

enum command {
	READ_RAM = 0x20, /* to 0x3f */
	WRITE_RAM = 0x60,
	MOUSE_OFF = 0xa7,
	MOUSE_ON = 0xa8,
	TEST_MOUSE = 0xa9,
	TEST = 0xaa,
	TEST_KEYBOARD = 0xab,
	KEYBOARD_OFF = 0xad,
	KEYBOARD_ON = 0xae,
	READ_INPUT = 0xc0,
	READ_OUTPUT = 0xd0,
	WRITE_OUTPUT = 0xd1,
	FROM_KEYBOARD = 0xd2, /* the next byte comes back as if the keyboard had sent it */
	FROM_MOUSE = 0xd3,
	TO_MOUSE = 0xd4,
	A20_OFF = 0xdd,
	A20_ON = 0xdf,
	PULSE = 0xf0, /* to 0xff: the lower bits of the output port that are 0 in the command */
};

static uint8_t *mode(struct ps2 *p)
{
	return &p->state.ram[0];
}

static void update_irqs(struct ps2 *p)
{
	bool full = p->state.status & STATUS_OUTPUT, mouse = p->state.status & STATUS_MOUSE;

	irq_drive(&p->keyboard_irq, full && !mouse && (*mode(p) & MODE_KEYBOARD_IRQ));
	irq_drive(&p->mouse_irq, full && mouse && (*mode(p) & MODE_MOUSE_IRQ));
}

static void fill_output(struct ps2 *p, uint8_t byte, bool mouse)
{
	p->state.output = byte;
	p->state.status &= (uint8_t)~STATUS_MOUSE;
	p->state.status |= STATUS_OUTPUT | (mouse ? STATUS_MOUSE : 0);
	update_irqs(p);
}

/* Takes a byte of the keyboard; false: it was the prefix that the next one will tell. */
static bool take_key(struct ps2 *p, uint8_t *byte)
{
	*byte = ps2_queue_take(&p->state.keyboard.queue);
	if (!(*mode(p) & MODE_TRANSLATE))
		return true;
	if (*byte == BREAK) {
		p->state.broken = 0x80;
		return false;
	}
	*byte = ps2_translate(*byte) | p->state.broken;
	p->state.broken = 0;
	return true;
}

/* Moves a device's byte into the output buffer if that is free. */
static void pump(struct ps2 *p)
{
	uint8_t byte;

	while (!(p->state.status & STATUS_OUTPUT)) {
		if (!ps2_queue_empty(&p->state.keyboard.queue) && !(*mode(p) & MODE_NO_KEYBOARD)) {
			if (take_key(p, &byte))
				fill_output(p, byte, false);
		} else if (!ps2_queue_empty(&p->state.mouse.queue) && !(*mode(p) & MODE_NO_MOUSE)) {
			fill_output(p, ps2_queue_take(&p->state.mouse.queue), true);
		} else {
			return;
		}
	}
}

/* --- port 0x64 --- */

/* The output port as it reads: the buffer's interrupts are bits of it. */
static uint8_t read_output_port(const struct ps2 *p)
{
	uint8_t value = p->state.port & (uint8_t) ~(PORT_KEYBOARD_IRQ | PORT_MOUSE_IRQ);

	if (!(p->state.status & STATUS_OUTPUT))
		return value;
	return value | (p->state.status & STATUS_MOUSE ? PORT_MOUSE_IRQ : PORT_KEYBOARD_IRQ);
}

static void write_output_port(struct ps2 *p, uint8_t value)
{
	p->state.port = value;
	if (!(value & PORT_NO_RESET))
		power_ask(p->power, POWER_RESET);
}

static void set_mode(struct ps2 *p, uint8_t value)
{
	*mode(p) = value;
	p->state.status &= (uint8_t)~STATUS_SYSTEM;
	p->state.status |= value & MODE_SYSTEM;
	update_irqs(p);
	pump(p);
}

static void self_test(struct ps2 *p)
{
	p->state.status |= STATUS_SYSTEM;
	*mode(p) |= MODE_SYSTEM | MODE_NO_KEYBOARD | MODE_NO_MOUSE;
	fill_output(p, 0x55, false);
}

static void command_with_answer(struct ps2 *p, uint8_t command)
{
	switch (command) {
	case TEST:
		self_test(p);
		break;
	case TEST_MOUSE:
	case TEST_KEYBOARD:
		fill_output(p, 0, false);
		break;
	case READ_INPUT:
		fill_output(p, INPUT_PORT, false);
		break;
	case READ_OUTPUT:
		fill_output(p, read_output_port(p), false);
		break;
	}
}

static void write_command(struct ps2 *p, uint8_t command)
{
	p->state.command = 0;
	switch (command) {
	case MOUSE_OFF:
	case MOUSE_ON:
		set_mode(p, bits_set(*mode(p), MODE_NO_MOUSE, command == MOUSE_OFF) & 0xff);
		break;
	case KEYBOARD_OFF:
	case KEYBOARD_ON:
		set_mode(p, bits_set(*mode(p), MODE_NO_KEYBOARD, command == KEYBOARD_OFF) & 0xff);
		break;
	case WRITE_OUTPUT:
	case FROM_KEYBOARD:
	case FROM_MOUSE:
	case TO_MOUSE:
		p->state.command = command;
		break;
	case A20_OFF:
	case A20_ON:
		p->state.port = bits_set(p->state.port, PORT_A20, command == A20_ON) & 0xff;
		break;
	default:
		if ((command & 0xe0) == READ_RAM)
			fill_output(p, p->state.ram[command % PS2_RAM], false);
		else if ((command & 0xe0) == WRITE_RAM)
			p->state.command = command;
		else if (command >= PULSE && !(command & PORT_NO_RESET))
			power_ask(p->power, POWER_RESET);
		else
			command_with_answer(p, command);
	}
}

static uint64_t status_read(void *device, uint64_t offset, unsigned size)
{
	const struct ps2 *p = device;

	(void)offset;
	(void)size;
	return p->state.status;
}

static void command_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct ps2 *p = device;

	(void)offset;
	(void)size;
	p->state.status |= STATUS_COMMAND;
	write_command(p, (uint8_t)value);
}

/* --- port 0x60 --- */

static uint64_t data_read(void *device, uint64_t offset, unsigned size)
{
	struct ps2 *p = device;
	uint8_t byte = p->state.output;

	(void)offset;
	(void)size;
	p->state.status &= (uint8_t) ~(STATUS_OUTPUT | STATUS_MOUSE);
	update_irqs(p);
	pump(p);
	return byte;
}

/* Sending to a device enables its line. */
static void write_parameter(struct ps2 *p, uint8_t command, uint8_t byte)
{
	switch (command) {
	case WRITE_OUTPUT:
		write_output_port(p, byte);
		break;
	case FROM_KEYBOARD:
		fill_output(p, byte, false);
		break;
	case FROM_MOUSE:
		fill_output(p, byte, true);
		break;
	case TO_MOUSE:
		*mode(p) &= (uint8_t)~MODE_NO_MOUSE;
		ps2_mouse_write(&p->state.mouse, byte);
		break;
	case WRITE_RAM:
		set_mode(p, byte);
		break;
	case 0:
		*mode(p) &= (uint8_t)~MODE_NO_KEYBOARD;
		ps2_keyboard_write(&p->state.keyboard, byte);
		break;
	default:
		p->state.ram[command % PS2_RAM] = byte;
	}
}

static void data_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct ps2 *p = device;
	uint8_t command = p->state.command;

	(void)offset;
	(void)size;
	p->state.status &= (uint8_t)~STATUS_COMMAND;
	p->state.command = 0;
	write_parameter(p, command, (uint8_t)value);
	pump(p);
}

/* --- the whole --- */

/* Translation is on, as most controllers begin. */
static void ps2_reset(void *device)
{
	struct ps2 *p = device;

	memset(&p->state, 0, sizeof(p->state));
	ps2_keyboard_reset(&p->state.keyboard);
	ps2_mouse_reset(&p->state.mouse);
	p->state.status = STATUS_UNLOCK | STATUS_COMMAND;
	p->state.port = PORT_RESET_STATE;
	*mode(p) = MODE_TRANSLATE | MODE_NO_KEYBOARD | MODE_NO_MOUSE;
	update_irqs(p);
}

void ps2_init(struct ps2 *p, const struct irq_line *keyboard_irq, const struct irq_line *mouse_irq,
	struct power *power)
{
	p->keyboard_irq = *keyboard_irq;
	p->mouse_irq = *mouse_irq;
	p->power = power;
	ps2_reset(p);
}

void ps2_key(struct ps2 *p, uint16_t code, bool down)
{
	ps2_keyboard_key(&p->state.keyboard, code, down);
	pump(p);
}

void ps2_move(struct ps2 *p, int x, int y, int z, uint8_t buttons)
{
	ps2_mouse_move(&p->state.mouse, x, y, z, buttons);
	pump(p);
}

const struct device_ops ps2_ops = {
	.name = "ps2",
	.state_size = sizeof(struct ps2_state),
	.reset = ps2_reset,
	.read = data_read,
	.write = data_write,
};

const struct device_ops ps2_command_ops = {
	.name = "ps2 command",
	.reset = ps2_reset,
	.read = status_read,
	.write = command_write,
};
