/* spin.c - uses its core until it has had so many million loops (argument 1, default 1). */
#include "stdio.h"
#include "string.h"
#include "sys.h"

int main(int argc, char **argv)
{
	const char *end;
	unsigned long loops = argc > 1 ? strtoul_prefix(argv[1], &end) : 1;

	for (volatile unsigned long i = 0; i < loops * 1000000; i++)
		;
	printf("spin: %d done\n", getpid());
	return 0;
}
