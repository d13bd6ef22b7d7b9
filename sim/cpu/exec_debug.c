/* exec_debug.c - the debug registers (SDM "Debug Registers"), and INT1. */
#include "sim/cpu/debug.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define DR6_WRITABLE UINT64_C(0xe00f)
#define DR6_ONES     UINT64_C(0xffff0ff0)
#define DR7_WRITABLE UINT64_C(0xffff2bff)
#define DR7_ONES     UINT64_C(0x400)

/* DR4 and DR5 are DR6 and DR7, where CR4.DE does not forbid them. */
static unsigned debug_register(const struct insn *in)
{
	return in->imm == 4 || in->imm == 5 ? (unsigned)in->imm + 2 : (unsigned)in->imm;
}

/* SDM "General-Detect Exception Condition": a fault, so RF is set in the image of RFLAGS. */
static struct fault general_detect(struct vcpu *c)
{
	c->arch.rflags |= RFLAGS_RF;
	return debug_exception(c, DR6_BD);
}

MUST_CHECK static struct fault need_debug_register(struct vcpu *c, uint64_t n)
{
	if (n > 7 || ((c->arch.cr4 & CR4_DE) && (n == 4 || n == 5)))
		return fault_ud;
	if (cpu_cpl(c) != 0)
		return fault_gp(0);
	return c->arch.dr[7] & DR7_GD ? general_detect(c) : no_fault;
}

OP_ANY(mov_from_dr)
{
	TRY(need_debug_register(c, in->imm));
	reg_set(c, in->reg[0], in->width, c->arch.dr[debug_register(in)]);
	return no_fault;
}

OP_ANY(mov_to_dr)
{
	uint64_t value = reg_get(c, in->reg[1], in->width);
	unsigned n = debug_register(in);

	TRY(need_debug_register(c, in->imm));
	if (n >= 6 && value >> 32 != 0)
		return fault_gp(0);
	if (n == 6)
		value = (value & DR6_WRITABLE) | DR6_ONES;
	if (n == 7)
		value = (value & DR7_WRITABLE) | DR7_ONES;
	mem_fence(c);
	c->arch.dr[n] = value;
	cpu_state_changed(c);
	return no_fault;
}

/* A trap-class #DB of its own: no gate's DPL is looked at, and DR6 stays (SDM INT1). */
OP_ANY(int1)
{
	c->arch.rip += in->len; /* to which `start` is added after a fault */
	return fault_exception(VECTOR_DB);
}
