#include "sim/replay/diff.h"

#include <stdio.h>

#include "sim/machine/snapshot.h"
#include "sim/replay/fields.h"
#include "sim/replay/replay.h"

static void run_to(struct machine *m, uint64_t steps)
{
	struct run_limit limit = RUN_FREELY;

	limit.steps = steps;
	machine_run(m, &limit); /* ended earlier is a difference like any other */
}

static bool equal(struct machine *m[2])
{
	return digest_equal(machine_digest(m[0]), machine_digest(m[1]));
}

/* --- naming what differs --- */

static uint64_t value_at(const struct machine *m, const char *part, uint64_t offset)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < m->state.count; i++) {
		const struct state_part *p = &m->state.at[i];

		if (strcmp(p->name, part) == 0 && offset < p->size)
			memcpy(&value, (uint8_t *)p->data + offset,
				min_u64(sizeof(value), p->size - offset));
	}
	if (strcmp(part, "ram") == 0 && !phys_read(&m->mem, offset, &value, sizeof(value)))
		value = 0;
	return value;
}

static void name_difference(struct machine *m[2], struct difference *d)
{
	struct state_difference s = state_compare(m[0], m[1]);
	uint64_t offset = s.offset & ~UINT64_C(7);

	SIM_ASSERT(s.any);
	d->any = true;
	memcpy(d->part, s.part, sizeof(d->part));
	field_name(s.part, offset, d->field, sizeof(d->field));
	for (int i = 0; i < 2; i++)
		d->side[i].value = value_at(m[i], s.part, offset);
}

/* --- the step --- */

/* Makes one step and says who made it. */
static struct diff_side make_step(struct machine *m)
{
	struct diff_side side = {.stepped = false};
	uint64_t step[MACHINE_CPUS_MAX], rip[MACHINE_CPUS_MAX], cycle[MACHINE_CPUS_MAX];

	for (unsigned i = 0; i < m->cpu_count; i++) {
		step[i] = m->cores[i].arch.step;
		rip[i] = m->cores[i].arch.rip;
		cycle[i] = m->cores[i].arch.cycle;
	}
	run_to(m, m->run.steps + 1);
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (m->cores[i].arch.step != step[i])
			side = (struct diff_side){true, i, rip[i], step[i], cycle[i], 0};
	return side;
}

static void report_step(struct machine *m[2], struct difference *d)
{
	d->steps = m[0]->run.steps;
	for (int i = 0; i < 2; i++)
		d->side[i] = make_step(m[i]);
	name_difference(m, d);
}

/* --- bisection --- */

struct bisection {
	struct machine **m;
	struct snapshot_store *store[2];
	struct snapshot *equal[2]; /* at the last step known to be equal */
};

static void drop_snapshots(struct bisection *b)
{
	for (int i = 0; i < 2; i++) {
		if (b->equal[i] != NULL)
			snapshot_drop(b->store[i], b->equal[i]);
		b->equal[i] = NULL;
	}
}

static bool take_snapshots(struct bisection *b)
{
	drop_snapshots(b);
	for (int i = 0; i < 2; i++) {
		b->equal[i] = snapshot_take(b->store[i]);
		if (b->equal[i] == NULL)
			return false;
	}
	return true;
}

static void go_back(struct bisection *b)
{
	for (int i = 0; i < 2; i++)
		snapshot_restore(b->store[i], b->equal[i]);
}

/* Equal at the snapshots, different at `bad`: leaves both at the last equal step. */
static bool bisect(struct bisection *b, uint64_t bad)
{
	uint64_t good = b->m[0]->run.steps;

	while (bad - good > 1) {
		uint64_t middle = good + (bad - good) / 2;

		run_to(b->m[0], middle);
		run_to(b->m[1], middle);
		if (equal(b->m)) {
			good = middle;
			if (!take_snapshots(b))
				return false;
		} else {
			bad = middle;
			go_back(b);
		}
	}
	return true;
}

static bool search(struct bisection *b, uint64_t steps, struct difference *d)
{
	for (int i = 0; i < 2; i++) {
		b->store[i] = snapshot_store_create(b->m[i]);
		if (b->store[i] == NULL)
			return false;
	}
	if (!take_snapshots(b))
		return false;
	run_to(b->m[0], steps);
	run_to(b->m[1], steps);
	if (equal(b->m))
		return true;
	go_back(b);
	if (!bisect(b, steps))
		return false;
	report_step(b->m, d);
	return true;
}

bool diff_machines(
	struct machine *a, struct machine *b, uint64_t steps, struct difference *d, struct error *e)
{
	struct machine *m[2] = {a, b};
	struct bisection search_in = {.m = m};
	bool good;

	memset(d, 0, sizeof(*d));
	if (!equal(m)) { /* before any step */
		d->steps = a->run.steps;
		name_difference(m, d);
		return true;
	}
	good = search(&search_in, steps, d);
	drop_snapshots(&search_in);
	snapshot_store_destroy(search_in.store[0]);
	snapshot_store_destroy(search_in.store[1]);
	return good || fail(e, "the host has no memory for snapshots");
}

/* --- recordings --- */

static uint64_t first_bad_link(const struct recording *const r[2])
{
	size_t i = 0;

	while (i < r[0]->chain.count && i < r[1]->chain.count &&
		digest_equal(r[0]->chain.links[i], r[1]->chain.links[i]))
		i++;
	return i;
}

/* The step before which the first input comes that only one of them has; UINT64_MAX: none. */
static uint64_t first_other_input(const struct recording *const r[2])
{
	uint64_t step[2] = {UINT64_MAX, UINT64_MAX};
	size_t i = 0;

	while (i < r[0]->input_count && i < r[1]->input_count &&
		memcmp(&r[0]->inputs[i], &r[1]->inputs[i], sizeof(r[0]->inputs[i])) == 0)
		i++;
	for (int side = 0; side < 2; side++)
		if (i < r[side]->input_count)
			step[side] = r[side]->inputs[i].steps;
	return min_u64(step[0], step[1]);
}

static uint64_t replay_end(const struct recording *const r[2])
{
	return max_u64(replay_limit(r[0]).steps, replay_limit(r[1]).steps);
}

bool diff_recordings(const struct recording *const r[2], struct machine *const m[2],
	struct difference *d, struct error *e)
{
	struct machine *pair[2] = {m[0], m[1]};
	uint64_t window = r[0]->chain.window, input = first_other_input(r);
	uint64_t start, end = replay_end(r);

	if (r[0]->chain.window != r[1]->chain.window)
		return fail(e, "the recordings have windows of %" PRIu64 " and %" PRIu64 " steps",
			r[0]->chain.window, r[1]->chain.window);
	start = first_bad_link(r) * window;
	if (input < start + window) { /* what it changed may be gone before the window ends */
		start = input - input % window;
		end = input + 1;
	}
	for (int i = 0; i < 2; i++) {
		replay_feed(m[i], r[i]);
		run_to(m[i], start);
	}
	if (start != 0 && !equal(pair))
		return fail(e,
			"up to step %" PRIu64 " the recordings are equal, but their runs here are "
			"not: ringv itself is not deterministic",
			start);
	return diff_machines(m[0], m[1], min_u64(end, start + window), d, e);
}
