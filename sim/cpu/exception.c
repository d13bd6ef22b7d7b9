#include "sim/cpu/exception.h"

#include "sim/cpu/access.h"
#include "sim/cpu/flags.h"
#include "sim/cpu/memory.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/new_stack.h"
#include "sim/cpu/operand.h"
#include "sim/cpu/task.h"
#include "sim/cpu/v8086.h"

/* What is delivered. */
struct delivery {
	unsigned vector;
	bool has_error;
	uint32_t error;
	bool software;  /* INT n, INT3, INTO: the gate's DPL counts, and error codes lack EXT */
	bool interrupt; /* external, or an NMI */
	bool fault;     /* of the fault class: RF is set in the image of RFLAGS */
	uint64_t return_rip;
};

#define ERROR_EXT 1
#define ERROR_IDT 2

static uint32_t ext_bit(const struct delivery *d)
{
	return d->software ? 0 : ERROR_EXT;
}

static uint32_t idt_error(const struct delivery *d)
{
	return d->vector << 3 | ERROR_IDT | ext_bit(d);
}

static uint32_t selector_error(const struct delivery *d, uint16_t selector)
{
	return (selector & 0xfffcu) | ext_bit(d);
}

/* --- real mode: four bytes a vector --- */

/* Pushes FLAGS, CS and IP, and goes where an entry of the table says. */
MUST_CHECK static struct fault enter_8086(
	struct vcpu *c, uint64_t entry_la, uint64_t flags, uint64_t return_rip)
{
	struct new_stack s = new_stack_current(c, cpu_cpl(c), 0);
	uint16_t entry[2];

	TRY(mem_system_load(c, entry_la, 4, entry));
	TRY(new_stack_push(c, &s, 2, flags));
	TRY(new_stack_push(c, &s, 2, c->arch.seg[CS].selector));
	TRY(new_stack_push(c, &s, 2, return_rip));
	new_stack_load(c, &s, false);
	monitor_disarm(c);
	c->arch.seg[CS].selector = entry[1];
	c->arch.seg[CS].base = (uint64_t)entry[1] << 4;
	c->arch.rip = entry[0];
	return no_fault;
}

MUST_CHECK static struct fault deliver_real(struct vcpu *c, const struct delivery *d)
{
	if (d->vector * 4 + 3 > c->arch.idtr.limit)
		return fault_gp(idt_error(d));
	TRY(enter_8086(c, c->arch.idtr.base + d->vector * 4, c->arch.rflags, d->return_rip));
	c->arch.rflags &= ~(RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_RF);
	return no_fault;
}

/* The table is at linear address 0, whatever IDTR says. */
struct fault interrupt_redirected(struct vcpu *c, unsigned vector, uint64_t return_rip)
{
	bool virtual = v8086_flag_of(c, 2) == FLAG_VIF;
	struct fault f;

	flags_settle(c);
	f = enter_8086(c, vector * 4, virtual ? v8086_pushed_flags(c) : c->arch.rflags, return_rip);
	if (f.raw == 0)
		c->arch.rflags &= ~(RFLAGS_TF | (virtual ? RFLAGS_VIF : RFLAGS_IF));
	return f;
}

/* --- protected and IA-32e mode --- */

struct gate {
	uint16_t selector;
	uint64_t offset;
	unsigned type, dpl, ist;
	unsigned size; /* of what is pushed */
	bool present;
};

#define GATE_TASK      0x5
#define GATE_INTERRUPT 0x6 /* and GATE_32 outside 16-bit gates */
#define GATE_TRAP      0x7
#define GATE_32        0x8

/* IA-32e mode knows neither task gates nor 16-bit ones. */
static bool gate_type_exists(const struct vcpu *c, unsigned type)
{
	unsigned kind = type & ~(unsigned)GATE_32;

	if (kind == GATE_INTERRUPT || kind == GATE_TRAP)
		return (type & GATE_32) || !in_ia32e(c);
	return type == GATE_TASK && !in_ia32e(c);
}

MUST_CHECK static struct fault gate_read(
	struct vcpu *c, const struct delivery *d, struct gate *gate)
{
	unsigned size = in_ia32e(c) ? 16 : 8;
	uint64_t raw[2] = {0, 0};

	if (d->vector * size + size - 1 > c->arch.idtr.limit)
		return fault_gp(idt_error(d));
	TRY(mem_system_load(c, c->arch.idtr.base + d->vector * size, size, raw));
	*gate = (struct gate){
		.selector = (uint16_t)(raw[0] >> 16),
		.offset = (raw[0] & 0xffff) | (raw[0] >> 32 & 0xffff0000) | raw[1] << 32,
		.type = raw[0] >> 40 & 0x1f,
		.dpl = raw[0] >> 45 & 3,
		.ist = in_ia32e(c) ? raw[0] >> 32 & 7 : 0,
		.present = raw[0] >> 47 & 1,
	};
	if (!gate_type_exists(c, gate->type))
		return fault_gp(idt_error(d));
	gate->size = in_ia32e(c) ? 8 : gate->type & GATE_32 ? 4 : 2;
	if (gate->size == 2)
		gate->offset &= 0xffff;
	if (d->software && gate->dpl < cpu_cpl(c))
		return fault_gp(idt_error(d));
	if (!gate->present)
		return fault_error(VECTOR_NP, idt_error(d));
	return no_fault;
}

