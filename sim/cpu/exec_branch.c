/* exec_branch.c - near branches, calls and returns, and what depends on a condition. */
#include "sim/cpu/code_cache.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

/* Goes to rip unless that is not canonical, or beyond the limit of CS (SDM JMP, "Exceptions"). */
MUST_CHECK static ALWAYS_INLINE struct fault go_to(struct vcpu *c, uint64_t rip)
{
	if (c->mode == CODE_64 ? !is_canonical(rip) : rip > c->arch.seg[CS].limit)
		return fault_gp(0);
	c->arch.rip = rip;
	return fault_end;
}

static uint64_t relative_target(const struct vcpu *c, const struct insn *in)
{
	return zero_extend(c->arch.rip + in->imm, in->width);
}

/* Into the block that a linked branch leads to, unless the run loop must have a look first. */
static ALWAYS_INLINE bool enter_target(struct vcpu *c, const struct insn *in)
{
	const struct block *target = in->target;
	int64_t left = c->left - in->steps;

	if (left - target->count < c->floor)
		return false;
	c->left = left;
	c->block = (struct insn *)(uintptr_t)target->insns;
	return true;
}

/* --- conditional branches --- */

/* 64-bit mode: a branch that is not taken does not end the block. Written out in the macro, since
 * only there gcc makes a jump of going on. */
#define BRANCH_WHEN(name, condition)                                                               \
	static struct fault name(struct vcpu *c, const struct insn *in)                            \
	{                                                                                          \
		if (!(condition))                                                                  \
			return in[1].run(c, in + 1);                                               \
		c->arch.rip += in->imm;                                                            \
		return stop_at(c, in, fault_end);                                                  \
	}

/* The same, linked with the block at its target. */
#define LINKED_BRANCH_WHEN(name, condition)                                                        \
	static struct fault name(struct vcpu *c, const struct insn *in)                            \
	{                                                                                          \
		if (!(condition))                                                                  \
			return in[1].run(c, in + 1);                                               \
		c->arch.rip += in->imm;                                                            \
		if (unlikely(!enter_target(c, in)))                                                \
			return stop_at(c, in, fault_link);                                         \
		return c->block->run(c, c->block);                                                 \
	}

