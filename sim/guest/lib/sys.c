/* sys.c - see sys.h. */
#include "sys.h"

#include "string.h"

#define ARGS_MAX   1024
#define PATH_MAX   64
#define NS_PER_SEC 1000000000

/* For one thread. A single-core process goes on only when its system call is done. */
static void nothing_to_wait_for(struct syscall *s)
{
	(void)s;
}

static int *only_errno(void)
{
	static int value;

	return &value;
}

static void no_lock(void)
{
}

static const struct thread_hooks one_thread = {nothing_to_wait_for, only_errno, no_lock, no_lock};

const struct thread_hooks *thread_hooks = &one_thread;

long sys_call(enum syscall_num num, unsigned long a0, unsigned long a1, unsigned long a2,
	unsigned long a3)
{
	struct syscall s = {.num = num, .arg0 = a0, .arg1 = a1, .arg2 = a2, .arg3 = a3};

	sys_submit(&s, 1);
	thread_hooks->wait_for_syscall(&s);
	if (s.retval == -1 && s.err != 0)
		errno = s.err;
	return s.retval;
}

long write(int fd, const void *buf, size_t n)
{
	return sys_call(SYS_write, fd, (unsigned long)buf, n, 0);
}

long read(int fd, void *buf, size_t n)
{
	return sys_call(SYS_read, fd, (unsigned long)buf, n, 0);
}

int getpid(void)
{
	return (int)sys_call(SYS_getpid, 0, 0, 0, 0);
}

int getpcoreid(void)
{
	return (int)sys_call(SYS_getpcoreid, 0, 0, 0, 0);
}

int usleep(unsigned long usec)
{
	return (int)sys_call(SYS_block, usec, 0, 0, 0);
}

int yield(void)
{
	return (int)sys_call(SYS_proc_yield, 0, 0, 0, 0);
}

void *mmap_anon(size_t size)
{
	long va = sys_call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, 0);

	return va == -1 ? NULL : (void *)va;
}

int munmap(void *p, size_t size)
{
	return (int)sys_call(SYS_munmap, (unsigned long)p, size, 0, 0);
}

void exit(int code)
{
	sys_call(SYS_proc_destroy, getpid(), code, 0, 0);
	for (;;)
		__builtin_trap();
}

int spawn(char *const argv[])
{
	char args[ARGS_MAX], path[PATH_MAX] = "/bin/";
	size_t len = 0;
	long pid;

	strlcpy(path + strlen(path), argv[0], sizeof(path) - strlen(path));
	for (; *argv != NULL; argv++) {
		size_t n = strlen(*argv) + 1;

		if (n > sizeof(args) - len) {
			errno = E2BIG;
			return -1;
		}
		memcpy(args + len, *argv, n);
		len += n;
	}
	pid = sys_call(
		SYS_proc_create, (unsigned long)path, strlen(path), (unsigned long)args, len);
	if (pid == -1 || sys_call(SYS_proc_run, pid, 0, 0, 0) == -1)
		return -1;
	return (int)pid;
}

int waitpid(int pid)
{
	return (int)sys_call(SYS_waitpid, pid, 0, 0, 0);
}

uint64_t nanotime(void)
{
	uint64_t ticks = __builtin_ia32_rdtsc(), freq = procinfo->tsc_freq;

	return ticks / freq * NS_PER_SEC + ticks % freq * NS_PER_SEC / freq;
}
