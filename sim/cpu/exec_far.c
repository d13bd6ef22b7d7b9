/* exec_far.c - transfers that load CS: far jumps, calls and returns, software interrupts, IRET,
 * SYSCALL and SYSRET. */
#include "sim/cpu/exception.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/segment.h"

/* --- far jumps and calls --- */

/* Where a transfer to cs may go. Code that is not 64-bit has 32 bits of instruction pointer. */
MUST_CHECK static struct fault code_offset(
	const struct vcpu *c, const struct segment *cs, uint64_t *offset)
{
	if (in_ia32e(c) && (cs->attr & SEG_L))
		return is_canonical(*offset) ? no_fault : fault_gp(0);
	*offset = (uint32_t)*offset;
	return *offset <= cs->limit ? no_fault : fault_gp(0);
}

MUST_CHECK static struct fault far_code(
	struct vcpu *c, uint16_t selector, uint64_t *offset, struct segment *cs)
{
	if (in_real_mode(c)) {
		*cs = c->arch.seg[CS];
		cs->selector = selector;
		cs->base = (uint64_t)selector << 4;
	} else {
		TRY(code_segment_check_jump(c, selector, cs));
	}
	return code_offset(c, cs, offset);
}

MUST_CHECK static struct fault far_jump(struct vcpu *c, uint16_t selector, uint64_t offset)
{
	struct segment cs;

	TRY(far_code(c, selector, &offset, &cs));
	c->arch.rip = offset;
	code_segment_set(c, &cs);
	return fault_stop;
}

MUST_CHECK static struct fault far_call(
	struct vcpu *c, const struct insn *in, uint16_t selector, uint64_t offset)
{
	uint64_t rsp = c->arch.gpr[RSP];
	struct segment cs;
	struct fault f;

	TRY(far_code(c, selector, &offset, &cs));
	TRY(stack_push(c, in->width, c->arch.seg[CS].selector));
	f = stack_push(c, in->width, next_rip(c, in));
	if (f.raw) {
		c->arch.gpr[RSP] = rsp;
		return f;
	}
	c->arch.rip = offset;
	code_segment_set(c, &cs);
	return fault_stop;
}

/* The pointer in memory: offset of the operand size, then the selector. */
MUST_CHECK static struct fault load_far_pointer(
	struct vcpu *c, const struct insn *in, uint16_t *selector, uint64_t *offset)
{
	uint8_t image[10];
	uint64_t la;

	TRY(operand_linear(c, in, ACCESS_READ, in->width + 2u, &la));
	TRY(mem_load(c, in->seg, la, in->width + 2u, image));
	*offset = 0;
	memcpy(offset, image, in->width);
	memcpy(selector, image + in->width, 2);
	return no_fault;
}

/* Immediate pointers: the decoder puts the offset into imm, the selector into disp. */
OP_ANY(jmp_far)
{
	return far_jump(c, (uint16_t)in->disp, in->imm);
}

OP_ANY(call_far)
{
	return far_call(c, in, (uint16_t)in->disp, in->imm);
}

OP_ANY(jmp_far_indirect)
{
	uint16_t selector;
	uint64_t offset;

	TRY(load_far_pointer(c, in, &selector, &offset));
	return far_jump(c, selector, offset);
}

OP_ANY(call_far_indirect)
{
	uint16_t selector;
	uint64_t offset;

	TRY(load_far_pointer(c, in, &selector, &offset));
	return far_call(c, in, selector, offset);
}

/* LSS, LFS, LGS, LES, LDS: imm is the segment register. */
OP_ANY(load_far)
{
	uint16_t selector;
	uint64_t offset;

	TRY(load_far_pointer(c, in, &selector, &offset));
	TRY(segment_load(c, (unsigned)in->imm, selector));
	reg_set(c, in->reg[0], in->width, offset);
	return no_fault;
}

/* --- returns: RETF and IRET share the checks of the code segment that they return to --- */

MUST_CHECK static struct fault return_code(
	struct vcpu *c, uint16_t selector, uint64_t *offset, struct segment *cs)
{
	uint32_t error = selector & 0xfffcu;
	unsigned rpl = selector & 3;
	struct descriptor d;

