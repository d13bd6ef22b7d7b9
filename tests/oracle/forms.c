/* forms.c - the forms of a row, and encodings of a form. */
#include "tests/oracle/oracle.h"

#include <stdio.h>

/* --- which forms --- */

static bool row_has_rm(const struct row *row)
{
	return row_has_kind(row, "EMRWUQN");
}

static bool row_has_modrm(const struct row *row)
{
	return row->extension != ANY || row_has_kind(row, "EGMRVWUSCDPQNB");
}

/* Kinds of addresses by mode: 64-bit, 32-bit, and either with an LDT. */
static const enum rm_kind *memory_kinds(enum code_mode mode, bool ldt)
{
	static const enum rm_kind wide[] = {
		RM_BASE, RM_INDEX, RM_ABS, RM_RIP, RM_ADDR32, RM_GS, RM_NONE};
	static const enum rm_kind compat[] = {RM_BASE, RM_INDEX, RM_ABS, RM_NONE};
	static const enum rm_kind ldt32[] = {RM_BASE, RM_INDEX, RM_ABS, RM_ADDR16, RM_NONE};
	static const enum rm_kind ldt16[] = {RM_BASE, RM_INDEX, RM_ABS, RM_ADDR32, RM_NONE};

	return mode == CODE_64 ? wide : mode == CODE_16 ? ldt16 : ldt ? ldt32 : compat;
}

static unsigned string_kinds(
	const struct row *row, enum code_mode mode, bool ldt, enum rm_kind kinds[8])
{
	unsigned count = 0;

	kinds[count++] = RM_NONE;
	if (mode != CODE_32)
		kinds[count++] = RM_ADDR32;
	else if (ldt)
		kinds[count++] = RM_ADDR16;
	if (mode == CODE_64 && row_has_kind(row, "XO"))
		kinds[count++] = RM_GS;
	return count;
}

static unsigned rm_kinds_of(
	const struct row *row, enum code_mode mode, bool ldt, enum rm_kind kinds[8])
{
	const enum rm_kind *memory = memory_kinds(mode, ldt);
	unsigned count = 0;

	if (row_has_kind(row, "XYO"))
		return string_kinds(row, mode, ldt, kinds);
	if (row->extension >= 0xc0 || (row->attributes & MOD_IGNORED) || !row_has_rm(row)) {
		kinds[count++] = RM_NONE;
		return count;
	}
	if (!row_has_kind(row, "M"))
		kinds[count++] = RM_REG;
	if (row_has_kind(row, "RUN"))
		return count;
	for (unsigned i = 0; memory[i] != RM_NONE; i++)
		kinds[count++] = memory[i];
	return count;
}

uint16_t form_cs(const struct form *s)
{
	if (!s->ldt)
		return s->mode == CODE_64 ? USER_CS : USER_CS32;
	return LDT_SELECTOR(s->mode == CODE_16 ? LDT_CODE16 : LDT_CODE32);
}

bool form_addresses_16(const struct form *s)
{
	return s->rm == RM_ADDR16 || (s->mode == CODE_16 && s->rm != RM_ADDR32);
}

/* As an operand size. */
static bool has_prefix_66(const struct row *row)
{
	if (row->attributes & VEX)
		return false;
	return (row->attributes & PREFIXED) == 0 || row_has_size(row, 'v');
}

/* Without an LDT our code has no 16-bit addresses to go to. */
static bool has_size(const struct row *row, enum code_mode mode, bool ldt, unsigned size)
{
	if (size == 8)
		return mode == CODE_64;
	if (size == 4)
		return true;
	if (ldt)
		return has_prefix_66(row);
	return has_prefix_66(row) && !row_is_far(row) &&
	       (mode == CODE_64 || !(row->attributes & BRANCH));
}

