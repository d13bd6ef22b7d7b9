/* fault.c - does one wrong thing and must be killed for it. Argument 1 says which:
 * null (the default), kernel, readonly, code, opcode, divide, privileged, syscall.
 */
#include "string.h"
#include "sys.h"

#include "stdio.h"

#define KERNEL_ADDRESS 0xffffffffc0200000

static int is(const char *what, const char *name)
{
	return strcmp(what, name) == 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "null";
	volatile int zero = 0;

	if (is(what, "kernel"))
		*(volatile int *)KERNEL_ADDRESS = 1;
	if (is(what, "readonly"))
		*(volatile int *)UINFO = 1;
	if (is(what, "code"))
		((void (*)(void))UDATA)();
	if (is(what, "opcode"))
		__asm__ volatile("ud2");
	if (is(what, "divide"))
		zero = 7 / zero;
	if (is(what, "privileged"))
		__asm__ volatile("cli");
	if (is(what, "syscall"))
		sys_submit((struct syscall *)KERNEL_ADDRESS, 1);
	if (is(what, "null"))
		*(volatile int *)NULL = 1;
	printf("fault: still alive after %s\n", what);
	return 0;
}
