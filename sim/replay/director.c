#include "sim/replay/director.h"

#include <stdlib.h>

#include "sim/replay/stimulate.h"
#include "sim/replay/store_places.h"

struct director {
	struct machine *machine;
	struct watch *watch;
	struct schedule schedule;
	struct placed_forcing placed[FORCINGS_MAX];
	struct hold_control control;
	struct store_places places;
	struct director_state state;
};

/* Wakes of forcing n are numbered 4 * n and on. */
enum wake { WAKE_END, WAKE_EXPIRE, WAKE_ACT, WAKES = 4 };

_Static_assert(FORCINGS_MAX *WAKES <= HOLD_WAKES, "each forcing has its own");

static void wake(struct director *d, unsigned n, enum wake which, uint64_t due)
{
	machine_wake_at(d->machine, n * WAKES + which, due);
}

/* --- exact points --- */

static bool is_here(const struct point *p, unsigned core, uint64_t step)
{
	return p->kind == POINT_EXACT && p->stream.number == core && p->number == step;
}

/* The points that a forcing waits for now; NULL: none. */
static const struct point *awaited(const struct director *d, unsigned n)
{
	const struct forcing *f = &d->schedule.at[n];

	if (d->state.forcing[n].status == FORCING_WAITING)
		return &f->at;
	if (d->state.forcing[n].status == FORCING_HOLDING && f->kind != FORCING_DO &&
		f->until.kind == UNTIL_POINT)
		return &f->until.point;
	return NULL;
}

#define NO_CORE CPU_MAX

/* Each core's next exact point, at or after the step that it is about to make; after it for the
 * core whose step has just been looked at. */
static void set_steps(struct director *d, unsigned looked_at)
{
	for (unsigned i = 0; i < d->machine->cpu_count; i++)
		d->control.at_step[i] = HOLD_NO_STEP;
	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct point *p = awaited(d, n);
		uint64_t *step, next;

		if (p == NULL || p->kind != POINT_EXACT)
			continue;
		step = &d->control.at_step[p->stream.number];
		next = d->machine->cores[p->stream.number].arch.step +
		       (p->stream.number == looked_at);
		if (p->number >= next)
			*step = min_u64(*step, p->number);
	}
}

/* --- holding and letting go --- */

static struct moment moment_of(const struct vcpu *c)
{
	return (struct moment){c->id, c->arch.step, c->arch.cycle};
}

static void set_failed(struct director *d, unsigned n, enum forcing_failure why)
{
	d->state.forcing[n].status = FORCING_FAILED;
	d->state.forcing[n].why = why;
}

/* Is the core beyond the step, or held right before it? */
static bool has_come_to(const struct director *d, const struct point *p)
{
	unsigned core = p->stream.number;
	const struct vcpu *c = &d->machine->cores[core];

	if (p->number != c->arch.step)
		return p->number < c->arch.step;
	return machine_is_paused(d->machine, core) || cpu_is_parked(c);
}

/* The condition may have come true before: then it holds. */
static void await_end(struct director *d, unsigned n, uint64_t now)
{
	const struct until *u = &d->schedule.at[n].until;
	const struct point *p = &u->point;

	wake(d, n, WAKE_EXPIRE, now + d->schedule.at[n].expires);
	if (u->kind == UNTIL_CYCLES)
		wake(d, n, WAKE_END, now + u->cycles);
	else if (u->kind == UNTIL_POINT && p->kind == POINT_EXACT && has_come_to(d, p))
		wake(d, n, WAKE_END, now);
}

static void hold(struct director *d, unsigned n, struct vcpu *c)
{
	const struct forcing *f = &d->schedule.at[n];
	struct forcing_state *s = &d->state.forcing[n];
	int park;

	if (f->kind == FORCING_PAUSE) {
		machine_pause(d->machine, c->id);
	} else if (f->kind == FORCING_HOLD) {
		cpu_commit(c);
		machine_hold_stores(d->machine, c->id);
	} else {
		park = machine_park(d->machine, c->id, f->stream.kind == STREAM_VCORE);
		if (park < 0) {
			set_failed(d, n, FAILURE_PARKS);
			return;
		}
		s->park = (uint64_t)park;
	}
	await_end(d, n, c->arch.cycle);
}

