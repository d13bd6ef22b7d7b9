#include "sim/cpu/operand.h"

static uint64_t truncate_address(uint64_t offset, unsigned size)
{
	return size == 8 ? offset : size == 4 ? (uint32_t)offset : (uint16_t)offset;
}

uint64_t operand_offset(const struct vcpu *c, const struct insn *in)
{
	uint64_t offset = address_register(c, in->base) +
			  (address_register(c, in->index) << in->scale) +
			  (uint64_t)(int64_t)in->disp;

	return truncate_address(offset, in->address_size);
}

/* In protected mode; real mode has no types, only limits. */
static bool segment_allows(const struct segment *s, enum access how)
{
	bool code = s->attr & 0x8;

	if ((s->attr & SEG_P) == 0)
		return false;
	if (how == ACCESS_WRITE)
		return !code && (s->attr & 0x2);
	return !code || (s->attr & 0x2);
}

bool segment_holds(const struct segment *s, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;
	bool expand_down = (s->attr & 0xc) == 0x4;

	if (!expand_down)
		return last <= s->limit;
	return offset > s->limit && last <= (s->attr & SEG_D ? 0xffffffff : 0xffff);
}

struct fault segment_linear(
	struct vcpu *c, unsigned seg, uint64_t offset, unsigned size, enum access how, uint64_t *la)
{
	const struct segment *s = &c->arch.seg[seg];

	if (c->mode == CODE_64) {
		*la = offset + (seg == FS || seg == GS ? s->base : 0);
		return no_fault;
	}
	if (((c->arch.cr0 & CR0_PE) && !segment_allows(s, how)) || !segment_holds(s, offset, size))
		return fault_error(seg == SS ? VECTOR_SS : VECTOR_GP, 0);
	*la = (uint32_t)(offset + s->base);
	return no_fault;
}

struct fault operand_linear(
	struct vcpu *c, const struct insn *in, enum access how, unsigned size, uint64_t *la)
{
	return segment_linear(c, in->seg, operand_offset(c, in), size, how, la);
}

bool operand_is_misaligned(const struct vcpu *c, const struct insn *in)
{
	return (operand_offset(c, in) + c->arch.seg[in->seg].base) & 15;
}

struct fault operand_load(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned width, uint64_t *value)
{
	uint64_t la;

	switch (in->place[i]) {
	case PLACE_REG:
		*value = reg_get(c, operand_register(in, i), width);
		return no_fault;
	case PLACE_IMM:
		*value = zero_extend(in->imm, width);
		return no_fault;
	default:
		*value = 0;
		TRY(operand_linear(c, in, ACCESS_READ, width, &la));
		return mem_load(c, in->seg, la, width, value);
	}
}

struct fault operand_open(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned width, struct operand *o)
{
	uint64_t la;

	o->value = 0;
	o->host = NULL;
	o->offset = 0;
	if (in->place[i] == PLACE_REG) {
		o->offset = in->reg[i];
		o->value = reg_get(c, o->offset, width);
		return no_fault;
	}
	TRY(operand_linear(c, in, ACCESS_WRITE, width, &la));
	TRY(mem_open(c, in->seg, la, width, &o->host));
	memcpy(&o->value, o->host, width);
	return no_fault;
}

void operand_commit(struct vcpu *c, struct operand *o, unsigned width, uint64_t value)
{
	if (o->host == NULL) {
		reg_set(c, o->offset, width, value);
		return;
	}
	memcpy(o->host, &value, width);
	mem_commit(c, o->host);
}

struct fault operand_store(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned width, uint64_t value)
{
	uint64_t la;

	if (in->place[i] == PLACE_REG) {
		reg_set(c, in->reg[i], width, value);
		return no_fault;
	}
	TRY(operand_linear(c, in, ACCESS_WRITE, width, &la));
	return mem_store(c, in->seg, la, width, &value);
}

struct fault operand_load_xmm(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned size, struct xmm *value)
{
	uint64_t la;

	if (in->place[i] == PLACE_REG) {
		*value = *operand_xmm(c, in, i);
		return no_fault;
	}
	*value = (struct xmm){{0, 0}};
	TRY(operand_linear(c, in, ACCESS_READ, size, &la));
	return mem_load(c, in->seg, la, size, value);
}

/* --- the stack --- */

static uint64_t stack_mask(const struct vcpu *c)
{
	if (c->mode == CODE_64)
		return UINT64_MAX;
	return c->arch.seg[SS].attr & SEG_D ? 0xffffffff : 0xffff;
}

static void stack_pointer_set(struct vcpu *c, uint64_t value)
{
	uint64_t mask = stack_mask(c);

	c->arch.gpr[RSP] =
		mask == 0xffff ? (c->arch.gpr[RSP] & ~mask) | (value & mask) : value & mask;
}

struct fault stack_push_selector(struct vcpu *c, unsigned size, uint16_t selector)
{
	uint64_t to = (c->arch.gpr[RSP] - size) & stack_mask(c);
	uint64_t la;

	if (size != 4)
		return stack_push(c, size, selector);
	TRY(segment_linear(c, SS, to, 2, ACCESS_WRITE, &la));
	TRY(mem_store(c, SS, la, 2, &selector));
	stack_pointer_set(c, to);
	return no_fault;
}

struct fault stack_push(struct vcpu *c, unsigned size, uint64_t value)
{
	uint64_t to = (c->arch.gpr[RSP] - size) & stack_mask(c);
	uint64_t la;

	TRY(segment_linear(c, SS, to, size, ACCESS_WRITE, &la));
	TRY(mem_store(c, SS, la, size, &value));
	stack_pointer_set(c, to);
	return no_fault;
}

struct fault stack_read(struct vcpu *c, uint64_t offset, unsigned size, uint64_t *value)
{
	uint64_t la;

	*value = 0;
	TRY(segment_linear(c, SS, offset & stack_mask(c), size, ACCESS_READ, &la));
	return mem_load(c, SS, la, size, value);
}

struct fault stack_probe(struct vcpu *c, uint64_t offset, unsigned size)
{
	uint8_t *host;
	uint64_t la;

	TRY(segment_linear(c, SS, offset & stack_mask(c), size, ACCESS_WRITE, &la));
	return mem_open(c, SS, la, size, &host);
}

struct fault stack_top(struct vcpu *c, unsigned at, unsigned size, uint64_t *value)
{
	return stack_read(c, c->arch.gpr[RSP] + at, size, value);
}

void stack_drop(struct vcpu *c, uint64_t size)
{
	stack_pointer_set(c, c->arch.gpr[RSP] + size);
}