/* The form in all that is of the row alone. */
static struct form plain_form(
	const struct decoder *d, uint16_t index, enum code_mode mode, bool ldt)
{
	const struct row *row = decoder_row(d, index);

	return (struct form){.row = row,
		.mode = mode,
		.ldt = ldt,
		.index = index,
		.stack = row_uses_stack(row),
		.x87 = row_is_x87(row),
		.vector = row_has_kind(row, "VWU"),
		.special = row_is_special(row)};
}

/* Those of f with each prefix that the row can have. */
static unsigned prefixed_forms(struct form f, struct form *forms)
{
	static const uint8_t repeats[] = {0, 0xf3, 0xf2};
	unsigned count = 0;

	for (unsigned p = 0; p < (f.row->attributes & REPEATS ? ARRAY_LEN(repeats) : 1); p++) {
		f.repeat = repeats[p];
		forms[count++] = f;
	}
	f.repeat = 0;
	f.lock = true;
	if (f.row->attributes & LOCKABLE)
		forms[count++] = f;
	return count;
}

unsigned forms_of(const struct decoder *d, uint16_t index, enum code_mode mode, bool ldt,
	struct form forms[FORMS_MAX])
{
	static const uint8_t sizes[] = {4, 2, 8};
	struct form f = plain_form(d, index, mode, ldt);
	enum rm_kind kinds[8];
	unsigned kind_count = rm_kinds_of(f.row, mode, ldt, kinds), count = 0;

	for (unsigned s = 0; s < ARRAY_LEN(sizes); s++) {
		f.size = sizes[s];
		if (!has_size(f.row, mode, ldt, f.size))
			continue;
		for (unsigned k = 0; k < kind_count; k++) {
			f.rm = kinds[k];
			count += prefixed_forms(f, forms + count);
		}
	}
	SIM_ASSERT(count <= FORMS_MAX);
	return count;
}

/* A register, memory, or neither. */
static unsigned form_place(const struct form *s)
{
	return !row_has_rm(s->row) ? 0 : s->rm <= RM_REG ? 1 : 2;
}

static unsigned form_size(const struct form *s)
{
	const struct row *row = s->row;

	if (row_has_size(row, 'v') || row_has_size(row, 'z') || row_has_size(row, 'p') ||
		(row->attributes & BRANCH))
		return s->size;
	return s->size == 8 && (row_has_size(row, 'y') || row_has_size(row, 'n')) ? 8 : 0;
}

bool form_same_shape(const struct form *a, const struct form *b)
{
	return (a->mode == CODE_64) == (b->mode == CODE_64) && a->repeat == b->repeat &&
	       form_place(a) == form_place(b) && form_size(a) == form_size(b);
}

void form_name(const struct form *s, char *name, size_t size)
{
	static const char *const kinds[] = {
		"", "reg", "base", "index", "rip", "abs", "addr32", "addr16", "gs"};
	const char *mode = s->mode == CODE_64   ? ""
			   : !s->ldt            ? "compat "
			   : s->mode == CODE_32 ? "32-bit "
						: "16-bit ";

	snprintf(name, size, "%s%s%s%u%s%s", mode, kinds[s->rm], s->rm == RM_NONE ? "" : "/",
		s->size * 8, s->lock ? " lock" : "",
		s->repeat == 0      ? ""
		: s->repeat == 0xf3 ? " rep"
				    : " repne");
}

/* --- sizes --- */

static unsigned operand_size(const struct form *s)
{
	uint64_t a = s->row->attributes;

	if (s->mode != CODE_64)
		return s->size;
	if (a & NEAR64)
		return 8;
	if ((a & STACK64) && s->size == 4)
		return 8;
	return s->size;
}

static unsigned operand_bytes(const struct code *c, const struct row_operand *o)
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
		return c->form->size == 8 ? 8 : 4;
	case 'p':
		return c->width + 2;
	default:
		return c->width;
	}
}

static unsigned immediate_bytes(const struct code *c, const struct row_operand *o)
{
	if (o->size == 'z')
		return c->width == 2 ? 2 : 4;
	if (o->kind == 'A')
		return c->width;
	return operand_bytes(c, o);
}

