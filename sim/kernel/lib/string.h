/* string.h - the memory and string functions of the C library, for freestanding code.
 *
 * Compiled twice: into the kernel and into the user library. gcc may call mem* on its own.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies at most size - 1 bytes and always ends dst with a 0. Returns strlen(src). */
size_t strlcpy(char *restrict dst, const char *restrict src, size_t size);

/* Number at the start of s, in base 10, or 16 after "0x". *end is left at the first other byte. */
unsigned long strtoul_prefix(const char *s, const char **end);

#endif
