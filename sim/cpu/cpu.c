/* cpu.c - a core as a whole: construction, reset, and what others may do to it between runs. */
#include "sim/cpu/cpu.h"

#include "sim/cpu/code_cache.h"
#include "sim/cpu/debug.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/pmu.h"

#include <stdio.h>

void cpu_drop_fetch(struct vcpu *c)
{
	memset(c->fetch_entries, 0xff, sizeof(c->fetch_entries));
}

static void fetch_dropped(void *context)
{
	cpu_drop_fetch(context);
}

void cpu_init(struct vcpu *c, const struct cpu_setup *setup)
{
	memset(c, 0, sizeof(*c));
	c->id = setup->id;
	c->cpu_count = setup->cpu_count;
	c->tsc_hz = setup->tsc_hz;
	c->pause_more = setup->pause_more;
	c->model = setup->model;
	c->lapic = setup->lapic;
	c->code = setup->code;
	c->parks = setup->parks;
	c->bus = setup->bus;
	c->arch.random = rng_from(setup->seed);
	mmu_init(&c->mmu, setup->mem, &c->arch, c->model->physical_bits);
	c->mmu.fetch_dropped = fetch_dropped;
	c->mmu.context = c;
	c->mmu.tso = c->slow_access = setup->tso;
	c->stores = setup->stores;
	if (setup->tso)
		code_cache_one_by_one(c->code, true);
	cpu_reset(c, false);
}

#define ATTR_REAL_CODE 0x009b
#define ATTR_REAL_DATA 0x0093

static void reset_segments(struct core_state *a)
{
	for (unsigned i = 0; i <= GS; i++)
		a->seg[i] = (struct segment){.limit = 0xffff, .attr = ATTR_REAL_DATA};
	a->seg[CS] = (struct segment){
		.base = 0xffff0000, .limit = 0xffff, .selector = 0xf000, .attr = ATTR_REAL_CODE};
	a->seg[LDTR] = (struct segment){.limit = 0xffff, .attr = 0x0082};
	a->seg[TR] = (struct segment){.limit = 0xffff, .attr = 0x008b};
	a->gdtr = a->idtr = (struct table_register){0, 0xffff};
}

/* What INIT leaves alone: SDM "Processor State Following Power-up, Reset, or INIT". */
static void keep_over_init(struct core_state *now, const struct core_state *old)
{
	now->cr0 |= old->cr0 & (CR0_CD | CR0_NW);
	now->x87 = old->x87;
	now->mxcsr = old->mxcsr;
	memcpy(now->xmm, old->xmm, sizeof(now->xmm));
	now->xcr0 = old->xcr0;
	now->pkru = old->pkru;
	now->pmu = old->pmu;
	now->pat = old->pat;
	now->tsc_aux = old->tsc_aux;
	now->tsc_adjust = old->tsc_adjust;
	now->misc_enable = old->misc_enable;
	now->mtrr_def_type = old->mtrr_def_type;
	memcpy(now->mtrr_fixed, old->mtrr_fixed, sizeof(now->mtrr_fixed));
	memcpy(now->mtrr_base, old->mtrr_base, sizeof(now->mtrr_base));
	memcpy(now->mtrr_mask, old->mtrr_mask, sizeof(now->mtrr_mask));
	now->mcg_ctl = old->mcg_ctl;
	memcpy(now->mc_ctl, old->mc_ctl, sizeof(now->mc_ctl));
}

static uint64_t misc_enable(const struct cpu_model *model)
{
	return MISC_ENABLE_FAST_STRINGS | MISC_ENABLE_NO_BTS | MISC_ENABLE_NO_PEBS |
	       (model_has(model, FEATURE_arch_perfmon) ? MISC_ENABLE_PERFMON : 0) |
	       (model_has(model, FEATURE_monitor) ? MISC_ENABLE_MONITOR : 0);
}

void cpu_reset(struct vcpu *c, bool init_signal)
{
	struct core_state old = c->arch, *a = &c->arch;
	bool bootstrap = lapic_base(c->lapic) & APIC_BASE_BSP;

	*a = (struct core_state){
		.rip = 0xfff0,
		.rflags = RFLAGS_ONE,
		.cr0 = CR0_ET,
		.mxcsr = 0x1f80,
		.xcr0 = 1,
		.pat = UINT64_C(0x0007040600070406),
		.activity = bootstrap ? ACTIVITY_RUNNING : ACTIVITY_WAIT_SIPI,
		.step = old.step,
		.insns = old.insns,
		.cycle = old.cycle,
		.idle = old.idle,
		.random = old.random,
	};
	a->gpr[RDX] = model_signature(c->model);
	a->dr[6] = 0xffff0ff0;
	a->dr[7] = 0x400;
	a->x87.fcw = 0x40;
	a->x87.ftw = 0xff; /* of zeros */
	reset_segments(a);
	if (init_signal) {
		keep_over_init(a, &old);
		lapic_reset_init(c->lapic);
	} else {
		a->cr0 |= CR0_CD | CR0_NW;
		a->misc_enable = misc_enable(c->model);
		a->pmu.global_control = PMU_GLOBAL_RESET;
		a->mcg_ctl = UINT64_MAX;
		memset(a->mc_ctl, 0xff, sizeof(a->mc_ctl));
	}
	c->lazy.kind = 0;
	c->pmu_stale = true;
	mmu_flush_all(&c->mmu);
	cpu_state_changed(c);
}

