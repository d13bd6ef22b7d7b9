/* insn.h - an instruction after decoding: all that its handler needs, resolved once.
 *
 * A handler gets the core and its instruction, executes it, and goes on to the one behind it in the
 * block; what comes back is why the block was left, and c->at says where. Operands that are
 * registers are byte offsets into struct vcpu, so that AH, EAX and XMM3 are read alike. While a
 * block runs, arch.rip stays at the block's first instruction; `start` and `len` say where this one
 * lies.
 */
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include "sim/cpu/cpu.h"

struct insn;
typedef struct fault (*exec_fn)(struct vcpu *c, const struct insn *in);

enum operand_place { PLACE_NONE, PLACE_REG, PLACE_MEM, PLACE_IMM };

#define OPERANDS 3

#define PREFIX_LOCK   0x01
#define PREFIX_REP    0x02 /* F3 */
#define PREFIX_REPNE  0x04 /* F2 */
#define PREFIX_OPSIZE 0x08 /* 66 */
#define PREFIX_REX    0x10
#define PREFIX_REX_W  0x20

struct insn {
	exec_fn run;
	uint64_t imm; /* immediate; for relative branches the target as an offset from the block;
		       * the third operand, where it is a register, as in reg */
	union {
		struct {
			int32_t disp; /* displacement; from the block's start if base is REG_RIP */
			uint16_t reg[2]; /* operands 0 and 1, where they are registers: offsets
					  * into struct vcpu */
		};
		const struct block *target; /* of a linked branch; see code_cache.h */
	};
	union {
		uint8_t base;  /* register numbers; scale as a shift count */
		uint8_t steps; /* of a linked branch: of its block, up to it and with it */
	};
	uint8_t index, scale;
	uint8_t seg;             /* enum segment_index of the memory operand */
	uint16_t start;          /* offset of the first byte from the block's start */
	uint8_t len;             /* bytes */
	uint8_t width;           /* operand size in bytes: 1, 2, 4, 8 or 16 */
	uint8_t place[OPERANDS]; /* enum operand_place */
	uint8_t address_size;    /* bytes: 2, 4 or 8 */
	uint16_t row;            /* in the decode table */
	uint8_t prefix;          /* PREFIX_* */
	uint8_t opcode;          /* its last byte: condition codes are its low 4 bits */
};

_Static_assert(sizeof(struct insn) == 40, "blocks are arrays of it");

/* What CS and CR0 make of the same bytes. */
enum code_mode { CODE_16, CODE_32, CODE_64 };

/* Forms of a handler that is specialised by where its operands are. Memory operands come in
 * three: flat base + displacement and flat base + index in 64-bit mode, and any other. */
enum shape {
	SHAPE_RR,
	SHAPE_RI,
	SHAPE_R,
	SHAPE_RB, /* register, then memory: flat base + displacement */
	SHAPE_RX, /* ... flat base + index * scale + displacement */
	SHAPE_RM, /* ... any */
	SHAPE_BR,
	SHAPE_XR,
	SHAPE_MR,
	SHAPE_BI,
	SHAPE_XI,
	SHAPE_MI,
	SHAPE_B,
	SHAPE_X,
	SHAPE_M,
	SHAPES,
};

#define WIDTHS 5 /* 1, 2, 4, 8 and 16 bytes */

/* One operation: a handler for every form (any), or specialised ones by shape and log2 of the
 * width, where those exist. */
struct op {
	exec_fn any;
	exec_fn forms[SHAPES][WIDTHS];
};

/* Points c->soft at what accesses may go by, after c->user or c->slow_access changed. */
static inline void cpu_select_soft(struct vcpu *c)
{
	c->soft = c->slow_access ? &c->mmu.none : &c->mmu.soft[c->user];
}

/* At CPL 3, with CR0.AM and RFLAGS.AC. */
static inline bool cpu_checks_alignment(const struct vcpu *c)
{
	return c->user && (c->arch.rflags & c->slow_flags & RFLAGS_AC);
}

/* Ends the run: the model lacks what comes next. why is kept in c->refused for the report. */
MUST_CHECK struct fault cpu_refuse(struct vcpu *c, const char *why);

/* How a row's operation leaves the status flags, for the branch that follows it. */
enum flags_effect { FLAGS_KEPT, FLAGS_SUB, FLAGS_LOGIC, FLAGS_OTHER };

#endif
