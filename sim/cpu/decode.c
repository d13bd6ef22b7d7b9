#include "sim/cpu/decode.h"

#include "sim/cpu/decode_parts.h"
#include "sim/cpu/ops.h"

/* --- prefixes and opcode --- */

/* A legacy prefix sets its mark and is true. */
static bool take_prefix(struct reader *r, uint8_t byte)
{
	static const struct {
		uint8_t byte;
		int8_t segment;
	} segments[] = {{0x26, ES}, {0x2e, CS}, {0x36, SS}, {0x3e, DS}, {0x64, FS}, {0x65, GS}};

	for (unsigned i = 0; i < ARRAY_LEN(segments); i++) {
		if (segments[i].byte != byte)
			continue;
		/* 64-bit mode ignores all but FS and GS. */
		if (r->mode != CODE_64 || segments[i].segment >= FS)
			r->segment = segments[i].segment;
		return true;
	}
	switch (byte) {
	case 0x66:
		r->prefix |= PREFIX_OPSIZE;
		return true;
	case 0x67:
		r->address_size = r->mode == CODE_32 ? 2 : 4;
		return true;
	case 0xf0:
		r->prefix |= PREFIX_LOCK;
		return true;
	case 0xf2:
	case 0xf3:
		r->last_repeat = byte;
		return true;
	default:
		return false;
	}
}

/* --- VEX: SDM "Instruction Encoding Using VEX Prefix" --- */

/* C4 and C5 are LES and LDS outside 64-bit mode, unless a register operand follows. */
static bool begins_vex(const struct reader *r, uint8_t byte)
{
	if (byte != 0xc4 && byte != 0xc5)
		return false;
	return r->mode == CODE_64 || (r->at < r->available && r->bytes[r->at] >= 0xc0);
}

/* The last byte of either form: W (of the three-byte form alone), vvvv, L, pp. */
static void take_vex_tail(struct reader *r, uint8_t byte)
{
	static const uint8_t repeats[] = {0, 0, 0xf3, 0xf2};
	unsigned prefix = byte & 3;

	r->vvvv = ~byte >> 3 & 15;
	if (prefix == 1)
		r->prefix |= PREFIX_OPSIZE;
	r->last_repeat = repeats[prefix];
}

/* Behind C4 or C5: what VEX says, and the opcode. 32-bit code has eight registers, and ignores what
 * would name more. */
static enum decode_end take_vex(struct reader *r, uint8_t escape)
{
	unsigned size = escape == 0xc4 ? 3 : 2;
	uint8_t first, last;

	if (more_than_available(r, size))
		return DECODE_MORE;
	if ((r->prefix & (PREFIX_LOCK | PREFIX_OPSIZE)) || r->last_repeat != 0 || r->rex != 0)
		return DECODE_INVALID;
	first = (uint8_t)take(r, 1);
	last = escape == 0xc4 ? (uint8_t)take(r, 1) : first;
	take_vex_tail(r, last);
	r->vex = true;
	r->rex = first & 0x80 ? 0 : REX_R;
	r->map = MAP_VEX | MAP_0F;
	if (escape == 0xc4) {
		r->rex |= (first & 0x40 ? 0 : REX_X) | (first & 0x20 ? 0 : REX_B) |
			  (last & 0x80 ? REX_W : 0);
		r->map = (first & 31) <= MAP_0F3A ? MAP_VEX | (first & 31) : MAP_VEX;
	}
	if (r->mode != CODE_64) {
		r->rex = 0;
		r->vvvv &= 7;
	}
	r->opcode = (uint8_t)take(r, 1);
	return last & 4 ? DECODE_INVALID : DECODE_OK;
}

/* Prefixes, REX and opcode. A REX before another prefix does not count. */
static enum decode_end take_opcode(struct reader *r)
{
	uint8_t byte;

