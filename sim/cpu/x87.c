#include "sim/cpu/x87.h"

/* --- who may --- */

/* SDM "MS-DOS Compatibility Sub-mode": unless IGNNE# is active, the processor waits before this
 * instruction for an interrupt, which FERR# will become. */
MUST_CHECK static struct fault report_outside(struct vcpu *c)
{
	bool is_new = !c->arch.x87.ferr;

	if (c->bus.fpu_error == NULL)
		return cpu_refuse(c, "an x87 exception reported through FERR#");
	if (!c->exclusive)
		return fault_retry;
	c->arch.x87.ferr = true;
	if (c->bus.fpu_error(c->bus.context, is_new))
		return no_fault;
	c->arch.activity = ACTIVITY_HALTED;
	c->no_trap = true;
	c->uncounted++;
	return fault_stop;
}

struct fault x87_report(struct vcpu *c)
{
	return c->arch.cr0 & CR0_NE ? fault_exception(VECTOR_MF) : report_outside(c);
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
	else
		x->ferr = false;
}

void x87_set_control(struct x87 *x, uint16_t value)
{
	x->fcw = (value & FCW_KNOWN) | FCW_ONE;
	x87_summarise(x);
}

void x87_init(struct x87 *x)
{
	x->fcw = FCW_DEFAULT;
	x->fsw = 0;
	x->ftw = 0;
	x->ferr = false;
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

/* What is not stored was not rounded either. */
static uint16_t reported(const struct float80_env *e, enum x87_destination to)
{
	if (e->raised & FSW_IE)
		return e->raised & (FSW_IE | FSW_SF | FSW_C1);
	if (x87_unmasked(e) & FSW_DE)
		return FSW_DE;
	if (!x87_is_stored(e, to))
		return e->raised & (uint16_t) ~(FSW_PE | FSW_C1);
	return e->raised;
}

void x87_note_operand(struct vcpu *c, const struct insn *in)
{
	c->arch.x87.fdp = operand_offset(c, in);
}

void x87_end_unmasked(
	struct vcpu *c, const struct insn *in, struct float80_env e, enum x87_destination to)
{
	struct x87 *x = &c->arch.x87;

	x->fsw = (uint16_t)((x->fsw & ~FSW_C1) | reported(&e, to) | FSW_ES | FSW_B);
	x->fop = (uint16_t)((in->opcode & 7) << 8 | (uint8_t)in->imm);
	if (in->place[0] == PLACE_MEM)
		x87_note_operand(c, in);
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