#define CONDITION_FORMS(cc)                                                                        \
	BRANCH_WHEN(jcc_sub_##cc, condition_after_sub(&c->lazy, cc))                               \
	BRANCH_WHEN(jcc_logic_##cc, condition_after_logic(&c->lazy, cc))                           \
	BRANCH_WHEN(jcc_other_##cc, flags_condition(c, cc))                                        \
	LINKED_BRANCH_WHEN(linked_sub_##cc, condition_after_sub(&c->lazy, cc))                     \
	LINKED_BRANCH_WHEN(linked_logic_##cc, condition_after_logic(&c->lazy, cc))                 \
	LINKED_BRANCH_WHEN(linked_other_##cc, flags_condition(c, cc))

CONDITION_FORMS(0)
CONDITION_FORMS(1)
CONDITION_FORMS(2)
CONDITION_FORMS(3)
CONDITION_FORMS(4)
CONDITION_FORMS(5)
CONDITION_FORMS(6)
CONDITION_FORMS(7)
CONDITION_FORMS(8)
CONDITION_FORMS(9)
CONDITION_FORMS(10)
CONDITION_FORMS(11)
CONDITION_FORMS(12)
CONDITION_FORMS(13)
CONDITION_FORMS(14)
CONDITION_FORMS(15)

#define BRANCH_ROW(kind)                                                                           \
	{                                                                                          \
		kind##_0, kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6, kind##_7,    \
			kind##_8, kind##_9, kind##_10, kind##_11, kind##_12, kind##_13, kind##_14, \
			kind##_15                                                                  \
	}

exec_fn branch_handler(enum flags_effect before, unsigned cc, bool linked)
{
	static const exec_fn after_sub[][16] = {BRANCH_ROW(jcc_sub), BRANCH_ROW(linked_sub)};
	static const exec_fn after_logic[][16] = {BRANCH_ROW(jcc_logic), BRANCH_ROW(linked_logic)};
	static const exec_fn after_other[][16] = {BRANCH_ROW(jcc_other), BRANCH_ROW(linked_other)};

	if (before == FLAGS_SUB && condition_ignores_width(cc))
		return after_sub[linked][cc];
	if (before == FLAGS_LOGIC)
		return after_logic[linked][cc];
	return after_other[linked][cc];
}

OP_ANY(jcc)
{
	if (!flags_condition(c, in->opcode & 15))
		return go_to(c, next_rip(c, in));
	return go_to(c, relative_target(c, in));
}

/* LOOPNE E0, LOOPE E1, LOOP E2, JCXZ E3: the counter has the address size. */
OP_ANY(loop)
{
	uint64_t count = zero_extend(c->arch.gpr[RCX], in->address_size);
	bool taken;

	if (in->opcode == 0xe3) {
		taken = count == 0;
	} else {
		bool zero = in->opcode != 0xe2 && flags_condition(c, 4);

		count = zero_extend(count - 1, in->address_size);
		taken = count != 0 && (in->opcode == 0xe2 || zero == (in->opcode == 0xe1));
	}
	if (in->opcode != 0xe3)
		reg_set(c, offsetof(struct vcpu, arch.gpr[RCX]), in->address_size, count);
	return go_to(c, taken ? relative_target(c, in) : next_rip(c, in));
}

MUST_CHECK static ALWAYS_INLINE struct fault body_setcc(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	uint8_t set = flags_condition(c, in->opcode & 15);
	uint64_t la;

	if (!shape_to_memory(shape)) {
		reg_set(c, in->reg[0], width, set);
		return no_fault;
	}
	TRY(address_of(c, in, shape_address(shape), ACCESS_WRITE, width, &la));
	return form_store(c, in, shape, la, width, &set);
}

FORM(setcc, body_setcc, R, 1)
FORM(setcc, body_setcc, M, 1)
FORM_FLAT(setcc, body_setcc, B, M, 1)
const struct op op_setcc = {
	.forms = {[SHAPE_R] = {setcc_R_1}, [SHAPE_B] = {setcc_B_1}, [SHAPE_M] = {setcc_M_1}},
};

/* The source is read, and may fault, even if the condition is false; a false 32-bit move still
 * clears the upper half. */
MUST_CHECK static ALWAYS_INLINE struct fault body_cmovcc(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	int64_t source;

	TRY(form_source(c, in, shape, width, &source));
	if (flags_condition(c, in->opcode & 15))
		reg_set(c, in->reg[0], width, (uint64_t)source);
	else
		reg_set(c, in->reg[0], width, reg_get(c, in->reg[0], width));
	return no_fault;
}

OP_REGISTER_FROM(cmovcc, body_cmovcc);

/* --- jumps, calls, returns: 64-bit mode --- */

/* An indirect branch, whose operand is always of 8 bytes there. */
#define FORMS_NEAR64(name, body)                                                                   \
	FORM(name, body, R, 8)                                                                     \
	FORM(name, body, M, 8)                                                                     \
	FORM_FLAT(name, body, B, M, 8)                                                             \
	FORM_FLAT(name, body, X, M, 8)                                                             \
	const struct op op_##name = {                                                              \
		.forms = {[SHAPE_R] = {[3] = name##_R_8},                                          \
			[SHAPE_B] = {[3] = name##_B_8},                                            \
			[SHAPE_X] = {[3] = name##_X_8},                                            \
			[SHAPE_M] = {[3] = name##_M_8}},                                           \
	}

static struct fault jmp64_relative(struct vcpu *c, const struct insn *in)
{
	c->arch.rip += in->imm;
	return stop_at(c, in, fault_end);
}

static struct fault jmp64_linked(struct vcpu *c, const struct insn *in)
{
	c->arch.rip += in->imm;
	if (unlikely(!enter_target(c, in)))
		return stop_at(c, in, fault_link);
	return c->block->run(c, c->block);
}

const struct op op_jmp64 = {.any = jmp64_relative};

MUST_CHECK static ALWAYS_INLINE struct fault body_jmp64_indirect(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	int64_t target;

	TRY(form_dest_value(c, in, shape, width, &target));
	return go_to(c, (uint64_t)target);
}

FORMS_NEAR64(jmp64_indirect, body_jmp64_indirect);

/* Pushes the return address; where the stack's page is not in the soft-TLB, a flat form hands over
 * before anything has changed. */
MUST_CHECK static ALWAYS_INLINE struct fault push_return(
	struct vcpu *c, const struct insn *in, enum shape shape)
{
	uint64_t top = c->arch.gpr[RSP] - 8, next = next_rip(c, in);
	const struct soft_entry *e = soft_entry(c->soft, top);

	if (unlikely(!soft_writes(e, top, 8)))
		return shape_address(shape) == ADDRESS_ANY ? stack_push(c, 8, next) : fault_miss;
	memcpy(soft_host(e, top), &next, 8);
	c->arch.gpr[RSP] = top;
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_call64_indirect(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	int64_t target;

	TRY(form_dest_value(c, in, shape, width, &target));
	if (!is_canonical((uint64_t)target))
		return fault_gp(0);
	TRY(push_return(c, in, shape));
	return go_to(c, (uint64_t)target);
}

FORMS_NEAR64(call64_indirect, body_call64_indirect);

OP_ANY(call64)
{
	TRY(push_return(c, in, SHAPE_M));
	c->arch.rip += in->imm;
	return fault_end;
}

static struct fault call64_linked(struct vcpu *c, const struct insn *in)
{
	struct fault f = push_return(c, in, SHAPE_M);

	if (unlikely(f.raw))
		return stop_at(c, in, f);
	c->arch.rip += in->imm;
	if (unlikely(!enter_target(c, in)))
		return stop_at(c, in, fault_link);
	return c->block->run(c, c->block);
}

exec_fn linked_handler(const struct insn *in)
{
	return in->run == jmp64_relative ? jmp64_linked : call64_linked;
}

HANDLER_ANY(ret64_slow)
{
	uint64_t target;

	TRY(stack_top(c, 0, 8, &target));
	if (!is_canonical(target))
		return fault_gp(0);
	stack_drop(c, 8 + (uint16_t)in->imm);
	c->arch.rip = target;
	return fault_end;
}

static struct fault ret64_near(struct vcpu *c, const struct insn *in)
{
	uint64_t top = c->arch.gpr[RSP], target;
	const struct soft_entry *e = soft_entry(c->soft, top);

	if (unlikely(!soft_reads(e, top, 8)))
		return ret64_slow_any(c, in);
	memcpy(&target, soft_host(e, top), 8);
	if (unlikely(!is_canonical(target)))
		return ret64_slow_any(c, in);
	c->arch.gpr[RSP] = top + 8 + (uint16_t)in->imm;
	c->arch.rip = target;
	return stop_at(c, in, fault_end);
}

const struct op op_ret64 = {.any = ret64_near};

/* --- the same in 16 and 32-bit code --- */

OP_ANY(jmp)
{
	return go_to(c, relative_target(c, in));
}

OP_ANY(jmp_indirect)
{
	uint64_t target;

	TRY(operand_load(c, in, 0, in->width, &target));
	return go_to(c, target);
}

MUST_CHECK static struct fault call_to(struct vcpu *c, const struct insn *in, uint64_t target)
{
	if (target > c->arch.seg[CS].limit)
		return fault_gp(0);
	TRY(stack_push(c, in->width, next_rip(c, in)));
	return go_to(c, target);
}

OP_ANY(call)
{
	return call_to(c, in, relative_target(c, in));
}

OP_ANY(call_indirect)
{
	uint64_t target;

	TRY(operand_load(c, in, 0, in->width, &target));
	return call_to(c, in, target);
}

OP_ANY(ret)
{
	uint64_t target;

	TRY(stack_top(c, 0, in->width, &target));
	if (target > c->arch.seg[CS].limit)
		return fault_gp(0);
	stack_drop(c, in->width + (uint16_t)in->imm);
	return go_to(c, target);
}
