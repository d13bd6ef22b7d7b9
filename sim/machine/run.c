#include "sim/machine/run.h"

#include "sim/machine/board.h"
#include "sim/machine/machine.h"

/* The host is looked at after so many steps at the latest. It changes nothing in the run. */
#define HOST_STEPS 200000

/* With every pcore halted, so many events in a row that wake none count as "for ever"; or fewer,
 * if they are slow: the seconds that the CMOS clock counts. */
#define IDLE_EVENTS_MAX  100000
#define IDLE_EVENTS_SLOW 10000
#define IDLE_SECONDS     10000

const char *stop_name(enum stop_why why)
{
	static const char *const names[] = {
		[STOP_NONE] = "none",
		[STOP_EXIT] = "exit",
		[STOP_OFF] = "off",
		[STOP_RESET] = "reset",
		[STOP_IDLE] = "idle",
		[STOP_HELD] = "held",
		[STOP_SHUTDOWN] = "shutdown",
		[STOP_UNIMPLEMENTED] = "unimplemented",
		[STOP_BREAKPOINT] = "breakpoint",
		[STOP_STEPS] = "steps",
		[STOP_CORE_STEPS] = "core-steps",
		[STOP_INSNS] = "max-insns",
		[STOP_INTERRUPTED] = "interrupted",
	};

	return names[why];
}

static void runnable_set(struct machine *m, unsigned core, bool on)
{
	uint64_t *word = &m->run.runnable[core / 64];

	*word = on ? *word | BIT(core % 64) : *word & ~BIT(core % 64);
}

static bool runnable(const struct machine *m, unsigned core)
{
	return m->run.runnable[core / 64] >> core % 64 & 1;
}

/* Those that may run, of pcores 64 * word and on. */
static uint64_t ready(const struct machine *m, unsigned word)
{
	return m->run.runnable[word] & ~m->run.paused[word];
}

/* Before the next step, the machine's time is that of whoever acts now. */
static void time_reaches(struct machine *m, uint64_t cycle)
{
	m->run.now = max_u64(m->run.now, cycle);
}

void run_kick(void *machine, unsigned core)
{
	struct machine *m = machine;
	struct core_state *arch = &m->cores[core].arch;

	if (runnable(m, core) || !cpu_is_runnable(&m->cores[core]))
		return;
	core_idle_until(arch, m->run.now);
	m->clock[core] = arch->cycle;
	runnable_set(m, core, true);
}

void run_please_stop(struct machine *m)
{
	m->please = 1;
}

/* --- who is next --- */

/* The two pcores with the lowest (cycle, id) among those that may run; cpu_count where there is
 * none. */
struct lowest {
	unsigned first, second;
};

static struct lowest find_lowest(const struct machine *m)
{
	struct lowest low = {m->cpu_count, m->cpu_count};
	uint64_t first = UINT64_MAX, second = UINT64_MAX;

	for (unsigned word = 0; word * 64 < m->cpu_count; word++) {
		for (uint64_t left = ready(m, word); left != 0; left &= left - 1) {
			unsigned i = word * 64 + (unsigned)__builtin_ctzll(left);
			uint64_t clock = m->clock[i];

			if (clock < first) {
				second = first;
				low.second = low.first;
				first = clock;
				low.first = i;
			} else if (clock < second) {
				second = clock;
				low.second = i;
			}
		}
	}
	return low;
}

static void fire_event(struct machine *m)
{
	struct event e = event_take(&m->events);

	time_reaches(m, e.due);
	m->run.events++;
	if (m->run.idle_events++ == 0)
		m->run.idle_since = e.due;
	board_event(m, &e);
}

/* No pcore can make a step, and none was to be woken by now: if somebody holds pcores back, that
 * may be what he waits for. True: the state has changed. */
