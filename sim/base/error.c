#include "sim/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool fail(struct error *e, const char *format, ...)
{
	va_list args;

	if (e == NULL)
		return false;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return false;
}

_Noreturn void sim_bug(const char *file, int line, const char *what)
{
	fflush(stdout);
	fprintf(stderr, "ringv: bug at %s:%d: %s\n", file, line, what);
	exit(SIM_BUG);
}
