#include "sim/dev/uart.h"

enum { PORT_DATA, PORT_IER, PORT_IIR, PORT_LCR, PORT_MCR, PORT_LSR, PORT_MSR, PORT_SCR };
#define PORT_FCR PORT_IIR /* written */

#define IER_RECEIVED 0x01
#define IER_THRE     0x02
#define IER_LINE     0x04
#define IER_MODEM    0x08

#define IIR_NONE     0x01
#define IIR_MODEM    0x00
#define IIR_THRE     0x02
#define IIR_RECEIVED 0x04
#define IIR_LINE     0x06
#define IIR_TIMEOUT  0x0c
#define IIR_FIFOS    0xc0

#define FCR_ENABLE        0x01
#define FCR_RESET_RECEIVE 0x02
#define FCR_KEPT          0xc9 /* enable, DMA mode, trigger level */

#define LCR_DLAB 0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_BITS 0x1f

#define LSR_READY   0x01
#define LSR_OVERRUN 0x02
#define LSR_EMPTY   0x60 /* THRE and TEMT */

#define MSR_DELTA 0x0f
#define MSR_TERI  0x04 /* only the trailing edge of RI counts */
#define MSR_CTS   0x10
#define MSR_DSR   0x20
#define MSR_RI    0x40
#define MSR_DCD   0x80

static bool has_fifos(const struct uart *u)
{
	return u->state.fcr & FCR_ENABLE;
}

static unsigned capacity(const struct uart *u)
{
	return has_fifos(u) ? UART_FIFO : 1;
}

static unsigned trigger_level(const struct uart *u)
{
	static const uint8_t levels[] = {1, 4, 8, 14};

	return has_fifos(u) ? levels[u->state.fcr >> 6] : 1;
}

/* The source that IIR names: of those pending and enabled, the one with the highest priority. */
static uint8_t interrupt_source(const struct uart *u)
{
	const struct uart_state *s = &u->state;

	if ((s->ier & IER_LINE) && s->lsr_errors != 0)
		return IIR_LINE;
	if ((s->ier & IER_RECEIVED) && s->count >= trigger_level(u))
		return IIR_RECEIVED;
	if ((s->ier & IER_RECEIVED) && s->count != 0)
		return IIR_TIMEOUT;
	if ((s->ier & IER_THRE) && s->thre_pending)
		return IIR_THRE;
	if ((s->ier & IER_MODEM) && (s->msr & MSR_DELTA))
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct uart *u)
{
	bool connected = (u->state.mcr & MCR_OUT2) && !(u->state.mcr & MCR_LOOP);

	irq_drive(&u->irq, connected && interrupt_source(u) != IIR_NONE);
}