static void begin(struct director *d, unsigned n, struct vcpu *c)
{
	struct forcing_state *s = &d->state.forcing[n];

	s->status = FORCING_HOLDING;
	s->began = moment_of(c);
	if (d->schedule.at[n].kind != FORCING_DO) {
		hold(d, n, c);
		return;
	}
	cpu_commit(c);
	wake(d, n, WAKE_ACT, c->arch.cycle);
}

/* Cores that stand at the parked context have been asked about it; elsewhere it will be. */
static void let_pass(struct director *d, unsigned n)
{
	const struct park *p = &d->machine->parks.at[d->state.forcing[n].park];
	bool here = false;

	for (unsigned i = 0; i < d->machine->cpu_count; i++) {
		struct vcpu *c = &d->machine->cores[i];

		if (!cpu_is_parked(c) || !park_holds(p, c))
			continue;
		here = true;
		d->state.asked[i] = d->state.asked_store[i] = c->arch.step + 1;
	}
	if (!here && d->state.pass_count < PARKS_MAX)
		d->state.pass[d->state.pass_count++] = *p;
}

/* Another forcing of the same kind may hold the same core: that one stays. */
static bool also_held(const struct director *d, unsigned n)
{
	for (unsigned i = 0; i < d->schedule.count; i++) {
		const struct forcing_state *s = &d->state.forcing[i];

		if (i != n && s->status == FORCING_HOLDING &&
			d->schedule.at[i].kind == d->schedule.at[n].kind &&
			s->began.core == d->state.forcing[n].began.core)
			return true;
	}
	return false;
}

/* A fence of the core may have ended it before. */
static enum forcing_status end_hold(struct director *d, unsigned n, enum forcing_status how)
{
	unsigned core = (unsigned)d->state.forcing[n].began.core;

	if (!machine_holds_stores(d->machine, core))
		return FORCING_DONE;
	if (!also_held(d, n))
		machine_let_stores_go(d->machine, core);
	return how;
}

static void end(struct director *d, unsigned n, enum forcing_status how)
{
	const struct forcing *f = &d->schedule.at[n];
	struct forcing_state *s = &d->state.forcing[n];

	if (s->status != FORCING_HOLDING)
		return;
	if (f->kind == FORCING_PARK) {
		if (f->at.kind != POINT_EXACT)
			let_pass(d, n);
		machine_unpark(d->machine, (int)s->park);
	} else if (f->kind == FORCING_HOLD) {
		how = end_hold(d, n, how);
	} else if (!also_held(d, n)) {
		machine_release(d->machine, (unsigned)s->began.core);
	}
	s->status = how;
	if (s->ended.cycle == 0)
		s->ended.cycle = d->machine->run.now;
	wake(d, n, WAKE_END, EVENT_NEVER);
	wake(d, n, WAKE_EXPIRE, EVENT_NEVER);
}

/* --- points --- */

static bool is_stream(const struct director *d, const struct stream *s, const struct probe_hit *hit)
{
	const struct images *images = watch_images(d->watch);
	const char *name;

	if (s->kind == STREAM_ANY)
		return true;
	if (s->kind == STREAM_PCORE)
		return s->number == hit->core;
	if (hit->pid == 0 || hit->vcoreid != (int)s->number)
		return false;
	name = identity_name(watch_identity(d->watch), hit->pid);
	return name != NULL && images_program(images, name) == images_program(images, s->program);
}

static bool has_probe(const struct elf_image *image, uint64_t address, const char *name)
{
	size_t count;
	const struct probe *p = image_probes_at(image, address, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(p[i].name, name) == 0)
			return true;
	return false;
}

