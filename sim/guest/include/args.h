/* args.h - numbers on the command line of a program. */
#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include "stdio.h"
#include "stdlib.h"
#include "string.h"

/* Argument n, a number from 1 to max, or `otherwise` if it was not given. Anything else ends the
 * program with status 2, and a line that says what was expected.
 */
static inline unsigned int arg_number(
	int argc, char **argv, int n, unsigned int otherwise, unsigned int max)
{
	const char *end;
	unsigned long value;

	if (n >= argc)
		return otherwise;
	value = strtoul_prefix(argv[n], &end);
	if (*end == 0 && end != argv[n] && value >= 1 && value <= max)
		return (unsigned int)value;
	printf("%s: argument %d is '%s', expected a number from 1 to %u\n", argv[0], n, argv[n],
		max);
	exit(2);
}

#endif
