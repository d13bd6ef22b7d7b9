#include "sim/cpu/exception.h"

#include "sim/cpu/flags.h"
#include "sim/cpu/memory.h"
#include "sim/cpu/operand.h"
#include "sim/cpu/segment.h"

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

MUST_CHECK static struct fault deliver_real(struct vcpu *c, const struct delivery *d)
{
	uint64_t rsp = c->arch.gpr[RSP];
	uint16_t entry[2];
	uint64_t frame[3] = {c->arch.rflags, c->arch.seg[CS].selector, d->return_rip};

	if (d->vector * 4 + 3 > c->arch.idtr.limit)
		return fault_gp(idt_error(d));
	TRY(mem_system_load(c, c->arch.idtr.base + d->vector * 4, 4, entry));
	for (unsigned i = 0; i < 3; i++) {
		struct fault f = stack_push(c, 2, frame[i]);

		if (f.raw) {
			c->arch.gpr[RSP] = rsp;
			return f;
		}
	}
	c->arch.rflags &= ~(RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_RF);
	c->arch.seg[CS].selector = entry[1];
	c->arch.seg[CS].base = (uint64_t)entry[1] << 4;
	c->arch.rip = entry[0];
	return no_fault;
}

/* --- protected and IA-32e mode --- */

struct gate {
	uint16_t selector;
	uint64_t offset;
	unsigned type, dpl, ist;
	bool present;
};

#define GATE_INTERRUPT 0xe
#define GATE_TRAP      0xf

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
	if (gate->type != GATE_INTERRUPT && gate->type != GATE_TRAP) {
		if (!in_ia32e(c) && (gate->type == 0x5 || gate->type == 0x6 || gate->type == 0x7))
			return cpu_refuse(c, "a task gate or 16-bit gate in the IDT");
		return fault_gp(idt_error(d));
	}
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
	*cs = segment_from_descriptor((uint16_t)((gate->selector & ~3u) | *cpl), &code);
	return no_fault;
}

/* Where the TSS keeps the stack pointer of a privilege level or an IST slot. */
MUST_CHECK static struct fault tss_stack(
	struct vcpu *c, const struct delivery *d, unsigned cpl, unsigned ist, uint64_t *rsp)
{
	const struct segment *tr = &c->arch.seg[TR];
	uint64_t offset = ist != 0 ? 0x24 + 8 * (ist - 1) : 4 + 8 * cpl;

	if (offset + 7 > tr->limit)
		return fault_error(VECTOR_TS, selector_error(d, tr->selector));
	TRY(mem_system_load(c, tr->base + offset, 8, rsp));
	if (!is_canonical(*rsp))
		return fault_error(VECTOR_SS, ext_bit(d));
	return no_fault;
}

/* Pushes the frame below rsp, before anything else of the core changes, as the new CPL. */
MUST_CHECK static struct fault push_frame(struct vcpu *c, unsigned cpl, uint64_t *rsp,
	unsigned size, const uint64_t *frame, unsigned count)
{
	bool user = c->user;
	struct soft_tlb *soft = c->soft;
	struct fault f = no_fault;

	c->user = cpl == 3;
	c->soft = &c->mmu.soft[c->user];
	for (unsigned i = 0; i < count && f.raw == 0; i++) {
		*rsp -= size;
		f = mem_store(c, SS, *rsp, size, &frame[i]);
	}
	if (fault_kind(f) == FAULT_EXCLUSIVE)
		f = cpu_refuse(c, "a stack on a device");
	c->user = user;
	c->soft = soft;
	return f;
}

static uint64_t pushed_rflags(const struct vcpu *c, const struct delivery *d)
{
	return c->arch.rflags | (d->fault ? RFLAGS_RF : 0);
}

static void enter_handler(struct vcpu *c, const struct gate *gate, const struct segment *cs)
{
	c->arch.rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM);
	if (gate->type == GATE_INTERRUPT)
		c->arch.rflags &= ~RFLAGS_IF;
	c->arch.rip = gate->offset;
	code_segment_set(c, cs);
}

MUST_CHECK static struct fault deliver_ia32e(struct vcpu *c, const struct delivery *d)
{
	uint64_t frame[6] = {c->arch.seg[SS].selector, c->arch.gpr[RSP], pushed_rflags(c, d),
		c->arch.seg[CS].selector, d->return_rip, d->error};
	uint64_t rsp = c->arch.gpr[RSP];
	struct segment cs;
	struct gate gate;
	unsigned cpl;

	TRY(gate_read(c, d, &gate));
	TRY(gate_code(c, d, &gate, &cs, &cpl));
	if (gate.ist != 0 || cpl != cpu_cpl(c))
		TRY(tss_stack(c, d, cpl, gate.ist, &rsp));
	if (!is_canonical(gate.offset))
		return fault_gp(ext_bit(d));
	rsp &= ~UINT64_C(15);
	TRY(push_frame(c, cpl, &rsp, 8, frame, d->has_error ? 6 : 5));
	c->arch.gpr[RSP] = rsp;
	if (cpl != cpu_cpl(c))
		c->arch.seg[SS] = null_stack_segment((uint16_t)cpl, cpl);
	enter_handler(c, &gate, &cs);
	return no_fault;
}

/* Protected mode outside IA-32e, without change of privilege. */
MUST_CHECK static struct fault deliver_protected(struct vcpu *c, const struct delivery *d)
{
	uint64_t frame[4] = {
		pushed_rflags(c, d), c->arch.seg[CS].selector, d->return_rip, d->error};
	unsigned count = d->has_error ? 4 : 3;
	uint64_t rsp = c->arch.gpr[RSP];
	struct segment cs;
	struct gate gate;
	unsigned cpl;

	TRY(gate_read(c, d, &gate));
	TRY(gate_code(c, d, &gate, &cs, &cpl));
	if (cpl != cpu_cpl(c))
		return cpu_refuse(
			c, "an interrupt that changes privilege in 32-bit protected mode");
	if (gate.offset > cs.limit)
		return fault_gp(ext_bit(d));
	for (unsigned i = 0; i < count; i++) {
		struct fault f = stack_push(c, 4, frame[i]);

		if (f.raw) {
			c->arch.gpr[RSP] = rsp;
			return f;
		}
	}
	enter_handler(c, &gate, &cs);
	return no_fault;
}

static void tell(struct vcpu *c, const struct delivery *d)
{
	if (d->interrupt && c->watch.interrupt != NULL)
		c->watch.interrupt(c->watch.context, c, d->vector);
	if (!d->interrupt && c->watch.exception != NULL)
		c->watch.exception(c->watch.context, c, d->vector, d->error);
}

MUST_CHECK static struct fault deliver_by_mode(struct vcpu *c, const struct delivery *d)
{
	if (in_real_mode(c))
		return deliver_real(c, d);
	return in_ia32e(c) ? deliver_ia32e(c, d) : deliver_protected(c, d);
}

MUST_CHECK static struct fault deliver(struct vcpu *c, const struct delivery *d)
{
	struct fault f;

	flags_settle(c);
	c->delivering = true;
	f = deliver_by_mode(c, d);
	c->delivering = false;
	TRY(f);
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
