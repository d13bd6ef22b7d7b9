#include "sim/cpu/pmu.h"

#include "sim/cpu/insn.h"

#define COUNTER_MASK (BIT(PMU_WIDTH) - 1)

#define SELECT_EVENT UINT64_C(0xffff) /* and unit mask */
#define SELECT_USR   BIT(16)
#define SELECT_OS    BIT(17)
#define SELECT_EDGE  BIT(18)
#define SELECT_INT   BIT(20)
#define SELECT_EN    BIT(22)
#define SELECT_INV   BIT(23)
#define SELECT_CMASK UINT64_C(0xff000000)
#define SELECT_KNOWN (UINT64_C(0xffffffff) & ~BIT(21)) /* AnyThread is of version 3 */

/* Of each four bits of IA32_FIXED_CTR_CTRL. */
#define FIXED_OS    1
#define FIXED_USR   2
#define FIXED_PMI   8
#define FIXED_BITS  4
#define FIXED_KNOWN UINT64_C(0xbbb)

#define GLOBAL_COUNTERS (PMU_GLOBAL_RESET | (BIT(PMU_FIXED) - 1) << PMU_GLOBAL_FIXED)
#define GLOBAL_BUFFER   BIT(62)
#define GLOBAL_CHANGED  BIT(63)

enum {
	MSR_PMC = 0xc1,
	MSR_SELECT = 0x186,
	MSR_FIXED = 0x309,
	MSR_FIXED_CONTROL = 0x38d,
	MSR_GLOBAL_STATUS = 0x38e,
	MSR_GLOBAL_CONTROL = 0x38f,
	MSR_OVERFLOW_CONTROL = 0x390,
	MSR_FULL_PMC = 0x4c1,
};

/* --- what a counter counts --- */

enum pmu_event { EVENT_NOTHING, EVENT_CYCLES, EVENT_INSNS, EVENT_BRANCHES };

static enum pmu_event selected_event(uint64_t select)
{
	switch (select & SELECT_EVENT) {
	case 0x003c: /* core cycles, and those of the reference clock, which is the same */
	case 0x013c:
		return EVENT_CYCLES;
	case 0x00c0:
		return EVENT_INSNS;
	case 0x00c4:
		return EVENT_BRANCHES;
	default:
		return EVENT_NOTHING;
	}
}

static enum pmu_event event_of(const struct pmu *p, unsigned i)
{
	if (i < PMU_PROGRAMMABLE)
		return selected_event(p->select[i]);
	return i == PMU_PROGRAMMABLE ? EVENT_INSNS : EVENT_CYCLES;
}

static uint64_t awake(const struct core_state *a)
{
	return a->cycle - a->idle;
}

static uint64_t event_clock(const struct core_state *a, enum pmu_event event)
{
	switch (event) {
	case EVENT_CYCLES:
		return awake(a);
	case EVENT_INSNS:
		return a->insns;
	case EVENT_BRANCHES:
		return a->pmu.branches;
	default:
		return 0;
	}
}

/* With a counter mask cycles are counted: those that saw so many events, which is one at most, or
 * fewer (SDM "Programming the Performance Counters"). */
static uint64_t clock_of(const struct core_state *a, unsigned i)
{
	uint64_t select = i < PMU_PROGRAMMABLE ? a->pmu.select[i] : 0;
	uint64_t clock = event_clock(a, event_of(&a->pmu, i));
	uint64_t mask = bits_get(select, SELECT_CMASK);

	if (mask == 0)
		return clock;
	if (mask > 1)
		clock = 0;
	return select & SELECT_INV ? awake(a) - clock : clock;
}

static unsigned global_bit(unsigned i)
{
	return i < PMU_PROGRAMMABLE ? i : PMU_GLOBAL_FIXED + i - PMU_PROGRAMMABLE;
}

static unsigned fixed_bits(const struct pmu *p, unsigned i)
{
	return (unsigned)(p->fixed_control >> FIXED_BITS * (i - PMU_PROGRAMMABLE));
}

/* At which CPLs it counts: FIXED_OS, FIXED_USR. */
static unsigned counts_at(const struct pmu *p, unsigned i)
{
	if ((p->global_control >> global_bit(i) & 1) == 0)
		return 0;
	if (i >= PMU_PROGRAMMABLE)
		return fixed_bits(p, i) & (FIXED_OS | FIXED_USR);
	if ((p->select[i] & SELECT_EN) == 0)
		return 0;
	return (p->select[i] & SELECT_OS ? FIXED_OS : 0) |
	       (p->select[i] & SELECT_USR ? FIXED_USR : 0);
}

static bool interrupts(const struct pmu *p, unsigned i)
{
	return i < PMU_PROGRAMMABLE ? p->select[i] & SELECT_INT : fixed_bits(p, i) & FIXED_PMI;
}

/* --- counting --- */

static bool is_counting(const struct pmu *p, unsigned i)
{
	return p->counting >> i & 1;
}

static uint64_t value_of(const struct core_state *a, unsigned i)
{
	return a->pmu.counter[i] + (is_counting(&a->pmu, i) ? clock_of(a, i) : 0);
}

static void overflow(struct vcpu *c, unsigned i)
{
	c->arch.pmu.counter[i] &= COUNTER_MASK;
	c->arch.pmu.global_status |= BIT(global_bit(i));
	if (interrupts(&c->arch.pmu, i))
		lapic_raise(c->lapic, LVT_PERF);
}

