/* cases.c - registers and memory for a run: random, with a liking for values where things break. */
#include "tests/oracle/oracle.h"

#include <float.h>

/* --- values --- */

uint64_t random_integer(struct rng *r)
{
	static const uint64_t interesting[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 1, 0x7f, 0x80,
		0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX,
		BIT(63), 0x8080808080808080, 0x7f7f7f7f7f7f7f7f};

	switch (draw(r, 4)) {
	case 0:
		return interesting[draw(r, ARRAY_LEN(interesting))];
	case 1:
		return BIT(draw(r, 64)) - draw(r, 2);
	case 2:
		return draw(r, 256);
	default:
		return rng_next(r);
	}
}

/* Zero, denormal, least and greatest normal, infinity, quiet and signalling NaN, and the like. */
static uint64_t random_float(struct rng *r, unsigned exponent_bits, unsigned fraction_bits)
{
	uint64_t most = BIT(exponent_bits) - 1, bias = most >> 1;
	uint64_t exponents[] = {0, 0, 1, 2, most - 1, most, most, bias, bias + 1,
		bias - fraction_bits, bias + fraction_bits, bias + 30, bias + 31, bias + 62,
		bias + 63, draw(r, most)};
	uint64_t fractions[] = {0, 0, 1, BIT(fraction_bits) - 1, BIT(fraction_bits - 1),
		BIT(fraction_bits - 1) - 1, BIT(draw(r, fraction_bits)), rng_next(r), rng_next(r)};
	uint64_t exponent = exponents[draw(r, ARRAY_LEN(exponents))];
	uint64_t fraction = fractions[draw(r, ARRAY_LEN(fractions))];

	return draw(r, 2) << (exponent_bits + fraction_bits) | exponent << fraction_bits |
	       (fraction & (BIT(fraction_bits) - 1));
}

/* A number near what a conversion to an integer can hold, with a fraction. */
static double random_convertible(struct rng *r)
{
	return (double)(int64_t)random_integer(r) * (1 + (double)draw(r, 1024)) / 1024;
}

/* A double near the ends of what a single can hold. */
static double random_at_single_limits(struct rng *r)
{
	double limit = draw(r, 2) ? (double)FLT_MIN : (double)FLT_MAX;

	return limit * (1 + ((double)draw(r, 64) - 32) / (double)BIT(20 + draw(r, 12)));
}

static uint64_t random_lanes(struct rng *r, unsigned kind)
{
	double real;
	float single;
	uint64_t bits = 0;

	switch (kind) {
	case 0:
		return random_float(r, 11, 52);
	case 1:
		return random_float(r, 8, 23) | random_float(r, 8, 23) << 32;
	case 2:
		real = random_convertible(r);
		memcpy(&bits, &real, sizeof(real));
		return bits;
	case 3:
		single = (float)random_convertible(r);
		memcpy(&bits, &single, sizeof(single));
		return bits | bits << 32;
	case 4:
		return random_integer(r);
	case 5:
		real = random_at_single_limits(r);
		memcpy(&bits, &real, sizeof(real));
		return bits;
	default:
		return rng_next(r);
	}
}

void random_vector(struct rng *r, struct xmm *x)
{
	unsigned kind = (unsigned)draw(r, 7);

	x->q[0] = random_lanes(r, kind);
	x->q[1] = random_lanes(r, kind);
}

static uint32_t random_mxcsr(struct rng *r)
{
	uint32_t flags = draw(r, 2) ? 0 : (uint32_t)draw(r, 64);
	uint32_t modes = (uint32_t)(rng_next(r) & (MXCSR_MODES));

	switch (draw(r, 8)) {
	case 0: /* some exceptions unmasked */
		return flags | modes | (uint32_t)draw(r, 64) << 7;
	case 1:
	case 2:
	case 3:
		return flags | modes | 0x1f80;
	default:
		return flags | 0x1f80;
	}
}

/* --- places --- */

static uint64_t inside(struct rng *r, uint64_t from, unsigned size)
{
	uint64_t offset = draw(r, WINDOW - size + 1);

	return from + (draw(r, 2) ? offset & ~UINT64_C(15) : offset);
}

static enum placement random_placement(struct rng *r, unsigned size, bool wide)
{
	enum placement where = AT_INSIDE;

	if (draw(r, 4) == 0)
		where = (enum placement)draw(r, PLACEMENTS);
	if (where == AT_NOT_CANONICAL && !wide)
		where = AT_PAGE_END;
	if (size == 1 && (where == AT_CROSSING || where == AT_HOLE_CROSSING ||
				 where == AT_READ_ONLY_CROSSING))
		where = AT_PAGE_END;
	return where;
}

