/* host.c - the host CPU's side: one instruction run natively, faults caught as signals. */
#include "tests/oracle/oracle.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

extern struct regs host_in, host_saved;
extern struct fx_image host_plain_fx;
extern uint64_t host_stack, host_code, host_way, host_fs;
extern void *host_ways[WAYS_OUT];
void host_enter(void);
void host_resume(void);

static struct outcome *fault_outcome; /* of the run in progress */

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(SIM_USAGE);
}

/* In the order of enum gpr. */
static const int greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
	REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	greg_t *g = u->uc_mcontext.gregs;
	struct outcome *o = fault_outcome;

	(void)signal, (void)info;
	if (o == NULL || (uint64_t)g[REG_RIP] - CODE_LA >= CODE_PAGES * PAGE_SIZE) {
		static const char message[] = "oracle: a fault outside the code under test\n";

		fwrite(message, 1, sizeof(message) - 1, stderr);
		_Exit(SIM_BUG);
	}
	for (unsigned i = 0; i < 16; i++)
		o->regs.gpr[i] = (uint64_t)g[greg_of[i]];
	o->regs.rip = (uint64_t)g[REG_RIP];
	o->regs.rflags = (uint64_t)g[REG_EFL];
	memcpy(&o->regs.fx, u->uc_mcontext.fpregs, sizeof(o->regs.fx));
	o->vector = (uint32_t)g[REG_TRAPNO];
	o->error = (uint32_t)g[REG_ERR];
	o->cr2 = (uint64_t)g[REG_CR2];
	g[REG_RIP] = (greg_t)(uintptr_t)host_resume;
	g[REG_RSP] = (greg_t)host_stack;
	g[REG_EFL] = 0x202;
}

static void catch_faults(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	stack_t stack = {.ss_size = 1 << 16};

	stack.ss_sp = malloc(stack.ss_size);
	if (stack.ss_sp == NULL || sigaltstack(&stack, NULL) != 0)
		give_up("oracle: sigaltstack");
	action.sa_sigaction = on_fault;
	for (unsigned i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], &action, NULL) != 0)
			give_up("oracle: sigaction");
}

static void map(uint64_t la, uint64_t pages, int protection)
{
	void *want = (void *)(uintptr_t)la;

	if (mmap(want, pages * PAGE_SIZE, protection,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != want)
		give_up("oracle: mmap");
}

void host_init(void)
{
	map(CODE_LA, CODE_PAGES, PROT_READ | PROT_WRITE | PROT_EXEC);
	map(DATA_AT(PAGE_A), 2, PROT_READ | PROT_WRITE);
	map(DATA_AT(PAGE_C), 1, PROT_READ | PROT_WRITE);
	map(DATA_AT(PAGE_READ_ONLY), 1, PROT_READ);
	catch_faults();
	__asm__ volatile("rdfsbase %0" : "=r"(host_fs));
	__asm__ volatile("fxsave64 %0" : "=m"(host_plain_fx));
}

uint64_t host_fs_base(void)
{
	return host_fs;
}

void host_write_code(uint64_t la, const void *bytes, unsigned size)
{
	memcpy((void *)(uintptr_t)la, bytes, size);
}

/* jmp *host_ways[way], by an absolute address. */
static void write_way(uint64_t la, enum way_out way)
{
	uint32_t pointer = (uint32_t)(uintptr_t)&host_ways[way];
	uint8_t jump[7] = {0xff, 0x24, 0x25};

	memcpy(jump + 3, &pointer, 4);
	host_write_code(la, jump, sizeof(jump));
}

void host_run(const struct regs *in, uint64_t slot, unsigned len, struct outcome *out)
{
	const uint64_t ways[WAYS_OUT] = {in->rip + len, slot + SLOT_BACK, slot + SLOT_FAR};

	for (unsigned i = 0; i < WAYS_OUT; i++)
		write_way(ways[i], (enum way_out)i);
	host_in = *in;
	host_code = in->rip;
	out->vector = NO_VECTOR;
	fault_outcome = out;
	host_enter();
	fault_outcome = NULL;
	if (out->vector == NO_VECTOR) {
		out->regs = host_saved;
		out->regs.rip = ways[host_way];
	} else {
		out->regs.fs_base = in->fs_base;
		out->regs.gs_base = in->gs_base;
	}
}