/* Bytes that the memory operand takes. */
static unsigned access_bytes(const struct code *c)
{
	const struct row *row = c->form->row;
	unsigned most = 1;

	if (row_is(row, "fxsave") || row_is(row, "fxrstor"))
		return 512;
	if (row_has_kind(row, "T") && row->operands[0].kind == 'M' && row->operands[0].size == 0)
		return x87_access_bytes(row, c->width);
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].kind != 0 && strchr("EMWQXYO", row->operands[i].kind) != NULL)
			most = operand_bytes(c, &row->operands[i]);
	if (row_is(row, "bound"))
		return 2 * c->width;
	return row_is(row, "cmpxchg8b") ? 2 * most : most;
}

/* --- registers --- */

/* Registers that an address may not use, since the case needs them for something else. */
static bool is_taken(const struct code *c, unsigned reg)
{
	const struct row *row = c->form->row;

	if (row_is_bit_string(row) && reg == c->reg)
		return true;
	return row_uses_stack(row) && (reg == RSP || reg == RBP);
}

static unsigned register_count(const struct code *c)
{
	return c->form->mode == CODE_64 ? 16 : 8;
}

static unsigned pick_address_register(const struct code *c, struct rng *r, unsigned except)
{
	unsigned reg;

	do {
		reg = (unsigned)draw(r, register_count(c));
	} while (reg == except || is_taken(c, reg));
	return reg;
}

/* SDM "16-Bit Addressing Forms with the ModR/M Byte", by ModRM.rm. */
static const struct {
	uint8_t base, index;
} forms16[] = {{RBX, RSI}, {RBX, RDI}, {RBP, RSI}, {RBP, RDI}, {RSI, NO_REG}, {RDI, NO_REG},
	{RBP, NO_REG}, {RBX, NO_REG}};

static void pick_address16(struct code *c, struct rng *r)
{
	unsigned pick;

	do {
		pick = (unsigned)draw(r, 8);
		if (c->form->rm == RM_BASE)
			pick |= 4;
		else if (c->form->rm == RM_INDEX)
			pick &= 3;
	} while (is_taken(c, forms16[pick].base) || is_taken(c, forms16[pick].index));
	c->base = forms16[pick].base;
	c->index = forms16[pick].index;
}

static void pick_address(struct code *c, struct rng *r)
{
	const struct form *s = c->form;

	if (s->rm == RM_RIP || s->rm == RM_ABS)
		return;
	if (form_addresses_16(s)) {
		pick_address16(c, r);
		return;
	}
	c->base = (uint8_t)pick_address_register(c, r, NO_REG);
	if (s->rm == RM_INDEX || (s->rm == RM_ADDR32 && draw(r, 2))) {
		do {
			c->index = (uint8_t)pick_address_register(c, r, c->base);
		} while (c->index == RSP);
		c->scale = (uint8_t)draw(r, 4);
	}
}

static void pick_registers(struct code *c, struct rng *r)
{
	const struct form *s = c->form;

	c->rm = c->reg = c->vvvv = c->base = c->index = NO_REG;
	if (row_has_kind(s->row, "GVPSCD"))
		c->reg = (uint8_t)draw(r, row_has_kind(s->row, "S") ? 6 : register_count(c));
	if (row_has_kind(s->row, "B"))
		c->vvvv = (uint8_t)draw(r, register_count(c));
	if (row_has_kind(s->row, "CD")) /* all the same at CPL 3, but must exist */
		c->reg = 0;
	c->rm = (uint8_t)draw(r, register_count(c));
	if (row_is_indirect(s->row) && c->rm == RSP)
		c->rm = RAX;
	c->memory = s->rm > RM_REG && !row_has_kind(s->row, "XYO");
	if (!c->memory)
		return;
	c->rm = NO_REG;
	pick_address(c, r);
}