uint64_t place(struct rng *r, unsigned size, bool wide, enum placement *where)
{
	*where = random_placement(r, size, wide);
	switch (*where) {
	case AT_PAGE_END:
		return DATA_AT(PAGE_B) - size;
	case AT_CROSSING:
		return DATA_AT(PAGE_B) - 1 - draw(r, size - 1);
	case AT_HOLE_CROSSING:
		return DATA_AT(PAGE_HOLE) - 1 - draw(r, size - 1);
	case AT_HOLE:
		return inside(r, DATA_AT(PAGE_HOLE), size);
	case AT_READ_ONLY:
		return inside(r, DATA_AT(PAGE_READ_ONLY), size);
	case AT_READ_ONLY_CROSSING:
		return DATA_AT(PAGE_READ_ONLY) - 1 - draw(r, size - 1);
	case AT_BEHIND_HOLE:
		return DATA_AT(PAGE_C) + draw(r, 64);
	case AT_NOT_CANONICAL:
		return BIT(47) + PAGE_SIZE + draw(r, BIT(16));
	default:
		return inside(r, DATA_AT(PAGE_B) - (draw(r, 2) ? WINDOW : 0), size);
	}
}

static uint64_t place_counted(struct case_maker *m, unsigned size, bool wide)
{
	enum placement where;
	uint64_t la = place(m->rng, size, wide, &where);

	m->placed[where]++;
	return la;
}

/* --- a case --- */

/* Sets a register, unless an address was built with it. */
static void set_free(const struct code *c, struct regs *in, unsigned reg, uint64_t value)
{
	if (!c->memory || (reg != c->base && reg != c->index))
		in->gpr[reg] = value;
}

static void random_state(struct case_maker *m, const struct code *c, struct regs *in)
{
	struct rng *r = m->rng;

	for (unsigned i = 0; i < 16; i++)
		in->gpr[i] = random_integer(r);
	if (draw(r, 2))
		in->gpr[RCX] = (in->gpr[RCX] & ~UINT64_C(0xff)) | draw(r, 70);
	in->rflags = (rng_next(r) & (RFLAGS_STATUS | RFLAGS_DF)) | RFLAGS_IF | RFLAGS_ONE;
	memset(&in->fx, 0, offsetof(struct fx_image, xmm));
	in->fx.fcw = 0x37f;
	in->fx.mxcsr = random_mxcsr(r);
	if (c->form->x87)
		random_x87(r, &in->fx, row_has_kind(c->form->row, "PQN"));
	if (c->form->x87)
		keep_x87_in_range(r, c->form->row, &in->fx);
	if (c->form->vector || draw(r, 64) == 0)
		for (unsigned i = 0; i < 16; i++)
			random_vector(r, &m->xmm[i]);
	memcpy(in->fx.xmm, m->xmm, sizeof(m->xmm));
}

/* A second operand whose product with the first, or the first's quotient by it, is the least normal
 * number, or nearly. */
static void meet_at_least_normal(struct rng *r, struct xmm *a, struct xmm *b)
{
	float single[2][4];
	double real[2][2];

	memcpy(real[0], a, sizeof(*a));
	memcpy(single[0], a, sizeof(*a));
	for (unsigned i = 0; i < 4; i++)
		single[1][i] = draw(r, 2) ? FLT_MIN / single[0][i] : single[0][i] / FLT_MIN;
	for (unsigned i = 0; i < 2; i++)
		real[1][i] = draw(r, 2) ? DBL_MIN / real[0][i] : real[0][i] / DBL_MIN;
	memcpy(b, draw(r, 2) ? (void *)single[1] : (void *)real[1], sizeof(*b));
	b->q[0] += draw(r, 5) - 2;
	b->q[1] += draw(r, 5) - 2;
}

/* Some pairs of registers that meet are alike. */
static void relate_operands(struct case_maker *m, const struct code *c, struct regs *in)
{
	if (c->reg == NO_REG || c->rm == NO_REG || draw(m->rng, 3) != 0)
		return;
	if (c->form->vector && draw(m->rng, 3)) {
		meet_at_least_normal(m->rng, &in->fx.xmm[c->reg], &in->fx.xmm[c->rm]);
		return;
	}
	in->fx.xmm[c->reg] = in->fx.xmm[c->rm];
	set_free(c, in, c->reg, in->gpr[c->rm]);
}

static void put_contents(struct case_maker *m, uint64_t la, unsigned size)
{
	struct xmm x[32];

	SIM_ASSERT(size <= sizeof(x));
	for (unsigned i = 0; i < (size + 15) / 16; i++)
		random_vector(m->rng, &x[i]);
	m->write(m->context, la, x, size);
}

