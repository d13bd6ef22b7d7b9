/* exec_far.c - transfers that load CS: far jumps, calls and returns, software interrupts, IRET. */
#include "sim/cpu/exception.h"
#include "sim/cpu/far_gate.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/new_stack.h"
#include "sim/cpu/ops.h"
#include "sim/cpu/task.h"
#include "sim/cpu/v8086.h"

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

/* In real and virtual-8086 mode limit and attributes of CS stay as they are. */
MUST_CHECK static struct fault far_8086(
	struct vcpu *c, const struct far_transfer *t, unsigned size, uint64_t offset)
{
	struct new_stack s = new_stack_current(c, cpu_cpl(c), 0);
	struct segment cs = c->arch.seg[CS];

	cs.selector = t->selector;
	cs.base = (uint64_t)t->selector << 4;
	if (offset > cs.limit)
		return fault_gp(0);
	if (t->call) {
		TRY(new_stack_push(c, &s, size, c->arch.seg[CS].selector));
		TRY(new_stack_push(c, &s, size, t->return_rip));
		new_stack_load(c, &s, false);
	}
	c->arch.rip = offset;
	code_segment_set(c, &cs);
	return fault_stop;
}

/* Code that is not 64-bit has no upper half of RSP either, as on processors. */
static struct fault enter_code(struct vcpu *c, const struct segment *cs, uint64_t offset)
{
	if (in_ia32e(c) && (cs->attr & SEG_L) == 0)
		c->arch.gpr[RSP] = (uint32_t)c->arch.gpr[RSP];
	c->arch.rip = offset;
	code_segment_set(c, cs);
	return fault_stop;
}

/* What the current code calls is on its stack, of which 64-bit mode looks at nothing; but from
 * there to code that is not 64-bit only RSP's lower half counts, as on processors. */
static struct new_stack call_stack(const struct vcpu *c, const struct segment *cs)
{
	struct new_stack s = new_stack_current(c, cpu_cpl(c), 0);

	s.flat = c->mode == CODE_64 && (cs->attr & SEG_L);
	if (c->mode == CODE_64)
		s.ss = (struct segment){.limit = UINT32_MAX, .attr = SEG_D};
	return s;
}

/* The return address has the operand size. */
MUST_CHECK static struct fault far_code(struct vcpu *c, const struct far_transfer *t,
	struct descriptor *d, unsigned size, uint64_t offset)
{
	struct new_stack s;
	struct segment cs;

	TRY(code_segment_check_jump(c, t->selector, d, &cs));
	TRY(code_offset(c, &cs, &offset));
	if (t->call) {
		s = call_stack(c, &cs);
		TRY(new_stack_push(c, &s, size, c->arch.seg[CS].selector));
		TRY(new_stack_push(c, &s, size, t->return_rip));
		new_stack_load(c, &s, false);
	}
	return enter_code(c, &cs, offset);
}

MUST_CHECK static struct fault far_transfer(
	struct vcpu *c, const struct insn *in, bool call, uint16_t selector, uint64_t offset)
{
	struct far_transfer t = {call, selector, next_rip(c, in)};
	struct descriptor d;

	if (in_8086_mode(c))
		return far_8086(c, &t, in->width, offset);
	if ((selector & ~3u) == 0)
		return fault_gp(0);
	TRY(descriptor_read(c, selector, VECTOR_GP, &d));
	if (!descriptor_is_code_or_data(&d))
		return far_through_system(c, &t, &d);
	return far_code(c, &t, &d, in->width, offset);
}

/* The pointer in memory: offset of the operand size, then the selector. One of 16:16 need only be
 * aligned to words. */
MUST_CHECK static struct fault load_far_pointer(
	struct vcpu *c, const struct insn *in, uint16_t *selector, uint64_t *offset)
{
	unsigned size = in->width + 2u, part = in->width == 2 ? 2 : size;
	uint8_t image[10];
	uint64_t la;

	TRY(operand_linear(c, in, ACCESS_READ, size, &la));
	for (unsigned at = 0; at < size; at += part) {
		TRY(mem_load(c, in->seg, la, part, image + at));
		la = c->mode == CODE_64 ? la + part : (uint32_t)(la + part);
	}
	*offset = 0;
	memcpy(offset, image, in->width);
	memcpy(selector, image + in->width, 2);
	return no_fault;
}

