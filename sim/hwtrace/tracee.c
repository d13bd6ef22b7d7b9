/* tracee.c - ptrace, process_vm_readv and /proc, and nothing of the simulator but its errors. */
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#undef PAGE_SIZE
#undef PAGE_MASK
#undef PAGE_SHIFT
#include "sim/hwtrace/tracee.h"

#define USER_CS64 0x33

/* --- starting --- */

/* Recorder and program take turns: on one CPU neither has to wake another. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu >= 0 ? cpu : 0, &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* only faster */
}

/* How a child ends that does not become the program. */
enum { NO_STACK = 125, NO_PTRACE, NO_PROGRAM };

static const char *why_not(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_STACK)
		return "this host allows less stack than the 8 MiB that traces have";
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PTRACE)
		return "this host does not allow ptrace";
	return "cannot be run as a program";
}

_Noreturn static void become_program(char *const argv[])
{
	static char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC0", NULL};
	const struct rlimit stack = {TRACEE_STACK_MAX, TRACEE_STACK_MAX};

	if (setrlimit(RLIMIT_STACK, &stack) != 0)
		_exit(NO_STACK);
	if (personality(ADDR_NO_RANDOMIZE) == -1 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(NO_PTRACE);
	execvpe(argv[0], argv, environment);
	_exit(NO_PROGRAM);
}

/* Where in the program's memory its auxiliary vector begins: behind the arguments and the
 * environment, each of which a zero ends. */
static uint64_t find_auxiliary(const struct tracee *t, uint64_t stack)
{
	uint64_t at = stack + 8, word;

	for (unsigned zeros = 0; zeros < 2; at += 8) {
		if (tracee_read(t, at, &word, sizeof(word)) != sizeof(word))
			return 0;
		zeros += word == 0;
	}
	return at;
}

static bool fix_auxiliary(const struct tracee *t, uint64_t stack, uint64_t hwcap)
{
	uint64_t at = find_auxiliary(t, stack), entry[2];

	for (; at != 0; at += sizeof(entry)) {
		if (tracee_read(t, at, entry, sizeof(entry)) != sizeof(entry))
			return false;
		if (entry[0] == AT_NULL)
			return true;
		if (entry[0] == AT_SYSINFO_EHDR)
			entry[0] = AT_IGNORE;
		if (entry[0] == AT_HWCAP)
			entry[1] = hwcap;
		if (!tracee_write(t, at, entry, sizeof(entry)))
			return false;
	}
	return false;
}

static bool prepare(const struct tracee *t, const char *name, uint64_t hwcap, struct error *e)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	struct tracee_state first;

	if (ptrace(PTRACE_SETOPTIONS, t->pid, NULL, options) != 0 || !tracee_get(t, &first))
		return fail(e, "%s: ptrace: %m", name);
	if (first.selectors[1] != USER_CS64)
		return fail(e, "%s: a 32-bit program; only 64-bit ones can be traced", name);
	return fix_auxiliary(t, first.gpr[4], hwcap) ||
	       fail(e, "%s: its auxiliary vector cannot be read", name);
}

bool tracee_start(struct tracee *t, char *const argv[], uint64_t hwcap, struct error *e)
{
	int status;

	*t = (struct tracee){0};
	stay_on_one_cpu();
	t->pid = fork();
	if (t->pid == 0)
		become_program(argv);
	if (t->pid < 0) {
		t->pid = 0;
		return fail(e, "%s: %m", argv[0]);
	}
	if (waitpid(t->pid, &status, 0) != t->pid || !WIFSTOPPED(status)) {
		t->pid = 0;
		return fail(e, "%s: %s", argv[0], why_not(status));
	}
	if (prepare(t, argv[0], hwcap, e))
		return true;
	tracee_kill(t);
	return false;
}

void tracee_kill(struct tracee *t)
{
	if (t->pid == 0)
		return;
	kill(t->pid, SIGKILL);
	(void)waitpid(t->pid, NULL, 0);
	t->pid = 0;
}

/* --- steps --- */

