/* hello.c - a bit of everything that a program needs: floating point, memory, sleep, output. */
#include "stdio.h"
#include "stdlib.h"
#include "string.h"
#include "sys.h"

#define TERMS    1000
#define SLEEP_US 500

/* pi by Leibniz's series, pairs of terms averaged: SSE2 arithmetic, the same on every machine. */
static double pi(void)
{
	double sum = 0, sign = 1;

	for (int i = 0; i < TERMS; i++, sign = -sign)
		sum += sign / (2 * i + 1);
	return 4 * (sum + sign * 0.5 / (2 * TERMS + 1));
}

int main(void)
{
	uint64_t start = nanotime();
	char *text = malloc(64);
	long scaled;

	printf("hello: I am process %d of %d\n", getpid(), procinfo->ppid);
	if (text == NULL)
		return 1;
	scaled = (long)(pi() * 1000000);
	snprintf(text, 64, "pi is about %ld.%06ld", scaled / 1000000, scaled % 1000000);
	usleep(SLEEP_US);
	if (nanotime() - start < SLEEP_US * 1000ul)
		return 2;
	printf("hello: %s\n", text);
	free(text);
	return scaled == 3141592 ? 0 : 3;
}