/* Immediate pointers: the decoder puts the offset into imm, the selector into disp. */
OP_ANY(jmp_far)
{
	return far_transfer(c, in, false, (uint16_t)in->disp, in->imm);
}

OP_ANY(call_far)
{
	return far_transfer(c, in, true, (uint16_t)in->disp, in->imm);
}

OP_ANY(jmp_far_indirect)
{
	uint16_t selector;
	uint64_t offset;

	TRY(load_far_pointer(c, in, &selector, &offset));
	return far_transfer(c, in, false, selector, offset);
}

OP_ANY(call_far_indirect)
{
	uint16_t selector;
	uint64_t offset;

	TRY(load_far_pointer(c, in, &selector, &offset));
	return far_transfer(c, in, true, selector, offset);
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

MUST_CHECK static struct fault return_code(struct vcpu *c, uint16_t selector, struct segment *cs)
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
	if (in_ia32e(c) && descriptor_long(&d) && (d.low >> 54 & 1))
		return fault_gp(error);
	if (!descriptor_present(&d))
		return fault_error(VECTOR_NP, error);
	TRY(descriptor_mark_accessed(c, selector, &d));
	*cs = segment_from_descriptor(selector, &d);
	return no_fault;
}

/* The stack that a return to cs loads. */
MUST_CHECK static struct fault return_stack(
	struct vcpu *c, uint16_t selector, const struct segment *cs, struct segment *ss)
{
	unsigned cpl = cs->selector & 3;

