/* uart.c - see uart.h. Registers as in the National PC16550D data sheet. */
#include "sim/kernel/uart.h"
#include "sim/kernel/x86.h"

#define COM1 0x3f8
#define DATA (COM1 + 0) /* divisor latch low while LCR_DLAB */
#define IER  (COM1 + 1) /* divisor latch high while LCR_DLAB */
#define FCR  (COM1 + 2)
#define IIR  (COM1 + 2)
#define LCR  (COM1 + 3)
#define MCR  (COM1 + 4)
#define LSR  (COM1 + 5)

#define FCR_ON_CLEAR   0x07
#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define MCR_DTR_RTS    0x03
#define MCR_OUT2       0x08 /* gates the interrupt line on a PC */
#define LSR_RX_READY   0x01
#define LSR_THR_EMPTY  0x20
#define DIVISOR_115200 1

void uart_init(void)
{
	outb(IER, 0);
	outb(LCR, LCR_DLAB);
	outb(DATA, DIVISOR_115200);
	outb(IER, 0);
	outb(LCR, LCR_8N1);
	outb(FCR, FCR_ON_CLEAR);
	outb(MCR, MCR_DTR_RTS | MCR_OUT2);
}

void uart_putc(char c)
{
	while ((inb(LSR) & LSR_THR_EMPTY) == 0)
		cpu_relax();
	outb(DATA, (uint8_t)c);
}

int uart_getc(void)
{
	if ((inb(LSR) & LSR_RX_READY) == 0)
		return -1;
	return inb(DATA);
}

void uart_set_irqs(unsigned causes)
{
	outb(IER, (uint8_t)causes);
}

void uart_ack_irq(void)
{
	inb(IIR);
}