static bool tell_all_idle(struct machine *m)
{
	uint64_t events = m->run.events;

	if (m->control == NULL)
		return false;
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (!machine_is_paused(m, i))
			time_reaches(m, m->clock[i]);
	if (event_next_due(&m->events) <= m->run.now)
		return false;
	m->control->all_idle(m->control->context, m);
	return m->run.events != events;
}

/* Memory model tso: what is due by the time of whoever acts next leaves the store buffers; only
 * then does the time move, or it would depend on how often somebody looks. A store that leaves may
 * wake a core that monitors it. */
static void age_stores(struct machine *m)
{
	struct lowest low = find_lowest(m);
	uint64_t next = event_next_due(&m->events);

	if (low.first != m->cpu_count)
		next = min_u64(next, m->clock[low.first]);
	for (unsigned i = 0; i < m->cpu_count; i++) {
		uint64_t due = stores_next_due(&m->cores[i].mmu.stores);

		if (due == EVENT_NEVER || due > next)
			continue;
		time_reaches(m, due);
		stores_age(&m->cores[i].mmu.stores, &m->mem, next);
	}
}

/* When the next store of another pcore leaves, for which the slice has to end. */
static uint64_t next_store_due(const struct machine *m, unsigned core)
{
	uint64_t due = EVENT_NEVER;

	for (unsigned i = 0; i < m->cpu_count; i++)
		if (i != core)
			due = min_u64(due, stores_next_due(&m->cores[i].mmu.stores));
	return due;
}

/* Fires what is due at or before the lowest clock, one event at a time, since an event may wake a
 * pcore; then gives the lowest pcore a slice. False: an event was fired, or nothing can happen. */
static bool choose_slice(struct machine *m)
{
	uint64_t due = event_next_due(&m->events), limit = due;
	struct lowest low;

	if (m->config.machine.memory_model == MEMORY_MODEL_TSO)
		age_stores(m);
	low = find_lowest(m);

	if (low.first == m->cpu_count && tell_all_idle(m))
		return false;
	if (low.first == m->cpu_count || due <= m->clock[low.first]) {
		if (due != EVENT_NEVER)
			fire_event(m);
		return false;
	}
	if (low.second != m->cpu_count)
		limit = min_u64(limit, m->clock[low.second] + m->config.machine.quantum);
	if (m->config.machine.memory_model == MEMORY_MODEL_TSO)
		limit = min_u64(limit, next_store_due(m, low.first));
	m->run.slice_core = low.first;
	m->run.slice_limit = limit;
	return true;
}

/* --- input --- */

/* A byte arrives at a position, where what the loop has already noticed must not matter: so the
 * slice ends and every pcore is looked at again. */
bool run_input(struct machine *m, uint8_t byte)
{
	struct lowest low;

	if (!uart_can_receive(&m->uart))
		return false;
	for (unsigned i = 0; i < m->cpu_count; i++)
		runnable_set(m, i, cpu_is_runnable(&m->cores[i]));
	low = find_lowest(m);
	if (low.first != m->cpu_count)
		time_reaches(m, m->clock[low.first]);
	m->run.slice_core = RUN_NO_SLICE;
	m->run.inputs++;
	uart_receive(&m->uart, byte);
	if (m->input.fed != NULL)
		m->input.fed(m->input.context, m, byte);
	return true;
}

/* True if a byte went in. */
static bool take_input(struct machine *m, uint64_t idle)
{
	uint8_t byte;

	if (m->input.poll == NULL)
		return false;
	return m->input.poll(m->input.context, m, idle, &byte) && run_input(m, byte);
}

static uint64_t next_input_step(const struct machine *m)
{
	if (m->input.next_step == NULL)
		return UINT64_MAX;
	return m->input.next_step(m->input.context, m);
}

/* --- stops --- */

static struct stop stop_at(enum stop_why why, unsigned core)
{
	return (struct stop){.why = why, .core = core};
}

static bool wants_host(const struct machine *m, const struct run_limit *limit)
{
	return m->please != 0 || (limit->please != NULL && *limit->please != 0);
}

