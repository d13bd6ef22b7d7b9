/* recorded.c - a program for the recorder: system calls that change memory, signals, faults, and
 * what the recorder answers itself. With an argument it does what cannot be traced. */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

static volatile int handled;
static sigjmp_buf back;

static void count(int signal)
{
	handled += signal;
}

static void jump(int signal)
{
	siglongjmp(back, signal);
}

static int signals(void)
{
	signal(SIGUSR1, count);
	raise(SIGUSR1);
	raise(SIGWINCH); /* ignored */
	return handled;
}

/* Each fault ends in a handler that jumps. */
static int faults(void)
{
	volatile int zero = 0, sum = 0;
	int *volatile nowhere = NULL;
	int got;

	signal(SIGFPE, jump);
	signal(SIGSEGV, jump);
	signal(SIGILL, jump);
	got = sigsetjmp(back, 1);
	sum += got;
	if (got == 0)
		sum += 1000 / zero;
	if (got == SIGFPE)
		sum += *nowhere;
	if (got == SIGSEGV)
		__asm__ volatile("ud2");
	return sum;
}

static int mappings(void)
{
	char *at = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int sum = 0;

	memset(at, 7, 3 * 4096);
	mprotect(at + 4096, 4096, PROT_READ);
	munmap(at + 2 * 4096, 4096);
	sum += at[0] + at[4097];
	mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE);
	at[4097]++;
	at = mremap(at, 2 * 4096, 8 * 4096, MREMAP_MAYMOVE);
	return sum + at[4097] + at[7 * 4096];
}

/* The trap flag of single steps must not be seen. */
static int flags(void)
{
	return (__builtin_ia32_readeflags_u64() >> 8) & 1;
}

static int stack(int depth)
{
	volatile char page[4096];

	page[depth & 4095] = (char)depth;
	return depth == 0 ? 0 : stack(depth - 1) + page[depth & 4095];
}

int main(int argc, char **argv)
{
	unsigned a, b, c, d;
	struct timespec now;
	int pipes[2];
	char text[8] = "";

	(void)argv;
	if (argc > 1)
		return fork() < 0;
	clock_gettime(CLOCK_REALTIME, &now);
	if (pipe(pipes) != 0 || write(pipes[1], "through", 8) != 8 || read(pipes[0], text, 8) != 8)
		return 1;
	__cpuid(0, a, b, c, d);
	printf("%s %d %d %d %d %d\n", text, signals(), faults(), mappings(), flags(), stack(60));
	return __rdtsc() == 0;
}
