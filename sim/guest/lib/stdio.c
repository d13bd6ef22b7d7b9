/* stdio.c - see stdio.h. */
#include "stdio.h"

#include "string.h"
#include "sys.h"

#define LINE_MAX 256

int printf(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return (int)write(1, line, n < LINE_MAX ? (size_t)n : LINE_MAX - 1);
}

int puts(const char *s)
{
	return printf("%s\n", s);
}