static bool form_is_narrow(const struct form *s)
{
	return s->rm == RM_ADDR32 || s->mode != CODE_64;
}

/* The offset of an address as wide as the form's, and what lies there: noise above is ignored. */
static uint64_t offset_of(
	struct case_maker *m, const struct code *c, unsigned seg, uint64_t *la, struct regs *in)
{
	const struct form *s = c->form;
	uint64_t base = seg == GS && !s->ldt ? in->gs_base : selector_base(in->selector[seg]);
	uint64_t offset = *la - base;

	if (!form_is_narrow(s))
		return offset;
	if (form_addresses_16(s)) {
		*la = base + (uint16_t)offset;
		return (uint16_t)offset | rng_next(m->rng) << 16;
	}
	return (uint32_t)offset | rng_next(m->rng) << 32;
}

/* Builds the address of the memory operand from its registers, unless the encoding has it. */
static uint64_t place_operand(struct case_maker *m, const struct code *c, struct regs *in)
{
	const struct form *s = c->form;
	uint64_t la, index = 0;

	if (c->base == NO_REG)
		return s->ldt ? c->fixed_target - LDT_BASE + selector_base(in->selector[c->segment])
			      : c->fixed_target;
	do {
		la = place_counted(m, c->access, !form_is_narrow(s));
	} while (avoids_read_only(s) && la - (DATA_AT(PAGE_C) + WINDOW) < 2 * PAGE_SIZE);
	if (c->index != NO_REG)
		index = in->gpr[c->index] << c->scale;
	in->gpr[c->base] =
		offset_of(m, c, c->segment, &la, in) - (uint64_t)(int64_t)c->disp - index;
	return la;
}

/* Counts as wide as addresses are. */
static void put_count(struct case_maker *m, const struct code *c, struct regs *in)
{
	uint64_t noise = rng_next(m->rng);

	in->gpr[RCX] = draw(m->rng, draw(m->rng, 2) ? 9 : 30);
	if (form_is_narrow(c->form))
		in->gpr[RCX] |= noise << (form_addresses_16(c->form) ? 16 : 32);
}

static void place_string(struct case_maker *m, const struct code *c, struct regs *in)
{
	bool wide = !form_is_narrow(c->form);
	uint64_t from = place_counted(m, c->access, wide);
	uint64_t to = place_counted(m, c->access, wide);

	in->gpr[RSI] = offset_of(m, c, c->segment, &from, in);
	in->gpr[RDI] = offset_of(m, c, ES, &to, in);
	put_count(m, c, in);
	put_contents(m, from, 64);
	if (draw(m->rng, 2))
		put_contents(m, to, 64);
	if (draw(m->rng, 4) == 0)
		m->write(m->context, to, &in->gpr[RAX], c->access);
}

/* --- selectors --- */

/* Of the descriptors that both sides have, null ones, and what lies beyond the tables. Not those of
 * Linux's own: TSS, LDT, thread-local storage. */
static uint16_t random_selector(struct rng *r)
{
	static const uint16_t others[] = {0x38, 0x80, 0x100, 0xfff8, 0x44, 0x4c, 0x104, 0xfffc};

	switch (draw(r, 5)) {
	case 0:
		return others[draw(r, ARRAY_LEN(others))] | (uint16_t)draw(r, 4);
	case 1:
		return USER_SS;
	case 2:
		return (uint16_t)draw(r, 8 * LDT_SEGMENTS) | 4;
	default:
		return (uint16_t)draw(r, 0x38) & ~4;
	}
}

/* For CS: code of the same mode, or nothing that can be entered. */
static uint16_t random_code_selector(struct rng *r, const struct code *c)
{
	uint16_t selector = random_selector(r);
	unsigned index = selector >> 3;
	bool is_code =
		selector & 4 ? index < LDT_DATA : index == USER_CS >> 3 || index == USER_CS32 >> 3;

	return is_code || draw(r, 4) ? form_cs(c->form) : selector;
}

/* A far pointer or a selector, as the instruction takes it from memory or its register. */
static void put_selector(
	struct case_maker *m, const struct code *c, uint64_t la, uint64_t target, struct regs *in)
{
	uint16_t selector = row_is_far(c->form->row) ? random_code_selector(m->rng, c)
						     : random_selector(m->rng);
	uint8_t pointer[10];

