#include "sim/explore/baton.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/replay/stimulate.h"

#define NOBODY CPU_MAX

/* It spins when so many visible steps in a row were at so few addresses, or it has made so many
 * steps without a visible one. */
#define SPIN_VISITS 16
#define SPIN_PLACES 4
#define SPIN_STEPS  1000

#define EXPIRES UINT64_C(1000000000) /* cycles; longer than any of these pauses */

struct hand {
	uint64_t asked; /* the step, plus 1, at which the gate has decided */
	uint64_t rip;   /* of that step */
	bool spins;
	bool meets; /* it stopped until others had come as far: that is a pause of no length */
	struct forcing *pause; /* its last one; NULL: none yet */
	unsigned visits, place_count;
	uint64_t places[SPIN_PLACES];
};

struct baton {
	struct machine *machine;
	struct watch *watch;
	struct baton_chooser chooser;
	struct hold_control control;
	unsigned holder;  /* NOBODY: who is not paused runs, up to its next visible step */
	unsigned stopped; /* at a visible step, until the others have come as far; or NOBODY */
	unsigned chosen;  /* to go on then; NOBODY: it is to be seen */
	uint64_t wait;    /* all wait for the event of the run after so many; 0: they do not */
	bool does;        /* before they go on */
	struct stimulation what;
	uint64_t steps;
	struct hand hands[CPU_MAX];
	bool complete;            /* all pauses are in the schedule */
	struct schedule schedule; /* the last field */
};

static bool has_baton(const struct baton *b, unsigned core)
{
	return b->holder == core;
}

/* A holder that sleeps holds nothing. */
static bool is_held(const struct baton *b)
{
	return b->holder != NOBODY && cpu_is_runnable(&b->machine->cores[b->holder]);
}

/* A sleeper is not paused: what wakes it takes it to its next visible step. */
static uint64_t able(const struct baton *b)
{
	uint64_t cores = 0;

	for (unsigned i = 0; i < b->machine->cpu_count; i++)
		if (cpu_is_runnable(&b->machine->cores[i]) && !b->hands[i].spins)
			cores |= BIT(i);
	return cores;
}

/* --- pausing --- */

static struct forcing *keep_forcing(struct baton *b, enum forcing_kind kind, unsigned core)
{
	const struct core_state *arch = &b->machine->cores[core].arch;
	struct forcing *f = &b->schedule.at[b->schedule.count];

	if (b->schedule.count == FORCINGS_MAX) {
		b->complete = false;
		return NULL;
	}
	*f = (struct forcing){.kind = kind};
	f->at = (struct point){.kind = POINT_EXACT, .number = arch->step};
	f->at.stream = (struct stream){.kind = STREAM_PCORE, .number = core};
	snprintf(f->where, sizeof(f->where), "forcing %u", ++b->schedule.count);
	return f;
}

/* Let go and held again before it has made a step, it has been held all the time. */
static void keep_pause(struct baton *b, unsigned core, uint64_t cycles)
{
	uint64_t step = b->machine->cores[core].arch.step;
	struct forcing *f = b->hands[core].pause;

	if (f != NULL && f->at.number == step) {
		f->until.cycles += cycles;
		return;
	}
	f = keep_forcing(b, FORCING_PAUSE, core);
	if (f == NULL)
		return;
	b->hands[core].pause = f;
	f->expires = 2 * EXPIRES;
	f->stream = f->at.stream;
	f->until = (struct until){.kind = UNTIL_CYCLES, .cycles = cycles};
}

static void let_go(struct baton *b, unsigned core)
{
	uint64_t now = b->machine->run.now, since = b->machine->cores[core].arch.cycle;

	if (!machine_is_paused(b->machine, core))
		return;
	if (since < now || b->hands[core].meets)
		keep_pause(b, core, since < now ? now - since : 0);
	b->hands[core].meets = false;
	machine_release(b->machine, core);
}

/* Whoever else runs comes as far as this core before it goes on, however short the pause. */
static void pause_core(struct baton *b, unsigned core)
{
	for (unsigned i = 0; i < b->machine->cpu_count; i++)
		b->hands[core].meets |= i != core && !machine_is_paused(b->machine, i) &&
					cpu_is_runnable(&b->machine->cores[i]);
	machine_pause(b->machine, core);
}

static void hold_back(struct baton *b, unsigned core)
{
	const struct vcpu *c = &b->machine->cores[core];

	if (c->arch.activity == ACTIVITY_RUNNING && cpu_is_runnable(c) &&
		!machine_is_paused(b->machine, core))
		pause_core(b, core);
}