/* Overrides for data in segments of an LDT; FS is null there. */
static void pick_segment(struct code *c, struct rng *r)
{
	static const uint8_t overrides[] = {ES, SS, DS, FS, GS};
	bool by_stack = c->base == RBP || c->base == RSP;

	c->segment = c->form->rm == RM_GS ? GS : by_stack ? SS : DS;
	c->override = c->form->rm == RM_GS;
	if (!c->form->ldt || !(c->memory || row_has_kind(c->form->row, "XO")) || draw(r, 4))
		return;
	c->segment = overrides[draw(r, ARRAY_LEN(overrides))];
	c->override = true;
}

/* --- bytes --- */

static void put(struct code *c, uint64_t value, unsigned size)
{
	SIM_ASSERT(c->len + size <= sizeof(c->bytes));
	memcpy(c->bytes + c->len, &value, size);
	c->len = (uint8_t)(c->len + size);
}

/* Whether 66 is there for the operand size. */
static bool flips_size(const struct form *s)
{
	return has_prefix_66(s->row) && (s->size == 2) != (s->mode == CODE_16);
}

/* All prefixes but REX, in any order. */
static void put_prefixes(struct code *c, struct rng *r)
{
	static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
	const struct form *s = c->form;
	uint64_t mandatory = s->row->attributes & VEX ? 0 : s->row->attributes;
	uint8_t prefixes[8];
	unsigned count = 0;

	if (s->lock)
		prefixes[count++] = 0xf0;
	if (flips_size(s) || (mandatory & PREFIXED) == P66)
		prefixes[count++] = 0x66;
	if (mandatory & PF3)
		prefixes[count++] = 0xf3;
	if (mandatory & PF2)
		prefixes[count++] = 0xf2;
	if (s->repeat != 0)
		prefixes[count++] = s->repeat;
	if (s->rm == RM_ADDR32 || s->rm == RM_ADDR16)
		prefixes[count++] = 0x67;
	if (c->override)
		prefixes[count++] = overrides[c->segment];
	while (count > 0) {
		unsigned pick = (unsigned)draw(r, count);

		put(c, prefixes[pick], 1);
		prefixes[pick] = prefixes[--count];
	}
}

static unsigned high(unsigned reg)
{
	return reg != NO_REG && reg >= 8;
}

/* The shorter form, where it says all there is, in half of the cases. Outside 64-bit mode what
 * would name other registers is ignored, where the first byte is not LES or LDS for it. */
static void put_vex(struct code *c, struct rng *r, unsigned rex)
{
	uint64_t a = c->form->row->attributes;
	unsigned pp = a & P66 ? 1 : a & PF3 ? 2 : a & PF2 ? 3 : 0;
	unsigned vvvv = c->vvvv == NO_REG ? 0 : c->vvvv;
	unsigned map = c->form->row->opcode >> 8 == 0x0f38   ? 2
		       : c->form->row->opcode >> 8 == 0x0f3a ? 3
							     : 1;
	unsigned junk = c->form->mode == CODE_64 ? 0 : (unsigned)draw(r, 2);

	vvvv |= junk && c->vvvv != NO_REG ? 8 : 0;
	rex |= junk && draw(r, 2) ? 9 : 0;
	if (map == 1 && (rex & 11) == 0 && draw(r, 2)) {
		put(c, 0xc5, 1);
		put(c, (~rex << 5 & 0x80) | (~vvvv & 15) << 3 | pp, 1);
	} else {
		put(c, 0xc4, 1);
		put(c, (~rex << 5 & 0xe0) | map, 1);
		put(c, (rex & 8) << 4 | (~vvvv & 15) << 3 | pp, 1);
	}
	put(c, c->opcode, 1);
}