/* What ends the run at this position whatever the loop has noticed. */
static struct stop stop_here(struct machine *m, const struct run_limit *limit)
{
	if (debug_exit_written(&m->debug_exit)) {
		struct stop s = stop_at(STOP_EXIT, 0);

		s.status = debug_exit_status(&m->debug_exit);
		return s;
	}
	if (power_asked(&m->power) != POWER_ON)
		return stop_at(power_asked(&m->power) == POWER_OFF ? STOP_OFF : STOP_RESET, 0);
	if (m->absent != NULL)
		return stop_at(STOP_UNIMPLEMENTED, m->absent_core);
	if (m->run.steps >= limit->steps)
		return stop_at(STOP_STEPS, 0);
	if (m->cores[limit->core].arch.step >= limit->core_step)
		return stop_at(STOP_CORE_STEPS, limit->core);
	if (m->config.run.max_insns != 0 && machine_insns(m) >= m->config.run.max_insns)
		return stop_at(STOP_INSNS, 0);
	return stop_at(STOP_NONE, 0);
}

/* How many steps the pcore may make before somebody must look. */
static uint64_t step_budget(const struct machine *m, const struct run_limit *limit, unsigned core)
{
	uint64_t budget = min_u64(HOST_STEPS, limit->steps - m->run.steps);
	uint64_t input = next_input_step(m);

	if (input > m->run.steps)
		budget = min_u64(budget, input - m->run.steps);
	if (core == limit->core)
		budget = min_u64(budget, limit->core_step - m->cores[core].arch.step);
	if (m->config.run.max_insns != 0) /* a step retires one instruction or none */
		budget = min_u64(budget, m->config.run.max_insns - machine_insns(m));
	if (m->control != NULL && m->control->at_step[core] > m->cores[core].arch.step)
		budget = min_u64(budget, m->control->at_step[core] - m->cores[core].arch.step);
	if (m->drop_every != 0)
		budget = min_u64(budget, m->drop_every);
	if (m->single_steps)
		budget = 1;
	return budget;
}

/* --- the loop --- */

static void count_steps(struct machine *m, unsigned core, uint64_t before)
{
	uint64_t made = m->cores[core].arch.step - before;

	m->run.steps += made;
	m->clock[core] = m->cores[core].arch.cycle;
	if (made != 0)
		m->run.idle_events = 0;
}

static void end_slice(struct machine *m)
{
	m->run.slice_core = RUN_NO_SLICE;
}

/* An instruction that must be alone runs when its pcore is the lowest, else waits for that. */
static enum cpu_stop step_exclusive(struct machine *m, unsigned core)
{
	struct vcpu *c = &m->cores[core];
	uint64_t before = c->arch.step;
	enum cpu_stop why;

	end_slice(m);
	if (find_lowest(m).first != core)
		return CPU_LIMIT;
	time_reaches(m, c->arch.cycle);
	m->step_base = before;
	why = cpu_step_exclusive(c);
	count_steps(m, core, before);
	m->absent_core = core;
	return why;
}

/* Acts on why a pcore came back; a reason that is its own is returned as a stop. */
static struct stop slice_returned(struct machine *m, unsigned core, enum cpu_stop why)
{
	switch (why) {
	case CPU_LIMIT:
		if (m->clock[core] >= m->run.slice_limit)
			end_slice(m);
		break;
	case CPU_EXCLUSIVE:
		break;
	case CPU_IDLE:
	case CPU_PARKED:
		runnable_set(m, core, false);
		end_slice(m);
		break;
	case CPU_SHUTDOWN:
		if (!machine_restarts(m) || m->config.board.triple_fault != TRIPLE_FAULT_RESET)
			return stop_at(STOP_SHUTDOWN, core);
		power_ask(&m->power, POWER_RESET);
		break;
	case CPU_UNIMPLEMENTED:
		return stop_at(STOP_UNIMPLEMENTED, core);
	case CPU_BREAKPOINT:
		return stop_at(STOP_BREAKPOINT, core);
	case CPU_MARK:
		break;
	}
	return stop_at(STOP_NONE, core);
}

