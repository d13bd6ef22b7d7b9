/* decode_parts.h - what the parts of the decoder share: the bytes as they are read, and the table.
 */
#ifndef CPU_DECODE_PARTS_H
#define CPU_DECODE_PARTS_H

#include "sim/cpu/decode.h"
#include "sim/cpu/flags.h"

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

/* What is known while the bytes go by. */
struct reader {
	const uint8_t *bytes;
	unsigned available, at;
	enum code_mode mode;
	uint8_t prefix; /* PREFIX_* */
	uint8_t rex;
	uint8_t last_repeat; /* F2 or F3, whichever came last */
	int segment;         /* override, or -1 */
	unsigned address_size, operand_size;
	unsigned map, opcode;
	bool vex;
	uint8_t vvvv; /* the register that it names, or 0 where it is not used */
	bool has_modrm;
	uint8_t modrm;
};

static inline bool more_than_available(const struct reader *r, unsigned count)
{
	return r->at + count > r->available;
}

static inline uint64_t take(struct reader *r, unsigned count)
{
	uint64_t v = 0;

	memcpy(&v, r->bytes + r->at, count);
	r->at += count;
	return v;
}

/* The opcode maps; those with VEX have the number of the one without, and this bit. */
enum opcode_map { MAP_ONE_BYTE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_VEX = 4, MAPS = 8 };

/* The rows that an opcode of a map may be: the first that matches is it. */
void decoder_candidates(const struct decoder *d, unsigned map, unsigned opcode,
	const uint16_t **rows, unsigned *count);

/* Reads the address, immediates and all else that the row's operands need: decode_operands.c. */
enum decode_end take_operands(struct reader *r, const struct row *row, struct insn *in);

/* The width of an instruction is that of its first operand that has one. */
unsigned insn_width(const struct reader *r, const struct row *row);

#endif