static bool is_point(const struct director *d, const struct point *p, const struct place *place,
	const struct probe_hit *hit)
{
	if (p->kind == POINT_CODE)
		return place->image == hit->image && place->address == hit->rip &&
		       is_stream(d, &p->stream, hit);
	if (p->kind == POINT_PROBE)
		return has_probe(hit->image, hit->rip, p->name) && is_stream(d, &p->stream, hit);
	return false;
}

static void condition_met(struct director *d, unsigned n, struct vcpu *c)
{
	d->state.forcing[n].ended = moment_of(c);
	cpu_commit(c);
	wake(d, n, WAKE_END, c->arch.cycle);
}

/* The core is about to make the step at the point that forcing n waits for; once more. True: that
 * is what it has waited for. */
static bool arrive(struct director *d, unsigned n, struct vcpu *c)
{
	struct forcing_state *s = &d->state.forcing[n];
	const struct point *p = awaited(d, n);

	if (s->status == FORCING_WAITING) {
		if (p->kind != POINT_EXACT && ++s->times != p->number)
			return false;
		begin(d, n, c);
	} else {
		if (p->kind != POINT_EXACT && ++s->until_times != p->number)
			return false;
		condition_met(d, n, c);
	}
	return true;
}

static const struct place *awaited_place(const struct director *d, unsigned n)
{
	return d->state.forcing[n].status == FORCING_WAITING ? &d->placed[n].at
							     : &d->placed[n].until;
}

/* A context that was let go while it was elsewhere is back. */
static bool passes(struct director *d, const struct vcpu *c)
{
	for (unsigned i = 0; i < d->state.pass_count; i++) {
		if (!park_holds(&d->state.pass[i], c))
			continue;
		d->state.pass[i] = d->state.pass[--d->state.pass_count];
		return true;
	}
	return false;
}

/* The gate of the watch. All points at this step are looked at once, the first time. */
static bool on_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct director *d = context;
	struct vcpu *c = &m->cores[hit->core];
	bool stops = false;

	if (d->state.asked[hit->core] == hit->core_step + 1)
		return false;
	d->state.asked[hit->core] = hit->core_step + 1;
	if (passes(d, c)) {
		d->state.asked_store[hit->core] = hit->core_step + 1;
		return false;
	}
	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct point *p = awaited(d, n);

		if (p != NULL && is_point(d, p, awaited_place(d, n), hit))
			stops |= arrive(d, n, c);
	}
	if (stops)
		set_steps(d, NO_CORE);
	return stops;
}

static bool on_store(
	void *context, struct machine *m, const struct probe_hit *hit, uint64_t pa, unsigned size)
{
	struct director *d = context;
	struct vcpu *c = &m->cores[hit->core];
	bool stops = false;

	if (d->state.asked_store[hit->core] == hit->core_step + 1)
		return false;
	d->state.asked_store[hit->core] = hit->core_step + 1;
	if (passes(d, c))
		return false;
	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct point *p = awaited(d, n);

		if (p != NULL && p->kind == POINT_STORE && is_stream(d, &p->stream, hit) &&
			places_touch(&d->places, awaited_place(d, n), pa, size))
			stops |= arrive(d, n, c);
	}
	if (stops)
		set_steps(d, NO_CORE);
	return stops;
}

static void on_step(void *context, struct machine *m, unsigned core)
{
	struct director *d = context;
	struct vcpu *c = &m->cores[core];

	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct point *p = awaited(d, n);

		if (p != NULL && is_here(p, core, c->arch.step))
			arrive(d, n, c);
	}
	set_steps(d, core);
}

/* --- what is due --- */

/* So many byte times are enough for a text, or nobody reads it. */
#define SERIAL_TRIES 1000

