/* exec_x87_compare.c - x87 instructions that compare and classify.
 *
 * SDM "x87 FPU Condition Code Flags", "Branching on the x87 FPU Condition Codes".
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/x87.h"

static const uint16_t order_codes[] = {
	[FLOAT80_LESS] = FSW_C0,
	[FLOAT80_EQUAL] = FSW_C3,
	[FLOAT80_GREATER] = 0,
	[FLOAT80_UNORDERED] = FSW_C3 | FSW_C2 | FSW_C0,
};

/* Pops as many registers. With #IA unmasked nothing is compared. */
static void put_order(struct vcpu *c, const struct insn *in, struct float80_env e,
	enum float80_order order, unsigned pops)
{
	struct x87 *x = &c->arch.x87;

	x87_end(c, in, e, X87_TO_REGISTER);
	x->fsw = (uint16_t)((x->fsw & ~(FSW_C3 | FSW_C2 | FSW_C0)) | order_codes[order]);
	if (!x87_is_stored(&e, X87_TO_REGISTER))
		return;
	while (pops-- > 0)
		x87_pop(x);
}

static enum float80_order order_of(
	const struct x87 *x, struct float80_env *e, unsigned with, bool signalling)
{
	if (!x87_is_empty(x, 0) && !x87_is_empty(x, with))
		return float80_compare(e, x87_get(x, 0), x87_get(x, with), signalling);
	x87_underflow(e);
	return FLOAT80_UNORDERED;
}

MUST_CHECK static struct fault compare_registers(
	struct vcpu *c, const struct insn *in, unsigned with, bool signalling, unsigned pops)
{
	struct float80_env e = x87_env(c);
	enum float80_order order;

	TRY(x87_begin(c));
	order = order_of(&c->arch.x87, &e, with, signalling);
	put_order(c, in, e, order, pops);
	return no_fault;
}

MUST_CHECK static struct fault compare_memory(
	struct vcpu *c, const struct insn *in, bool integer, unsigned pops)
{
	struct float80_env e = x87_env(c);
	enum float80_order order = FLOAT80_UNORDERED;
	struct float80 v;
	uint64_t bits;

	TRY(x87_begin(c));
	TRY(operand_load(c, in, 0, in->width, &bits));
	v = integer ? float80_from_integer(sign_extend(bits, in->width))
		    : float80_widen(&e, bits, in->width);
	if (x87_is_empty(&c->arch.x87, 0))
		x87_underflow(&e);
	else
		order = float80_compare(&e, x87_get(&c->arch.x87, 0), v, true);
	put_order(c, in, e, order, pops);
	return no_fault;
}

OP_ANY(fcom_m)
{
	return compare_memory(c, in, false, 0);
}

OP_ANY(fcomp_m)
{
	return compare_memory(c, in, false, 1);
}

OP_ANY(ficom)
{
	return compare_memory(c, in, true, 0);
}

OP_ANY(ficomp)
{
	return compare_memory(c, in, true, 1);
}

OP_ANY(fcom)
{
	return compare_registers(c, in, x87_index(in), true, 0);
}

OP_ANY(fcomp)
{
	return compare_registers(c, in, x87_index(in), true, 1);
}

OP_ANY(fcompp)
{
	return compare_registers(c, in, 1, true, 2);
}

OP_ANY(fucom)
{
	return compare_registers(c, in, x87_index(in), false, 0);
}

OP_ANY(fucomp)
{
	return compare_registers(c, in, x87_index(in), false, 1);
}

OP_ANY(fucompp)
{
	return compare_registers(c, in, 1, false, 2);
}

OP_ANY(ftst)
{
	struct float80_env e = x87_env(c);
	enum float80_order order = FLOAT80_UNORDERED;

	TRY(x87_begin(c));
	if (x87_is_empty(&c->arch.x87, 0))
		x87_underflow(&e);
	else
		order = float80_compare(
			&e, x87_get(&c->arch.x87, 0), float80_constant(&e, FLOAT80_0), true);
	put_order(c, in, e, order, 0);
	return no_fault;
}

/* --- to the status flags --- */

MUST_CHECK static struct fault compare_flags(
	struct vcpu *c, const struct insn *in, bool signalling, bool pop)
{
	static const uint64_t flags[] = {
		[FLOAT80_LESS] = RFLAGS_CF,
		[FLOAT80_EQUAL] = RFLAGS_ZF,
		[FLOAT80_GREATER] = 0,
		[FLOAT80_UNORDERED] = RFLAGS_ZF | RFLAGS_PF | RFLAGS_CF,
	};
	struct float80_env e = x87_env(c);
	enum float80_order order;

	TRY(x87_begin(c));
	order = order_of(&c->arch.x87, &e, x87_index(in), signalling);
	x87_end_keeping_c1(c, in, e);
	flags_write(c, RFLAGS_STATUS, flags[order]);
	if (pop && x87_is_stored(&e, X87_TO_REGISTER))
		x87_pop(&c->arch.x87);
	return no_fault;
}

OP_ANY(fcomi)
{
	return compare_flags(c, in, true, false);
}

OP_ANY(fcomip)
{
	return compare_flags(c, in, true, true);
}

OP_ANY(fucomi)
{
	return compare_flags(c, in, false, false);
}

OP_ANY(fucomip)
{
	return compare_flags(c, in, false, true);
}

/* --- FXAM --- */

OP_ANY(fxam)
{
	static const uint16_t codes[] = {
		[FLOAT80_UNSUPPORTED] = 0,
		[FLOAT80_NAN] = FSW_C0,
		[FLOAT80_NORMAL] = FSW_C2,
		[FLOAT80_INFINITE] = FSW_C2 | FSW_C0,
		[FLOAT80_ZERO] = FSW_C3,
		[FLOAT80_DENORMAL] = FSW_C3 | FSW_C2,
	};
	struct x87 *x = &c->arch.x87;
	struct float80 v = x87_get(x, 0);
	uint16_t sign = float80_is_negative(v) ? FSW_C1 : 0;

	TRY(x87_begin(c));
	x87_end_plain(c, in);
	x87_set_codes(x, sign | (x87_is_empty(x, 0) ? FSW_C3 | FSW_C0 : codes[float80_kind(v)]));
	return no_fault;
}
