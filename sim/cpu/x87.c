#include "sim/cpu/x87.h"

/* --- who may --- */

struct fault x87_check(const struct vcpu *c)
{
	return c->arch.cr0 & (CR0_EM | CR0_TS) ? fault_exception(VECTOR_NM) : no_fault;
}

struct fault x87_pending(struct vcpu *c)
{
	if ((c->arch.x87.fsw & FSW_ES) == 0)
		return no_fault;
	if ((c->arch.cr0 & CR0_NE) == 0)
		return cpu_refuse(c, "an x87 exception reported through FERR#");
	return fault_exception(VECTOR_MF);
}

struct fault mmx_check(struct vcpu *c)
{
	if (unlikely(c->arch.cr0 & CR0_EM))
		return fault_ud;
	if (unlikely(c->arch.cr0 & CR0_TS))
		return fault_exception(VECTOR_NM);
	return x87_pending(c);
}

void x87_summarise(struct x87 *x)
{
	x->fsw &= (uint16_t) ~(FSW_ES | FSW_B);
	if (x->fsw & ~x->fcw & FSW_FLAGS)
		x->fsw |= FSW_ES | FSW_B;
}

void x87_set_control(struct x87 *x, uint16_t value)
{
	x->fcw = (value & FCW_KNOWN) | FCW_ONE;
	x87_summarise(x);
}

struct fault x87_begin(struct vcpu *c)
{
	TRY(x87_check(c));
	return x87_pending(c);
}

void x87_init(struct x87 *x)
{
	x->fcw = FCW_DEFAULT;
	x->fsw = 0;
	x->ftw = 0;
	x->fop = 0;
	x->fip = 0;
	x->fdp = 0;
}

/* --- tags --- */

enum tag { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static enum tag tag_of(const struct xmm *st)
{
	unsigned exponent = st->q[1] & 0x7fff;

	if (exponent == 0 && st->q[0] == 0)
		return TAG_ZERO;
	if (exponent == 0 || exponent == 0x7fff || st->q[0] >> 63 == 0)
		return TAG_SPECIAL;
	return TAG_VALID;
}

uint16_t x87_tag_word(const struct x87 *x)
{
	unsigned ftw = 0;

	for (unsigned i = 0; i < X87_REGISTERS; i++)
		ftw |= (unsigned)(x->ftw >> i & 1 ? tag_of(&x->st[i]) : TAG_EMPTY) << 2 * i;
	return (uint16_t)ftw;
}

/* --- the stack --- */

void x87_set(struct x87 *x, unsigned i, struct float80 v)
{
	x->st[x87_physical(x, i)] = (struct xmm){{v.significand, v.head}};
	x->ftw |= (uint16_t)(1u << x87_physical(x, i));
}

void x87_free(struct x87 *x, unsigned i)
{
	x->ftw &= (uint16_t) ~(1u << x87_physical(x, i));
}

void x87_rotate(struct x87 *x, unsigned by)
{
	x->fsw = (uint16_t)((x->fsw & ~FSW_TOP) | x87_physical(x, by) * (FSW_TOP & -FSW_TOP));
}

void x87_pop(struct x87 *x)
{
	x87_free(x, 0);
	x87_rotate(x, 1);
}

void x87_push(struct x87 *x, struct float80 v)
{
	x87_rotate(x, 7);
	x87_set(x, 0, v);
}

/* --- exceptions: SDM "x87 FPU Floating-Point Exception Conditions" --- */

struct float80 x87_underflow(struct float80_env *e)
{
	e->raised = FSW_IE | FSW_SF;
	return float80_indefinite();
}

struct float80 x87_overflow(struct float80_env *e)
{
	e->raised = FSW_IE | FSW_SF | FSW_C1;
	return float80_indefinite();
}

static uint16_t unmasked(const struct float80_env *e)
{
	return e->raised & ~e->control & FSW_FLAGS;
}

bool x87_is_stored(const struct float80_env *e, enum x87_destination to)
{
	uint16_t before = FSW_IE | FSW_DE | FSW_ZE;

	if (to == X87_TO_MEMORY)
		before |= FSW_OE | FSW_UE;
	return (unmasked(e) & before) == 0;
}

/* What is not stored was not rounded either. */
static uint16_t reported(const struct float80_env *e, enum x87_destination to)
{
	if (e->raised & FSW_IE)
		return e->raised & (FSW_IE | FSW_SF | FSW_C1);
	if (unmasked(e) & FSW_DE)
		return FSW_DE;
	if (!x87_is_stored(e, to))
		return e->raised & (uint16_t) ~(FSW_PE | FSW_C1);
	return e->raised;
}

/* The operand's address is kept as CPUID says, the opcode for handlers alone. */
static void note_instruction(struct vcpu *c, const struct insn *in, bool to_handler)
{
	bool always = !model_has(c->model, FEATURE_fdp_excptn_only);

	c->arch.x87.fip = c->arch.rip + in->start;
	if ((to_handler || always) && in->place[0] == PLACE_MEM)
		c->arch.x87.fdp = operand_offset(c, in);
	if (to_handler)
		c->arch.x87.fop = (uint16_t)((in->opcode & 7) << 8 | (uint8_t)in->imm);
}

void x87_end(struct vcpu *c, const struct insn *in, struct float80_env e, enum x87_destination to)
{
	struct x87 *x = &c->arch.x87;

	x->fsw = (uint16_t)((x->fsw & ~FSW_C1) | reported(&e, to));
	x87_summarise(x);
	note_instruction(c, in, x->fsw & FSW_ES);
}

void x87_end_keeping_c1(struct vcpu *c, const struct insn *in, struct float80_env e)
{
	uint16_t c1 = e.raised & FSW_SF ? 0 : c->arch.x87.fsw & FSW_C1;

	x87_end(c, in, e, X87_TO_REGISTER);
	c->arch.x87.fsw |= c1;
}

void x87_end_plain(struct vcpu *c, const struct insn *in)
{
	x87_end(c, in, x87_env(c), X87_TO_REGISTER);
}

void x87_set_codes(struct x87 *x, uint16_t codes)
{
	x->fsw = (uint16_t)((x->fsw & ~FSW_CODES) | codes);
}
