/* The APIC timer (SDM "APIC Timer"). The counter held timer_count at timer_start and falls by one
 * each time the machine's clock has made as many cycles as the divide configuration says; what it
 * holds now is computed when somebody asks. timer_count 0 is a stopped timer.
 */
#include "sim/apic/lapic_parts.h"

#define TIMER_MODE     (BIT(17) | BIT(18))
#define TIMER_PERIODIC 1
#define TIMER_DEADLINE 2

static uint64_t timer_mode(const struct lapic *l)
{
	return bits_get(l->state.lvt[LVT_TIMER], TIMER_MODE);
}

/* Bits 3, 1 and 0 of the divide configuration: 000 divides by 2, ..., 110 by 128, 111 by 1. */
static unsigned divide_shift(const struct lapic *l)
{
	uint32_t d = l->state.divide;

	return (((d & 3) | (d >> 1 & 4)) + 1) & 7;
}

static uint64_t timer_due(const struct lapic *l)
{
	return l->state.timer_start + ((uint64_t)l->state.timer_count << divide_shift(l));
}

static void timer_arm(struct lapic *l)
{
	if (l->state.timer_count != 0)
		event_schedule(l->env.events, l->env.owner, LAPIC_EVENT_TIMER, timer_due(l));
	else
		event_cancel(l->env.events, l->env.owner, LAPIC_EVENT_TIMER);
}

void lapic_timer_stop(struct lapic *l)
{
	l->state.timer_count = 0;
	l->state.initial_count = 0;
	l->state.tsc_deadline = 0;
	timer_arm(l);
}

uint32_t lapic_timer_current(const struct lapic *l)
{
	uint64_t passed = (*l->env.now - l->state.timer_start) >> divide_shift(l);

	return passed < l->state.timer_count ? l->state.timer_count - (uint32_t)passed : 0;
}

static void timer_count_from(struct lapic *l, uint32_t count, uint64_t start)
{
	l->state.timer_count = count;
	l->state.timer_start = start;
	timer_arm(l);
}

void lapic_timer_set_initial(struct lapic *l, uint32_t count)
{
	if (timer_mode(l) == TIMER_DEADLINE)
		return;
	l->state.initial_count = count;
	timer_count_from(l, count, *l->env.now);
}

void lapic_timer_set_divide(struct lapic *l, uint32_t divide)
{
	uint32_t count = lapic_timer_current(l);

	l->state.divide = divide;
	if (timer_mode(l) != TIMER_DEADLINE)
		timer_count_from(l, count, *l->env.now);
}

/* To and from TSC-deadline mode the timer is disarmed; between the others it goes on. */
void lapic_timer_set_lvt(struct lapic *l, uint32_t entry)
{
	bool was_deadline = timer_mode(l) == TIMER_DEADLINE;

	l->state.lvt[LVT_TIMER] = entry;
	if (was_deadline != (timer_mode(l) == TIMER_DEADLINE))
		lapic_timer_stop(l);
}

uint64_t lapic_tsc_deadline(const struct lapic *l)
{
	return l->state.tsc_deadline;
}

void lapic_set_tsc_deadline(struct lapic *l, uint64_t deadline, uint64_t tsc_offset)
{
	uint64_t now = *l->env.now, tsc = now + tsc_offset;
	uint64_t wait = deadline > tsc ? deadline - tsc : 0;

	if (timer_mode(l) != TIMER_DEADLINE)
		return;
	l->state.tsc_deadline = deadline;
	if (deadline != 0 && wait < EVENT_NEVER - now)
		event_schedule(l->env.events, l->env.owner, LAPIC_EVENT_TIMER, now + wait);
	else
		event_cancel(l->env.events, l->env.owner, LAPIC_EVENT_TIMER);
}

void lapic_event(struct lapic *l, uint32_t what)
{
	if (what == LAPIC_EVENT_DELAYED) {
		lapic_delay_over(l);
		return;
	}
	SIM_ASSERT(what == LAPIC_EVENT_TIMER);
	if (timer_mode(l) == TIMER_DEADLINE)
		l->state.tsc_deadline = 0;
	else if (timer_mode(l) == TIMER_PERIODIC)
		timer_count_from(l, l->state.initial_count, timer_due(l));
	else
		l->state.timer_count = 0;
	lapic_raise(l, LVT_TIMER);
}
