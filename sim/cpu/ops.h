/* ops.h - declares every operation that the decode table names. */
#ifndef CPU_OPS_H
#define CPU_OPS_H

#include "sim/cpu/insn.h"

#define INSN(opcode, extension, name, operands, operation, attributes)                             \
	extern const struct op operation;
#include "sim/cpu/encodings.inc"
#undef INSN

/* A displacement that a decoded instruction cannot hold: ends the run. */
extern const struct op op_too_far;

/* The Jcc handler of 64-bit mode for condition cc, after an instruction with that effect. */
exec_fn branch_handler(enum flags_effect before, unsigned cc, bool linked);

/* The handler of JMP or CALL to a relative address in 64-bit mode when it is linked. */
exec_fn linked_handler(const struct insn *in);

#endif
