/* exec_monitor.c - MONITOR, MWAIT, and what wakes a core that waits; PAUSE. */
#include "sim/cpu/code_cache.h"
#include "sim/cpu/forms.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/ops.h"

MUST_CHECK static struct fault need_monitor(const struct vcpu *c)
{
	bool enabled = c->arch.misc_enable & MISC_ENABLE_MONITOR;

	return enabled && cpu_cpl(c) == 0 ? no_fault : fault_ud;
}

void monitor_watch(struct vcpu *c)
{
	struct phys_mem *mem = c->mmu.mem;
	uint32_t page = phys_page(mem, c->arch.monitor);
	struct vcpu *cores;
	unsigned count;

	if ((c->arch.monitor & MONITOR_ON) == 0 || page == PHYS_NO_PAGE ||
		(mem->flags[page] & PHYS_MONITORED))
		return;
	mem->flags[page] |= PHYS_MONITORED;
	cores = code_cache_cores(c->code, &count);
	for (unsigned i = 0; i < count; i++)
		mmu_drop_writes(&cores[i].mmu, c->arch.monitor);
}

/* SDM MONITOR, MWAIT, "64-Bit Mode Exceptions": all of RCX counts. */
static uint64_t extensions_asked(const struct vcpu *c)
{
	return reg_get(c, offsetof(struct vcpu, arch.gpr[RCX]), c->mode == CODE_64 ? 8 : 4);
}

/* What is not memory cannot be watched; MWAIT does nothing then. */
OP_ANY(monitor)
{
	uint64_t offset = zero_extend(c->arch.gpr[RAX], in->address_size), la, pa;
	uint8_t byte;

	TRY(need_monitor(c));
	if (extensions_asked(c) != 0)
		return fault_gp(0);
	TRY(segment_linear(c, in->seg, offset, 1, ACCESS_READ, &la));
	TRY(mem_load(c, in->seg, la, 1, &byte));
	TRY(mmu_translate(&c->mmu, la, ACCESS_READ, PRIVILEGE_SUPERVISOR, &pa));
	c->arch.monitor = 0;
	if (phys_page(c->mmu.mem, pa) != PHYS_NO_PAGE)
		c->arch.monitor = (pa & ~(uint64_t)(MONITOR_LINE - 1)) | MONITOR_ON;
	monitor_watch(c);
	return no_fault;
}

OP_ANY(mwait)
{
	uint64_t extensions = extensions_asked(c);

	TRY(need_monitor(c));
	if (extensions & ~MWAIT_BREAKS)
		return fault_gp(0);
	if ((c->arch.monitor & MONITOR_ON) == 0)
		return no_fault;
	c->arch.mwait_breaks = extensions & MWAIT_BREAKS;
	c->arch.activity = ACTIVITY_MWAIT;
	return no_fault;
}

/* SDM "PAUSE-Spin Loop Hint". The others come as far before it goes on, so that they see what was
 * stored in front of it: a lock that is free only around a PAUSE can be had (decision 14). */
OP_ANY(pause)
{
	if (!c->exclusive)
		return fault_retry;
	c->arch.cycle += c->pause_more;
	return no_fault;
}

/* --- waking --- */

static bool watches(const struct vcpu *c, uint64_t pa, unsigned size)
{
	uint64_t line = c->arch.monitor & ~MONITOR_ON;

	return (c->arch.monitor & MONITOR_ON) && pa < line + MONITOR_LINE && line < pa + size;
}

bool monitor_wakes_another(const struct vcpu *c, uint64_t pa, unsigned size)
{
	unsigned count;
	const struct vcpu *cores = code_cache_cores(c->code, &count);

	for (unsigned i = 0; i < count; i++)
		if (&cores[i] != c && cores[i].arch.activity == ACTIVITY_MWAIT &&
			watches(&cores[i], pa, size))
			return true;
	return false;
}

static void wake(struct vcpu *c)
{
	const struct apic_bus *bus = c->lapic->bus;

	monitor_wake(c);
	if (bus->kick != NULL)
		bus->kick(bus->context, c->id);
}

void monitor_written(void *code_cache, uint32_t page, unsigned offset, unsigned size)
{
	unsigned count;
	struct vcpu *cores = code_cache_cores(code_cache, &count);
	struct phys_mem *mem = cores[0].mmu.mem;
	uint64_t begin = phys_page_address(mem, page);
	bool watched = false;

	for (unsigned i = 0; i < count; i++) {
		struct vcpu *c = &cores[i];

		if (!watches(c, begin, PAGE_SIZE))
			continue;
		if (!watches(c, begin + offset, size))
			watched = true;
		else if (c->arch.activity == ACTIVITY_MWAIT)
			wake(c);
		else
			c->arch.monitor = 0;
	}
	if (!watched)
		mem->flags[page] &= (uint8_t)~PHYS_MONITORED;
}

bool monitor_breaks(const struct vcpu *c)
{
	return c->arch.activity == ACTIVITY_MWAIT && c->arch.mwait_breaks &&
	       (lapic_pending_vector(c->lapic) >= 0 || lapic_intr(c->lapic));
}
