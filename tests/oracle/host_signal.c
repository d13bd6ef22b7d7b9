#include <asm/ldt.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/oracle/host_signal.h"

#define CODE_64_SELECTOR 0x33
#define STACK_SELECTOR   0x2b

static struct {
	void (*on_fault)(const struct host_fault *f);
	void (*resume)(void);
	const uint64_t *stack;
} catcher;

static const int greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
	REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void tell(ucontext_t *u)
{
	greg_t *g = u->uc_mcontext.gregs;
	struct host_fault f = {
		.rip = (uint64_t)g[REG_RIP],
		.rflags = (uint64_t)g[REG_EFL],
		.vector = (uint64_t)g[REG_TRAPNO],
		.error = (uint64_t)g[REG_ERR],
		.cr2 = (uint64_t)g[REG_CR2],
		.cs = (uint64_t)g[REG_CSGSFS] & 0xffff,
	};

	for (unsigned i = 0; i < 16; i++)
		f.gpr[i] = (uint64_t)g[greg_of[i]];
	memcpy(f.fx, u->uc_mcontext.fpregs, sizeof(f.fx));
	catcher.on_fault(&f);
	g[REG_RIP] = (greg_t)(uintptr_t)catcher.resume;
	g[REG_RSP] = (greg_t)*catcher.stack;
	g[REG_EFL] = 0x202;
	g[REG_CSGSFS] = (g[REG_CSGSFS] & INT64_C(0x0000ffffffff0000)) | CODE_64_SELECTOR |
			(greg_t)((uint64_t)STACK_SELECTOR << 48);
}

/* RFLAGS.AC may be set here, which what sanitizers put into functions does not stand. */
__attribute__((no_sanitize("address", "undefined"))) static void handle(
	int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andl $~0x40000, (%%rsp); popfq; "
			 "lea 128(%%rsp), %%rsp"
			 :
			 :
			 : "memory", "cc");
	tell(context);
}

bool host_set_ldt(unsigned i, uint64_t d)
{
	struct user_desc entry = {
		.entry_number = i,
		.base_addr = (unsigned)(d >> 16 & 0xffffff) | (unsigned)(d >> 32 & 0xff000000),
		.limit = (unsigned)(d & 0xffff) | (unsigned)(d >> 32 & 0xf0000),
		.seg_32bit = d >> 54 & 1,
		.contents = d >> 42 & 3,
		.read_exec_only = (d >> 41 & 1) == 0,
		.limit_in_pages = d >> 55 & 1,
		.useable = 0,
	};
	uint64_t now[64];

	return syscall(SYS_modify_ldt, 0x11, &entry, sizeof(entry)) == 0 &&
	       syscall(SYS_modify_ldt, 0, now, sizeof(now)) >= 8 * (long)(i + 1) && now[i] == d;
}

bool host_catch(
	void (*on_fault)(const struct host_fault *f), void (*resume)(void), const uint64_t *stack)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	stack_t own = {.ss_size = 1 << 16};

	/* Far from the heap, whose addresses are small numbers that RSP may hold in a case. */
	own.ss_sp =
		mmap(NULL, own.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own.ss_sp == MAP_FAILED || sigaltstack(&own, NULL) != 0)
		return false;
	catcher.on_fault = on_fault;
	catcher.resume = resume;
	catcher.stack = stack;
	action.sa_sigaction = handle;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &action, NULL) != 0)
			return false;
	return true;
}
