/* stdio.h - formatted output to the console; the formats are lib/format.h's. A call is a write. */
#ifndef GUEST_STDIO_H
#define GUEST_STDIO_H

#include "sim/kernel/lib/format.h"

int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *s);

#endif
