/* format.h - printf formatting into a buffer, for freestanding code.
 *
 * Knows %d %i %u %x %p %s %c %%, the lengths l, ll and z, the flags - and 0, a width, and .N for
 * strings. Floating point is left out: the kernel has none. Compiled into kernel and user library.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Both write at most size bytes, the ending 0 included, and return the length it would have had. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
