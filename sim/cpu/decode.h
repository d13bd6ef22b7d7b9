/* decode.h - turns instruction bytes into struct insn, by the table in encodings.inc.
 *
 * The table is parsed once into a struct decoder, without the rows whose feature the cores lack.
 * Decoding depends on the bytes, the code mode and nothing else, and has no side effect.
 */
#ifndef CPU_DECODE_H
#define CPU_DECODE_H

#include "sim/cpu/features.h"
#include "sim/cpu/insn.h"

#define INSN_MAX 15 /* bytes */

/* The extension column. */
#define ANY (-1)

/* Attributes of a row. */
#define LOCKABLE    BIT(0)  /* LOCK is allowed with a memory destination */
#define ONLY64      BIT(1)  /* 64-bit mode alone */
#define NO64        BIT(2)  /* not in 64-bit mode */
#define PLUS_REG    BIT(3)  /* eight opcodes: the low bits name operand Z */
#define CONDITION   BIT(4)  /* sixteen opcodes: the low bits are a condition */
#define BRANCH      BIT(5)  /* sets RIP and ends the block itself */
#define ENDS        BIT(6)  /* the block ends after it: interrupts, mode or mapping may change */
#define REPEATS     BIT(7)  /* string instruction: F2 and F3 repeat; alone in its block */
#define STACK64     BIT(8)  /* 64-bit mode: the operand size is 8, or 2 with 66 */
#define NEAR64      BIT(9)  /* 64-bit mode: the operand size is 8 */
#define NO_REX_B    BIT(10) /* not with REX.B */
#define MOD_IGNORED BIT(11) /* ModRM.mod is taken as 3 */
#define NP          BIT(12) /* mandatory prefix: none of 66, F3, F2 ... */
#define P66         BIT(13)
#define PF3         BIT(14)
#define PF2         BIT(15)
#define FLAGS(e)    ((uint64_t)FLAGS_##e << 16)
#define ROW_FLAGS   (BIT(16) | BIT(17))
#define VEX         BIT(18) /* VEX-encoded, with VEX.L = 0; without a B operand vvvv is 1111 */
#define LOCKED      BIT(19) /* with a memory operand as if it had LOCK */
#define NEEDS(f)    ((uint64_t)FEATURE_##f << 32) /* a name in features.inc */
#define ROW_FEATURE (UINT64_C(0xff) << 32)

#define PREFIXED (NP | P66 | PF3 | PF2)

struct row_operand {
	char kind; /* as in encodings.inc; 0: no operand */
	char size;
	uint8_t fixed; /* number of the fixed register, or the constant */
};

struct row {
	const char *name;
	const char *operands_text;
	const struct op *op;
	uint64_t attributes;
	int extension;
	uint32_t opcode;
	struct row_operand operands[OPERANDS];
};

struct decoder;

struct decoder *decoder_create(const struct feature_set *features);
void decoder_destroy(struct decoder *d);

size_t decoder_row_count(void);
const struct row *decoder_row(const struct decoder *d, size_t index);

enum decode_end {
	DECODE_OK,
	DECODE_MORE,     /* the instruction goes on beyond the bytes given */
	DECODE_TOO_LONG, /* over 15 bytes: #GP(0) */
	DECODE_INVALID,  /* no such instruction: #UD */
};

/* bytes[0..available) in that mode; start is the offset from the block's first byte. */
enum decode_end decode(const struct decoder *d, enum code_mode mode, const uint8_t *bytes,
	unsigned available, unsigned start, struct insn *in);

/* The rows' attributes, by instruction. */
static inline uint64_t insn_attributes(const struct decoder *d, const struct insn *in)
{
	return decoder_row(d, in->row)->attributes;
}

#endif