/* The modem inputs: the line's, or in loopback mode the modem outputs. */
static uint8_t modem_inputs(const struct uart *u)
{
	uint8_t mcr = u->state.mcr;

	if (!(mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (uint8_t)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) |
			 (mcr & MCR_OUT1 ? MSR_RI : 0) | (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

/* The delta bits add up until MSR is read; RI leaves one when it falls. */
static void update_modem(struct uart *u)
{
	uint8_t before = u->state.msr, now = modem_inputs(u);
	uint8_t changed = (uint8_t)((before ^ now) >> 4);

	if (now & MSR_RI)
		changed &= (uint8_t)~MSR_TERI;
	u->state.msr = (uint8_t)(now | (before & MSR_DELTA) | changed);
}

static void uart_reset(void *device)
{
	struct uart *u = device;

	memset(&u->state, 0, sizeof(u->state));
	u->state.msr = modem_inputs(u);
	update_irq(u);
}

void uart_init(struct uart *u, const struct irq_line *irq, const struct byte_sink *sink)
{
	u->irq = *irq;
	u->sink = *sink;
	uart_reset(u);
}

/* A full FIFO keeps what it has; the single buffer of the 16450 is written over. */
static void receive(struct uart *u, uint8_t byte)
{
	struct uart_state *s = &u->state;

	if (s->count < capacity(u))
		s->fifo[s->count++] = byte;
	else
		s->lsr_errors |= LSR_OVERRUN;
	if (!has_fifos(u))
		s->fifo[0] = byte;
	update_irq(u);
}

bool uart_can_receive(const struct uart *u)
{
	return !(u->state.mcr & MCR_LOOP) && u->state.count < capacity(u);
}

void uart_receive(struct uart *u, uint8_t byte)
{
	if (!(u->state.mcr & MCR_LOOP))
		receive(u, byte);
}

static void transmit(struct uart *u, uint8_t byte)
{
	u->state.thre_pending = 1;
	if (u->state.mcr & MCR_LOOP)
		receive(u, byte);
	else if (u->sink.put != NULL)
		u->sink.put(u->sink.context, byte);
}

static uint8_t read_data(struct uart *u)
{
	struct uart_state *s = &u->state;

	if (s->count == 0)
		return s->last;
	s->last = s->fifo[0];
	s->count--;
	memmove(s->fifo, s->fifo + 1, s->count);
	s->fifo[s->count] = 0;
	return s->last;
}

/* Reading IIR answers the THRE interrupt if that is what it names. */
static uint8_t read_iir(struct uart *u)
{
	uint8_t source = interrupt_source(u);

	if (source == IIR_THRE)
		u->state.thre_pending = 0;
	return (uint8_t)(source | (has_fifos(u) ? IIR_FIFOS : 0));
}

static uint8_t read_lsr(struct uart *u)
{
	uint8_t lsr =
		(uint8_t)(LSR_EMPTY | u->state.lsr_errors | (u->state.count != 0 ? LSR_READY : 0));

	u->state.lsr_errors = 0;
	return lsr;
}

static uint8_t read_msr(struct uart *u)
{
	uint8_t msr = u->state.msr;

	u->state.msr &= (uint8_t)~MSR_DELTA;
	return msr;
}

static uint8_t read_register(struct uart *u, uint64_t port)
{
	struct uart_state *s = &u->state;
	bool divisor = s->lcr & LCR_DLAB;

	switch (port) {
	case PORT_DATA:
		return divisor ? s->dll : read_data(u);
	case PORT_IER:
		return divisor ? s->dlm : s->ier;
	case PORT_IIR:
		return read_iir(u);
	case PORT_LCR:
		return s->lcr;
	case PORT_MCR:
		return s->mcr;
	case PORT_LSR:
		return read_lsr(u);
	case PORT_MSR:
		return read_msr(u);
	case PORT_SCR:
		return s->scr;
	}
	return 0xff;
}

static uint64_t uart_read(void *device, uint64_t offset, unsigned size)
{
	uint8_t value = read_register(device, offset);

	(void)size;
	update_irq(device);
	return value;
}

/* Enabling the THRE interrupt raises it, since the transmitter is empty. */
static void write_ier(struct uart *u, uint8_t value)
{
	if (!(u->state.ier & IER_THRE) && (value & IER_THRE))
		u->state.thre_pending = 1;
	u->state.ier = value & 0x0f;
}

/* Changing the enable bit empties the FIFOs, and so do the reset bits, which clear themselves.
 * Without the enable bit the others are not programmed. */
static void write_fcr(struct uart *u, uint8_t value)
{
	struct uart_state *s = &u->state;

	if (((s->fcr ^ value) & FCR_ENABLE) ||
		((value & FCR_ENABLE) && (value & FCR_RESET_RECEIVE))) {
		memset(s->fifo, 0, sizeof(s->fifo));
		s->count = 0;
	}
	s->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
}

static void write_register(struct uart *u, uint64_t port, uint8_t value)
{
	struct uart_state *s = &u->state;
	bool divisor = s->lcr & LCR_DLAB;

	switch (port) {
	case PORT_DATA:
		if (divisor)
			s->dll = value;
		else
			transmit(u, value);
		break;
	case PORT_IER:
		if (divisor)
			s->dlm = value;
		else
			write_ier(u, value);
		break;
	case PORT_FCR:
		write_fcr(u, value);
		break;
	case PORT_LCR:
		s->lcr = value;
		break;
	case PORT_MCR:
		s->mcr = value & MCR_BITS;
		update_modem(u);
		break;
	case PORT_SCR:
		s->scr = value;
		break;
	}
}

static void uart_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	(void)size;
	write_register(device, offset, (uint8_t)value);
	update_irq(device);
}

const struct device_ops uart_ops = {
	.name = "uart",
	.state_size = sizeof(struct uart_state),
	.reset = uart_reset,
	.read = uart_read,
	.write = uart_write,
};
