/* exec_x87_move.c - x87 instructions that load, store and exchange, and that move the stack.
 *
 * SDM "Data Transfer Instructions", "Load Constant Instructions", "x87 FPU Control Instructions".
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/x87.h"

/* --- loads --- */

/* A denormal is loaded even if DE is unmasked, as processors have it. */
static void push(struct vcpu *c, const struct insn *in, struct float80_env e, struct float80 v)
{
	if (!x87_is_empty(&c->arch.x87, 7) && (e.raised & FSW_SF) == 0)
		v = x87_overflow(&e);
	x87_end(c, in, e, X87_TO_REGISTER);
	e.control |= FSW_DE;
	if (x87_is_stored(&e, X87_TO_REGISTER))
		x87_push(&c->arch.x87, v);
}

OP_ANY(fld_m)
{
	struct float80_env e = x87_env(c);
	struct float80 v;
	uint64_t bits;

	TRY(x87_begin(c));
	TRY(operand_load(c, in, 0, in->width, &bits));
	v = float80_quieten(&e, float80_widen(&e, bits, in->width));
	push(c, in, e, v);
	return no_fault;
}

OP_ANY(fild)
{
	uint64_t bits;

	TRY(x87_begin(c));
	TRY(operand_load(c, in, 0, in->width, &bits));
	push(c, in, x87_env(c), float80_from_integer(sign_extend(bits, in->width)));
	return no_fault;
}

#define TEN_BYTES 10 /* of an extended precision number or packed decimals */

MUST_CHECK static struct fault load_ten(
	struct vcpu *c, const struct insn *in, uint8_t bytes[TEN_BYTES])
{
	uint64_t la;

	TRY(operand_linear(c, in, ACCESS_READ, TEN_BYTES, &la));
	return mem_load(c, in->seg, la, TEN_BYTES, bytes);
}

MUST_CHECK static struct fault store_ten(
	struct vcpu *c, const struct insn *in, const uint8_t bytes[TEN_BYTES])
{
	uint64_t la;

	TRY(operand_linear(c, in, ACCESS_WRITE, TEN_BYTES, &la));
	return mem_store(c, in->seg, la, TEN_BYTES, bytes);
}

OP_ANY(fld_m80)
{
	uint8_t bytes[TEN_BYTES];
	struct float80 v;

	TRY(x87_begin(c));
	TRY(load_ten(c, in, bytes));
	memcpy(&v.significand, bytes, 8);
	memcpy(&v.head, bytes + 8, 2);
	push(c, in, x87_env(c), v);
	return no_fault;
}

OP_ANY(fbld)
{
	uint8_t bytes[TEN_BYTES];

	TRY(x87_begin(c));
	TRY(load_ten(c, in, bytes));
	push(c, in, x87_env(c), float80_from_bcd(bytes));
	return no_fault;
}

OP_ANY(fld)
{
	struct float80_env e = x87_env(c);
	struct float80 v = x87_get(&c->arch.x87, x87_index(in));

	TRY(x87_begin(c));
	if (x87_is_empty(&c->arch.x87, x87_index(in)))
		v = x87_underflow(&e);
	push(c, in, e, v);
	return no_fault;
}

/* FLD1 to FLDZ, by the ModRM byte. */
OP_ANY(fld_constant)
{
	struct float80_env e = x87_env(c);

	TRY(x87_begin(c));
	push(c, in, e, float80_constant(&e, (enum float80_constant)x87_index(in)));
	return no_fault;
}

/* --- stores to memory --- */

/* Ends a store of a value of in->width bytes, unless it faults. */
MUST_CHECK static struct fault store(
	struct vcpu *c, const struct insn *in, struct float80_env e, uint64_t value, bool pop)
{
	bool stored = x87_is_stored(&e, X87_TO_MEMORY);

	if (stored)
		TRY(operand_store(c, in, 0, in->width, value));
	x87_end(c, in, e, X87_TO_MEMORY);
	if (stored && pop)
		x87_pop(&c->arch.x87);
	return no_fault;
}

MUST_CHECK static struct fault store_real(struct vcpu *c, const struct insn *in, bool pop)
{
	const struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	bool empty = x87_is_empty(x, 0);
	uint64_t value;

	TRY(x87_begin(c));
	value = float80_narrow(&e, empty ? float80_indefinite() : x87_get(x, 0), in->width);
	if (empty)
		x87_underflow(&e);
	return store(c, in, e, value, pop);
}

MUST_CHECK static struct fault store_integer(
	struct vcpu *c, const struct insn *in, bool truncate, bool pop)
{
	const struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	enum rounding how = truncate ? ROUND_ZERO : (enum rounding)bits_get(e.control, FCW_RC);
	uint64_t value;

	TRY(x87_begin(c));
	value = float80_to_integer(&e, x87_get(x, 0), in->width, how);
	if (x87_is_empty(x, 0)) {
		x87_underflow(&e);
		value = BIT(in->width * 8 - 1);
	}
	return store(c, in, e, value, pop);
}

OP_ANY(fst_m)
{
	return store_real(c, in, false);
}

OP_ANY(fstp_m)
{
	return store_real(c, in, true);
}

OP_ANY(fist)
{
	return store_integer(c, in, false, false);
}

