#include "sim/cpu/far_gate.h"

#include "sim/cpu/memory.h"
#include "sim/cpu/new_stack.h"
#include "sim/cpu/operand.h"
#include "sim/cpu/task.h"

#define GATE_CALL16 0x4
#define GATE_TASK   0x5
#define GATE_CALL   0xc /* of 32 bits, in IA-32e mode of 64 */

#define UPPER_TYPE UINT64_C(0x1f0000000000) /* of the second half of a 64-bit gate */

struct call_gate {
	uint16_t selector;
	uint64_t offset;
	unsigned size;   /* of what a call pushes */
	unsigned params; /* that it copies */
};

static uint32_t selector_error(uint16_t selector)
{
	return selector & 0xfffcu;
}

/* The gate's or TSS's own privilege must not be above CPL or RPL. */
MUST_CHECK static struct fault descriptor_access(
	const struct vcpu *c, uint16_t selector, const struct descriptor *d)
{
	unsigned dpl = descriptor_dpl(d);

	return dpl < cpu_cpl(c) || dpl < (selector & 3) ? fault_gp(selector_error(selector))
							: no_fault;
}

MUST_CHECK static struct fault gate_present(uint16_t selector, const struct descriptor *d)
{
	return descriptor_present(d) ? no_fault : fault_error(VECTOR_NP, selector_error(selector));
}

/* --- tasks --- */

MUST_CHECK static struct fault far_task(
	struct vcpu *c, const struct far_transfer *t, uint16_t selector)
{
	struct task_request r = {
		.cause = t->call ? TASK_CALL : TASK_JUMP,
		.selector = selector,
		.return_rip = t->return_rip,
	};

	TRY(task_switch(c, &r));
	c->moved = false;
	return fault_stop;
}

MUST_CHECK static struct fault far_task_gate(
	struct vcpu *c, const struct far_transfer *t, const struct descriptor *d)
{
	TRY(descriptor_access(c, t->selector, d));
	TRY(gate_present(t->selector, d));
	return far_task(c, t, (uint16_t)(d->low >> 16));
}

/* --- call gates --- */

MUST_CHECK static struct fault gate_read(struct vcpu *c, const struct far_transfer *t,
	const struct descriptor *first, struct call_gate *gate)
{
	struct descriptor d = *first;

	TRY(descriptor_access(c, t->selector, &d));
	if (in_ia32e(c)) {
		TRY(descriptor_read_system(c, t->selector, VECTOR_GP, &d));
		if (d.high & UPPER_TYPE)
			return fault_gp(selector_error(t->selector));
	}
	TRY(gate_present(t->selector, &d));
	*gate = (struct call_gate){
		.selector = (uint16_t)(d.low >> 16),
		.offset = (d.low & 0xffff) | (d.low >> 32 & 0xffff0000),
		.size = in_ia32e(c) ? 8 : 4,
		.params = in_ia32e(c) ? 0 : d.low >> 32 & 31,
	};
	if (in_ia32e(c))
		gate->offset |= d.high << 32;
	if (descriptor_type(&d) == GATE_CALL16) {
		gate->offset &= 0xffff;
		gate->size = 2;
	}
	return no_fault;
}

/* The segment that the gate leads to; *cpl is the privilege there. */
MUST_CHECK static struct fault gate_code(struct vcpu *c, const struct far_transfer *t,
	const struct call_gate *gate, struct segment *cs, unsigned *cpl)
{
	uint32_t error = selector_error(gate->selector);
	struct descriptor d;
	bool conforming;

	if (error == 0)
		return fault_gp(0);
	TRY(descriptor_read(c, gate->selector, VECTOR_GP, &d));
	conforming = descriptor_type(&d) & 4;
	if (!descriptor_is_code(&d) || descriptor_dpl(&d) > cpu_cpl(c))
		return fault_gp(error);
	if (!t->call && !conforming && descriptor_dpl(&d) != cpu_cpl(c))
		return fault_gp(error);
	if (in_ia32e(c) && (!descriptor_long(&d) || (d.low >> 54 & 1)))
		return fault_gp(error);
	if (!descriptor_present(&d))
		return fault_error(VECTOR_NP, error);
	TRY(descriptor_mark_accessed(c, gate->selector, &d));
	*cpl = conforming ? cpu_cpl(c) : descriptor_dpl(&d);
	*cs = segment_from_descriptor((uint16_t)((gate->selector & ~3u) | *cpl), &d);
	return no_fault;
}

MUST_CHECK static struct fault gate_offset(
	const struct vcpu *c, const struct call_gate *gate, const struct segment *cs)
{
	bool good = in_ia32e(c) ? is_canonical(gate->offset) : gate->offset <= cs->limit;

	return good ? no_fault : fault_gp(0);
}

/* SS and RSP of the caller, and the parameters that it has pushed. */
MUST_CHECK static struct fault push_caller_stack(
	struct vcpu *c, const struct call_gate *gate, struct new_stack *s)
{
	uint64_t param;

	TRY(new_stack_push(c, s, gate->size, c->arch.seg[SS].selector));
	TRY(new_stack_push(c, s, gate->size, c->arch.gpr[RSP]));
	for (unsigned i = gate->params; i-- != 0;) {
		TRY(stack_top(c, i * gate->size, gate->size, &param));
		TRY(new_stack_push(c, s, gate->size, param));
	}
	return no_fault;
}

MUST_CHECK static struct fault push_frame(struct vcpu *c, const struct far_transfer *t,
	const struct call_gate *gate, unsigned cpl, struct new_stack *s)
{
	if (cpl != cpu_cpl(c))
		TRY(push_caller_stack(c, gate, s));
	TRY(new_stack_push(c, s, gate->size, c->arch.seg[CS].selector));
	return new_stack_push(c, s, gate->size, t->return_rip);
}

MUST_CHECK static struct fault far_call_gate(
	struct vcpu *c, const struct far_transfer *t, const struct descriptor *d)
{
	struct new_stack s = new_stack_current(c, cpu_cpl(c), 0);
	struct call_gate gate;
	struct segment cs;
	unsigned cpl;

	TRY(gate_read(c, t, d, &gate));
	TRY(gate_code(c, t, &gate, &cs, &cpl));
	if (cpl != cpu_cpl(c))
		TRY(new_stack_from_tss(c, cpl, 0, &s));
	TRY(gate_offset(c, &gate, &cs)); /* after the checks of the stack */
	if (t->call) {
		TRY(push_frame(c, t, &gate, cpl, &s));
		new_stack_load(c, &s, cpl != cpu_cpl(c));
	}
	c->arch.rip = gate.offset;
	code_segment_set(c, &cs);
	return fault_stop;
}

struct fault far_through_system(
	struct vcpu *c, const struct far_transfer *t, const struct descriptor *d)
{
	unsigned type = descriptor_type(d);

	if (type == GATE_CALL || (!in_ia32e(c) && type == GATE_CALL16))
		return far_call_gate(c, t, d);
	if (in_ia32e(c))
		return fault_gp(selector_error(t->selector));
	if (type == GATE_TASK)
		return far_task_gate(c, t, d);
	if (type != SYSTEM_TSS_AVAILABLE && type != SYSTEM_TSS16_AVAILABLE)
		return fault_gp(selector_error(t->selector));
	TRY(descriptor_access(c, t->selector, d));
	return far_task(c, t, t->selector);
}