static void act(struct director *d, unsigned n)
{
	struct forcing_state *s = &d->state.forcing[n];
	const struct stimulation *what = &d->schedule.at[n].stimulation;
	uint64_t again = 0;
	enum forcing_failure why =
		stimulate(d->machine, watch_identity(d->watch), what, &s->sent, &again);

	if (why != FAILURE_NONE)
		set_failed(d, n, why);
	else if (again != 0 && s->tries++ == SERIAL_TRIES)
		set_failed(d, n, FAILURE_SERIAL);
	else if (again != 0)
		wake(d, n, WAKE_ACT, d->machine->run.now + again);
	else
		s->status = FORCING_DONE;
}

static void on_due(void *context, struct machine *m, uint32_t what)
{
	struct director *d = context;
	unsigned n = what / WAKES;

	(void)m;
	if (n >= d->schedule.count)
		return;
	if (what % WAKES == WAKE_ACT)
		act(d, n);
	else
		end(d, n, what % WAKES == WAKE_END ? FORCING_DONE : FORCING_EXPIRED);
	set_steps(d, NO_CORE);
}

/* Something that the schedule itself brings about is still to come. */
static bool is_expecting(const struct director *d)
{
	const struct event_queue *q = &d->machine->events;

	for (unsigned n = 0; n < d->schedule.count; n++)
		if (event_due(q, EVENT_OWNER_HOLD, n * WAKES + WAKE_END) != EVENT_NEVER ||
			event_due(q, EVENT_OWNER_HOLD, n * WAKES + WAKE_ACT) != EVENT_NEVER)
			return true;
	return false;
}

/* One at a time, in the order of the schedule. */
static void on_idle(void *context, struct machine *m)
{
	struct director *d = context;

	(void)m;
	if (is_expecting(d))
		return;
	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct forcing *f = &d->schedule.at[n];

		if (f->kind == FORCING_DO || f->until.kind != UNTIL_IDLE ||
			d->state.forcing[n].status != FORCING_HOLDING)
			continue;
		end(d, n, FORCING_DONE);
		set_steps(d, NO_CORE);
		return;
	}
}

/* --- life --- */

static void watch_place_of(struct director *d, const struct point *p, const struct place *place)
{
	if (p->kind == POINT_CODE)
		watch_address(d->watch, place->image, place->address);
	if (p->kind == POINT_STORE)
		store_places_add(&d->places, place);
}

/* Where data lies changes when there is a kernel, and when processes come and go. */
static void on_probe(void *context, struct machine *m, const struct probe_hit *hit)
{
	static const char *const names[] = {"kernel_ready", "proc_created", "proc_freed"};
	struct director *d = context;

	for (unsigned i = 0; i < ARRAY_LEN(names) && hit->probe != NULL; i++)
		if (strcmp(hit->probe->name, names[i]) == 0)
			store_places_find(&d->places, m, d->watch);
}

static void on_restored(void *context, struct machine *m)
{
	(void)m;
	director_state_changed(context);
}

static bool stores_can_be_held(const struct machine *m, const struct schedule *s, struct error *e)
{
	for (unsigned n = 0; n < s->count; n++)
		if (s->at[n].kind == FORCING_HOLD &&
			m->config.machine.memory_model != MEMORY_MODEL_TSO)
			return fail(
				e, "%s: hold: expected machine.memory_model = tso", s->at[n].where);
	return true;
}

struct director *director_create(struct machine *m, struct watch *w, const struct schedule *s,
	const char *program, struct error *e)
{
	struct director *d = calloc(1, sizeof(*d));

	SIM_ASSERT(d != NULL);
	d->machine = m;
	d->watch = w;
	schedule_copy(&d->schedule, s);
	if (!stores_can_be_held(m, s, e) ||
		!schedule_place(s, watch_images(w), program, m->cpu_count, d->placed, e)) {
		free(d);
		return NULL;
	}
	for (unsigned n = 0; n < s->count; n++) {
		watch_place_of(d, &s->at[n].at, &d->placed[n].at);
		watch_place_of(d, &s->at[n].until.point, &d->placed[n].until);
	}
	d->control = (struct hold_control){
		.context = d,
		.reached = on_step,
		.due = on_due,
		.all_idle = on_idle,
		.restored = on_restored,
	};
	machine_attach(m, &d->state, sizeof(d->state));
	director_state_changed(d);
	machine_set_control(m, &d->control);
	watch_set_gate(w, (struct watch_gate){.context = d, .stop = on_hit, .store = on_store});
	watch_add(w, (struct watch_listener){.context = d, .hit = on_probe});
	return d;
}