	if ((selector & ~3u) == 0 && (cs->attr & SEG_L) && in_ia32e(c) && cpl != 3) {
		*ss = null_stack_segment(selector, cpl);
		return no_fault;
	}
	return stack_segment_check(c, selector, cpl, VECTOR_GP, ss);
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

/* To real or virtual-8086 code, from the same. */
MUST_CHECK static struct fault return_8086(struct vcpu *c, uint64_t selector, uint64_t offset)
{
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
	if (in_8086_mode(c)) {
		if (offset > c->arch.seg[CS].limit)
			return fault_gp(0);
		stack_drop(c, 2ull * size + release);
		return return_8086(c, selector, offset);
	}
	TRY(return_code(c, (uint16_t)selector, &cs));
	outer = (selector & 3) > cpu_cpl(c);
	if (outer) {
		TRY(stack_top(c, 2 * size + release, size, &rsp));
		TRY(stack_top(c, 3 * size + release, size, &ss_selector));
		TRY(return_stack(c, (uint16_t)ss_selector, &cs, &ss));
		TRY(code_offset(c, &cs, &offset)); /* the last, as on processors */
		c->arch.seg[SS] = ss;
		return_stack_pointer(c, &cs, &ss, rsp + release);
		segments_hide(c, selector & 3);
	} else {
		TRY(code_offset(c, &cs, &offset));
		stack_drop(c, 2ull * size + release);
	}
	return enter_code(c, &cs, offset);
}

/* The flags that IRET may change, by privilege (SDM IRET). */
static uint64_t iret_flags(const struct vcpu *c, unsigned size)
{
	uint64_t mask = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT;

	if (size > 2)
		mask |= RFLAGS_RF | RFLAGS_AC | RFLAGS_ID;
	if (cpu_cpl(c) <= bits_get(c->arch.rflags, RFLAGS_IOPL))
		mask |= RFLAGS_IF;
	if (cpu_cpl(c) == 0)
		mask |= RFLAGS_IOPL | (size > 2 ? RFLAGS_VIF | RFLAGS_VIP : 0);
	return mask;
}

/* In real mode; in virtual-8086 mode as v8086_flag_of says. */
MUST_CHECK static struct fault iret_8086(struct vcpu *c, const uint64_t *frame, unsigned size)
{
	enum interrupt_flag flag = v8086_flag_of(c, size);
	uint64_t mask = iret_flags(c, size);

	if (frame[0] > c->arch.seg[CS].limit)
		return fault_gp(0);
	if (in_v8086(c) && flag == FLAG_VIF)
		TRY(v8086_pop_flags(c, frame[2]));
	else
		flags_write(c, mask, frame[2]);
	stack_drop(c, 3ull * size);
	return return_8086(c, frame[1], frame[0]);
}

/* Back to the task that the current one was called from, or that it interrupted. */
MUST_CHECK static struct fault iret_task(struct vcpu *c, const struct insn *in)
{
	struct task_request r = {.cause = TASK_RETURN, .return_rip = next_rip(c, in)};

	TRY(mem_system_load(c, c->arch.seg[TR].base, 2, &r.selector));
	TRY(task_switch(c, &r));
	c->moved = false;
	return fault_stop;
}

#define V8086_FRAME 9 /* EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS */

MUST_CHECK static struct fault iret_to_v8086(struct vcpu *c, const uint64_t *frame)
{
	uint64_t rest[V8086_FRAME];
	uint16_t selectors[6];

	for (unsigned i = 3; i < V8086_FRAME; i++)
		TRY(stack_top(c, 4 * i, 4, &rest[i]));
	if (frame[0] > 0xffff)
		return fault_gp(0);
	selectors[CS] = (uint16_t)frame[1];
	selectors[SS] = (uint16_t)rest[4];
	selectors[ES] = (uint16_t)rest[5];
	selectors[DS] = (uint16_t)rest[6];
	selectors[FS] = (uint16_t)rest[7];
	selectors[GS] = (uint16_t)rest[8];
	flags_write(c, iret_flags(c, 4) | RFLAGS_VM, frame[2]);
	v8086_segments(c, selectors);
	c->arch.gpr[RSP] = rest[3];
	c->arch.rip = frame[0];
	cpu_state_changed(c);
	return fault_stop;
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
	if (!in_ia32e(c) && (frame[2] & RFLAGS_VM) && size == 4 && cpu_cpl(c) == 0)
		return iret_to_v8086(c, frame);
	TRY(return_code(c, (uint16_t)frame[1], &cs));
	if (stack) {
		TRY(iret_outer_stack(c, size, frame));
		TRY(return_stack(c, (uint16_t)frame[4], &cs, &ss));
	}
	TRY(code_offset(c, &cs, &frame[0])); /* the last, as on processors */
	flags_write(c, mask, frame[2]);
	if (stack) {
		c->arch.seg[SS] = ss;
		return_stack_pointer(c, &cs, &ss, frame[3]);
	} else {
		stack_drop(c, 3ull * size);
	}
	if (outer)
		segments_hide(c, cpl);
	return enter_code(c, &cs, frame[0]);
}

MUST_CHECK static struct fault iret_by_mode(struct vcpu *c, const struct insn *in)
{
	unsigned size = in->width;
	uint64_t frame[5] = {0};

	if (!in_8086_mode(c) && !in_ia32e(c) && (c->arch.rflags & RFLAGS_NT))
		return iret_task(c, in);
	if (in_v8086(c) && v8086_flag_of(c, size) == FLAG_NONE)
		return fault_gp(0);
	TRY(stack_top(c, 2 * size, size, &frame[2])); /* in the order of processors */
	TRY(stack_top(c, size, 2, &frame[1]));
	TRY(stack_top(c, 0, size, &frame[0]));
	if (in_8086_mode(c))
		return iret_8086(c, frame, size);
	return iret_protected(c, frame, size);
}

/* Whoever returns has done with the NMI, even if the return faults (SDM "Handling Multiple NMIs").
 */
OP_ANY(iret)
{
	struct fault f;

	mem_fence(c);
	f = iret_by_mode(c, in);
	if (fault_kind(f) == FAULT_EXCEPTION || fault_kind(f) == FAULT_BLOCK_STOP)
		c->arch.nmi_blocked = 0;
	return f;
}

/* --- software interrupts --- */

MUST_CHECK static struct fault software_interrupt(
	struct vcpu *c, const struct insn *in, unsigned vector)
{
	TRY(interrupt_software(c, vector, next_rip(c, in)));
	c->no_trap = true; /* the handler begins with TF clear */
	return fault_stop;
}

/* In virtual-8086 mode INT n depends on IOPL and CR4.VME, INT3 and INTO do not. */
OP_ANY(int)
{
	bool redirects;

	if (in_v8086(c)) {
		TRY(v8086_redirects(c, in->imm & 0xff, &redirects));
		if (redirects) {
			TRY(interrupt_redirected(c, in->imm & 0xff, next_rip(c, in)));
			c->no_trap = true;
			return fault_stop;
		}
	}
	return software_interrupt(c, in, in->imm & 0xff);
}

OP_ANY(int3)
{
	return software_interrupt(c, in, VECTOR_BP);
}

OP_ANY(into)
{
	flags_settle(c);
	if (c->arch.rflags & RFLAGS_OF)
		return software_interrupt(c, in, VECTOR_OF);
	c->arch.rip = next_rip(c, in);
	return fault_stop;
}