	if (!c->memory) {
		set_free(c, in, c->rm, (in->gpr[c->rm] & ~UINT64_C(0xffff)) | selector);
		return;
	}
	if (c->access <= 2) {
		m->write(m->context, la, &selector, 2);
		return;
	}
	memcpy(pointer, &target, 8);
	memcpy(pointer + c->width, &selector, 2);
	m->write(m->context, la, pointer, c->access);
}

/* --- the stack --- */

static uint64_t random_flags_image(struct rng *r)
{
	return rng_next(r) & ~(RFLAGS_TF | RFLAGS_AC | RFLAGS_RF); /* no traps */
}

/* An offset in CS to go to. */
static uint64_t random_target(struct rng *r, const struct code *c, uint64_t slot)
{
	return slot - selector_base(form_cs(c->form)) + (draw(r, 2) ? SLOT_BACK : SLOT_FAR);
}

/* What POP, RET, LRET and IRET find: elements of the operand size. */
static void put_stack(struct case_maker *m, const struct code *c, uint64_t la, uint64_t slot)
{
	const struct row *row = c->form->row;
	struct rng *r = m->rng;
	uint64_t target = random_target(r, c, slot);
	uint64_t image[5] = {target, random_code_selector(r, c), random_flags_image(r),
		random_integer(r), draw(r, 4) ? USER_SS : random_selector(r)};
	unsigned count = row_is(row, "iret") ? 5 : row_is(row, "lret") ? 2 : 0;

	put_contents(m, la, 8);
	if (row_is(row, "ret"))
		m->write(m->context, la, &target, sizeof(target));
	if (row_is(row, "popf"))
		m->write(m->context, la, &image[2], sizeof(image[2]));
	if (row_takes_selector(row))
		m->write(m->context, la, &image[4], 2);
	for (unsigned i = 0; i < count; i++)
		m->write(m->context, la + i * c->width, &image[i], c->width);
}

static unsigned stack_bytes(const struct code *c)
{
	const struct row *row = c->form->row;

	if (row_is(row, "iret"))
		return 5 * c->width;
	if (row_is(row, "pusha") || row_is(row, "popa"))
		return 8 * c->width;
	return row_is_far(row) ? 2 * c->width : 8;
}

static void place_stack(struct case_maker *m, const struct code *c, uint64_t slot, struct regs *in)
{
	const struct row *row = c->form->row;
	uint64_t base = selector_base(in->selector[SS]), la;

	do {
		la = place_counted(m, stack_bytes(c), c->form->mode == CODE_64);
	} while (avoids_read_only(c->form) && la - (DATA_AT(PAGE_C) + WINDOW) < 2 * PAGE_SIZE);
	in->gpr[RSP] = la - base;
	if (row_is(row, "enter"))
		in->gpr[RBP] = 8u * c->width - base +
			       place_counted(m, 8 * c->width, c->form->mode == CODE_64);
	if (row_is(row, "leave"))
		in->gpr[RBP] = la - base;
	else if (row_is(row, "push") || row_is(row, "call") || row_is(row, "enter") ||
		 row_is(row, "pushf") || row_is(row, "lcall") || row_is(row, "pusha"))
		in->gpr[RSP] += stack_bytes(c);
	put_stack(m, c, la, slot);
}

/* A quotient that fits, more often than chance has it. */
static void tame_division(struct case_maker *m, const struct code *c, struct regs *in)
{
	uint64_t sign = in->gpr[RAX] >> 63 ? UINT64_MAX : 0;

	if (draw(m->rng, 8) == 0)
		return;
	set_free(c, in, RDX, row_is(c->form->row, "div") ? draw(m->rng, 3) : sign);
	if (draw(m->rng, 2))
		set_free(c, in, RAX, draw(m->rng, 0x200));
}

/* An accumulator that equals the destination. */
static void match_accumulator(
	struct case_maker *m, const struct code *c, uint64_t la, struct regs *in)
{
	uint64_t pair[2];

	if (draw(m->rng, 2))
		return;
	if (!c->memory) {
		in->gpr[RAX] = in->gpr[c->rm];
		return;
	}
	pair[0] = in->gpr[RAX];
	pair[1] = in->gpr[RDX];
	if (c->access == 8 && row_is(c->form->row, "cmpxchg8b"))
		pair[0] = (uint32_t)pair[0] | pair[1] << 32;
	m->write(m->context, la, pair, c->access);
}