void director_destroy(struct director *d)
{
	if (d == NULL)
		return;
	machine_set_control(d->machine, NULL);
	machine_detach(d->machine, &d->state);
	watch_set_gate(d->watch, (struct watch_gate){0});
	watch_remove(d->watch, d);
	store_places_free(&d->places, d->machine);
	free(d);
}

struct director_state *director_state(struct director *d)
{
	return &d->state;
}

void director_state_changed(struct director *d)
{
	set_steps(d, NO_CORE);
	store_places_find(&d->places, d->machine, d->watch);
}

const struct schedule *director_schedule(const struct director *d)
{
	return &d->schedule;
}

/* --- what became of it --- */

/* An interrupt that was to be tampered with has not come. */
static bool is_untouched(const struct director *d, unsigned n)
{
	const struct forcing *f = &d->schedule.at[n];

	return f->kind == FORCING_DO && f->stimulation.kind >= STIMULATE_DELAY &&
	       lapic_tampers(&d->machine->lapics[f->stimulation.stream.number]);
}

static const char *shortcoming(const struct director *d, unsigned n)
{
	static const char *const failures[] = {
		[FAILURE_NONE] = "",
		[FAILURE_PARKS] = "too much is parked already",
		[FAILURE_PROCESS] = "no process of that name was there",
		[FAILURE_MAILBOX] = "the stimulus device's mailbox was full",
		[FAILURE_SERIAL] = "nobody read the serial line",
	};
	const struct forcing_state *s = &d->state.forcing[n];

	switch (s->status) {
	case FORCING_WAITING:
		return "its point was never reached";
	case FORCING_EXPIRED:
		return "only its expiry ended it";
	case FORCING_FAILED:
		return failures[s->why];
	default:
		return is_untouched(d, n) ? "no such interrupt came" : NULL;
	}
}

bool director_feasible(const struct director *d, char *why, size_t size)
{
	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct forcing *f = &d->schedule.at[n];
		const char *what = shortcoming(d, n);
		FILE *out;

		if (what == NULL)
			continue;
		out = fmemopen(why, size, "w");
		SIM_ASSERT(out != NULL);
		fprintf(out, "%s: ", f->where);
		forcing_print(f, out);
		fprintf(out, ": %s", what);
		fclose(out);
		why[size - 1] = '\0';
		return false;
	}
	return true;
}

static struct point exact_point(const struct moment *m)
{
	struct point p = {.kind = POINT_EXACT, .number = m->step};

	p.stream = (struct stream){.kind = STREAM_PCORE, .number = (unsigned)m->core};
	return p;
}

void director_exact(const struct director *d, struct schedule *exact)
{
	exact->count = 0;
	for (unsigned n = 0; n < d->schedule.count; n++) {
		const struct forcing_state *s = &d->state.forcing[n];
		struct forcing f = d->schedule.at[n];

		if (s->status == FORCING_WAITING || s->status == FORCING_FAILED)
			continue;
		f.at = exact_point(&s->began);
		if (f.kind == FORCING_PAUSE || f.kind == FORCING_HOLD)
			f.stream = f.at.stream;
		if (f.kind != FORCING_DO && f.until.kind == UNTIL_POINT &&
			s->status == FORCING_DONE && s->ended.step != 0)
			f.until.point = exact_point(&s->ended);
		exact->at[exact->count++] = f;
	}
}