/* The handler's code segment, and its privilege in *cpl. */
MUST_CHECK static struct fault gate_code(struct vcpu *c, const struct delivery *d,
	const struct gate *gate, struct segment *cs, unsigned *cpl)
{
	uint32_t error = selector_error(d, gate->selector);
	struct descriptor code;
	struct fault f;

	if ((gate->selector & ~3u) == 0)
		return fault_gp(ext_bit(d));
	f = descriptor_read(c, gate->selector, VECTOR_GP, &code);
	if (fault_kind(f) == FAULT_EXCEPTION && fault_vector(f) == VECTOR_GP)
		return fault_gp(error);
	TRY(f);
	if (!descriptor_is_code(&code) || descriptor_dpl(&code) > cpu_cpl(c))
		return fault_gp(error);
	if (in_ia32e(c) && (!descriptor_long(&code) || (code.low >> 54 & 1)))
		return fault_gp(error);
	if (!descriptor_present(&code))
		return fault_error(VECTOR_NP, error);
	TRY(descriptor_mark_accessed(c, gate->selector, &code));
	*cpl = descriptor_type(&code) & 4 ? cpu_cpl(c) : descriptor_dpl(&code);
	if (in_v8086(c) && *cpl != 0)
		return fault_gp(error);
	*cs = segment_from_descriptor((uint16_t)((gate->selector & ~3u) | *cpl), &code);
	return no_fault;
}

static uint64_t pushed_rflags(const struct vcpu *c, const struct delivery *d)
{
	return c->arch.rflags | (d->fault ? RFLAGS_RF : 0);
}

static void enter_handler(struct vcpu *c, const struct gate *gate, const struct segment *cs)
{
	c->arch.rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM);
	if ((gate->type & ~(unsigned)GATE_32) == GATE_INTERRUPT)
		c->arch.rflags &= ~RFLAGS_IF;
	c->arch.rip = gate->offset;
	code_segment_set(c, cs);
}

/* What leaves virtual-8086 mode saves the data segments, and makes them null. */
MUST_CHECK static struct fault push_v8086(struct vcpu *c, unsigned size, struct new_stack *s)
{
	TRY(new_stack_push(c, s, size, c->arch.seg[GS].selector));
	TRY(new_stack_push(c, s, size, c->arch.seg[FS].selector));
	TRY(new_stack_push(c, s, size, c->arch.seg[DS].selector));
	return new_stack_push(c, s, size, c->arch.seg[ES].selector);
}

static void forget_v8086(struct vcpu *c)
{
	static const uint8_t data[] = {ES, DS, FS, GS};

	for (unsigned i = 0; i < ARRAY_LEN(data); i++)
		c->arch.seg[data[i]] = (struct segment){0};
}

/* The stack that the handler gets: another one for a change of privilege, or from the IST. */
MUST_CHECK static struct fault handler_stack(struct vcpu *c, const struct delivery *d,
	const struct gate *gate, unsigned cpl, struct new_stack *s)
{
	*s = new_stack_current(c, cpl, ext_bit(d));
	if (gate->ist != 0)
		TRY(new_stack_from_ist(c, gate->ist, cpl, ext_bit(d), s));
	else if (cpl != cpu_cpl(c))
		TRY(new_stack_from_tss(c, cpl, ext_bit(d), s));
	if (in_ia32e(c))
		s->rsp &= ~UINT64_C(15);
	return no_fault;
}

MUST_CHECK static struct fault push_frame(struct vcpu *c, const struct delivery *d,
	const struct gate *gate, bool with_stack, struct new_stack *s)
{
	if (in_v8086(c))
		TRY(push_v8086(c, gate->size, s));
	if (with_stack) {
		TRY(new_stack_push(c, s, gate->size, c->arch.seg[SS].selector));
		TRY(new_stack_push(c, s, gate->size, c->arch.gpr[RSP]));
	}
	TRY(new_stack_push(c, s, gate->size, pushed_rflags(c, d)));
	TRY(new_stack_push(c, s, gate->size, c->arch.seg[CS].selector));
	TRY(new_stack_push(c, s, gate->size, d->return_rip));
	return d->has_error ? new_stack_push(c, s, gate->size, d->error) : no_fault;
}

/* Through a task gate: the error code goes onto the new task's stack. */
MUST_CHECK static struct fault deliver_to_task(
	struct vcpu *c, const struct delivery *d, const struct gate *gate)
{
	struct task_request r = {
		.cause = TASK_INTERRUPT,
		.selector = gate->selector,
		.return_rip = d->return_rip,
		.fault = d->fault,
		.ext = ext_bit(d),
	};
	struct new_stack s;