/* --- spinning --- */

static bool is_known_place(const struct hand *h, uint64_t rip)
{
	for (unsigned i = 0; i < h->place_count; i++)
		if (h->places[i] == rip)
			return true;
	return false;
}

/* The core comes by; at a new place it gets on. */
static void visit(struct hand *h, const struct probe_hit *hit)
{
	bool known = hit->probe == NULL && is_known_place(h, hit->rip);

	if (!known) {
		h->spins = false;
		h->visits = 0;
		if (hit->probe != NULL || h->place_count == SPIN_PLACES)
			h->place_count = 0;
		if (hit->probe == NULL)
			h->places[h->place_count++] = hit->rip;
	}
	h->visits++;
}

static void set_steps(struct baton *b)
{
	for (unsigned i = 0; i < b->machine->cpu_count; i++)
		b->control.at_step[i] = HOLD_NO_STEP;
	if (b->holder != NOBODY)
		b->control.at_step[b->holder] = b->machine->cores[b->holder].arch.step + SPIN_STEPS;
}

/* --- nobody starves --- */

/* So many cycles a pcore is held back at most, or an oracle would take it for one that waits for
 * ever. */
static uint64_t patience(const struct baton *b)
{
	return b->machine->config.oracle.patience / 4;
}

/* The pcore that has been held back longest, from when on; EVENT_NEVER: none. */
static uint64_t held_since(const struct baton *b, unsigned *core)
{
	uint64_t since = EVENT_NEVER;

	for (unsigned i = 0; i < b->machine->cpu_count; i++) {
		uint64_t cycle = b->machine->cores[i].arch.cycle;

		if (!machine_is_paused(b->machine, i) || cycle >= since)
			continue;
		since = cycle;
		*core = i;
	}
	return since;
}

/* Who must go on now, if it is that late; else whom the chooser chooses. */
static unsigned choose(struct baton *b, const struct baton_view *view, uint64_t now)
{
	unsigned core = NOBODY;
	uint64_t since = held_since(b, &core);

	if (since >= now || now - since < patience(b))
		return b->chooser.choose(b->chooser.context, view);
	b->hands[core].spins = false;
	b->hands[core].visits = 0;
	return core;
}

/* --- handing on --- */

static void hand_to(struct baton *b, unsigned core)
{
	b->holder = core;
	for (unsigned i = 0; i < b->machine->cpu_count; i++)
		if (i != core)
			hold_back(b, i);
	let_go(b, core);
	set_steps(b);
}

/* All go round, or sleep. */
static void let_all_go(struct baton *b)
{
	b->holder = NOBODY;
	for (unsigned i = 0; i < b->machine->cpu_count; i++)
		let_go(b, i);
	set_steps(b);
}

static bool waits(struct baton *b, const struct baton_view *view)
{
	struct machine *m = b->machine;
	uint64_t due = event_next_due(&m->events);
	unsigned core;

	if (due == EVENT_NEVER || due > held_since(b, &core) + patience(b) ||
		!b->chooser.wait(b->chooser.context, view))
		return false;
	b->holder = NOBODY;
	b->wait = m->run.events + 1;
	set_steps(b);
	return true;
}

/* idle: nobody runs just now. */
static void hand_on(struct baton *b, unsigned from, bool idle)
{
	const struct baton_view view = {
		.core = from,
		.spins = from != NOBODY && b->hands[from].spins,
		.able = able(b),
		.number = b->steps,
	};

	if (view.able == 0)
		let_all_go(b);
	else if (!idle || !waits(b, &view))
		hand_to(b, choose(b, &view, b->machine->run.now));
}

/* The core stops where it is, and somebody goes on when the others have come as far. */
static bool stop(struct baton *b, struct vcpu *c, unsigned chosen)
{
	pause_core(b, c->id);
	if (b->stopped != NOBODY)
		return true;
	b->stopped = c->id;
	b->chosen = chosen;
	machine_wake_at(b->machine, 0, c->arch.cycle);
	return true;
}

/* It has the baton, and gets on. */
static bool holder_step(struct baton *b, struct vcpu *c, const struct probe_hit *hit)
{
	const struct baton_view view = {
		.core = c->id, .able = able(b), .number = b->steps, .hit = hit};
	unsigned chosen = choose(b, &view, c->arch.cycle);

	b->control.at_step[c->id] = c->arch.step + SPIN_STEPS;
	b->does = b->chooser.stimulate != NULL &&
		  b->chooser.stimulate(b->chooser.context, &view, &b->what);
	return (chosen != c->id || b->does) && stop(b, c, chosen);
}

