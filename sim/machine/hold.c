#include "sim/machine/hold.h"

#include "sim/machine/machine.h"

/* What whoever runs has planned no longer holds. */
static void disturb(struct machine *m)
{
	m->run.events++;
	m->run.slice_core = RUN_NO_SLICE;
}

void machine_set_control(struct machine *m, struct hold_control *control)
{
	m->control = control;
}

/* --- pauses --- */

bool machine_is_paused(const struct machine *m, unsigned core)
{
	return m->run.paused[core / 64] >> core % 64 & 1;
}

void machine_pause(struct machine *m, unsigned core)
{
	m->run.paused[core / 64] |= BIT(core % 64);
	cpu_commit(&m->cores[core]);
	disturb(m);
}

/* The clock of a core that did nothing for a while. */
static void wait_until_now(struct machine *m, unsigned core)
{
	struct core_state *arch = &m->cores[core].arch;

	core_idle_until(arch, m->run.now);
	m->clock[core] = arch->cycle;
	m->run.released_at = m->run.now;
}

void machine_release(struct machine *m, unsigned core)
{
	SIM_ASSERT(machine_is_paused(m, core));
	m->run.paused[core / 64] &= ~BIT(core % 64);
	wait_until_now(m, core);
	disturb(m);
}

/* --- parks --- */

/* A parked context is found by a mark at its address. */
static void mark_parks(struct machine *m)
{
	for (unsigned i = 0; i < PARKS_MAX; i++) {
		const struct park *p = &m->parks.at[i];
		struct park *marked = &m->parks_marked.at[i];

		if (marked->on == p->on && marked->la == p->la)
			continue;
		if (marked->on)
			cpu_unmark(m->code, marked->la);
		if (p->on)
			cpu_mark(m->code, p->la);
		*marked = *p;
	}
}

void hold_state_changed(struct machine *m)
{
	mark_parks(m);
	if (m->control != NULL)
		m->control->restored(m->control->context, m);
}

int machine_park(struct machine *m, unsigned core, bool anywhere)
{
	int i = 0;

	while (i < PARKS_MAX && m->parks.at[i].on)
		i++;
	if (i == PARKS_MAX)
		return -1;
	m->parks.at[i] = cpu_context(&m->cores[core]);
	m->parks.at[i].core = anywhere ? PARK_ANY_CORE : core;
	m->parks.count++;
	mark_parks(m);
	disturb(m);
	return i;
}

static bool stands_there(const struct machine *m, unsigned core, const struct park *p)
{
	return cpu_is_parked(&m->cores[core]) && park_holds(p, &m->cores[core]);
}

void machine_unpark(struct machine *m, int park)
{
	struct park *p = &m->parks.at[park];
	uint64_t there = 0;

	SIM_ASSERT(p->on);
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (stands_there(m, i, p))
			there |= BIT(i);
	*p = (struct park){0};
	m->parks.count--;
	mark_parks(m);
	for (; there != 0; there &= there - 1) {
		unsigned core = (unsigned)__builtin_ctzll(there);

		cpu_commit(&m->cores[core]);
		wait_until_now(m, core);
		run_kick(m, core);
	}
	disturb(m);
}

/* --- store buffers --- */

void machine_hold_stores(struct machine *m, unsigned core)
{
	m->cores[core].mmu.stores.held = 1;
	disturb(m);
}

bool machine_holds_stores(const struct machine *m, unsigned core)
{
	return m->cores[core].mmu.stores.held;
}

void machine_let_stores_go(struct machine *m, unsigned core)
{
	m->cores[core].mmu.stores.held = 0;
	disturb(m);
}

/* --- time --- */

void machine_wake_at(struct machine *m, uint32_t what, uint64_t due)
{
	SIM_ASSERT(what < HOLD_WAKES);
	if (due == EVENT_NEVER)
		event_cancel(&m->events, EVENT_OWNER_HOLD, what);
	else
		event_schedule(&m->events, EVENT_OWNER_HOLD, what, due);
	disturb(m);
}