/* An image that FXRSTOR takes, or LDMXCSR, most of the time. */
static void put_image(struct case_maker *m, const struct code *c, uint64_t la)
{
	struct fx_image fx;

	memset(&fx, 0, sizeof(fx));
	random_x87(m->rng, &fx, false);
	fx.fsw = (uint16_t)rng_next(m->rng);
	fx.fcw = (uint16_t)rng_next(m->rng);
	fx.mxcsr = draw(m->rng, 8) ? random_mxcsr(m->rng) : (uint32_t)random_integer(m->rng);
	for (unsigned i = 0; i < 16; i++)
		random_vector(m->rng, &fx.xmm[i]);
	if (row_is(c->form->row, "fxrstor"))
		m->write(m->context, la, &fx, sizeof(fx));
	else
		m->write(m->context, la, &fx.mxcsr, sizeof(fx.mxcsr));
}

static void put_x87_operand(struct case_maker *m, const struct code *c, uint64_t la)
{
	uint8_t bytes[X87_ACCESS_MOST];

	if (c->form->row->operands[0].size != 0)
		return;
	random_x87_operand(m->rng, c->form->row, c->width, bytes);
	m->write(m->context, la, bytes, c->access);
}

static void place_bit_string(struct case_maker *m, const struct code *c, struct regs *in)
{
	uint64_t noise = c->width == 8 ? 0 : rng_next(m->rng) << (c->width * 8);

	in->gpr[c->reg] =
		noise | ((draw(m->rng, 1024) - 512) & (UINT64_MAX >> (64 - c->width * 8)));
}

/* What single instructions need beyond random registers. */
static void adjust_case(
	struct case_maker *m, const struct code *c, uint64_t slot, uint64_t la, struct regs *in)
{
	const struct row *row = c->form->row;
	uint64_t target = random_target(m->rng, c, slot);

	if (row_is(row, "div") || row_is(row, "idiv"))
		tame_division(m, c, in);
	if (strncmp(row->name, "cmpxchg", 7) == 0)
		match_accumulator(m, c, la, in);
	if (row_is(row, "fxrstor") || row_is(row, "ldmxcsr"))
		put_image(m, c, la);
	if (c->memory && row_has_kind(row, "T"))
		put_x87_operand(m, c, la);
	if (row_is(row, "fldcw")) {
		target = rng_next(m->rng);
		m->write(m->context, la, &target, 2);
	}
	if ((row_takes_selector(row) && !row_uses_stack(row)) || (row_is_far(row) && c->memory))
		put_selector(m, c, la, target, in);
	if (row_is_indirect(row)) {
		if (c->memory)
			m->write(m->context, la, &target, 8);
		else
			in->gpr[c->rm] = target;
	}
	if (row_is(row, "xlat")) {
		la = place_counted(m, 1, c->form->mode == CODE_64);
		in->gpr[RBX] = offset_of(m, c, c->segment, &la, in) - (in->gpr[RAX] & 0xff);
		put_contents(m, la, 1);
	}
	if (strncmp(row->name, "maskmov", 7) == 0)
		in->gpr[RDI] =
			place_counted(m, row_has_kind(row, "P") ? 8 : 16, c->form->mode == CODE_64);
}

static void choose_segments(struct case_maker *m, const struct code *c, struct regs *in)
{
	const struct form *s = c->form;

	memset(in->selector, 0, sizeof(in->selector));
	in->selector[CS] = form_cs(s);
	in->selector[SS] = s->ldt ? random_data_segment(m->rng, true) : USER_SS;
	if (s->ldt) {
		in->selector[ES] = random_data_segment(m->rng, false);
		in->selector[DS] = random_data_segment(m->rng, false);
		in->selector[GS] = random_data_segment(m->rng, false);
	} else if (s->mode != CODE_64) {
		in->selector[ES] = in->selector[DS] = USER_SS;
	}
	in->fs_base = host_fs_base();
	in->gs_base = s->ldt ? selector_base(in->selector[GS]) : GS_BASE;
}

void case_make(struct case_maker *m, const struct code *c, uint64_t slot, struct regs *in)
{
	const struct row *row = c->form->row;
	uint64_t la = 0;

	random_state(m, c, in);
	choose_segments(m, c, in);
	in->rip = slot + SLOT_INSN - selector_base(in->selector[CS]);
	if (c->form->stack)
		place_stack(m, c, slot, in);
	if (c->form->special && row_has_kind(row, "XY") && !row_is(row, "xlat"))
		place_string(m, c, in);
	if (c->memory && row_is_bit_string(row))
		place_bit_string(m, c, in);
	if (c->memory || (c->form->special && row_has_kind(row, "O"))) {
		la = place_operand(m, c, in);
		put_contents(m, la, c->access);
	}
	relate_operands(m, c, in);
	if (c->form->special)
		adjust_case(m, c, slot, la, in);
	for (unsigned i = 0; i < 16 && c->form->mode != CODE_64; i++)
		in->gpr[i] = (uint32_t)in->gpr[i];
}
