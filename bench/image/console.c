/* console.c - see console.h. Registers: National Semiconductor "PC16550D". */
#include "bench/image/console.h"
#include "sim/kernel/x86.h"

#include <stdarg.h>

#define COM1 0x3f8

enum { DATA = 0, DIVISOR_LOW = 0, IER = 1, DIVISOR_HIGH = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };
#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define LSR_THR_EMPTY 0x20
#define LSR_ALL_GONE  0x40

#define EXIT_PORT           0xf4
#define BOCHS_SHUTDOWN_PORT 0x8900

void console_init(void)
{
	outb(COM1 + IER, 0);
	outb(COM1 + LCR, LCR_8N1 | LCR_DLAB);
	outb(COM1 + DIVISOR_LOW, 1); /* 115200 baud */
	outb(COM1 + DIVISOR_HIGH, 0);
	outb(COM1 + LCR, LCR_8N1);
	outb(COM1 + FCR, 0);
	outb(COM1 + MCR, 3);
}

static void put(char c)
{
	while (!(inb(COM1 + LSR) & LSR_THR_EMPTY))
		cpu_relax();
	outb(COM1 + DATA, (uint8_t)c);
}

static void put_number(uint64_t value, unsigned base, unsigned digits)
{
	char text[20];
	unsigned i = 0;

	do {
		text[i++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0 || i < digits);
	while (i != 0)
		put(text[--i]);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			for (const char *s = va_arg(args, const char *); *s != '\0'; s++)
				put(*s);
			break;
		case 'u':
			put_number(va_arg(args, uint64_t), 10, 1);
			break;
		case 'x':
			put_number(va_arg(args, uint64_t), 16, 16);
			break;
		}
	}
	va_end(args);
	while (!(inb(COM1 + LSR) & LSR_ALL_GONE))
		cpu_relax();
}

_Noreturn void leave(uint32_t status)
{
	outl(EXIT_PORT, status);
	for (const char *s = "Shutdown"; *s != '\0'; s++)
		outb(BOCHS_SHUTDOWN_PORT, (uint8_t)*s);
	stop();
}
