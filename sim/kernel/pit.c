/* pit.c - see pit.h. Registers: Intel 8254 data sheet; port 0x61 as in the IBM PC. */
#include "sim/kernel/pit.h"
#include "sim/kernel/x86.h"

#define CHANNEL2      0x42
#define COMMAND       0x43
#define CHANNEL2_ONCE 0xb0 /* low byte then high byte, mode 0 (interrupt on terminal count) */
#define PORT_B        0x61
#define PORT_B_GATE   0x01
#define PORT_B_SPKR   0x02
#define PORT_B_OUT2   0x20

void pit_start(uint16_t ticks)
{
	outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPKR) | PORT_B_GATE);
	outb(COMMAND, CHANNEL2_ONCE);
	outb(CHANNEL2, ticks & 0xff);
	outb(CHANNEL2, ticks >> 8);
}

bool pit_done(void)
{
	return inb(PORT_B) & PORT_B_OUT2;
}
