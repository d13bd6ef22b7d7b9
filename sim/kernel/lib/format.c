/* format.c - see format.h. */
#include "sim/kernel/lib/format.h"
#include "sim/kernel/lib/string.h"

#include <stdbool.h>
#include <stdint.h>

struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool left, zero, is_long;
	int width, precision; /* precision: -1 for none */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	size_t max = sp->precision < 0 ? SIZE_MAX : (size_t)sp->precision;
	int len = (int)strnlen(s, max);

	if (!sp->left)
		pad(o, ' ', sp->width - len);
	for (int i = 0; i < len; i++)
		put(o, s[i]);
	if (sp->left)
		pad(o, ' ', sp->width - len);
}

static void put_number(struct out *o, const struct spec *sp, uint64_t v, unsigned base, bool minus)
{
	char digits[20];
	int n = 0, width;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while ((v /= base) != 0);
	width = sp->width - n - minus;
	if (!sp->left && !sp->zero)
		pad(o, ' ', width);
	if (minus)
		put(o, '-');
	if (!sp->left && sp->zero)
		pad(o, '0', width);
	while (n > 0)
		put(o, digits[--n]);
	if (sp->left)
		pad(o, ' ', width);
}

static const char *parse_spec(const char *f, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){.precision = -1};
	for (;; f++) {
		if (*f == '-')
			sp->left = true;
		else if (*f == '0')
			sp->zero = true;
		else
			break;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		sp->width = sp->width * 10 + *f - '0';
	if (f[0] == '.' && f[1] == '*') {
		sp->precision = va_arg(*ap, int);
		f += 2;
	} else if (f[0] == '.') {
		sp->precision = 0;
		for (f++; *f >= '0' && *f <= '9'; f++)
			sp->precision = sp->precision * 10 + *f - '0';
	}
	for (; *f == 'l' || *f == 'z'; f++)
		sp->is_long = true;
	return f;
}

static void put_signed(struct out *o, const struct spec *sp, int64_t v)
{
	put_number(o, sp, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0);
}

static void put_conversion(struct out *o, const struct spec *sp, char kind, va_list *ap)
{
	switch (kind) {
	case 'd':
	case 'i':
		put_signed(o, sp, sp->is_long ? va_arg(*ap, long) : va_arg(*ap, int));
		break;
	case 'u':
		put_number(o, sp, sp->is_long ? va_arg(*ap, long) : va_arg(*ap, unsigned), 10, 0);
		break;
	case 'x':
		put_number(o, sp, sp->is_long ? va_arg(*ap, long) : va_arg(*ap, unsigned), 16, 0);
		break;
	case 'p':
		put(o, '0');
		put(o, 'x');
		put_number(o, sp, (uint64_t)va_arg(*ap, void *), 16, false);
		break;
	case 's':
		put_string(o, sp, va_arg(*ap, const char *));
		break;
	case 'c':
		put(o, (char)va_arg(*ap, int));
		break;
	default:
		put(o, kind);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = {buf, size, 0};
	struct spec sp;
	va_list ap;

	va_copy(ap, args);
	for (; *fmt != 0; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp, &ap);
		if (*fmt == 0)
			break;
		put_conversion(&o, &sp, *fmt, &ap);
	}
	va_end(ap);
	if (size > 0)
		buf[o.len < size ? o.len : size - 1] = 0;
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