	for (;;) {
		if (r->at >= INSN_MAX)
			return DECODE_TOO_LONG;
		if (more_than_available(r, 1))
			return DECODE_MORE;
		byte = (uint8_t)take(r, 1);
		if (r->mode == CODE_64 && (byte & 0xf0) == 0x40) {
			r->rex = byte;
			continue;
		}
		if (!take_prefix(r, byte))
			break;
		r->rex = 0;
	}
	if (begins_vex(r, byte))
		return take_vex(r, byte);
	if (byte == 0x0f) {
		r->map = 1;
		if (more_than_available(r, 1))
			return DECODE_MORE;
		byte = (uint8_t)take(r, 1);
		if (byte == 0x38 || byte == 0x3a) {
			r->map = byte == 0x38 ? 2 : 3;
			if (more_than_available(r, 1))
				return DECODE_MORE;
			byte = (uint8_t)take(r, 1);
		}
	}
	r->opcode = byte;
	if (r->last_repeat != 0)
		r->prefix |= r->last_repeat == 0xf3 ? PREFIX_REP : PREFIX_REPNE;
	if (r->rex != 0)
		r->prefix |= PREFIX_REX;
	if (r->rex & REX_W)
		r->prefix |= PREFIX_REX_W;
	return DECODE_OK;
}

/* --- which row --- */

static bool kind_has_modrm(char kind)
{
	return kind != 0 && strchr("EGMRVWUSCDPQNB", kind) != NULL;
}

static bool row_has_modrm(const struct row *row)
{
	if (row->extension != ANY)
		return true;
	for (unsigned i = 0; i < OPERANDS; i++)
		if (kind_has_modrm(row->operands[i].kind))
			return true;
	return false;
}

static bool prefix_matches(const struct reader *r, uint64_t attributes)
{
	uint64_t have = NP;

	if (r->last_repeat == 0xf3)
		have = PF3;
	else if (r->last_repeat == 0xf2)
		have = PF2;
	else if (r->prefix & PREFIX_OPSIZE)
		have = P66;
	return (attributes & PREFIXED) == 0 || (attributes & have);
}

/* Without an operand in VEX.vvvv that must name none. */
static bool vvvv_matches(const struct reader *r, const struct row *row)
{
	if (r->vvvv == 0)
		return true;
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].kind == 'B')
			return true;
	return false;
}

static bool modrm_matches(const struct row *row, uint8_t modrm)
{
	bool is_register = modrm >> 6 == 3;

	if (row->extension >= 0xc0 && row->extension != modrm)
		return false;
	if (row->extension >= 0 && row->extension < 8 && row->extension != (modrm >> 3 & 7))
		return false;
	if (row->attributes & MOD_IGNORED)
		return true;
	for (unsigned i = 0; i < OPERANDS; i++) {
		char kind = row->operands[i].kind;

		if (kind == 'M' && is_register)
			return false;
		if ((kind == 'R' || kind == 'U' || kind == 'N') && !is_register)
			return false;
	}
	return true;
}

static bool row_matches(const struct reader *r, const struct row *row)
{
	uint64_t a = row->attributes;

	if ((a & (r->mode == CODE_64 ? NO64 : ONLY64)) || !prefix_matches(r, a))
		return false;
	if ((a & NO_REX_B) && (r->rex & REX_B))
		return false;
	if (r->vex && !vvvv_matches(r, row))
		return false;
	return !r->has_modrm || modrm_matches(row, r->modrm);
}

/* All rows of an opcode agree on whether a ModRM byte follows. */
static enum decode_end find_row(const struct decoder *d, struct reader *r, uint16_t *index)
{
	const uint16_t *candidates;
	unsigned count;

	decoder_candidates(d, r->map, r->opcode, &candidates, &count);
	if (count == 0)
		return DECODE_INVALID;
	r->has_modrm = row_has_modrm(decoder_row(d, candidates[0]));
	if (r->has_modrm) {
		if (more_than_available(r, 1))
			return DECODE_MORE;
		r->modrm = (uint8_t)take(r, 1);
	}
	for (unsigned i = 0; i < count; i++) {
		if (row_matches(r, decoder_row(d, candidates[i]))) {
			*index = candidates[i];
			return DECODE_OK;
		}
	}
	return DECODE_INVALID;
}

static void set_operand_size(struct reader *r, uint64_t attributes)
{
	bool flipped = r->prefix & PREFIX_OPSIZE;

	r->operand_size = (r->mode == CODE_16) != flipped ? 2 : 4;
	if (r->mode != CODE_64)
		return;
	if ((r->rex & REX_W) || (attributes & NEAR64))
		r->operand_size = 8;
	else if (attributes & STACK64)
		r->operand_size = flipped ? 2 : 8;
}

