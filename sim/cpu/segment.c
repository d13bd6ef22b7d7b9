#include "sim/cpu/segment.h"

#include "sim/cpu/memory.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/v8086.h"

#define TYPE_ACCESSED BIT(40)

static uint32_t selector_error(uint16_t selector)
{
	return selector & 0xfffcu;
}

struct segment segment_from_descriptor(uint16_t selector, const struct descriptor *d)
{
	uint32_t limit = (uint32_t)((d->low & 0xffff) | (d->low >> 32 & 0xf0000));
	struct segment s = {
		.base = (d->low >> 16 & 0xffffff) | (d->low >> 32 & 0xff000000),
		.limit = limit,
		.selector = selector,
		.attr = (uint16_t)(d->low >> 40 & 0xf0ff),
	};

	if (s.attr & SEG_G)
		s.limit = limit << 12 | 0xfff;
	if (!descriptor_is_code_or_data(d))
		s.base |= d->high << 32;
	return s;
}

MUST_CHECK static struct fault read_at(
	struct vcpu *c, uint16_t selector, unsigned size, enum vector vector, struct descriptor *d)
{
	uint64_t base = c->arch.gdtr.base, limit = c->arch.gdtr.limit, offset = selector & ~7u;

	d->low = d->high = 0;
	if (selector & 4) {
		if ((c->arch.seg[LDTR].attr & SEG_P) == 0)
			return fault_error(vector, selector_error(selector));
		base = c->arch.seg[LDTR].base;
		limit = c->arch.seg[LDTR].limit;
	}
	if (offset + size - 1 > limit)
		return fault_error(vector, selector_error(selector));
	return mem_system_load(c, base + offset, size, d);
}

struct fault descriptor_read(
	struct vcpu *c, uint16_t selector, enum vector vector, struct descriptor *d)
{
	return read_at(c, selector, 8, vector, d);
}

struct fault descriptor_read_system(
	struct vcpu *c, uint16_t selector, enum vector vector, struct descriptor *d)
{
	return read_at(c, selector, in_ia32e(c) ? 16 : 8, vector, d);
}

struct fault descriptor_mark_accessed(struct vcpu *c, uint16_t selector, struct descriptor *d)
{
	uint64_t base = selector & 4 ? c->arch.seg[LDTR].base : c->arch.gdtr.base;
	uint8_t type;

	if (d->low & TYPE_ACCESSED)
		return no_fault;
	d->low |= TYPE_ACCESSED;
	type = (uint8_t)(d->low >> 40);
	return mem_system_store(c, base + (selector & ~7u) + 5, 1, &type);
}

struct segment null_stack_segment(uint16_t selector, unsigned cpl)
{
	return (struct segment){.selector = selector, .attr = (uint16_t)(cpl << 5)};
}

struct fault data_segment_check(
	struct vcpu *c, uint16_t selector, enum vector vector, struct segment *out)
{
	struct descriptor d;
	unsigned type, rpl = selector & 3;

	if ((selector & ~3u) == 0) {
		*out = (struct segment){.selector = selector};
		return no_fault;
	}
	TRY(descriptor_read(c, selector, vector, &d));
	type = descriptor_type(&d);
	if (!descriptor_is_code_or_data(&d) || (type & 0xa) == 0x8) /* execute-only code */
		return fault_error(vector, selector_error(selector));
	if ((type & 0xc) != 0xc && descriptor_dpl(&d) < (rpl > cpu_cpl(c) ? rpl : cpu_cpl(c)))
		return fault_error(vector, selector_error(selector));
	if (!descriptor_present(&d))
		return fault_error(VECTOR_NP, selector_error(selector));
	TRY(descriptor_mark_accessed(c, selector, &d));
	*out = segment_from_descriptor(selector, &d);
	return no_fault;
}

struct fault stack_segment_check(
	struct vcpu *c, uint16_t selector, unsigned cpl, enum vector vector, struct segment *out)
{
	struct descriptor d;

	if ((selector & ~3u) == 0)
		return fault_error(vector, 0);
	TRY(descriptor_read(c, selector, vector, &d));
	if ((selector & 3) != cpl || descriptor_dpl(&d) != cpl || !descriptor_is_code_or_data(&d) ||
		(descriptor_type(&d) & 0xa) != 0x2)
		return fault_error(vector, selector_error(selector));
	if (!descriptor_present(&d))
		return fault_error(VECTOR_SS, selector_error(selector));
	TRY(descriptor_mark_accessed(c, selector, &d));
	*out = segment_from_descriptor(selector, &d);
	return no_fault;
}

MUST_CHECK static struct fault load_checked(
	struct vcpu *c, unsigned seg, uint16_t selector, struct segment *out)
{
	if (seg != SS)
		return data_segment_check(c, selector, VECTOR_GP, out);
	/* 64-bit mode takes a null SS below CPL 3 (SDM MOV). */
	if ((selector & ~3u) == 0 && c->mode == CODE_64 && cpu_cpl(c) != 3 &&
		(selector & 3) == cpu_cpl(c)) {
		*out = null_stack_segment(selector, cpu_cpl(c));
		return no_fault;
	}
	return stack_segment_check(c, selector, cpu_cpl(c), VECTOR_GP, out);
}

struct fault segment_load(struct vcpu *c, unsigned seg, uint16_t selector)
{
	struct segment s;

	if (in_real_mode(c)) {
		c->arch.seg[seg].selector = selector;
		c->arch.seg[seg].base = (uint64_t)selector << 4;
		return no_fault;
	}
	if (in_v8086(c)) {
		c->arch.seg[seg] = v8086_segment(selector);
		return no_fault;
	}
	TRY(load_checked(c, seg, selector, &s));
	c->arch.seg[seg] = s;
	return no_fault;
}

struct fault code_segment_check_jump(
	struct vcpu *c, uint16_t selector, struct descriptor *d, struct segment *out)
{
	bool conforming = descriptor_type(d) & 4;
	uint32_t error = selector_error(selector);
	unsigned cpl = cpu_cpl(c);

	if (!descriptor_is_code(d))
		return fault_gp(error);
	if (conforming ? descriptor_dpl(d) > cpl : (selector & 3) > cpl || descriptor_dpl(d) != cpl)
		return fault_gp(error);
	if (in_ia32e(c) && descriptor_long(d) && (d->low >> 54 & 1))
		return fault_gp(error);
	if (!descriptor_present(d))
		return fault_error(VECTOR_NP, error);
	TRY(descriptor_mark_accessed(c, selector, d));
	*out = segment_from_descriptor((uint16_t)((selector & ~3u) | cpl), d);
	return no_fault;
}

void code_segment_set(struct vcpu *c, const struct segment *cs)
{
	c->arch.seg[CS] = *cs;
	monitor_disarm(c);
	cpu_state_changed(c);
}

void segments_hide(struct vcpu *c, unsigned cpl)
{
	static const uint8_t data[] = {ES, DS, FS, GS};

	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		struct segment *s = &c->arch.seg[data[i]];
		bool conforming = (s->attr & (SEG_S | 0xc)) == (SEG_S | 0xc);

		/* a null one loses its RPL, as on processors; in 64-bit mode FS and GS keep their
		 * bases */
		if ((s->selector & ~3) == 0)
			s->selector = 0;
		else if (!conforming && bits_get(s->attr, SEG_DPL) < cpl)
			*s = (struct segment){0};
	}
}