static struct stop run_slice(struct machine *m, const struct run_limit *limit)
{
	unsigned core = (unsigned)m->run.slice_core;
	struct vcpu *c = &m->cores[core];
	uint64_t before = c->arch.step, budget;
	enum cpu_stop why;

	if (c->arch.cycle >= m->run.slice_limit) {
		end_slice(m);
		return stop_at(STOP_NONE, core);
	}
	if (m->control != NULL && m->control->at_step[core] == before) {
		m->control->reached(m->control->context, m, core);
		return stop_at(STOP_NONE, core);
	}
	if (m->drop_every != 0)
		machine_drop_caches(m);
	m->step_base = before;
	budget = step_budget(m, limit, core);
	why = cpu_run(c, m->run.slice_limit, budget);
	count_steps(m, core, before);
	if (c->arch.step - before == budget &&
		(why == CPU_EXCLUSIVE || why == CPU_IDLE || why == CPU_PARKED))
		return stop_at(STOP_NONE, core); /* somebody looks first; it will say so again */
	if (why == CPU_EXCLUSIVE)
		why = step_exclusive(m, core);
	return slice_returned(m, core, why);
}

static bool all_idle(const struct machine *m)
{
	for (unsigned word = 0; word < RUN_WORDS; word++)
		if (ready(m, word) != 0)
			return false;
	return true;
}

/* How long nothing but input can happen. */
static uint64_t idle_cycles(const struct machine *m)
{
	uint64_t due = event_next_due(&m->events);

	if (!all_idle(m) || due == EVENT_NEVER)
		return 0;
	return due > m->run.now ? due - m->run.now : 0;
}

static bool idle_for_ever(const struct machine *m)
{
	uint64_t events = m->run.idle_events;

	if (event_any_of(&m->events, EVENT_OWNER_HOLD))
		return false;
	if (event_next_due(&m->events) == EVENT_NEVER || events >= IDLE_EVENTS_MAX)
		return true;
	return events >= IDLE_EVENTS_SLOW &&
	       (m->run.now - m->run.idle_since) / m->config.machine.hz >= IDLE_SECONDS;
}

static bool some_held(const struct machine *m)
{
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (machine_is_paused(m, i) || cpu_is_parked(&m->cores[i]))
			return true;
	return false;
}

/* Nothing is runnable: if no event will change that, only input can help. */
static struct stop run_nothing(struct machine *m, const struct run_limit *limit)
{
	if (!idle_for_ever(m))
		return stop_at(STOP_NONE, 0);
	if (take_input(m, EVENT_NEVER) || wants_host(m, limit))
		return stop_at(STOP_NONE, 0);
	return stop_at(some_held(m) ? STOP_HELD : STOP_IDLE, 0);
}

struct stop machine_run(struct machine *m, const struct run_limit *limit)
{
	uint64_t look = m->run.steps; /* at the host, from this step on */
	struct stop stop;

	for (;;) {
		if (power_asked(&m->power) == POWER_RESET && machine_restarts(m))
			machine_reset(m);
		stop = stop_here(m, limit);
		if (stop.why != STOP_NONE)
			break;
		if (m->run.steps >= look || m->run.steps == next_input_step(m) || all_idle(m)) {
			look = m->run.steps + HOST_STEPS;
			take_input(m, idle_cycles(m));
		}
		if (wants_host(m, limit)) {
			stop = stop_at(STOP_INTERRUPTED, 0);
			break;
		}
		if (m->run.slice_core == RUN_NO_SLICE && !choose_slice(m))
			stop = all_idle(m) ? run_nothing(m, limit) : stop;
		else
			stop = run_slice(m, limit);
		if (stop.why != STOP_NONE)
			break;
	}
	m->please = 0;
	return stop;
}