static bool on_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct baton *b = context;
	struct hand *h = &b->hands[hit->core];
	struct vcpu *c = &m->cores[hit->core];
	bool again;

	if (h->asked == hit->core_step + 1)
		return false;
	again = h->asked == hit->core_step && h->rip == hit->rip;
	h->asked = hit->core_step + 1;
	h->rip = hit->rip;
	if (again) /* the next iteration of a repeated instruction */
		return false;
	visit(h, hit);
	if (h->spins)
		return false;
	b->steps++;
	if (h->visits >= SPIN_VISITS) {
		h->spins = true;
		return stop(b, c, NOBODY);
	}
	if (has_baton(b, hit->core) && b->stopped == NOBODY)
		return holder_step(b, c, hit);
	if (!is_held(b))
		return stop(b, c, NOBODY);
	pause_core(b, hit->core);
	return true;
}

/* What could not be done has not happened. */
static void act(struct baton *b, unsigned core)
{
	uint64_t sent = 0, again = 0;
	struct forcing *f;

	b->does = false;
	if (stimulate(b->machine, watch_identity(b->watch), &b->what, &sent, &again) !=
		FAILURE_NONE)
		return;
	f = keep_forcing(b, FORCING_DO, core);
	if (f != NULL)
		f->stimulation = b->what;
}

static void on_due(void *context, struct machine *m, uint32_t what)
{
	struct baton *b = context;
	unsigned core = b->stopped, chosen = b->chosen;

	(void)what;
	b->stopped = b->chosen = NOBODY;
	if (b->does)
		act(b, core);
	if (chosen != NOBODY && cpu_is_runnable(&m->cores[chosen]))
		hand_to(b, chosen);
	else
		hand_on(b, core, false);
}

/* Nobody but who is paused could go on. */
static void on_idle(void *context, struct machine *m)
{
	struct baton *b = context;
	bool any = false;

	for (unsigned i = 0; i < m->cpu_count; i++)
		any |= machine_is_paused(m, i);
	if (b->stopped != NOBODY || !any || b->wait == m->run.events + 1)
		return;
	b->wait = 0;
	hand_on(b, b->holder, true);
}

/* It has made many steps without a visible one. */
static void on_step(void *context, struct machine *m, unsigned core)
{
	struct baton *b = context;

	b->control.at_step[core] = HOLD_NO_STEP;
	if (!has_baton(b, core) || b->stopped != NOBODY)
		return;
	b->hands[core].spins = true;
	stop(b, &m->cores[core], NOBODY);
}

/* The machine is not set back while somebody has it. */
static void on_restored(void *context, struct machine *m)
{
	(void)context;
	(void)m;
	SIM_ASSERT(false);
}

/* --- life --- */

struct baton *baton_create(struct machine *m, struct watch *w, struct baton_chooser chooser)
{
	struct baton *b = malloc(sizeof(*b));

	SIM_ASSERT(b != NULL);
	memset(b, 0, offsetof(struct baton, schedule)); /* which is large, and empty */
	b->machine = m;
	b->watch = w;
	b->chooser = chooser;
	b->holder = b->stopped = b->chosen = NOBODY;
	b->complete = true;
	b->schedule.count = 0;
	b->control = (struct hold_control){
		.context = b,
		.reached = on_step,
		.due = on_due,
		.all_idle = on_idle,
		.restored = on_restored,
	};
	set_steps(b);
	machine_set_control(m, &b->control);
	watch_set_gate(w, (struct watch_gate){.context = b, .stop = on_hit});
	return b;
}

void baton_destroy(struct baton *b)
{
	machine_set_control(b->machine, NULL);
	watch_set_gate(b->watch, (struct watch_gate){0});
	free(b);
}

uint64_t baton_steps(const struct baton *b)
{
	return b->steps;
}

/* Who is still held back stays so to the end. */
bool baton_schedule(struct baton *b, struct schedule *s)
{
	for (unsigned i = 0; i < b->machine->cpu_count; i++)
		if (machine_is_paused(b->machine, i))
			keep_pause(b, i, EXPIRES);
	schedule_copy(s, &b->schedule);
	return b->complete;
}
