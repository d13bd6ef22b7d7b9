/* exec_syscall.c - SYSCALL and SYSRET, SYSENTER and SYSEXIT: to flat segments, whatever the
 * descriptors say.
 */
#include "sim/cpu/debug.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/segment.h"

static struct segment flat_segment(uint16_t selector, uint16_t attr)
{
	return (struct segment){.limit = 0xffffffff,
		.selector = selector,
		.attr = (uint16_t)(attr | SEG_P | SEG_G | SEG_S)};
}

#define ATTR_CODE 0xb
#define ATTR_DATA 0x3
#define ATTR_DPL3 SEG_DPL

/* The last step of SYSCALL and SYSRET, which look at TF as they leave it (unlike all others): a
 * single-step trap belongs to the instruction before the one that it returns to. */
static struct fault trap_if_stepping(struct vcpu *c, const struct insn *in)
{
	c->no_trap = true;
	if ((c->arch.rflags & RFLAGS_TF) == 0)
		return fault_stop;
	c->arch.rip -= in->start; /* which is added to it after a fault */
	return debug_exception(c, DR6_BS);
}

OP_ANY(syscall)
{
	uint16_t selector = (uint16_t)(c->arch.star >> 32) & 0xfffc;
	struct segment cs = flat_segment(selector, ATTR_CODE | SEG_L);

	if ((c->arch.efer & EFER_SCE) == 0 || c->mode != CODE_64)
		return fault_ud;
	flags_settle(c);
	c->arch.gpr[RCX] = next_rip(c, in);
	c->arch.gpr[R11] = c->arch.rflags & ~RFLAGS_RF;
	c->arch.rip = c->arch.lstar;
	c->arch.rflags = (c->arch.rflags & ~(c->arch.sfmask | RFLAGS_RF)) | RFLAGS_ONE;
	c->arch.seg[SS] = flat_segment((uint16_t)(selector + 8), ATTR_DATA | SEG_D);
	code_segment_set(c, &cs);
	return trap_if_stepping(c, in);
}

OP_ANY(sysret)
{
	uint16_t selector = (uint16_t)(c->arch.star >> 48);
	bool to64 = in->width == 8;
	struct segment cs = flat_segment((uint16_t)((selector + (to64 ? 16 : 0)) | 3),
		ATTR_CODE | ATTR_DPL3 | (to64 ? SEG_L : SEG_D));

	if ((c->arch.efer & EFER_SCE) == 0 || c->mode != CODE_64)
		return fault_ud;
	if (cpu_cpl(c) != 0 || (to64 && !is_canonical(c->arch.gpr[RCX])))
		return fault_gp(0);
	flags_settle(c);
	c->arch.rflags = (c->arch.gpr[R11] & 0x3c7fd7) | RFLAGS_ONE;
	c->arch.rip = to64 ? c->arch.gpr[RCX] : (uint32_t)c->arch.gpr[RCX];
	c->arch.seg[SS] =
		flat_segment((uint16_t)((selector + 8) | 3), ATTR_DATA | ATTR_DPL3 | SEG_D);
	code_segment_set(c, &cs);
	return trap_if_stepping(c, in);
}

/* --- SYSENTER, SYSEXIT: selectors from IA32_SYSENTER_CS --- */

OP_ANY(sysenter)
{
	uint16_t selector = (uint16_t)c->arch.sysenter_cs & 0xfffc;
	bool wide = in_ia32e(c);
	struct segment cs = flat_segment(selector, ATTR_CODE | (wide ? SEG_L : SEG_D));

	if (in_real_mode(c) || selector == 0)
		return fault_gp(0);
	flags_settle(c);
	c->arch.rflags &= ~(RFLAGS_VM | RFLAGS_IF | RFLAGS_RF);
	c->arch.gpr[RSP] = wide ? c->arch.sysenter_esp : (uint32_t)c->arch.sysenter_esp;
	c->arch.rip = wide ? c->arch.sysenter_eip : (uint32_t)c->arch.sysenter_eip;
	c->arch.seg[SS] = flat_segment((uint16_t)(selector + 8), ATTR_DATA | SEG_D);
	code_segment_set(c, &cs);
	return fault_stop;
}

OP_ANY(sysexit)
{
	uint16_t base = (uint16_t)c->arch.sysenter_cs;
	bool to64 = in->width == 8;
	uint64_t rip = c->arch.gpr[RDX], rsp = c->arch.gpr[RCX];
	uint16_t selector = (uint16_t)((base + (to64 ? 32 : 16)) | 3);
	struct segment cs = flat_segment(selector, ATTR_CODE | ATTR_DPL3 | (to64 ? SEG_L : SEG_D));

	if (in_real_mode(c) || cpu_cpl(c) != 0 || (base & 0xfffc) == 0)
		return fault_gp(0);
	if (to64 && (!is_canonical(rip) || !is_canonical(rsp)))
		return fault_gp(0);
	flags_settle(c);
	c->arch.rip = to64 ? rip : (uint32_t)rip;
	c->arch.gpr[RSP] = to64 ? rsp : (uint32_t)rsp;
	c->arch.seg[SS] = flat_segment((uint16_t)(selector + 8), ATTR_DATA | ATTR_DPL3 | SEG_D);
	code_segment_set(c, &cs);
	return fault_stop;
}