/* Makes values of all counters. */
static void stop_all(struct vcpu *c)
{
	struct pmu *p = &c->arch.pmu;

	for (unsigned i = 0; i < PMU_COUNTERS; i++)
		p->counter[i] = value_of(&c->arch, i);
	p->counting = 0;
}

static void start_all(struct vcpu *c)
{
	unsigned now = cpu_cpl(c) != 0 ? FIXED_USR : FIXED_OS;
	struct pmu *p = &c->arch.pmu;

	c->pmu_on = c->pmu_branches = false;
	for (unsigned i = 0; i < PMU_COUNTERS; i++) {
		unsigned at = counts_at(p, i);

		c->pmu_on |= at != 0;
		if ((at & now) == 0)
			continue;
		p->counting |= BIT(i);
		p->counter[i] -= clock_of(&c->arch, i);
		c->pmu_branches |= event_of(p, i) == EVENT_BRANCHES;
	}
}

/* A step moves a clock by one at most; PAUSE, which does more, is a run of its own. */
uint64_t pmu_steps(const struct vcpu *c)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < PMU_COUNTERS; i++)
		if (is_counting(&c->arch.pmu, i))
			least = min_u64(least, BIT(PMU_WIDTH) - value_of(&c->arch, i));
	return least;
}

uint64_t pmu_settle(struct vcpu *c)
{
	struct pmu *p = &c->arch.pmu;

	c->pmu_stale = false;
	stop_all(c);
	for (unsigned i = 0; i < PMU_COUNTERS; i++)
		if (p->counter[i] > COUNTER_MASK)
			overflow(c, i);
	start_all(c);
	return pmu_steps(c);
}

/* --- registers --- */

bool pmu_read_counter(const struct vcpu *c, uint32_t number, uint64_t *value)
{
	uint32_t index = number & ~(uint32_t)BIT(30);
	bool fixed = number & BIT(30);

	if (index >= (fixed ? PMU_FIXED : PMU_PROGRAMMABLE))
		return false;
	*value = value_of(&c->arch, index + (fixed ? PMU_PROGRAMMABLE : 0));
	return true;
}

uint64_t pmu_read(const struct vcpu *c, uint32_t msr)
{
	const struct pmu *p = &c->arch.pmu;

	if (msr - MSR_PMC < PMU_PROGRAMMABLE)
		return value_of(&c->arch, msr - MSR_PMC);
	if (msr - MSR_FULL_PMC < PMU_PROGRAMMABLE)
		return value_of(&c->arch, msr - MSR_FULL_PMC);
	if (msr - MSR_FIXED < PMU_FIXED)
		return value_of(&c->arch, PMU_PROGRAMMABLE + msr - MSR_FIXED);
	if (msr - MSR_SELECT < PMU_PROGRAMMABLE)
		return p->select[msr - MSR_SELECT];
	switch (msr) {
	case MSR_FIXED_CONTROL:
		return p->fixed_control;
	case MSR_GLOBAL_STATUS:
		return p->global_status;
	case MSR_GLOBAL_CONTROL:
		return p->global_control;
	default:
		return 0; /* MSR_OVERFLOW_CONTROL */
	}
}

/* A register, and what may be written to it. */
MUST_CHECK static struct fault set(
	struct vcpu *c, uint64_t *field, uint64_t value, uint64_t writable)
{
	if (value & ~writable)
		return fault_gp(0);
	stop_all(c);
	*field = value;
	c->pmu_stale = true;
	return no_fault;
}

MUST_CHECK static struct fault set_select(struct vcpu *c, unsigned i, uint64_t value)
{
	if ((value & SELECT_EDGE) && (value & SELECT_EN) && (value & ~SELECT_KNOWN) == 0)
		return cpu_refuse(c, "a performance counter that counts edges");
	return set(c, &c->arch.pmu.select[i], value, SELECT_KNOWN);
}

MUST_CHECK static struct fault clear_status(struct vcpu *c, uint64_t value)
{
	if (value & ~(GLOBAL_COUNTERS | GLOBAL_BUFFER | GLOBAL_CHANGED))
		return fault_gp(0);
	c->arch.pmu.global_status &= ~value;
	return no_fault;
}

/* The older way to a programmable counter takes 32 bits, and extends their sign. */
struct fault pmu_write(struct vcpu *c, uint32_t msr, uint64_t value)
{
	struct pmu *p = &c->arch.pmu;

	if (msr - MSR_PMC < PMU_PROGRAMMABLE)
		return set(c, &p->counter[msr - MSR_PMC],
			(uint64_t)(int32_t)(uint32_t)value & COUNTER_MASK, COUNTER_MASK);
	if (msr - MSR_FULL_PMC < PMU_PROGRAMMABLE)
		return set(c, &p->counter[msr - MSR_FULL_PMC], value, COUNTER_MASK);
	if (msr - MSR_FIXED < PMU_FIXED)
		return set(c, &p->counter[PMU_PROGRAMMABLE + msr - MSR_FIXED], value, COUNTER_MASK);
	if (msr - MSR_SELECT < PMU_PROGRAMMABLE)
		return set_select(c, msr - MSR_SELECT, value);
	switch (msr) {
	case MSR_FIXED_CONTROL:
		return set(c, &p->fixed_control, value, FIXED_KNOWN);
	case MSR_GLOBAL_CONTROL:
		return set(c, &p->global_control, value, GLOBAL_COUNTERS);
	case MSR_OVERFLOW_CONTROL:
		return clear_status(c, value);
	default:
		return fault_gp(0); /* MSR_GLOBAL_STATUS */
	}
}
