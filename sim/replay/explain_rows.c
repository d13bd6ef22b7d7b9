/* explain_rows.c - which records have to do with a finding, and the pcores that they need.
 */
#include "sim/replay/explain_parts.h"

#define COLUMNS_MAX    4
#define ROWS_THAT_TELL (EXPLAIN_ROWS - 8) /* of weight 2; the rest is for what lies between */

/* Where a kernel probe has its vcoreid; parlib's probes speak of the vcore that reaches them. */
static bool names_vcore(const struct explain_record *r, const struct finding *f)
{
	bool kernel = r->image != NULL && !r->image->user;
	int64_t vcoreid = kernel ? r->args[1] : r->vcoreid;

	if (r->kind == PROBE_event_posted)
		vcoreid = r->args[4];
	if (kernel && (probe_kind_row(r->kind)->arg_count < 2 || r->args[0] != f->pid))
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
	const struct explain *x;
	const struct finding *f;
	uint64_t first, end; /* numbers of records */
	struct explain_rows *rows;
	unsigned count;
	bool shown[EXPLAIN_RECORDS];
};

static const struct explain_record *record(const struct choice *c, uint64_t number)
{
	return &c->x->state.records[number % EXPLAIN_RECORDS];
}

/* Backwards, so that the last ones are kept; from a record number on. */
static void choose(struct choice *c, unsigned least, unsigned limit, uint64_t from)
{
	const struct explain_record *after = NULL;

	for (uint64_t n = c->end; n-- > from;) {
		const struct explain_record *r = record(c, n);
		bool failure = is_failure(r, c->f);

		if (c->shown[n % EXPLAIN_RECORDS] || (!failure && concern(r, c->f) < least))
			continue;
		if (c->count >= limit && !failure)
			continue;
		add_column(c->rows, r->core);
		if (!has_column(c->rows, r->core))
			continue;
		c->shown[n % EXPLAIN_RECORDS] = true;
		c->count += after == NULL || !same_again(r, after);
		after = r;
	}
}

static uint64_t first_shown(const struct choice *c)
{
	uint64_t n = c->first;

	while (n < c->end && !c->shown[n % EXPLAIN_RECORDS])
		n++;
	return n;
}

static void add_row(struct explain_rows *rows, const struct explain_record *r, bool failure)
{
	if (rows->count < ARRAY_LEN(rows->at))
		rows->at[rows->count++] = (struct explain_row){r, 1, failure};
}

static void make_rows(struct choice *c)
{
	struct explain_rows *rows = c->rows;
	unsigned note = 0;

	for (uint64_t n = c->first; n < c->end; n++) {
		const struct explain_record *r = record(c, n);
		struct explain_row *last = rows->count != 0 ? &rows->at[rows->count - 1] : NULL;

		if (!c->shown[n % EXPLAIN_RECORDS])
			continue;
		for (; note < c->x->note_count && c->x->notes[note].cycle <= r->cycle; note++)
			add_row(rows, &c->x->notes[note], false);
		if (last != NULL && last->record->kind != PROBE_UNKNOWN &&
			same_again(last->record, r) && !is_failure(r, c->f))
			last->times++;
		else
			add_row(rows, r, is_failure(r, c->f));
	}
	for (; note < c->x->note_count; note++)
		add_row(rows, &c->x->notes[note], false);
}

void explain_choose(const struct explain *x, const struct finding *f, struct explain_rows *rows)
{
	uint64_t end = x->state.count;
	struct choice c = {
		.x = x,
		.f = f,
		.first = end > EXPLAIN_RECORDS ? end - EXPLAIN_RECORDS : 0,
		.end = end,
		.rows = rows,
	};

	*rows = (struct explain_rows){0};
	for (unsigned i = 0; i < x->machine->cpu_count; i++)
		if (f->cores >> i & 1)
			add_column(rows, i);
	for (unsigned i = 0; i < x->note_count; i++)
		add_column(rows, x->notes[i].core);
	choose(&c, 2, ROWS_THAT_TELL, c.first);
	choose(&c, 1, EXPLAIN_ROWS, c.count != 0 ? first_shown(&c) : c.first);
	make_rows(&c);
}
