/* disasm.h - prints the instruction at an address of a core, in Intel syntax, by Capstone.
 */
#ifndef DEBUG_DISASM_H
#define DEBUG_DISASM_H

#include "sim/cpu/cpu.h"

struct disassembler;

struct disassembler *disassembler_create(void);
void disassembler_destroy(struct disassembler *d);

/* The instruction as the core would read it now, in its present mode. Gives its length; 0 where
 * nothing can be read or decoded, and text says so. */
unsigned disassemble(
	struct disassembler *d, const struct vcpu *c, uint64_t la, char *text, size_t size);

/* The same for once. */
void disasm_at(const struct vcpu *c, uint64_t la, char *text, size_t size);

#endif