/* --- which handler --- */

static bool is_flat(const struct reader *r, const struct insn *in)
{
	return r->mode == CODE_64 && r->address_size == 8 && in->seg != FS && in->seg != GS;
}

/* Added to a shape's plain memory form: -2 is base + displacement, -1 base + index, 0 any. */
static int memory_variant(const struct reader *r, const struct insn *in)
{
	if (!is_flat(r, in))
		return 0;
	return in->index == REG_ZERO ? -2 : -1;
}

static enum shape plain_shape(const struct insn *in)
{
	if (in->place[0] == PLACE_MEM)
		return in->place[1] == PLACE_REG   ? SHAPE_MR
		       : in->place[1] == PLACE_IMM ? SHAPE_MI
						   : SHAPE_M;
	if (in->place[0] != PLACE_REG)
		return SHAPES;
	switch (in->place[1]) {
	case PLACE_REG:
		return SHAPE_RR;
	case PLACE_IMM:
		return SHAPE_RI;
	case PLACE_MEM:
		return SHAPE_RM;
	default:
		return SHAPE_R;
	}
}

static void choose_handler(const struct reader *r, const struct row *row, struct insn *in)
{
	enum shape shape = plain_shape(in);
	unsigned width = width_log2(in->width);
	bool memory =
		shape == SHAPE_RM || shape == SHAPE_MR || shape == SHAPE_MI || shape == SHAPE_M;
	int variant = memory ? memory_variant(r, in) : 0;
	const exec_fn *forms;

	in->run = row->op->any;
	if (shape == SHAPES)
		return;
	forms = row->op->forms[(int)shape + variant];
	if (variant == 0 || forms[width] == NULL) {
		forms = row->op->forms[shape];
		if (forms[width] != NULL)
			in->run = forms[width];
		return;
	}
	in->run = forms[width];
}

/* RIP is the block's first instruction while the block runs. The last few bytes of the 2 GiB that
 * a displacement reaches do not fit then. */
static void rebase_rip(const struct reader *r, struct insn *in)
{
	int64_t disp = (int64_t)in->disp + in->start + r->at;

	if (in->base != REG_RIP)
		return;
	in->disp = (int32_t)disp;
	if (in->disp != disp)
		in->run = op_too_far.any;
}

/* --- one instruction --- */

static bool lock_is_valid(const struct row *row, const struct insn *in)
{
	if ((in->prefix & PREFIX_LOCK) == 0)
		return true;
	return (row->attributes & LOCKABLE) && in->place[0] == PLACE_MEM;
}

enum decode_end decode(const struct decoder *d, enum code_mode mode, const uint8_t *bytes,
	unsigned available, unsigned start, struct insn *in)
{
	struct reader r = {
		.bytes = bytes,
		.available = available,
		.mode = mode,
		.segment = -1,
		.address_size = mode == CODE_64   ? 8
				: mode == CODE_32 ? 4
						  : 2,
	};
	const struct row *row;
	enum decode_end end;

	*in = (struct insn){
		.base = REG_ZERO, .index = REG_ZERO, .seg = DS, .start = (uint16_t)start};
	end = take_opcode(&r);
	if (end == DECODE_OK)
		end = find_row(d, &r, &in->row);
	if (end != DECODE_OK)
		return end;
	row = decoder_row(d, in->row);
	set_operand_size(&r, row->attributes);
	in->opcode = (uint8_t)r.opcode;
	in->prefix = r.prefix;
	in->address_size = (uint8_t)r.address_size;
	in->width = (uint8_t)insn_width(&r, row);
	end = take_operands(&r, row, in);
	if (end != DECODE_OK)
		return end;
	if (r.at > INSN_MAX)
		return DECODE_TOO_LONG;
	if (!lock_is_valid(row, in))
		return DECODE_INVALID;
	in->len = (uint8_t)r.at;
	if (row->operands[0].kind == 'J')
		in->imm += start + r.at;
	choose_handler(&r, row, in);
	rebase_rip(&r, in);
	SIM_ASSERT(in->run != NULL);
	return DECODE_OK;
}
