/* line.c - the lines that tests print. */
#include "bench/image/console.h"
#include "tests/system/image/probe.h"

#include <stdarg.h>

static char line[4096];
static unsigned used;

static void put(char c)
{
	if (used < sizeof(line) - 1)
		line[used++] = c;
}

static void put_text(const char *s)
{
	while (*s != '\0')
		put(*s++);
}

static void put_number(uint64_t value, unsigned base)
{
	char text[20];
	unsigned i = 0;

	do {
		text[i++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (i != 0)
		put(text[--i]);
}

static void put_signed(int64_t value)
{
	put(value < 0 ? '-' : '+');
	put_number((uint64_t)(value < 0 ? -value : value), 16);
}

static void add(const char *format, va_list args)
{
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_text(va_arg(args, const char *));
			break;
		case 'u':
			put_number(va_arg(args, uint64_t), 10);
			break;
		case 'c':
			put((char)va_arg(args, int));
			break;
		case 'x':
			put_number(va_arg(args, uint64_t), 16);
			break;
		case 'd':
			put_signed(va_arg(args, int64_t));
			break;
		}
	}
}

void line_add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(format, args);
	va_end(args);
}

void line_begin(const char *format, ...)
{
	va_list args;

	used = 0;
	va_start(args, format);
	add(format, args);
	va_end(args);
	put(':');
}

void line_end(void)
{
	line[used] = '\0';
	print("%s\n", line);
}

void line_vector(uint64_t vector)
{
	static const char *const names[] = {"DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF",
		NULL, "TS", "NP", "SS", "GP", "PF", NULL, "MF", "AC", "MC", "XM"};

	if (vector < ARRAY_LEN(names) && names[vector] != NULL)
		line_add("%s", names[vector]);
	else if (vector == VECTOR_END)
		line_add("end");
	else
		line_add("#%x", vector);
}
