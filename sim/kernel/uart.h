/* uart.h - the 16550 at COM1. Knows bytes and interrupts, nothing of lines or locks. */
#ifndef KERNEL_UART_H
#define KERNEL_UART_H

#define UART_ISA_IRQ 4

void uart_init(void);
void uart_putc(char c); /* waits until the transmitter is empty */
int uart_getc(void);    /* -1: nothing received */

enum uart_irq {
	UART_IRQ_RX = 1,  /* a byte has been received */
	UART_IRQ_THRE = 2 /* the transmitter is empty: raised at once when it already is */
};

void uart_set_irqs(unsigned causes); /* a set of enum uart_irq */
void uart_ack_irq(void);             /* THRE goes away by reading its cause, RX by reading bytes */

#endif