static void put_opcode(struct code *c, struct rng *r)
{
	const struct row *row = c->form->row;
	unsigned rm = c->memory ? c->base : c->rm;
	unsigned rex =
		(c->form->size == 8) << 3 | high(c->reg) << 2 | high(c->index) << 1 | high(rm);

	if (!row_has_rm(row) && !(row->attributes & PLUS_REG))
		rex &= 12;
	c->opcode = (uint8_t)row->opcode;
	if (row->attributes & CONDITION)
		c->opcode |= (uint8_t)draw(r, 16);
	if (row->attributes & PLUS_REG)
		c->opcode |= c->rm & 7;
	if (row->attributes & VEX) {
		put_vex(c, r, rex);
		return;
	}
	c->rex = c->form->mode == CODE_64 && (rex != 0 || draw(r, 2) == 0);
	if (c->rex)
		put(c, 0x40 | rex, 1);
	if (row->opcode >= 0x0f00)
		put(c, 0x0f, 1);
	if (row->opcode >= 0x0f3800)
		put(c, row->opcode >> 8 & 0xff, 1);
	put(c, c->opcode, 1);
}

static void put_modrm(struct code *c, unsigned mod, unsigned rm)
{
	unsigned reg = c->form->row->extension;

	if (c->form->row->extension == ANY)
		reg = c->reg == NO_REG ? 0 : c->reg & 7;
	c->modrm = (uint8_t)(mod << 6 | (reg & 7) << 3 | (rm & 7));
	put(c, c->modrm, 1);
}

static void put_address16(struct code *c, struct rng *r)
{
	unsigned mod = (unsigned)draw(r, 3), rm = 0;

	while (forms16[rm].base != c->base || forms16[rm].index != c->index)
		rm++;
	if (mod == 0 && rm == 6)
		mod = 1;
	put_modrm(c, mod, rm);
	c->disp = mod == 1 ? (int8_t)rng_next(r) : mod == 2 ? (int16_t)rng_next(r) : 0;
	put(c, (uint64_t)(int64_t)c->disp, mod);
}

/* Displacement by base register: none, 8 or 32 bits. Near the base for what uses the stack. */
static void put_base_and_index(struct code *c, struct rng *r)
{
	bool sib = c->index != NO_REG || (c->base & 7) == RSP || draw(r, 4) == 0;
	unsigned mod = (unsigned)draw(r, 3);

	if (mod == 0 && (c->base & 7) == RBP)
		mod = 1;
	put_modrm(c, mod, sib ? 4 : c->base);
	if (sib) {
		unsigned index = c->index == NO_REG ? 4 : c->index & 7u;

		put(c, (unsigned)c->scale << 6 | index << 3 | (c->base & 7), 1);
	}
	if (mod == 1)
		c->disp = (int8_t)rng_next(r);
	if (mod == 2)
		c->disp = (int32_t)rng_next(r);
	put(c, (uint64_t)(int64_t)c->disp, mod == 0 ? 0 : mod == 1 ? 1 : 4);
}

static void put_operand(struct code *c, struct rng *r)
{
	const struct form *s = c->form;
	enum placement where;

	if (s->row->extension >= 0xc0) {
		put(c, (unsigned)s->row->extension, 1);
		return;
	}
	if (!c->memory) {
		put_modrm(c, 3, c->rm);
		return;
	}
	if (s->rm != RM_RIP && s->rm != RM_ABS) {
		if (form_addresses_16(s))
			put_address16(c, r);
		else
			put_base_and_index(c, r);
		return;
	}
	do {
		c->fixed_target = place(r, c->access, false, &where);
	} while (avoids_read_only(s) &&
		 c->fixed_target - (DATA_AT(PAGE_C) + WINDOW) < 2 * PAGE_SIZE);
	put_modrm(c, 0, form_addresses_16(s) ? 6 : s->rm == RM_RIP || s->mode != CODE_64 ? 5 : 4);
	if (s->rm == RM_ABS && s->mode == CODE_64)
		put(c, 0x25, 1);
	/* Relative to RIP later, when the length is known. */
	put(c, c->fixed_target - (s->ldt ? LDT_BASE : 0), form_addresses_16(s) ? 2 : 4);
}

/* The displacement of a RIP-relative operand comes after its ModRM byte, at `at`. */
static void fix_rip_relative(struct code *c, uint64_t la, unsigned at)
{
	uint32_t relative = (uint32_t)(c->fixed_target - (la + c->len));

	memcpy(c->bytes + at, &relative, 4);
}

