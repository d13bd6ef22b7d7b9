/* alter.c - writes a trace again, with one bit of a vector register wrong: as a file it is good. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/hwtrace/hwtrace.h"

int main(int argc, char **argv)
{
	struct error e = {""};
	struct hwtrace t;
	size_t at;

	if (argc != 4 || !hwtrace_read(&t, argv[1], &e)) {
		fprintf(stderr, "alter IN OUT BYTE: %s\n", e.text);
		return 2;
	}
	at = strtoul(argv[3], NULL, 10);
	SIM_ASSERT(at < t.streams[STREAM_VECTOR].size);
	t.streams[STREAM_VECTOR].data[at] ^= 1;
	SIM_ASSERT(hwtrace_write(&t, argv[2], &e));
	hwtrace_free(&t);
	return 0;
}
