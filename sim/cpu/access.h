/* access.h - telling who listens what the steps of a core do to RAM.
 *
 * An attempt that ends before the instruction does is made again, perhaps much later; so accesses
 * wait until something comes behind their step, or the core stops.
 */
#ifndef CPU_ACCESS_H
#define CPU_ACCESS_H

#include "sim/cpu/cpu.h"

/* An access of the step under way to bytes of one page, which is told if that is RAM. */
void access_note(struct vcpu *c, enum mem_kind kind, uint64_t la, uint64_t pa, unsigned size,
	const void *data);

/* Those that wait are told. */
void accesses_tell(struct vcpu *c);

/* The step under way was not made. */
void accesses_forget(struct vcpu *c);

#endif
