#include "sim/cpu/decode.h"

#include "sim/cpu/flags.h"
#include "sim/cpu/ops.h"

#include <stdlib.h>

/* --- the table --- */

static const struct {
	uint32_t opcode;
	int extension;
	const char *name;
	const char *operands;
	const struct op *op;
	uint64_t attributes;
} table[] = {
#define INSN(opcode, extension, name, operands, operation, attributes)                             \
	{opcode, extension, name, operands, &operation, attributes},
#include "sim/cpu/encodings.inc"
#undef INSN
};

#define MAPS 4 /* one byte, 0F, 0F 38, 0F 3A */

struct decoder {
	struct row rows[ARRAY_LEN(table)];
	uint16_t first[MAPS * 256 + 1]; /* by map and opcode: where its candidates begin */
	uint16_t candidates[4 * ARRAY_LEN(table)];
};

static unsigned map_of(uint32_t opcode)
{
	switch (opcode >> 8) {
	case 0:
		return 0;
	case 0x0f:
		return 1;
	case 0x0f38:
		return 2;
	default:
		return 3;
	}
}

/* Registers that an operand names outright. */
static const struct {
	const char *text;
	struct row_operand operand;
} fixed_operands[] = {
	{"AL", {'a', 'b', RAX}},
	{"rAX", {'a', 'v', RAX}},
	{"DX", {'a', 'w', RDX}},
	{"1", {'1', 0, 1}},
	{"v", {'-', 'v', 0}},
	{"sES", {'s', 'w', ES}},
	{"sCS", {'s', 'w', CS}},
	{"sSS", {'s', 'w', SS}},
	{"sDS", {'s', 'w', DS}},
	{"sFS", {'s', 'w', FS}},
	{"sGS", {'s', 'w', GS}},
};

static struct row_operand parse_operand(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(fixed_operands); i++)
		if (strlen(fixed_operands[i].text) == length &&
			memcmp(fixed_operands[i].text, text, length) == 0)
			return fixed_operands[i].operand;
	SIM_ASSERT(length <= 2);
	return (struct row_operand){text[0], length == 2 ? text[1] : 0, 0};
}

static void parse_operands(struct row *row)
{
	const char *text = row->operands_text;

	for (unsigned i = 0; *text != 0; i++) {
		size_t length = strcspn(text, ",");

		SIM_ASSERT(i < OPERANDS);
		row->operands[i] = parse_operand(text, length);
		text += length + (text[length] == ',');
	}
}

static unsigned opcodes_of(const struct row *row)
{
	return row->attributes & CONDITION ? 16 : row->attributes & PLUS_REG ? 8 : 1;
}

static unsigned slot_of(const struct row *row)
{
	return map_of(row->opcode) << 8 | (row->opcode & 0xff);
}

/* Lists for each opcode the rows that may match, in the table's order: counts them, makes the
 * counts positions, and fills in. */
static void index_rows(struct decoder *d)
{
	uint16_t at[MAPS * 256] = {0};
	unsigned count = 0;

	for (size_t r = 0; r < ARRAY_LEN(table); r++)
		for (unsigned i = 0; i < opcodes_of(&d->rows[r]); i++)
			at[slot_of(&d->rows[r]) + i]++;
	for (unsigned i = 0; i < MAPS * 256; i++) {
		d->first[i] = (uint16_t)count;
		count += at[i];
		at[i] = d->first[i];
	}
	d->first[MAPS * 256] = (uint16_t)count;
	SIM_ASSERT(count <= ARRAY_LEN(d->candidates));
	for (size_t r = 0; r < ARRAY_LEN(table); r++)
		for (unsigned i = 0; i < opcodes_of(&d->rows[r]); i++)
			d->candidates[at[slot_of(&d->rows[r]) + i]++] = (uint16_t)r;
}

struct decoder *decoder_create(void)
{
	struct decoder *d = calloc(1, sizeof(*d));

	SIM_ASSERT(d != NULL);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct row *row = &d->rows[i];

		row->name = table[i].name;
		row->operands_text = table[i].operands;
		row->op = table[i].op;
		row->attributes = table[i].attributes;
		row->extension = table[i].extension;
		row->opcode = table[i].opcode;
		parse_operands(row);
	}
	index_rows(d);
	return d;
}

