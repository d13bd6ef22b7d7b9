/* legacy.h - runs code in real mode, and in protected mode without IA-32e. */
#ifndef SYSTEM_LEGACY_H
#define SYSTEM_LEGACY_H

#include "tests/system/image/probe.h"

/* What is loaded, and what was there when an exception or interrupt came. With RPL 3 in cs, or VM
 * in eflags, what the frame of IRET has beyond EFLAGS lies at the address in ESP. */
struct legacy {
	uint32_t gpr[8];
	uint32_t eip, eflags, vector, error;
	uint16_t cs, ds, es, fs, gs, ss;
	uint16_t real; /* mode, and no protected one */
	uint16_t tr;   /* loaded first, unless 0 */
};

_Static_assert(sizeof(struct legacy) == LEGACY_SIZE, "legacy_switch.S");
_Static_assert(offsetof(struct legacy, real) == LEGACY_REAL, "legacy_switch.S");
_Static_assert(offsetof(struct legacy, tr) == LEGACY_TR, "legacy_switch.S");

extern uint64_t legacy_idt[LEGACY_VECTORS];
extern char legacy_low_state[];

/* Copies code, vector table and gates to their places. */
void legacy_prepare(void);

void legacy_run(struct legacy *s);

/* Runs 16-bit code in real mode with these flags, and shows that. */
void legacy_in_real(const char *name, uint32_t flags, const void *code);

/* The event, and what changed. */
void legacy_show(const struct legacy *before, const struct legacy *after);

#endif
