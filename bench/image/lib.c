/* lib.c - see lib.h. Built so that gcc does not turn a loop into a call of itself. */
#include "bench/image/lib.h"

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (size_t i = 0; i < size; i++)
		t[i] = f[i];
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *t = to;

	for (size_t i = 0; i < size; i++)
		t[i] = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

const char *option(const char *line, const char *key)
{
	size_t size = strlen(key);

	while (*line != '\0') {
		if (memcmp(line, key, size) == 0 && line[size] == '=')
			return line + size + 1;
		while (*line != '\0' && *line != ' ')
			line++;
		while (*line == ' ')
			line++;
	}
	return NULL;
}

bool word_is(const char *at, const char *word)
{
	size_t size = strlen(word);

	return memcmp(at, word, size) == 0 && (at[size] == ' ' || at[size] == '\0');
}