	TRY(task_switch(c, &r));
	if (!d->has_error)
		return no_fault;
	s = new_stack_current(c, cpu_cpl(c), ext_bit(d));
	TRY(new_stack_push(c, &s, c->arch.seg[TR].attr & GATE_32 ? 4 : 2, d->error));
	new_stack_load(c, &s, false);
	return no_fault;
}

MUST_CHECK static struct fault deliver_by_gate(struct vcpu *c, const struct delivery *d)
{
	struct new_stack s;
	struct segment cs;
	struct gate gate;
	unsigned cpl;
	bool inner;

	TRY(gate_read(c, d, &gate));
	if (gate.type == GATE_TASK)
		return deliver_to_task(c, d, &gate);
	TRY(gate_code(c, d, &gate, &cs, &cpl));
	inner = cpl != cpu_cpl(c);
	TRY(handler_stack(c, d, &gate, cpl, &s));
	if (in_ia32e(c) ? !is_canonical(gate.offset) : gate.offset > cs.limit)
		return fault_gp(ext_bit(d));
	TRY(push_frame(c, d, &gate, inner || in_ia32e(c), &s));
	if (in_v8086(c))
		forget_v8086(c);
	new_stack_load(c, &s, inner);
	enter_handler(c, &gate, &cs);
	return no_fault;
}

static void tell(struct vcpu *c, const struct delivery *d)
{
	if (d->interrupt && c->accesses.told != NULL) {
		accesses_tell(c);
		c->accesses.taken(c->accesses.context, c->id, d->vector);
	}
	if (d->interrupt && c->watch.interrupt != NULL)
		c->watch.interrupt(c->watch.context, c, d->vector);
	if (!d->interrupt && c->watch.exception != NULL)
		c->watch.exception(c->watch.context, c, d->vector, d->error);
}

MUST_CHECK static struct fault deliver_by_mode(struct vcpu *c, const struct delivery *d)
{
	return in_real_mode(c) ? deliver_real(c, d) : deliver_by_gate(c, d);
}

MUST_CHECK static struct fault deliver(struct vcpu *c, const struct delivery *d)
{
	struct fault f;

	flags_settle(c);
	mem_fence(c);
	c->delivering = true;
	c->counted = !d->software;
	f = deliver_by_mode(c, d);
	c->delivering = c->counted = false;
	TRY(f);
	c->moved = false;
	c->arch.shadow = SHADOW_NONE;
	tell(c, d);
	return no_fault;
}

/* --- what faults meanwhile --- */

static bool is_contributory(unsigned vector)
{
	return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

/* SDM "Conditions for Generating a Double Fault". */
static bool makes_double_fault(unsigned first, unsigned second)
{
	if (first == VECTOR_PF)
		return second == VECTOR_PF || is_contributory(second);
	return is_contributory(first) && is_contributory(second);
}

static struct delivery delivery_of(const struct vcpu *c, struct fault f)
{
	return (struct delivery){
		.vector = fault_vector(f),
		.has_error = fault_has_error(f) && !in_real_mode(c),
		.error = fault_error_code(f),
		.fault = fault_vector(f) != VECTOR_DB,
		.return_rip = c->arch.rip,
	};
}

/* Delivers first, and then whatever its delivery raises, until a handler is entered. */
MUST_CHECK static struct fault deliver_chain(struct vcpu *c, struct delivery d, bool benign)
{
	for (;;) {
		struct fault f = deliver(c, &d);
		unsigned previous = d.vector;

		c->moved = false;
		if (f.raw == 0 || fault_kind(f) == FAULT_UNIMPLEMENTED)
			return f;
		SIM_ASSERT(fault_kind(f) == FAULT_EXCEPTION);
		if (previous == VECTOR_DF)
			return fault_make(FAULT_TRIPLE);
		if (fault_vector(f) == VECTOR_PF)
			c->arch.cr2 = c->mmu.fault_la;
		if (!benign && makes_double_fault(previous, fault_vector(f)))
			f = fault_error(VECTOR_DF, 0);
		d = delivery_of(c, f);
		benign = false;
	}
}

struct fault exception_deliver(struct vcpu *c, struct fault f)
{
	c->arch.debug_pending = 0; /* the instruction after a load of SS has faulted */
	if (fault_vector(f) == VECTOR_DB)
		c->arch.dr[7] &= ~DR7_GD;
	if (fault_vector(f) == VECTOR_PF)
		c->arch.cr2 = c->mmu.fault_la;
	return deliver_chain(c, delivery_of(c, f), false);
}

struct fault interrupt_deliver(struct vcpu *c, unsigned vector)
{
	struct delivery d = {.vector = vector, .interrupt = true, .return_rip = c->arch.rip};

	return deliver_chain(c, d, true);
}

struct fault interrupt_software(struct vcpu *c, unsigned vector, uint64_t return_rip)
{
	struct delivery d = {.vector = vector, .software = true, .return_rip = return_rip};

	return deliver(c, &d);
}
