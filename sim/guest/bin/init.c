/* init.c - the first program: runs the one that its arguments name (run= on the kernel's command
 * line) and ends with its exit code.
 */
#include "stdio.h"
#include "sys.h"

int main(int argc, char **argv)
{
	int pid;

	if (argc < 2) {
		puts("init: nothing to run");
		return 1;
	}
	pid = spawn(argv + 1);
	if (pid == -1) {
		printf("init: cannot run %s: error %d\n", argv[1], errno);
		return 1;
	}
	return waitpid(pid);
}