void decoder_destroy(struct decoder *d)
{
	free(d);
}

size_t decoder_row_count(void)
{
	return ARRAY_LEN(table);
}

const struct row *decoder_row(const struct decoder *d, size_t index)
{
	return &d->rows[index];
}

/* --- one instruction --- */

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
	bool has_modrm;
	uint8_t modrm;
};

static bool more_than_available(const struct reader *r, unsigned count)
{
	return r->at + count > r->available;
}

static uint64_t take(struct reader *r, unsigned count)
{
	uint64_t v = 0;

	memcpy(&v, r->bytes + r->at, count);
	r->at += count;
	return v;
}

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
	return kind != 0 && strchr("EGMRVWUSCDPQN", kind) != NULL;
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
	return !r->has_modrm || modrm_matches(row, r->modrm);
}

/* All rows of an opcode agree on whether a ModRM byte follows. */
static enum decode_end find_row(const struct decoder *d, struct reader *r, uint16_t *index)
{
	unsigned slot = r->map << 8 | r->opcode;
	unsigned first = d->first[slot], last = d->first[slot + 1];

	if (first == last)
		return DECODE_INVALID;
	r->has_modrm = row_has_modrm(&d->rows[d->candidates[first]]);
	if (r->has_modrm) {
		if (more_than_available(r, 1))
			return DECODE_MORE;
		r->modrm = (uint8_t)take(r, 1);
	}
	for (unsigned i = first; i < last; i++) {
		if (row_matches(r, &d->rows[d->candidates[i]])) {
			*index = d->candidates[i];
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

/* --- operands --- */

static unsigned operand_width(const struct reader *r, const struct row_operand *o)
{
	switch (o->size) {
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'd':
		return 4;
	case 'q':
		return 8;
	case 'x':
		return 16;
	case 'y':
		return r->rex & REX_W ? 8 : 4;
	case 'n':
		return r->mode == CODE_64 ? 8 : 4;
	default:
		return r->operand_size;
	}
}

/* Bytes without REX: numbers 4 to 7 are AH, CH, DH, BH. */
static uint16_t gpr_offset(const struct reader *r, unsigned n, unsigned width)
{
	if (width == 1 && r->rex == 0 && n >= 4 && n < 8)
		return (uint16_t)(offsetof(struct vcpu, arch.gpr) + 8 * (n - 4) + 1);
	return (uint16_t)(offsetof(struct vcpu, arch.gpr) + 8 * n);
}

static uint16_t xmm_offset(unsigned n)
{
	return (uint16_t)(offsetof(struct vcpu, arch.xmm) + sizeof(struct xmm) * n);
}

static uint16_t mmx_offset(unsigned n)
{
	return (uint16_t)(offsetof(struct vcpu, arch.x87.st) + sizeof(struct xmm) * n);
}

static unsigned modrm_reg(const struct reader *r)
{
	return (r->modrm >> 3 & 7) | (r->rex & REX_R ? 8 : 0);
}

static unsigned modrm_rm(const struct reader *r)
{
	return (r->modrm & 7) | (r->rex & REX_B ? 8 : 0);
}

/* SDM "16-Bit Addressing Forms with the ModR/M Byte". */
static enum decode_end take_address16(struct reader *r, struct insn *in)
{
	static const uint8_t base[] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
	static const uint8_t index[] = {RSI, RDI, RSI, RDI, REG_ZERO, REG_ZERO, REG_ZERO, REG_ZERO};
	unsigned mod = r->modrm >> 6, rm = r->modrm & 7;
	unsigned size = mod == 0 ? (rm == 6 ? 2 : 0) : mod;

	if (more_than_available(r, size))
		return DECODE_MORE;
	in->base = base[rm];
	in->index = index[rm];
	if (mod == 0 && rm == 6)
		in->base = REG_ZERO;
	if (size != 0)
		in->disp = (int32_t)sign_extend(take(r, size), size);
	in->seg = in->base == RBP ? SS : DS;
	return DECODE_OK;
}

static void take_sib(struct reader *r, struct insn *in)
{
	uint8_t sib = (uint8_t)take(r, 1);
	unsigned index = (sib >> 3 & 7) | (r->rex & REX_X ? 8 : 0);

	in->scale = sib >> 6;
	in->index = index == RSP ? REG_ZERO : (uint8_t)index;
	in->base = (uint8_t)((sib & 7) | (r->rex & REX_B ? 8 : 0));
	if ((sib & 7) == RBP && r->modrm >> 6 == 0)
		in->base = REG_ZERO;
}

/* SDM "32-Bit Addressing Forms with the ModR/M Byte" and "RIP-Relative Addressing". */
static enum decode_end take_address(struct reader *r, struct insn *in)
{
	unsigned mod = r->modrm >> 6, rm = r->modrm & 7, size = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	in->index = REG_ZERO;
	in->base = (uint8_t)modrm_rm(r);
	if (rm == 4) {
		if (more_than_available(r, 1))
			return DECODE_MORE;
		take_sib(r, in);
		if (in->base == REG_ZERO)
			size = 4;
	} else if (mod == 0 && rm == 5) {
		in->base = r->mode == CODE_64 ? REG_RIP : REG_ZERO;
		size = 4;
	}
	if (more_than_available(r, size))
		return DECODE_MORE;
	if (size != 0)
		in->disp = (int32_t)sign_extend(take(r, size), size);
	in->seg = in->base == RSP || in->base == RBP ? SS : DS;
	return DECODE_OK;
}

static enum decode_end take_memory(struct reader *r, struct insn *in)
{
	if (r->address_size == 2)
		return take_address16(r, in);
	return take_address(r, in);
}

static unsigned immediate_size(const struct reader *r, const struct row_operand *o)
{
	switch (o->size) {
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'z':
		return r->operand_size == 2 ? 2 : 4;
	case 'd':
		return 4;
	default:
		return r->operand_size;
	}
}

/* Sign-extended, but for Iw (RET, ENTER), which counts bytes. */
static enum decode_end take_immediate(
	struct reader *r, const struct row_operand *o, struct insn *in)
{
	unsigned size = immediate_size(r, o);
	uint64_t value;

	if (more_than_available(r, size))
		return DECODE_MORE;
	value = take(r, size);
	if (o->size != 'w')
		value = (uint64_t)sign_extend(value, size);
	else
		value = (uint16_t)value;
	in->imm = in->place[0] == PLACE_IMM ? in->imm | value << 16 : value;
	return DECODE_OK;
}

/* Ap: the offset, then the selector, which goes into disp. */
static enum decode_end take_far_pointer(struct reader *r, struct insn *in)
{
	if (more_than_available(r, r->operand_size + 2))
		return DECODE_MORE;
	in->imm = take(r, r->operand_size);
	in->disp = (int32_t)take(r, 2);
	return DECODE_OK;
}

static void set_register(struct insn *in, unsigned i, uint16_t offset)
{
	SIM_ASSERT(i < ARRAY_LEN(in->reg));
	in->place[i] = PLACE_REG;
	in->reg[i] = offset;
}

static void set_number(struct insn *in, unsigned i, unsigned number)
{
	in->place[i] = PLACE_IMM;
	in->imm = number;
}

static enum decode_end resolve_rm(
	struct reader *r, const struct row *row, unsigned i, struct insn *in)
{
	const struct row_operand *o = &row->operands[i];

	if (r->modrm >> 6 != 3 && !(row->attributes & MOD_IGNORED)) {
		in->place[i] = PLACE_MEM;
		return DECODE_OK; /* the address is taken before any immediate */
	}
	if (o->kind == 'W' || o->kind == 'U')
		set_register(in, i, xmm_offset(modrm_rm(r)));
	else if (o->kind == 'Q' || o->kind == 'N')
		set_register(in, i, mmx_offset(r->modrm & 7));
	else if (o->size != 0 || o->kind == 'E')
		set_register(in, i, gpr_offset(r, modrm_rm(r), operand_width(r, o)));
	return DECODE_OK;
}

static enum decode_end resolve_operand(
	struct reader *r, const struct row *row, unsigned i, struct insn *in)
{
	const struct row_operand *o = &row->operands[i];
	unsigned width = operand_width(r, o);
	enum decode_end end = DECODE_OK;

	switch (o->kind) {
	case 0:
	case '-':
	case 'X':
	case 'Y':
		return DECODE_OK;
	case 'E':
	case 'M':
	case 'R':
	case 'W':
	case 'U':
	case 'Q':
	case 'N':
		return resolve_rm(r, row, i, in);
	case 'G':
		set_register(in, i, gpr_offset(r, modrm_reg(r), width));
		return DECODE_OK;
	case 'V':
		set_register(in, i, xmm_offset(modrm_reg(r)));
		return DECODE_OK;
	case 'P':
		set_register(in, i, mmx_offset(r->modrm >> 3 & 7));
		return DECODE_OK;
	case 'Z':
		set_register(
			in, i, gpr_offset(r, (r->opcode & 7) | (r->rex & REX_B ? 8 : 0), width));
		return DECODE_OK;
	case 'a':
		set_register(in, i, (uint16_t)(offsetof(struct vcpu, arch.gpr) + 8 * o->fixed));
		return DECODE_OK;
	case 'S':
		set_number(in, i, r->modrm >> 3 & 7);
		return DECODE_OK;
	case 'C':
	case 'D':
		set_number(in, i, modrm_reg(r));
		return DECODE_OK;
	case '1':
	case 's':
		set_number(in, i, o->fixed);
		return DECODE_OK;
	case 'I':
	case 'J':
		end = take_immediate(r, o, in);
		break;
	case 'O':
		if (more_than_available(r, r->address_size))
			return DECODE_MORE;
		in->imm = take(r, r->address_size);
		return DECODE_OK;
	case 'A':
		end = take_far_pointer(r, in);
		break;
	default:
		SIM_ASSERT(!"an operand kind of the table");
	}
	in->place[i] = PLACE_IMM;
	return end;
}

/* The width of an instruction is that of its first operand that has one. */
static unsigned insn_width(const struct reader *r, const struct row *row)
{
	for (unsigned i = 0; i < OPERANDS; i++) {
		const struct row_operand *o = &row->operands[i];

		if (o->kind != 0 && strchr("IJA1sSCD", o->kind) == NULL &&
			!(o->kind == 'a' && o->fixed == RDX))
			return operand_width(r, o);
	}
	return r->operand_size;
}

static bool lock_is_valid(const struct row *row, const struct insn *in)
{
	if ((in->prefix & PREFIX_LOCK) == 0)
		return true;
	return (row->attributes & LOCKABLE) && in->place[0] == PLACE_MEM;
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
		in->run = op_absent.any;
}

static enum decode_end resolve(struct reader *r, const struct row *row, struct insn *in)
{
	if (r->has_modrm && r->modrm >> 6 != 3 && !(row->attributes & MOD_IGNORED)) {
		enum decode_end end = take_memory(r, in);

		if (end != DECODE_OK)
			return end;
	}
	for (unsigned i = 0; i < OPERANDS; i++) {
		enum decode_end end = resolve_operand(r, row, i, in);

		if (end != DECODE_OK)
			return end;
	}
	if (r->segment >= 0)
		in->seg = (uint8_t)r->segment;
	if (r->at > INSN_MAX)
		return DECODE_TOO_LONG;
	return lock_is_valid(row, in) ? DECODE_OK : DECODE_INVALID;
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
	row = &d->rows[in->row];
	set_operand_size(&r, row->attributes);
	in->opcode = (uint8_t)r.opcode;
	in->prefix = r.prefix;
	in->address_size = (uint8_t)r.address_size;
	in->width = (uint8_t)insn_width(&r, row);
	end = resolve(&r, row, in);
	if (end != DECODE_OK)
		return end;
	in->len = (uint8_t)r.at;
	if (row->operands[0].kind == 'J')
		in->imm += start + r.at;
	choose_handler(&r, row, in);
	rebase_rip(&r, in);
	SIM_ASSERT(in->run != NULL);
	return DECODE_OK;
}
