/* hog.c - takes all the memory there is, twice: the kernel must say no, go on, and get it back. */
#include "stdio.h"
#include "sys.h"

#define CHUNK      (4ul << 20)
#define CHUNKS_MAX 4096

static void *chunks[CHUNKS_MAX];

static int take_all(void)
{
	int n = 0;

	while (n < CHUNKS_MAX && (chunks[n] = mmap_anon(CHUNK)) != NULL)
		*(volatile int *)chunks[n++] = 1;
	return n;
}

int main(void)
{
	int first = take_all(), err = errno, second;

	for (int i = 0; i < first; i++)
		if (munmap(chunks[i], CHUNK) != 0)
			return 1;
	second = take_all();
	printf("hog: %s\n",
		first > 0 && first == second && err == ENOMEM ? "all back" : "lost some");
	return first == second ? 0 : 2;
}
