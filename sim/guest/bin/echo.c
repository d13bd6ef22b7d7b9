/* echo.c - writes back each line that it reads from the console, until one says "quit". */
#include "stdio.h"
#include "string.h"
#include "sys.h"

static char line[128];

int main(void)
{
	size_t n = 0;

	puts("echo: ready");
	for (;;) {
		if (n == sizeof(line) || read(0, line + n, 1) != 1)
			return 1;
		if (line[n++] != '\n')
			continue;
		line[n - 1] = 0;
		printf("echo: %s\n", line);
		if (strcmp(line, "quit") == 0)
			return 0;
		n = 0;
	}
}