static uint64_t random_immediate(const struct code *c, struct rng *r)
{
	if (row_is(c->form->row, "enter") || row_is(c->form->row, "ret") ||
		row_is(c->form->row, "lret"))
		return draw(r, 256);
	if (draw(r, 2))
		return draw(r, 80);
	return random_integer(r);
}

/* The address of MOV with an offset. */
static void put_offset(struct code *c, struct rng *r)
{
	const struct form *s = c->form;
	bool narrow = s->rm == RM_ADDR32 || s->mode != CODE_64;
	enum placement where;
	uint64_t offset;

	c->fixed_target = place(r, c->access, false, &where);
	offset = c->fixed_target - (s->ldt ? LDT_BASE : s->rm == RM_GS ? GS_BASE : 0);
	put(c, offset, form_addresses_16(s) ? 2 : narrow ? 4 : 8);
}

static void put_immediates(struct code *c, uint64_t la, struct rng *r)
{
	const struct row *row = c->form->row;

	for (unsigned i = 0; i < OPERANDS; i++) {
		const struct row_operand *o = &row->operands[i];
		unsigned size = immediate_bytes(c, o);

		if (o->kind == 'I') {
			c->imm = random_immediate(c, r);
			put(c, c->imm, size);
		} else if (o->kind == 'J') {
			uint64_t slot = la - SLOT_INSN;
			uint64_t to = slot + (draw(r, 2) ? SLOT_BACK : SLOT_FAR);

			put(c, to - (la + c->len + size), size);
		} else if (o->kind == 'A') {
			put(c,
				la - SLOT_INSN + (draw(r, 2) ? SLOT_BACK : SLOT_FAR) -
					selector_base(form_cs(c->form)),
				size);
			put(c, form_cs(c->form), 2);
		} else if (o->kind == 'O') {
			put_offset(c, r);
		}
	}
}

/* --- an instruction in front --- */

static bool is_used(const struct code *c, unsigned reg)
{
	return reg == c->rm || reg == c->reg || reg == c->vvvv || reg == c->base || reg == c->index;
}

/* CMP, or ADD, SUB, INC, DEC, NEG of a register that the instruction does not use: none leaves a
 * flag undefined. */
static void put_flag_setter(struct code *c, struct rng *r)
{
	static const struct {
		uint8_t opcode, digit;
	} setters[] = {{0x39, 0}, {0x01, 0}, {0x29, 0}, {0xff, 0}, {0xff, 1}, {0xf7, 3}};
	unsigned pick = (unsigned)draw(r, ARRAY_LEN(setters)), reg, digit;
	bool wide = draw(r, 2), byte = draw(r, 3) == 0;

	do {
		reg = 8 + (unsigned)draw(r, 8);
	} while (is_used(c, reg));
	digit = setters[pick].opcode < 0x40 ? (unsigned)draw(r, 8) : setters[pick].digit;
	if (draw(r, 4) == 0)
		put(c, 0x66, 1);
	put(c, 0x41 | wide << 3, 1);
	put(c, setters[pick].opcode - byte, 1);
	put(c, 0xc0 | digit << 3 | (reg & 7), 1);
	c->lead = c->len;
}

void code_encode(const struct form *s, uint64_t la, struct rng *r, struct code *c)
{
	unsigned modrm_at;

	*c = (struct code){.form = s};
	c->width = (uint8_t)operand_size(s);
	c->access = access_bytes(c);
	pick_registers(c, r);
	pick_segment(c, r);
	if (s->mode == CODE_64 && draw(r, 4) == 0)
		put_flag_setter(c, r);
	put_prefixes(c, r);
	put_opcode(c, r);
	modrm_at = c->len;
	if (row_has_modrm(s->row))
		put_operand(c, r);
	put_immediates(c, la, r);
	if (c->memory && s->rm == RM_RIP)
		fix_rip_relative(c, la, modrm_at + 1);
}
