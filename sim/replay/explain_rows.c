/* explain_rows.c - which records have to do with a finding, and the pcores that they need.
 */
#include "sim/replay/explain_parts.h"

#include <stdlib.h>

#define COLUMNS_MAX    4
#define ROWS_THAT_TELL (EXPLAIN_ROWS - 8) /* of weight 2; the rest is for what lies between */

/* Kernel probes of a process whose second argument is one of its vcores. */
static bool has_vcoreid(enum probe_kind kind)
{
	switch (kind) {
	case PROBE_cores_given:
	case PROBE_kmsg_run:
	case PROBE_kmsg_sent:
	case PROBE_proc_created:
	case PROBE_proc_ended:
	case PROBE_proc_state:
	case PROBE_stimulus:
	case PROBE_syscall_block:
	case PROBE_syscall_done:
	case PROBE_syscall_start:
		return false;
	default:
		return probe_kind_row(kind)->arg_count >= 2;
	}
}

/* Where a kernel probe has its vcoreid; parlib's probes speak of the vcore that reaches them. */
static bool names_vcore(const struct explain_record *r, const struct finding *f)
{
	bool kernel = r->image != NULL && !r->image->user;
	int64_t vcoreid = kernel ? r->args[1] : r->vcoreid;

	if (r->kind == PROBE_event_posted)
		vcoreid = r->args[4];
	if (kernel && (!has_vcoreid(r->kind) || r->args[0] != f->pid))
		return false;
	if (r->kind == PROBE_change_to && r->args[2] >= 0 && r->args[2] < 64 &&
		(f->vcores >> r->args[2] & 1) != 0)
		return true;
	return vcoreid >= 0 && vcoreid < 64 && (f->vcores >> vcoreid & 1) != 0;
}

static bool names_object(const struct explain_record *r, uint64_t object)
{
	for (unsigned i = 0; object != 0 && i < probe_kind_row(r->kind)->arg_count; i++)
		if (i < EXPLAIN_ARGS && (uint64_t)r->args[i] == object)
			return true;
	return false;
}

/* Messages to a pcore that sleeps, and what it did before. */
static bool about_wakeup(const struct explain_record *r, const struct finding *f)
{
	if (r->kind == PROBE_kmsg_sent)
		return r->args[0] == (int64_t)f->core;
	return r->core == f->core;
}

/* How much a record has to do with the finding: 0 not at all, 1 a little. */
static unsigned concern(const struct explain_record *r, const struct finding *f)
{
	unsigned weight = probe_kind_row(r->kind)->weight;

	if (f->verdict == VERDICT_LOST_WAKEUP)
		return about_wakeup(r, f) ? 2 : 0;
	if (names_object(r, f->object))
		return 2;
	if (f->pid == 0 && f->cores == 0) /* nobody in particular */
		return weight;
	if (names_vcore(r, f))
		return weight;
	return (f->cores >> (r->core & 63) & 1) != 0 && weight > 1 ? 1 : 0;
}

static bool is_failure(const struct explain_record *r, const struct finding *f)
{
	return r->core == f->core && r->core_step == f->core_step;
}

static bool same_again(const struct explain_record *a, const struct explain_record *b)
{
	return a->core == b->core && a->rip == b->rip && a->kind == b->kind &&
	       memcmp(a->args, b->args, sizeof(a->args)) == 0;
}

/* --- columns --- */

static bool has_column(const struct explain_rows *rows, unsigned core)
{
	for (unsigned i = 0; i < rows->column_count; i++)
		if (rows->columns[i] == core)
			return true;
	return false;
}

static void add_column(struct explain_rows *rows, unsigned core)
{
	unsigned at;

	if (has_column(rows, core) || rows->column_count == COLUMNS_MAX)
		return;
	for (at = rows->column_count++; at > 0 && rows->columns[at - 1] > core; at--)
		rows->columns[at] = rows->columns[at - 1];
	rows->columns[at] = core;
}

/* --- the records that are shown --- */

struct choice {
	const struct finding *f;
	struct explain_rows *rows;
	unsigned count, shown_count;
	const struct explain_record *all[EXPLAIN_RINGS * EXPLAIN_RECORDS]; /* in order */
	bool shown[EXPLAIN_RINGS * EXPLAIN_RECORDS];
};