	if ((selector & ~3u) == 0)
		return fault_gp(0);
	TRY(descriptor_read(c, selector, VECTOR_GP, &d));
	if (!descriptor_is_code(&d) || rpl < cpu_cpl(c))
		return fault_gp(error);
	if (descriptor_type(&d) & 4 ? descriptor_dpl(&d) > rpl : descriptor_dpl(&d) != rpl)
		return fault_gp(error);
	if (!descriptor_present(&d))
		return fault_error(VECTOR_NP, error);
	if (in_ia32e(c) && descriptor_long(&d) && (d.low >> 54 & 1))
		return fault_gp(error);
	TRY(descriptor_mark_accessed(c, selector, &d));
	*cs = segment_from_descriptor(selector, &d);
	return code_offset(c, cs, offset);
}

/* The stack that a return to cs loads. absent: the vector where its segment is not present. */
MUST_CHECK static struct fault return_stack(struct vcpu *c, uint16_t selector,
	const struct segment *cs, enum vector absent, struct segment *ss)
{
	unsigned cpl = cs->selector & 3;
	struct fault f;

	if ((selector & ~3u) == 0 && (cs->attr & SEG_L) && in_ia32e(c) && cpl != 3) {
		*ss = null_stack_segment(selector, cpl);
		return no_fault;
	}
	f = stack_segment_check(c, selector, cpl, VECTOR_GP, ss);
	if (fault_kind(f) == FAULT_EXCEPTION && fault_vector(f) == VECTOR_SS)
		return fault_error(absent, fault_error_code(f));
	return f;
}

/* RSP in code that is not 64-bit has the width that SS says. */
static void return_stack_pointer(
	struct vcpu *c, const struct segment *cs, const struct segment *ss, uint64_t rsp)
{
	if (in_ia32e(c) && (cs->attr & SEG_L))
		c->arch.gpr[RSP] = rsp;
	else
		reg_set(c, offsetof(struct vcpu, arch.gpr[RSP]), ss->attr & SEG_D ? 4 : 2, rsp);
}

MUST_CHECK static struct fault return_real(struct vcpu *c, uint64_t selector, uint64_t offset)
{
	if (offset > 0xffff)
		return fault_gp(0);
	c->arch.seg[CS].selector = (uint16_t)selector;
	c->arch.seg[CS].base = (selector & 0xffff) << 4;
	c->arch.rip = offset;
	return fault_stop;
}

OP_ANY(retf)
{
	uint64_t offset, selector, rsp = 0, ss_selector = 0;
	unsigned release = (uint16_t)in->imm, size = in->width;
	struct segment cs, ss;
	bool outer;

	TRY(stack_top(c, size, 2, &selector)); /* first, as on processors */
	TRY(stack_top(c, 0, size, &offset));
	if (in_real_mode(c)) {
		stack_drop(c, 2ull * size + release);
		return return_real(c, selector, offset);
	}
	TRY(return_code(c, (uint16_t)selector, &offset, &cs));
	outer = (selector & 3) > cpu_cpl(c);
	if (outer) {
		TRY(stack_top(c, 2 * size + release, size, &rsp));
		TRY(stack_top(c, 3 * size + release, size, &ss_selector));
		TRY(return_stack(c, (uint16_t)ss_selector, &cs, VECTOR_SS, &ss));
		c->arch.seg[SS] = ss;
		return_stack_pointer(c, &cs, &ss, rsp + release);
		segments_hide(c, selector & 3);
	} else {
		stack_drop(c, 2ull * size + release);
	}
	c->arch.rip = offset;
	code_segment_set(c, &cs);
	return fault_stop;
}

/* The flags that IRET may change, by privilege (SDM IRET). RF would only hold breakpoints back. */
static uint64_t iret_flags(const struct vcpu *c, unsigned size)
{
	uint64_t mask = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT;

	if (size > 2)
		mask |= RFLAGS_AC | RFLAGS_ID;
	if (cpu_cpl(c) <= bits_get(c->arch.rflags, RFLAGS_IOPL))
		mask |= RFLAGS_IF;
	if (cpu_cpl(c) == 0)
		mask |= RFLAGS_IOPL | (size > 2 ? RFLAGS_VIF | RFLAGS_VIP : 0);
	return mask;
}

