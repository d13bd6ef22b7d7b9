/* host_signal.h - what a signal says of the fault behind it. Apart from host.c, since the system's
 * names of registers are ours too.
 */
#ifndef ORACLE_HOST_SIGNAL_H
#define ORACLE_HOST_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

struct host_fault {
	uint64_t gpr[16]; /* as in struct core_state */
	uint64_t rip, rflags;
	uint64_t vector, error, cr2, cs;
	uint8_t fx[512];
};

/* The descriptor of entry i of the process's LDT. False: the host refuses. */
bool host_set_ldt(unsigned i, uint64_t descriptor);

/* Lets SIGSEGV and its like end in on_fault, after which execution goes on at resume with that
 * stack pointer. False: the host refuses. */
bool host_catch(
	void (*on_fault)(const struct host_fault *f), void (*resume)(void), const uint64_t *stack);

#endif