/* A signal with a positive si_code is the kernel's: the instruction raised it. */
static bool raised_by_instruction(const struct tracee *t)
{
	siginfo_t info;

	return ptrace(PTRACE_GETSIGINFO, t->pid, NULL, &info) == 0 && info.si_code > 0;
}

static bool can_be_raised(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

struct tracee_stop tracee_step(struct tracee *t, int signal)
{
	struct tracee_stop stop = {TRACEE_LOST, 0, false};
	int status;

	if (ptrace(PTRACE_SINGLESTEP, t->pid, NULL, (long)signal) != 0)
		return stop;
	while (waitpid(t->pid, &status, 0) != t->pid)
		if (errno != EINTR)
			return stop;
	if (WIFEXITED(status)) {
		stop = (struct tracee_stop){TRACEE_EXITED, WEXITSTATUS(status), false};
		t->pid = 0;
	} else if (WIFSIGNALED(status)) {
		stop = (struct tracee_stop){TRACEE_KILLED, WTERMSIG(status), false};
		t->pid = 0;
	} else if (WIFSTOPPED(status) && status >> 16 == 0) {
		stop.status = WSTOPSIG(status);
		stop.end = stop.status == SIGTRAP ? TRACEE_STEPPED : TRACEE_SIGNAL;
		stop.fault = can_be_raised(stop.status) && raised_by_instruction(t);
	}
	return stop;
}

/* --- state and memory --- */

bool tracee_get(const struct tracee *t, struct tracee_state *s)
{
	struct user_regs_struct r;
	struct user_fpregs_struct fp;

	_Static_assert(sizeof(fp) == sizeof(s->fxsave), "FXSAVE's image");
	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &r) != 0 ||
		ptrace(PTRACE_GETFPREGS, t->pid, NULL, &fp) != 0)
		return false;
	*s = (struct tracee_state){
		.gpr = {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.r8, r.r9, r.r10,
			r.r11, r.r12, r.r13, r.r14, r.r15},
		.rip = r.rip,
		.rflags = r.eflags,
		.fs_base = r.fs_base,
		.gs_base = r.gs_base,
		.selectors = {r.es, r.cs, r.ss, r.ds, r.fs, r.gs},
	};
	memcpy(s->fxsave, &fp, sizeof(fp));
	return true;
}

bool tracee_set(const struct tracee *t, const struct tracee_state *s)
{
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &r) != 0)
		return false;
	r.rax = s->gpr[0];
	r.rcx = s->gpr[1];
	r.rdx = s->gpr[2];
	r.rbx = s->gpr[3];
	r.r11 = s->gpr[11];
	r.rip = s->rip;
	r.orig_rax = UINT64_MAX; /* no system call is to be restarted */
	return ptrace(PTRACE_SETREGS, t->pid, NULL, &r) == 0;
}

size_t tracee_read(const struct tracee *t, uint64_t la, void *data, size_t size)
{
	size_t done = 0;

	/* A page at a time where a range as a whole cannot be read. */
	while (done < size) {
		struct iovec to = {(uint8_t *)data + done, size - done};
		struct iovec from = {(void *)(uintptr_t)(la + done), size - done};
		ssize_t got = process_vm_readv(t->pid, &to, 1, &from, 1, 0);

		if (got <= 0) {
			from.iov_len = min_u64(size - done, PAGE_SIZE - ((la + done) & PAGE_MASK));
			got = process_vm_readv(t->pid, &to, 1, &from, 1, 0);
		}
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

bool tracee_write(const struct tracee *t, uint64_t la, const void *data, size_t size)
{
	const struct iovec from = {(void *)(uintptr_t)data, size};
	const struct iovec to = {(void *)(uintptr_t)la, size};

	return process_vm_writev(t->pid, &from, 1, &to, 1, 0) == (ssize_t)size;
}

bool tracee_catches(const struct tracee *t, int signal)
{
	char path[64], line[128];
	unsigned long long caught = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)t->pid);
	in = fopen(path, "r");
	if (in == NULL)
		return false;
	while (fgets(line, sizeof(line), in) != NULL)
		if (sscanf(line, "SigCgt: %llx", &caught) == 1)
			break;
	fclose(in);
	return caught >> (signal - 1) & 1;
}
