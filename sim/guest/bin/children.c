/* children.c - creates several children that share the core, and waits for all of them. Each child
 * checks that its floating-point registers and its memory stay its own while it is taken off the
 * core, and ends with its number as the exit code.
 */
#include "stdio.h"
#include "string.h"
#include "sys.h"

#define CHILDREN 4
#define ROUNDS   5

static int child(int number)
{
	double x = number, expected = number;

	for (int round = 0; round < ROUNDS; round++) {
		__asm__ volatile("" : "+x"(x)); /* it lives in a register over the calls below */
		x = x * 1.5 + number;
		expected = expected * 1.5 + number;
		if (round % 2 == 0)
			yield();
		else
			usleep(100 * (unsigned)number);
		if (x != expected)
			return 100;
	}
	printf("child %d: pid %d of %d on core %d\n", number, getpid(), procinfo->ppid,
		getpcoreid());
	return number;
}

static int start_child(int number)
{
	char digit[2] = {(char)('0' + number), 0};
	char *argv[] = {"children", digit, NULL};

	return spawn(argv);
}

int main(int argc, char **argv)
{
	int pids[CHILDREN + 1], sum = 0;

	if (argc > 1)
		return child(argv[1][0] - '0');
	for (int i = 1; i <= CHILDREN; i++)
		if ((pids[i] = start_child(i)) == -1)
			return 1;
	for (int i = 1; i <= CHILDREN; i++)
		sum += waitpid(pids[i]);
	if (waitpid(pids[1]) != -1 || errno != ECHILD)
		return 2;
	printf("children: exit codes add up to %d\n", sum);
	return sum == CHILDREN * (CHILDREN + 1) / 2 ? 0 : 3;
}
