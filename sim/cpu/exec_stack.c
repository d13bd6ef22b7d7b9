/* exec_stack.c - PUSH, POP and their kin. */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/v8086.h"

/* in->width is the operand size. */
OP_ANY(push)
{
	uint64_t value;

	TRY(operand_load(c, in, 0, in->width, &value));
	return stack_push(c, in->width, value);
}

/* SDM POP: an address that uses RSP is computed with the incremented one. */
OP_ANY(pop)
{
	uint64_t value, rsp = c->arch.gpr[RSP];
	struct fault f;

	TRY(stack_top(c, 0, in->width, &value));
	stack_drop(c, in->width);
	f = operand_store(c, in, 0, in->width, value);
	if (f.raw)
		c->arch.gpr[RSP] = rsp;
	return f;
}

/* --- the common case: a 64-bit register in 64-bit mode --- */

static struct fault push64_register(struct vcpu *c, const struct insn *in)
{
	uint64_t top = c->arch.gpr[RSP] - 8;
	const struct soft_entry *e = soft_entry(c->soft, top);

	if (unlikely(!soft_writes(e, top, 8)))
		return push_any(c, in);
	memcpy(soft_host(e, top), (const uint8_t *)c + in->reg[0], 8);
	c->arch.gpr[RSP] = top;
	return in[1].run(c, in + 1);
}

static struct fault pop64_register(struct vcpu *c, const struct insn *in)
{
	uint64_t top = c->arch.gpr[RSP];
	const struct soft_entry *e = soft_entry(c->soft, top);

	if (unlikely(!soft_reads(e, top, 8)))
		return pop_any(c, in);
	c->arch.gpr[RSP] += 8;
	memcpy((uint8_t *)c + in->reg[0], soft_host(e, top), 8); /* POP RSP: the value wins */
	return in[1].run(c, in + 1);
}

const struct op op_push64 = {.any = push_any, .forms = {[SHAPE_R] = {[3] = push64_register}}};
const struct op op_pop64 = {.any = pop_any, .forms = {[SHAPE_R] = {[3] = pop64_register}}};

OP_ANY(pusha)
{
	uint64_t sp = c->arch.gpr[RSP];

	for (unsigned i = 0; i < 8; i++) {
		uint64_t value = i == RSP ? sp : c->arch.gpr[i];
		struct fault f = stack_push(c, in->width, value);

		if (f.raw) {
			c->arch.gpr[RSP] = sp;
			return f;
		}
	}
	return no_fault;
}

OP_ANY(popa)
{
	uint64_t value[8];

	for (unsigned i = 0; i < 8; i++)
		TRY(stack_top(c, i * in->width, in->width, &value[i]));
	for (unsigned i = 0; i < 8; i++)
		if (7 - i != RSP)
			reg_set(c, offsetof(struct vcpu, arch.gpr) + 8 * (7 - i), in->width,
				value[i]);
	stack_drop(c, 8ull * in->width);
	return no_fault;
}

/* The frame pointers of the enclosing levels, found through rBP, and that of the new one. */
MUST_CHECK static struct fault push_display(struct vcpu *c, unsigned size, unsigned level)
{
	uint64_t own = c->arch.gpr[RSP], pointer;

	for (unsigned i = 1; i < level; i++) {
		TRY(stack_read(c, c->arch.gpr[RBP] - (uint64_t)i * size, size, &pointer));
		TRY(stack_push(c, size, pointer));
	}
	return level == 0 ? no_fault : stack_push(c, size, own);
}

/* SDM ENTER: the final stack pointer must be one that could be written at. */
MUST_CHECK static struct fault enter_frame(struct vcpu *c, const struct insn *in, uint64_t *frame)
{
	TRY(stack_push(c, in->width, c->arch.gpr[RBP]));
	*frame = c->arch.gpr[RSP];
	TRY(push_display(c, in->width, (in->imm >> 16) & 31));
	return stack_probe(c, c->arch.gpr[RSP] - (uint16_t)in->imm, in->width);
}

OP_ANY(enter)
{
	uint64_t rsp = c->arch.gpr[RSP], frame;
	struct fault f = enter_frame(c, in, &frame);

	if (f.raw) {
		c->arch.gpr[RSP] = rsp;
		return f;
	}
	reg_set(c, offsetof(struct vcpu, arch.gpr[RBP]), in->width, frame);
	stack_drop(c, -(uint64_t)(uint16_t)in->imm);
	return no_fault;
}

OP_ANY(leave)
{
	uint64_t value, rsp = c->arch.gpr[RSP];
	struct fault f;

	c->arch.gpr[RSP] = c->arch.gpr[RBP];
	f = stack_top(c, 0, in->width, &value);
	if (f.raw) {
		c->arch.gpr[RSP] = rsp;
		return f;
	}
	stack_drop(c, in->width);
	reg_set(c, offsetof(struct vcpu, arch.gpr[RBP]), in->width, value);
	return no_fault;
}

/* PUSHF gives VM and RF as 0. */
OP_ANY(pushf)
{
	enum interrupt_flag flag = in_v8086(c) ? v8086_flag_of(c, in->width) : FLAG_IF;

	if (flag == FLAG_NONE)
		return fault_gp(0);
	flags_settle(c);
	return stack_push(c, in->width,
		(flag == FLAG_VIF ? v8086_pushed_flags(c) : c->arch.rflags) &
			~(RFLAGS_VM | RFLAGS_RF));
}

OP_ANY(popf)
{
	uint64_t value, mask = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT;
	uint64_t iopl = bits_get(c->arch.rflags, RFLAGS_IOPL);

	enum interrupt_flag flag = in_v8086(c) ? v8086_flag_of(c, in->width) : FLAG_IF;

	if (flag == FLAG_NONE)
		return fault_gp(0);
	TRY(stack_top(c, 0, in->width, &value));
	if (flag == FLAG_VIF) {
		TRY(v8086_pop_flags(c, value));
		stack_drop(c, in->width);
		return no_fault;
	}
	if (in->width > 2)
		mask |= RFLAGS_AC | RFLAGS_ID;
	if (cpu_cpl(c) == 0)
		mask |= RFLAGS_IOPL;
	if (cpu_cpl(c) <= iopl)
		mask |= RFLAGS_IF;
	stack_drop(c, in->width);
	flags_write(c, mask, value);
	return no_fault;
}
