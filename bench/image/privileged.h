/* privileged.h - what traps do for the privileged phase. */
#ifndef BENCH_PRIVILEGED_H
#define BENCH_PRIVILEGED_H

#include "bench/image/core.h"
#include "bench/image/user.h"

#include <stdbool.h>

/* As entry.S pushes it. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* What entry.S calls for interrupts and exceptions. */
void trap(const struct trap_frame *f);

/* A page fault at address: maps the page; false if it is none of the demand pages. */
bool demand_fault(struct core *c, uint64_t address);

void software_interrupt(struct core *c);
void hardware_interrupt(struct core *c, enum interrupt which);

#endif