static uint64_t ring_first(const struct explain_ring *ring)
{
	return ring->count > EXPLAIN_RECORDS ? ring->count - EXPLAIN_RECORDS : 0;
}

/* The record of that number in the ring; NULL behind the last one. */
static const struct explain_record *ring_at(const struct explain_ring *ring, uint64_t number)
{
	return number < ring->count ? &ring->records[number % EXPLAIN_RECORDS] : NULL;
}

static void merge_rings(struct choice *c, const struct explain_ring rings[EXPLAIN_RINGS])
{
	uint64_t a = ring_first(&rings[0]), b = ring_first(&rings[1]);

	for (;;) {
		const struct explain_record *from_a = ring_at(&rings[0], a);
		const struct explain_record *from_b = ring_at(&rings[1], b);
		bool first = from_b == NULL || (from_a != NULL && from_a->order < from_b->order);

		if (from_a == NULL && from_b == NULL)
			return;
		c->all[c->count++] = first ? from_a : from_b;
		a += first;
		b += !first;
	}
}

/* Backwards, so that the last ones are kept; from a record on. */
static void choose(struct choice *c, unsigned least, unsigned limit, unsigned from)
{
	const struct explain_record *after = NULL;

	for (unsigned n = c->count; n-- > from;) {
		const struct explain_record *r = c->all[n];
		bool failure = is_failure(r, c->f);

		if (c->shown[n] || (!failure && concern(r, c->f) < least))
			continue;
		if (c->shown_count >= limit && !failure)
			continue;
		add_column(c->rows, r->core);
		if (!has_column(c->rows, r->core))
			continue;
		c->shown[n] = true;
		c->shown_count += after == NULL || !same_again(r, after);
		after = r;
	}
}

static unsigned first_shown(const struct choice *c)
{
	unsigned n = 0;

	while (n < c->count && !c->shown[n])
		n++;
	return c->shown_count != 0 ? n : 0;
}

static void add_row(struct explain_rows *rows, const struct explain_record *r, bool failure)
{
	if (rows->count < ARRAY_LEN(rows->at))
		rows->at[rows->count++] = (struct explain_row){r, 1, failure};
}

/* Where a note belongs: before what its pcore did next. */
static unsigned note_position(const struct choice *c, const struct explain_record *note)
{
	unsigned by_cycle = c->count;

	for (unsigned n = 0; n < c->count; n++) {
		const struct explain_record *r = c->all[n];

		if (r->core == note->core && r->core_step >= note->core_step)
			return n;
		if (r->cycle > note->cycle && by_cycle == c->count)
			by_cycle = n;
	}
	return by_cycle;
}

static void make_rows(const struct choice *c, const struct explain *x)
{
	struct explain_rows *rows = c->rows;
	unsigned at[EXPLAIN_NOTES];

	for (unsigned i = 0; i < x->note_count; i++)
		at[i] = note_position(c, &x->notes[i]);
	for (unsigned n = 0; n <= c->count; n++) {
		const struct explain_record *r = n < c->count ? c->all[n] : NULL;
		struct explain_row *last;

		for (unsigned i = 0; i < x->note_count; i++)
			if (at[i] == n)
				add_row(rows, &x->notes[i], false);
		if (r == NULL || !c->shown[n])
			continue;
		last = rows->count != 0 ? &rows->at[rows->count - 1] : NULL;
		if (last != NULL && same_again(last->record, r) && !is_failure(r, c->f))
			last->times++;
		else
			add_row(rows, r, is_failure(r, c->f));
	}
}

void explain_choose(const struct explain *x, const struct finding *f, struct explain_rows *rows)
{
	struct choice *c = calloc(1, sizeof(*c));

	SIM_ASSERT(c != NULL);
	c->f = f;
	c->rows = rows;
	*rows = (struct explain_rows){0};
	for (unsigned i = 0; i < x->machine->cpu_count; i++)
		if (f->cores >> i & 1)
			add_column(rows, i);
	for (unsigned i = 0; i < x->note_count; i++)
		add_column(rows, x->notes[i].core);
	merge_rings(c, x->state.rings);
	choose(c, 2, ROWS_THAT_TELL, 0);
	choose(c, 1, EXPLAIN_ROWS, first_shown(c));
	make_rows(c, x);
	free(c);
}
