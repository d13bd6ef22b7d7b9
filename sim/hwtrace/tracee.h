/* tracee.h - a program under ptrace, one instruction at a time. For x86-64 Linux hosts.
 */
#ifndef HWTRACE_TRACEE_H
#define HWTRACE_TRACEE_H

#include <sys/types.h>

#include "sim/base/error.h"

#define TRACEE_STACK_MAX (UINT64_C(8) << 20) /* how far its stack may grow */

struct tracee {
	pid_t pid; /* 0: there is none (any more) */
};

/* Apart from core.h, whose names those of the host's headers clash with. */
struct tracee_state {
	uint64_t gpr[16]; /* in the order of their encoding */
	uint64_t rip, rflags, fs_base, gs_base;
	uint64_t selectors[6]; /* ES CS SS DS FS GS */
	uint8_t fxsave[512];
};

/* Starts the program, found as a shell would, with a small fixed environment and without address
 * space randomisation; it stops before its first instruction. Its auxiliary vector names no vDSO,
 * so that it asks the time by system calls, and has hwcap for what the CPU can do. */
MUST_CHECK bool tracee_start(struct tracee *t, char *const argv[], uint64_t hwcap, struct error *e);
void tracee_kill(struct tracee *t);

/* What a step ended in. */
enum tracee_end {
	TRACEE_STEPPED,
	TRACEE_SIGNAL, /* stopped for a signal, which is not delivered yet */
	TRACEE_EXITED,
	TRACEE_KILLED,
	TRACEE_LOST, /* something that must not happen */
};

struct tracee_stop {
	enum tracee_end end;
	int status; /* of the exit; or the signal */
	bool fault; /* TRACEE_SIGNAL: the instruction raised it */
};

/* Delivers the signal (0: none), or makes a step. */
struct tracee_stop tracee_step(struct tracee *t, int signal);

MUST_CHECK bool tracee_get(const struct tracee *t, struct tracee_state *state);
/* What an instruction that the recorder answers may change: RAX, RCX, RDX, RBX, R11 and RIP. */
MUST_CHECK bool tracee_set(const struct tracee *t, const struct tracee_state *state);

/* As many bytes as can be read, from the first on. */
size_t tracee_read(const struct tracee *t, uint64_t la, void *data, size_t size);
MUST_CHECK bool tracee_write(const struct tracee *t, uint64_t la, const void *data, size_t size);

/* Whether the program has a handler for it. */
bool tracee_catches(const struct tracee *t, int signal);

#endif
