/* slice.c - two children that never give the core up: the kernel's tick has to take it from each,
 * and floating-point registers have to be the same afterwards.
 */
#include "stdio.h"
#include "string.h"
#include "sys.h"

#define CHILDREN    2
#define PREEMPTIONS 2
#define MAX_SECONDS 10
#define NS_PER_SEC  1000000000ul

/* The kernel writes the vcoremap twice, to an even count each, for a stay off the core. */
static unsigned long times_preempted(unsigned long since)
{
	return (procinfo->coremap_seqctr - since) / 4;
}

static int child(double number)
{
	unsigned long since = procinfo->coremap_seqctr;
	uint64_t end = nanotime() + MAX_SECONDS * NS_PER_SEC;
	double x = number;

	while (times_preempted(since) < PREEMPTIONS) {
		__asm__ volatile("" : "+x"(x));
		if (nanotime() > end)
			return 1;
	}
	return x == number ? 0 : 2;
}

int main(int argc, char **argv)
{
	char *child_argv[] = {"slice", "0", NULL};
	int pids[CHILDREN], failed = 0;

	if (argc > 1)
		return child(argv[1][0]);
	for (int i = 0; i < CHILDREN; i++) {
		char digit[2] = {(char)('1' + i), 0};

		child_argv[1] = digit;
		pids[i] = spawn(child_argv);
	}
	for (int i = 0; i < CHILDREN; i++)
		failed |= waitpid(pids[i]);
	printf("slice: %s\n", failed ? "failed" : "both were preempted");
	return failed;
}