static enum code_mode code_mode(const struct core_state *a)
{
	if ((a->efer & EFER_LMA) && (a->seg[CS].attr & SEG_L))
		return CODE_64;
	return a->seg[CS].attr & SEG_D ? CODE_32 : CODE_16; /* in real mode, too */
}

/* SDM "Exceptions" of the SSE instructions: CR0.EM and CR4.OSFXSR come before CR0.TS. */
static struct fault vector_fault(const struct core_state *a)
{
	if ((a->cr0 & CR0_EM) || (a->cr4 & CR4_OSFXSR) == 0)
		return fault_ud;
	return a->cr0 & CR0_TS ? fault_exception(VECTOR_NM) : no_fault;
}

_Static_assert(CR0_AM == RFLAGS_AC, "cpu_state_changed takes one for the other");

void cpu_state_changed(struct vcpu *c)
{
	c->mode = code_mode(&c->arch);
	c->user = cpu_cpl(c) == 3;
	c->vector = vector_fault(&c->arch);
	c->watched = c->watch.insn != NULL || c->watch.access != NULL || debug_is_on(c);
	c->slow_flags = RFLAGS_TF | RFLAGS_RF | (c->user ? c->arch.cr0 & CR0_AM : 0);
	cpu_select_soft(c);
	c->fetch = c->fetch_entries[c->user];
	c->pmu_stale |= c->pmu_on;
}

void cpu_drop_cache(struct vcpu *c)
{
	mmu_drop_cache(&c->mmu);
	cpu_drop_fetch(c);
	c->pmu_stale = true;
	monitor_watch(c);
}

void cpu_watch_changed(struct vcpu *c)
{
	c->mmu.soft_off = c->watch.access != NULL;
	cpu_drop_cache(c);
	cpu_state_changed(c);
}

enum cpu_stop cpu_step_exclusive(struct vcpu *c)
{
	enum cpu_stop stop;

	c->exclusive = true;
	stop = cpu_run(c, UINT64_MAX, 1);
	c->exclusive = false;
	return stop;
}

void cpu_commit(struct vcpu *c)
{
	c->arch.committed = c->arch.step + 1;
}

bool cpu_breakpoint_add(struct vcpu *c, uint64_t la)
{
	if (c->breakpoint_count == CPU_BREAKPOINTS)
		return false;
	cpu_mark(c->code, la);
	c->breakpoints[c->breakpoint_count++] = la;
	return true;
}

void cpu_breakpoint_remove(struct vcpu *c, uint64_t la)
{
	for (unsigned i = 0; i < c->breakpoint_count; i++) {
		if (c->breakpoints[i] != la)
			continue;
		c->breakpoints[i] = c->breakpoints[--c->breakpoint_count];
		cpu_unmark(c->code, la);
		return;
	}
}

struct fault cpu_refuse(struct vcpu *c, const char *why)
{
	snprintf(c->refused, sizeof(c->refused), "%s", why);
	return fault_absent;
}

const struct decoder *cpu_decoder(const struct vcpu *c)
{
	return code_cache_decoder(c->code);
}

/* One piece of linear memory that lies in one page. */
static bool peek_piece(
	const struct vcpu *c, uint64_t la, uint64_t *pa, unsigned size, unsigned *piece)
{
	*piece = (unsigned)min_u64(size, PAGE_SIZE - (la & PAGE_MASK));
	return mmu_peek(&c->mmu, la, pa);
}

bool cpu_peek(const struct vcpu *c, uint64_t la, void *data, unsigned size)
{
	uint8_t *to = data;
	unsigned piece;
	uint64_t pa;

	for (; size != 0; size -= piece, la += piece, to += piece) {
		if (!peek_piece(c, la, &pa, size, &piece) || !phys_read(c->mmu.mem, pa, to, piece))
			return false;
		stores_overlay(&c->mmu.stores, pa, to, piece);
	}
	return true;
}

bool cpu_poke(struct vcpu *c, uint64_t la, const void *data, unsigned size)
{
	const uint8_t *from = data;
	unsigned piece;
	uint64_t pa;

	for (; size != 0; size -= piece, la += piece, from += piece) {
		if (!peek_piece(c, la, &pa, size, &piece))
			return false;
		if (stores_touch(&c->mmu.stores, pa, piece))
			stores_drain(&c->mmu.stores, c->mmu.mem);
		if (!phys_write(c->mmu.mem, pa, from, piece))
			return false;
	}
	return true;
}
