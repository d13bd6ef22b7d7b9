#include "sim/cpu/new_stack.h"

#include "sim/cpu/memory.h"
#include "sim/cpu/operand.h"

#define TSS32_STACK 4 /* ESP0, SS0 and so on, 8 bytes a level */
#define TSS16_STACK 2 /* SP0, SS0, 4 bytes a level */
#define TSS64_IST   0x24

struct fault fault_with_ext(struct fault f, uint32_t ext)
{
	if (fault_kind(f) == FAULT_EXCEPTION && fault_has_error(f) && fault_vector(f) != VECTOR_PF)
		f.raw |= (uint64_t)ext << 32;
	return f;
}

struct new_stack new_stack_current(const struct vcpu *c, unsigned cpl, uint32_t ext)
{
	return (struct new_stack){
		.ss = c->arch.seg[SS],
		.rsp = c->arch.gpr[RSP],
		.cpl = cpl,
		.flat = in_ia32e(c),
		.error = ext,
	};
}

MUST_CHECK static struct fault tss_read(
	struct vcpu *c, uint64_t offset, unsigned size, uint32_t ext, void *to)
{
	const struct segment *tr = &c->arch.seg[TR];

	if (offset + size - 1 > tr->limit)
		return fault_error(VECTOR_TS, (tr->selector & 0xfffcu) | ext);
	return mem_system_load(c, tr->base + offset, size, to);
}

MUST_CHECK static struct fault flat_stack(
	struct vcpu *c, uint64_t offset, unsigned cpl, uint32_t ext, struct new_stack *s)
{
	*s = (struct new_stack){
		.ss = null_stack_segment((uint16_t)cpl, cpl), .cpl = cpl, .flat = true};
	TRY(tss_read(c, offset, 8, ext, &s->rsp));
	return is_canonical(s->rsp) ? no_fault : fault_error(VECTOR_SS, ext);
}

struct fault new_stack_from_ist(
	struct vcpu *c, unsigned slot, unsigned cpl, uint32_t ext, struct new_stack *s)
{
	TRY(flat_stack(c, TSS64_IST + 8 * (slot - 1), cpl, ext, s));
	if (cpl == cpu_cpl(c)) /* SS changes with the privilege alone */
		s->ss = c->arch.seg[SS];
	return no_fault;
}

struct fault new_stack_from_tss(struct vcpu *c, unsigned cpl, uint32_t ext, struct new_stack *s)
{
	bool wide = c->arch.seg[TR].attr & 0x8; /* a 32-bit TSS */
	uint16_t selector;

	if (in_ia32e(c))
		return flat_stack(c, TSS32_STACK + 8 * cpl, cpl, ext, s);
	*s = (struct new_stack){.cpl = cpl};
	if (wide) {
		uint16_t words[3];

		TRY(tss_read(c, TSS32_STACK + 8 * cpl, 6, ext, words));
		s->rsp = words[0] | (uint32_t)words[1] << 16;
		selector = words[2];
	} else {
		uint16_t words[2];

		TRY(tss_read(c, TSS16_STACK + 4 * cpl, 4, ext, words));
		s->rsp = words[0];
		selector = words[1];
	}
	s->error = (selector & 0xfffcu) | ext;
	return fault_with_ext(stack_segment_check(c, selector, cpl, VECTOR_TS, &s->ss), ext);
}

/* Where the next value goes. */
MUST_CHECK static struct fault slot_address(
	struct new_stack *s, unsigned size, uint64_t *rsp, uint64_t *la)
{
	uint64_t mask = s->ss.attr & SEG_D ? 0xffffffff : 0xffff, to;

	if (s->flat) {
		*rsp = *la = s->rsp - size;
		return no_fault;
	}
	to = (s->rsp - size) & mask;
	if (!segment_holds(&s->ss, to, size))
		return fault_error(VECTOR_SS, s->error);
	*rsp = (s->rsp & ~mask) | to;
	*la = (uint32_t)(s->ss.base + to);
	return no_fault;
}

struct fault new_stack_push(struct vcpu *c, struct new_stack *s, unsigned size, uint64_t value)
{
	bool user = c->user;
	struct fault f;
	uint64_t rsp, la;

	TRY(slot_address(s, size, &rsp, &la));
	c->user = s->cpl == 3;
	cpu_select_soft(c);
	f = mem_store(c, SS, la, size, &value);
	c->user = user;
	cpu_select_soft(c);
	if (f.raw == 0)
		s->rsp = rsp;
	return f;
}

void new_stack_load(struct vcpu *c, const struct new_stack *s, bool load_ss)
{
	if (load_ss)
		c->arch.seg[SS] = s->ss;
	c->arch.gpr[RSP] = s->rsp;
}
