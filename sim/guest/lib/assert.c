/* assert.c - see assert.h. */
#include "assert.h"

#include "stdio.h"
#include "stdlib.h"

#define EXIT_CODE_ASSERT 134

void assert_failed(const char *file, int line, const char *condition)
{
	printf("%s:%d: assertion failed: %s\n", file, line, condition);
	exit(EXIT_CODE_ASSERT);
}
