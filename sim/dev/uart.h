/* uart.h - a 16550A serial port (National Semiconductor "PC16550D Universal Asynchronous
 * Receiver/Transmitter with FIFOs"), at COM1 for instance.
 *
 * A byte written leaves at once, so the transmitter is always empty again; the divisor and the
 * line format are kept but change nothing. Bytes that arrive come through uart_receive. Received
 * bytes below the FIFO's trigger level are announced by the character timeout at once, not after
 * four character times. The modem lines CTS, DSR and DCD are up. As on a PC, OUT2 gates the
 * interrupt line. Breaks, parity and framing errors never happen.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "sim/base/bus.h"

/* Where the serial output goes; put may be NULL. */
struct byte_sink {
	void (*put)(void *context, uint8_t byte);
	void *context;
};

#define UART_FIFO 16

struct uart_state {
	uint8_t ier, fcr, lcr, mcr, lsr_errors, msr, scr;
	uint8_t dll, dlm;
	uint8_t thre_pending;    /* the THRE interrupt has not been seen yet */
	uint8_t count;           /* bytes received and not read */
	uint8_t fifo[UART_FIFO]; /* oldest first; unused ones are zero */
	uint8_t last;            /* what RBR gives when nothing waits */
	uint8_t zero[4];
};

_Static_assert(sizeof(struct uart_state) == 32, "no padding: the digest sees every byte");

struct uart {
	struct uart_state state;
	struct irq_line irq;
	struct byte_sink sink;
};

extern const struct device_ops uart_ops; /* eight ports of a byte */

void uart_init(struct uart *u, const struct irq_line *irq, const struct byte_sink *sink);

/* Would a byte that arrives now be kept? */
bool uart_can_receive(const struct uart *u);

/* A byte arrives on the line. Without room it is an overrun; in loopback mode nobody hears it. */
void uart_receive(struct uart *u, uint8_t byte);

#endif