static struct fault iret_real(struct vcpu *c, const uint64_t *frame, unsigned size)
{
	stack_drop(c, 3ull * size);
	flags_write(c, iret_flags(c, size), frame[2]);
	c->arch.nmi_blocked = 0;
	return return_real(c, frame[1], frame[0]);
}

/* SS and RSP of the frame. Of selectors only two bytes are read. */
MUST_CHECK static struct fault iret_outer_stack(struct vcpu *c, unsigned size, uint64_t *frame)
{
	TRY(stack_top(c, 4 * size, 2, &frame[4]));
	return stack_top(c, 3 * size, size, &frame[3]);
}

MUST_CHECK static struct fault iret_protected(struct vcpu *c, uint64_t *frame, unsigned size)
{
	bool outer = (frame[1] & 3) > cpu_cpl(c);
	bool stack = outer || c->mode == CODE_64;
	uint64_t mask = iret_flags(c, size);
	struct segment cs, ss = c->arch.seg[SS];
	unsigned cpl = frame[1] & 3;

	if (in_ia32e(c) && (c->arch.rflags & RFLAGS_NT))
		return fault_gp(0);
	if (!in_ia32e(c) && ((c->arch.rflags & RFLAGS_NT) || (frame[2] & RFLAGS_VM)))
		return cpu_refuse(c, "IRET to a nested task or to virtual-8086 mode");
	TRY(return_code(c, (uint16_t)frame[1], &frame[0], &cs));
	if (stack) {
		TRY(iret_outer_stack(c, size, frame));
		TRY(return_stack(c, (uint16_t)frame[4], &cs, VECTOR_NP, &ss));
	}
	flags_write(c, mask, frame[2]);
	if (stack) {
		c->arch.seg[SS] = ss;
		return_stack_pointer(c, &cs, &ss, frame[3]);
	} else {
		stack_drop(c, 3ull * size);
	}
	if (outer)
		segments_hide(c, cpl);
	c->arch.nmi_blocked = 0;
	c->arch.rip = frame[0];
	code_segment_set(c, &cs);
	return fault_stop;
}

OP_ANY(iret)
{
	unsigned size = in->width;
	uint64_t frame[5] = {0};

	TRY(stack_top(c, 2 * size, size, &frame[2])); /* in the order of processors */
	TRY(stack_top(c, size, 2, &frame[1]));
	TRY(stack_top(c, 0, size, &frame[0]));
	if (in_real_mode(c))
		return iret_real(c, frame, size);
	return iret_protected(c, frame, size);
}

/* --- software interrupts --- */

MUST_CHECK static struct fault software_interrupt(
	struct vcpu *c, const struct insn *in, unsigned vector)
{
	TRY(interrupt_software(c, vector, next_rip(c, in)));
	c->no_trap = true; /* the handler begins with TF clear */
	return fault_stop;
}

OP_ANY(int)
{
	return software_interrupt(c, in, in->imm & 0xff);
}

OP_ANY(int3)
{
	return software_interrupt(c, in, VECTOR_BP);
}

/* A trap-class #DB of its own: no gate's DPL is looked at, and DR6 stays (SDM INT1). */
OP_ANY(int1)
{
	c->arch.rip += in->len; /* to which `start` is added after a fault */
	return fault_exception(VECTOR_DB);
}

OP_ANY(into)
{
	flags_settle(c);
	if (c->arch.rflags & RFLAGS_OF)
		return software_interrupt(c, in, VECTOR_OF);
	c->arch.rip = next_rip(c, in);
	return fault_stop;
}

/* --- SYSCALL, SYSRET: flat segments, whatever the descriptors say --- */

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
	c->arch.dr[6] |= DR6_BS;
	c->arch.rip -= in->start; /* which is added to it after a fault */
	return fault_exception(VECTOR_DB);
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
