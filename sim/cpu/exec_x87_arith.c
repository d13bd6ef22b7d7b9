/* exec_x87_arith.c - x87 instructions that calculate and compare.
 *
 * SDM "x87 FPU Basic Arithmetic Instructions", "Comparison and Classification Instructions".
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/x87.h"

/* --- memory operands --- */

MUST_CHECK static struct fault load_real(
	struct vcpu *c, const struct insn *in, struct float80_env *e, struct float80 *v)
{
	uint64_t bits;

	TRY(operand_load(c, in, 0, in->width, &bits));
	*v = float80_widen(e, bits, in->width);
	return no_fault;
}

MUST_CHECK static struct fault load_integer(
	struct vcpu *c, const struct insn *in, struct float80_env *e, struct float80 *v)
{
	uint64_t bits;

	(void)e;
	TRY(operand_load(c, in, 0, in->width, &bits));
	*v = float80_from_integer(sign_extend(bits, in->width));
	return no_fault;
}

typedef struct fault (*load_fn)(
	struct vcpu *c, const struct insn *in, struct float80_env *e, struct float80 *v);

/* --- a result in a register --- */

/* ST(i) becomes v. */
static ALWAYS_INLINE void put(struct vcpu *c, const struct insn *in, struct float80_env e,
	unsigned i, struct float80 v, bool pop)
{
	struct x87 *x = &c->arch.x87;

	x87_end(c, in, e, X87_TO_REGISTER);
	if (!x87_is_stored(&e, X87_TO_REGISTER))
		return;
	x87_set(x, i, v);
	if (pop)
		x87_pop(x);
}

/* --- ADD, SUB, MUL, DIV, with their reversed and popping forms --- */

MUST_CHECK static ALWAYS_INLINE struct fault calculate_memory(
	struct vcpu *c, const struct insn *in, load_fn load, float80_fn calculate, bool reversed)
{
	struct float80_env e = x87_env(c);
	struct float80 a = x87_get(&c->arch.x87, 0), b;

