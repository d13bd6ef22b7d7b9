/* decode_operands.c - the operands of an instruction: registers, address, immediates. */
#include "sim/cpu/decode_parts.h"

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
	in->place[i] = PLACE_REG;
	if (i < ARRAY_LEN(in->reg))
		in->reg[i] = offset;
	else
		in->imm = offset;
}

static void set_number(struct insn *in, unsigned i, unsigned number)
{
	in->place[i] = PLACE_IMM;
	in->imm = number;
}

/* E, M, R, W, U, Q, N: memory, whose address was taken already, or a register. */
static void resolve_rm(const struct reader *r, const struct row *row, unsigned i, struct insn *in)
{
	const struct row_operand *o = &row->operands[i];

	if (r->modrm >> 6 != 3 && !(row->attributes & MOD_IGNORED)) {
		in->place[i] = PLACE_MEM;
		return;
	}
	if (o->kind == 'W' || o->kind == 'U')
		set_register(in, i, xmm_offset(modrm_rm(r)));
	else if (o->kind == 'Q' || o->kind == 'N')
		set_register(in, i, mmx_offset(r->modrm & 7));
	else if (o->size != 0 || o->kind == 'E')
		set_register(in, i, gpr_offset(r, modrm_rm(r), operand_width(r, o)));
	else
		SIM_ASSERT(o->kind == 'M' || o->kind == 'R');
}

/* Operands that the bytes read so far name: true if it was one. */
static bool name_operand(const struct reader *r, const struct row *row, unsigned i, struct insn *in)
{
	const struct row_operand *o = &row->operands[i];
	unsigned width = operand_width(r, o), low = (r->opcode & 7) | (r->rex & REX_B ? 8 : 0);

	switch (o->kind) {
	case 0: /* none, or one that is no more than a width */
	case '-':
	case 'X':
	case 'Y':
		break;
	case 'G':
		set_register(in, i, gpr_offset(r, modrm_reg(r), width));
		break;
	case 'B':
		set_register(in, i, gpr_offset(r, r->vvvv, width));
		break;
	case 'V':
		set_register(in, i, xmm_offset(modrm_reg(r)));
		break;
	case 'P':
		set_register(in, i, mmx_offset(r->modrm >> 3 & 7));
		break;
	case 'Z':
		set_register(in, i, gpr_offset(r, low, width));
		break;
	case 'a':
		set_register(in, i, (uint16_t)(offsetof(struct vcpu, arch.gpr) + 8 * o->fixed));
		break;
	case 'S':
		set_number(in, i, r->modrm >> 3 & 7);
		break;
	case 'C':
	case 'D':
		set_number(in, i, modrm_reg(r));
		break;
	case 'T':
		set_number(in, i, r->modrm);
		break;
	case '1':
	case 's':
		set_number(in, i, o->fixed);
		break;
	default:
		return false;
	}
	return true;
}

/* Operands that have bytes of their own, or a ModRM.rm. */
static enum decode_end take_operand(
	struct reader *r, const struct row *row, unsigned i, struct insn *in)
{
	const struct row_operand *o = &row->operands[i];
	enum decode_end end = DECODE_OK;

	switch (o->kind) {
	case 'I':
	case 'J':
		end = take_immediate(r, o, in);
		in->place[i] = PLACE_IMM;
		return end;
	case 'A':
		end = take_far_pointer(r, in);
		in->place[i] = PLACE_IMM;
		return end;
	case 'O':
		if (more_than_available(r, r->address_size))
			return DECODE_MORE;
		in->imm = take(r, r->address_size);
		return DECODE_OK;
	default:
		resolve_rm(r, row, i, in);
		return DECODE_OK;
	}
}

enum decode_end take_operands(struct reader *r, const struct row *row, struct insn *in)
{
	enum decode_end end = DECODE_OK;

	if (r->has_modrm && r->modrm >> 6 != 3 && !(row->attributes & MOD_IGNORED))
		end = take_memory(r, in);
	for (unsigned i = 0; i < OPERANDS && end == DECODE_OK; i++)
		if (!name_operand(r, row, i, in))
			end = take_operand(r, row, i, in);
	if (r->segment >= 0)
		in->seg = (uint8_t)r->segment;
	return end;
}

unsigned insn_width(const struct reader *r, const struct row *row)
{
	for (unsigned i = 0; i < OPERANDS; i++) {
		const struct row_operand *o = &row->operands[i];

		if (o->kind != 0 && strchr("IJA1sSCDT", o->kind) == NULL &&
			!(o->kind == 'a' && o->fixed == RDX))
			return operand_width(r, o);
	}
	return r->operand_size;
}
