#include "sim/cpu/v8086.h"

#include "sim/cpu/flags.h"
#include "sim/cpu/memory.h"

#define ATTR_V8086   0x00f3
#define TSS_IO_MAP   0x66
#define REDIRECTIONS 32 /* bytes, in front of the I/O permission bitmap */

struct segment v8086_segment(uint16_t selector)
{
	return (struct segment){.base = (uint64_t)selector << 4,
		.limit = 0xffff,
		.selector = selector,
		.attr = ATTR_V8086};
}

void v8086_segments(struct vcpu *c, const uint16_t selectors[6])
{
	for (unsigned i = ES; i <= GS; i++)
		c->arch.seg[i] = v8086_segment(selectors[i]);
}

static bool has_iopl(const struct vcpu *c)
{
	return cpu_cpl(c) <= bits_get(c->arch.rflags, RFLAGS_IOPL);
}

enum interrupt_flag interrupt_flag_of(const struct vcpu *c)
{
	uint64_t virtual = in_v8086(c) ? CR4_VME : CR4_PVI;

	if (has_iopl(c))
		return FLAG_IF;
	return cpu_cpl(c) == 3 && (c->arch.cr4 & virtual) ? FLAG_VIF : FLAG_NONE;
}

enum interrupt_flag v8086_flag_of(const struct vcpu *c, unsigned size)
{
	if (has_iopl(c))
		return FLAG_IF;
	return (c->arch.cr4 & CR4_VME) && size == 2 ? FLAG_VIF : FLAG_NONE;
}

uint64_t v8086_pushed_flags(const struct vcpu *c)
{
	uint64_t flags = c->arch.rflags & ~RFLAGS_IF;

	return flags | RFLAGS_IOPL | (c->arch.rflags & RFLAGS_VIF ? RFLAGS_IF : 0);
}

struct fault v8086_pop_flags(struct vcpu *c, uint64_t value)
{
	uint64_t mask = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_VIF;

	if ((value & RFLAGS_TF) || ((value & RFLAGS_IF) && (c->arch.rflags & RFLAGS_VIP)))
		return fault_gp(0);
	value &= 0xffff;
	flags_write(c, mask, value | (value & RFLAGS_IF ? RFLAGS_VIF : 0));
	return no_fault;
}

/* SDM "Software Interrupt Redirection Bit Map" */
MUST_CHECK static struct fault redirection_bit(struct vcpu *c, unsigned vector, bool *set)
{
	const struct segment *tr = &c->arch.seg[TR];
	uint64_t at;
	uint16_t map;
	uint8_t bits;

	if (tr->limit < TSS_IO_MAP + 1)
		return fault_gp(0);
	TRY(mem_system_load(c, tr->base + TSS_IO_MAP, 2, &map));
	at = (uint64_t)map - REDIRECTIONS + vector / 8;
	if (at > tr->limit)
		return fault_gp(0);
	TRY(mem_system_load(c, tr->base + at, 1, &bits));
	*set = bits >> vector % 8 & 1;
	return no_fault;
}

struct fault v8086_redirects(struct vcpu *c, unsigned vector, bool *redirects)
{
	bool trapped = true;

	if (c->arch.cr4 & CR4_VME)
		TRY(redirection_bit(c, vector, &trapped));
	*redirects = !trapped;
	return trapped && !has_iopl(c) ? fault_gp(0) : no_fault;
}
