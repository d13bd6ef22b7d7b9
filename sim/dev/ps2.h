/* ps2.h - the keyboard controller of a PC (Intel 8042 as in IBM's "Personal System/2 Hardware
 * Interface Technical Reference") at ports 0x60 and 0x64, with a keyboard and a mouse.
 *
 * Commands are obeyed at once, and a device's next byte is there as soon as the one before was
 * read, so the input buffer never is full. One output buffer serves the controller, the keyboard
 * and the mouse, in this order; its interrupt falls when the byte is read. The A20 gate is always
 * open: the output port only remembers its bit. Bit 0 of that port asks for a reset.
 */
#ifndef DEV_PS2_H
#define DEV_PS2_H

#include "sim/base/bus.h"
#include "sim/dev/power.h"
#include "sim/dev/ps2_device.h"

#define PS2_RAM 32 /* bytes in the controller; the first is the command byte */

struct ps2_state {
	struct ps2_keyboard keyboard;
	struct ps2_mouse mouse;
	uint8_t ram[PS2_RAM];
	uint8_t status;  /* as read from port 0x64 */
	uint8_t output;  /* the output buffer */
	uint8_t command; /* whose parameter comes next; 0: none */
	uint8_t port;    /* the output port, as written */
	uint8_t broken;  /* translation: 0x80 after a break prefix */
	uint8_t zero[3];
};

_Static_assert(sizeof(struct ps2_state) == 48 + 64 + PS2_RAM + 8,
	"no padding: the digest sees every byte");

struct ps2 {
	struct ps2_state state;
	struct irq_line keyboard_irq, mouse_irq;
	struct power *power;
};

extern const struct device_ops ps2_ops;         /* port 0x60 */
extern const struct device_ops ps2_command_ops; /* port 0x64 */

void ps2_init(struct ps2 *p, const struct irq_line *keyboard_irq, const struct irq_line *mouse_irq,
	struct power *power);

/* Input from outside; see ps2_device.h. */
void ps2_key(struct ps2 *p, uint16_t code, bool down);
void ps2_move(struct ps2 *p, int x, int y, int z, uint8_t buttons);

#endif