OP_ANY(fistp)
{
	return store_integer(c, in, false, true);
}

OP_ANY(fisttp)
{
	return store_integer(c, in, true, true);
}

MUST_CHECK static struct fault store_ten_and_pop(
	struct vcpu *c, const struct insn *in, struct float80_env e, const uint8_t bytes[TEN_BYTES])
{
	bool stored = x87_is_stored(&e, X87_TO_MEMORY);

	if (stored)
		TRY(store_ten(c, in, bytes));
	x87_end(c, in, e, X87_TO_MEMORY);
	if (stored)
		x87_pop(&c->arch.x87);
	return no_fault;
}

OP_ANY(fstp_m80)
{
	struct float80_env e = x87_env(c);
	struct float80 v = x87_get(&c->arch.x87, 0);
	uint8_t bytes[TEN_BYTES];

	TRY(x87_begin(c));
	if (x87_is_empty(&c->arch.x87, 0))
		v = x87_underflow(&e);
	memcpy(bytes, &v.significand, 8);
	memcpy(bytes + 8, &v.head, 2);
	return store_ten_and_pop(c, in, e, bytes);
}

OP_ANY(fbstp)
{
	struct float80_env e = x87_env(c);
	struct float80 v = x87_get(&c->arch.x87, 0);
	bool empty = x87_is_empty(&c->arch.x87, 0);
	uint8_t bytes[TEN_BYTES];

	TRY(x87_begin(c));
	float80_to_bcd(&e, empty ? float80_indefinite() : v, bytes);
	if (empty)
		x87_underflow(&e);
	return store_ten_and_pop(c, in, e, bytes);
}

/* --- between registers --- */

MUST_CHECK static struct fault store_register(struct vcpu *c, const struct insn *in, bool pop)
{
	struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	struct float80 v = x87_get(x, 0);

	TRY(x87_begin(c));
	if (x87_is_empty(x, 0))
		v = x87_underflow(&e);
	x87_end(c, in, e, X87_TO_REGISTER);
	if (!x87_is_stored(&e, X87_TO_REGISTER))
		return no_fault;
	x87_set(x, x87_index(in), v);
	if (pop)
		x87_pop(x);
	return no_fault;
}

OP_ANY(fst)
{
	return store_register(c, in, false);
}

OP_ANY(fstp)
{
	return store_register(c, in, true);
}

/* FSTPNCE: an empty register is popped without a stack fault, and nothing is stored. */
OP_ANY(fstpnce)
{
	struct x87 *x = &c->arch.x87;

	TRY(x87_begin(c));
	x87_end_plain(c, in);
	if (!x87_is_empty(x, 0))
		x87_set(x, x87_index(in), x87_get(x, 0));
	x87_pop(x);
	return no_fault;
}

/* Of empty registers the indefinite is exchanged. */
OP_ANY(fxch)
{
	struct x87 *x = &c->arch.x87;
	unsigned i = x87_index(in);
	struct float80_env e = x87_env(c);
	struct float80 a = x87_get(x, 0), b = x87_get(x, i);

	TRY(x87_begin(c));
	if (x87_is_empty(x, 0))
		a = x87_underflow(&e);
	if (x87_is_empty(x, i))
		b = x87_underflow(&e);
	x87_end(c, in, e, X87_TO_REGISTER);
	if (!x87_is_stored(&e, X87_TO_REGISTER))
		return no_fault;
	x87_set(x, 0, b);
	x87_set(x, i, a);
	return no_fault;
}

/* The condition: the flag that the ModRM byte names, or its opposite with DB. */
static bool moves(struct vcpu *c, const struct insn *in)
{
	static const uint8_t conditions[] = {2, 4, 6, 10}; /* B, E, BE, P */
	bool holds = flags_condition(c, conditions[in->imm >> 3 & 3]);

	return holds == (in->opcode == 0xda);
}

OP_ANY(fcmov)
{
	struct x87 *x = &c->arch.x87;
	struct float80_env e = x87_env(c);
	struct float80 v = x87_get(x, x87_index(in));
	bool fault;

	TRY(x87_begin(c));
	fault = x87_is_empty(x, 0) || x87_is_empty(x, x87_index(in));
	if (fault)
		v = x87_underflow(&e);
	x87_end_keeping_c1(c, in, e);
	if (x87_is_stored(&e, X87_TO_REGISTER) && (fault || moves(c, in)))
		x87_set(x, 0, v);
	return no_fault;
}

/* --- the stack itself --- */

OP_ANY(fincstp)
{
	TRY(x87_begin(c));
	x87_end_plain(c, in);
	x87_rotate(&c->arch.x87, 1);
	return no_fault;
}

OP_ANY(fdecstp)
{
	TRY(x87_begin(c));
	x87_end_plain(c, in);
	x87_rotate(&c->arch.x87, 7);
	return no_fault;
}

OP_ANY(ffree)
{
	TRY(x87_begin(c));
	x87_end_plain(c, in);
	x87_free(&c->arch.x87, x87_index(in));
	return no_fault;
}

OP_ANY(ffreep)
{
	TRY(x87_begin(c));
	x87_end_plain(c, in);
	x87_free(&c->arch.x87, x87_index(in));
	x87_pop(&c->arch.x87);
	return no_fault;
}