	TRY(x87_begin(c));
	TRY(load(c, in, &e, &b));
	if (x87_is_empty(&c->arch.x87, 0))
		a = x87_underflow(&e);
	else
		a = reversed ? calculate(&e, b, a) : calculate(&e, a, b);
	put(c, in, e, 0, a, false);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault calculate_registers(struct vcpu *c,
	const struct insn *in, unsigned to, unsigned with, float80_fn calculate, bool reversed,
	bool pop)
{
	const struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	struct float80 a = x87_get(x, to), b = x87_get(x, with);

	TRY(x87_begin(c));
	if (x87_is_empty(x, to) || x87_is_empty(x, with))
		a = x87_underflow(&e);
	else
		a = reversed ? calculate(&e, b, a) : calculate(&e, a, b);
	put(c, in, e, to, a, pop);
	return no_fault;
}

#define ARITHMETIC(name, calculate, reversed)                                                      \
	OP_ANY(f##name##_m)                                                                        \
	{                                                                                          \
		return calculate_memory(c, in, load_real, calculate, reversed);                    \
	}                                                                                          \
	OP_ANY(fi##name)                                                                           \
	{                                                                                          \
		return calculate_memory(c, in, load_integer, calculate, reversed);                 \
	}                                                                                          \
	OP_ANY(f##name)                                                                            \
	{                                                                                          \
		return calculate_registers(c, in, 0, x87_index(in), calculate, reversed, false);   \
	}                                                                                          \
	OP_ANY(f##name##_to)                                                                       \
	{                                                                                          \
		return calculate_registers(c, in, x87_index(in), 0, calculate, reversed, false);   \
	}                                                                                          \
	OP_ANY(f##name##p)                                                                         \
	{                                                                                          \
		return calculate_registers(c, in, x87_index(in), 0, calculate, reversed, true);    \
	}

ARITHMETIC(add, float80_add, false)
ARITHMETIC(mul, float80_mul, false)
ARITHMETIC(sub, float80_sub, false)
ARITHMETIC(subr, float80_sub, true)
ARITHMETIC(div, float80_div, false)
ARITHMETIC(divr, float80_div, true)

/* --- on ST(0) alone, and ST(1) --- */

typedef struct float80 (*unary_fn)(struct float80_env *e, struct float80 v);

MUST_CHECK static ALWAYS_INLINE struct fault calculate_top(
	struct vcpu *c, const struct insn *in, unary_fn calculate)
{
	const struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	struct float80 v = x87_get(x, 0);

	TRY(x87_begin(c));
	v = x87_is_empty(x, 0) ? x87_underflow(&e) : calculate(&e, v);
	put(c, in, e, 0, v, false);
	return no_fault;
}

OP_ANY(fsqrt)
{
	return calculate_top(c, in, float80_sqrt);
}

OP_ANY(frndint)
{
	return calculate_top(c, in, float80_round);
}

OP_ANY(f2xm1)
{
	return calculate_top(c, in, float80_2xm1);
}

static struct float80 change_sign(struct float80_env *e, struct float80 v)
{
	(void)e;
	v.head ^= 0x8000;
	return v;
}

static struct float80 clear_sign(struct float80_env *e, struct float80 v)
{
	(void)e;
	v.head &= 0x7fff;
	return v;
}

OP_ANY(fchs)
{
	return calculate_top(c, in, change_sign);
}

OP_ANY(fabs)
{
	return calculate_top(c, in, clear_sign);
}

OP_ANY(fscale)
{
	return calculate_registers(c, in, 0, 1, float80_scale, false, false);
}

OP_ANY(fyl2x)
{
	return calculate_registers(c, in, 1, 0, float80_yl2x, false, true);
}

OP_ANY(fyl2xp1)
{
	return calculate_registers(c, in, 1, 0, float80_yl2xp1, false, true);
}

OP_ANY(fpatan)
{
	return calculate_registers(c, in, 1, 0, float80_atan, false, true);
}

/* --- FPREM, FPREM1: C0, C3 and C1 are the quotient's low bits, if there is one; C2 says that it is
 * incomplete --- */

MUST_CHECK static struct fault remainder_of(struct vcpu *c, const struct insn *in, bool nearest)
{
	struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	struct float80 v;
	uint16_t codes = x->fsw & (FSW_C3 | FSW_C0);

	TRY(x87_begin(c));
	if (x87_is_empty(x, 0) || x87_is_empty(x, 1))
		v = x87_underflow(&e);
	else
		v = float80_remainder(&e, x87_get(x, 0), x87_get(x, 1), nearest, &codes);
	if (!x87_is_stored(&e, X87_TO_REGISTER))
		codes = x->fsw & (FSW_C3 | FSW_C0);
	x87_set_codes(x, codes);
	put(c, in, e, 0, v, false);
	x->fsw |= codes & FSW_C1;
	return no_fault;
}

OP_ANY(fprem)
{
	return remainder_of(c, in, false);
}

OP_ANY(fprem1)
{
	return remainder_of(c, in, true);
}

/* --- results of two registers --- */

/* ST(0) becomes `below`, and `top` is pushed over it. */
static void put_two(struct vcpu *c, const struct insn *in, struct float80_env e,
	struct float80 below, struct float80 top)
{
	struct x87 *x = &c->arch.x87;

	x87_end(c, in, e, X87_TO_REGISTER);
	if (!x87_is_stored(&e, X87_TO_REGISTER))
		return;
	x87_set(x, 0, below);
	x87_push(x, top);
}

/* A stack fault: *v, which both registers get. */
static bool is_stack_fault(const struct x87 *x, struct float80_env *e, struct float80 *v)
{
	if (x87_is_empty(x, 0))
		*v = x87_underflow(e);
	else if (!x87_is_empty(x, 7))
		*v = x87_overflow(e);
	else
		return false;
	return true;
}

OP_ANY(fxtract)
{
	struct float80_env e = x87_env(c);
	struct float80 exponent, significand;

	TRY(x87_begin(c));
	if (is_stack_fault(&c->arch.x87, &e, &exponent))
		significand = exponent;
	else
		exponent = float80_extract(&e, x87_get(&c->arch.x87, 0), &significand);
	put_two(c, in, e, exponent, significand);
	return no_fault;
}

/* --- FSIN, FCOS, FSINCOS, FPTAN: C2 says that the operand is out of range --- */

static struct float80 one(struct float80_env *e)
{
	return float80_constant(e, FLOAT80_1);
}

static void out_of_range(struct vcpu *c, const struct insn *in, struct float80_env e)
{
	x87_end(c, in, e, X87_TO_REGISTER);
	c->arch.x87.fsw |= FSW_C2;
}

MUST_CHECK static struct fault circular(
	struct vcpu *c, const struct insn *in, enum float80_circular which)
{
	struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	bool in_range = true;
	struct float80 v;

	TRY(x87_begin(c));
	if (x87_is_empty(x, 0))
		v = x87_underflow(&e);
	else
		v = float80_circular(&e, which, x87_get(x, 0), &in_range);
	x->fsw &= (uint16_t)~FSW_C2;
	if (in_range)
		put(c, in, e, 0, v, false);
	else
		out_of_range(c, in, e);
	return no_fault;
}

OP_ANY(fsin)
{
	return circular(c, in, FLOAT80_SIN);
}

OP_ANY(fcos)
{
	return circular(c, in, FLOAT80_COS);
}

/* Whether the operand is no number, so that the second result is the first. */
static bool is_nan(struct float80 v)
{
	return float80_kind(v) == FLOAT80_NAN;
}

OP_ANY(fptan)
{
	struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	struct float80 below, top;
	bool in_range = true;

	TRY(x87_begin(c));
	if (is_stack_fault(x, &e, &below)) {
		top = below;
	} else {
		below = float80_circular(&e, FLOAT80_TAN, x87_get(x, 0), &in_range);
		top = is_nan(below) ? below : one(&e);
	}
	x->fsw &= (uint16_t)~FSW_C2;
	if (in_range)
		put_two(c, in, e, below, top);
	else
		out_of_range(c, in, e);
	return no_fault;
}

/* What is raised is that of both results, C1 that of the cosine. */
OP_ANY(fsincos)
{
	struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c), e_top = x87_env(c);
	struct float80 below, top;
	bool in_range = true;

	TRY(x87_begin(c));
	if (is_stack_fault(x, &e, &below)) {
		top = below;
	} else {
		below = float80_circular(&e, FLOAT80_SIN, x87_get(x, 0), &in_range);
		top = float80_circular(&e_top, FLOAT80_COS, x87_get(x, 0), &in_range);
		e.raised = (uint16_t)((e.raised & ~FSW_C1) | e_top.raised);
	}
	x->fsw &= (uint16_t)~FSW_C2;
	if (in_range)
		put_two(c, in, e, below, top);
	else
		out_of_range(c, in, e);
	return no_fault;
}
