/* lib.h - the functions that gcc may call by itself, written as plain loops, and two more. */
#ifndef BENCH_LIB_H
#define BENCH_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/* Where VALUE of KEY=VALUE begins in a line of words; NULL when the key is not there. */
const char *option(const char *line, const char *key);

/* Is the word that begins here this one? */
bool word_is(const char *at, const char *word);

#endif
