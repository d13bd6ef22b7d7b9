/* badcalls.c - system calls with every kind of wrong argument: each must fail with its errno, and
 * the kernel must go on.
 */
#include "stdio.h"
#include "sys.h"

#define KERNEL_ADDRESS 0xffff800000000000
#define NON_CANONICAL  0x1234567800000000
#define BEFORE_ULIM    (ULIM - 8)

static int failures;

static void expect(const char *what, long ret, int err)
{
	if (ret == -1 && errno == err)
		return;
	printf("badcalls: %s returned %ld, errno %d\n", what, ret, errno);
	failures++;
}

static void bad_pointers(void)
{
	static const unsigned long bad[] = {
		0, KERNEL_ADDRESS, NON_CANONICAL, BEFORE_ULIM, ULIM, -1ul, -64ul};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect("write", sys_call(SYS_write, 1, bad[i], 64, 0), EFAULT);
		expect("proc_create", sys_call(SYS_proc_create, bad[i], 8, bad[i], 8), EFAULT);
	}
	expect("write", sys_call(SYS_write, 1, (unsigned long)bad, -1ul, 0), EINVAL);
}

static void bad_numbers(void)
{
	expect("write to 7", sys_call(SYS_write, 7, 0, 0, 0), EBADF);
	expect("read from 1", sys_call(SYS_read, 1, 0, 1, 0), EBADF);
	expect("call 999", sys_call(999, 0, 0, 0, 0), ENOSYS);
	expect("waitpid", sys_call(SYS_waitpid, 500, 0, 0, 0), ECHILD);
	expect("proc_run", sys_call(SYS_proc_run, 500, 0, 0, 0), ESRCH);
	expect("proc_run of oneself", sys_call(SYS_proc_run, getpid(), 0, 0, 0), ESRCH);
	expect("proc_destroy of the parent", sys_call(SYS_proc_destroy, procinfo->ppid, 0, 0, 0),
		EPERM);
	expect("mmap of nothing", sys_call(SYS_mmap, 0, 0, PROT_READ, 0), EINVAL);
	expect("mmap of all", sys_call(SYS_mmap, 0, -1ul, PROT_READ, 0), EINVAL);
	expect("mmap in the kernel", sys_call(SYS_mmap, KERNEL_ADDRESS, 4096, PROT_READ, 0),
		EINVAL);
	expect("mmap of too much", sys_call(SYS_mmap, 0, 1ul << 44, PROT_READ, 0), ENOMEM);
	expect("block", sys_call(SYS_block, -1ul, 0, 0, 0), EINVAL);
	expect("munmap", sys_call(SYS_munmap, 0x1001, 4096, 0, 0), EINVAL);
}

/* Three at once, the second of which blocks: all are done when the submission returns. */
static void batch(void)
{
	struct syscall calls[3] = {
		{.num = SYS_getpid}, {.num = SYS_block, .arg0 = 100}, {.num = SYS_null}};

	sys_submit(calls, 3);
	for (int i = 0; i < 3; i++)
		if (!(calls[i].flags & SC_DONE) || calls[i].err != 0)
			failures++;
	if (calls[0].retval != procinfo->pid)
		failures++;
}

int main(void)
{
	struct syscall event = {.num = SYS_null, .flags = SC_UEVENT};

	bad_pointers();
	bad_numbers();
	batch();
	sys_submit(&event, 1);
	if (event.err != ENOSYS || event.errstr[0] == 0)
		failures++;
	printf("badcalls: %d failures\n", failures);
	return failures == 0 ? 0 : 1;
}
