/* explain_rows.c - which records have to do with a finding, and the pcores that they need.
 */
#include "sim/replay/explain_parts.h"

/* Where a kernel probe has its vcoreid; parlib's probes speak of the vcore that reaches them. */
static bool names_vcore(const struct explain_record *r, const struct finding *f)
{
	bool kernel = r->image != NULL && !r->image->user;
	int64_t vcoreid = kernel ? r->args[1] : r->vcoreid;

	if (r->kind == PROBE_event_posted)
		vcoreid = r->args[4];
	if (kernel && (probe_kind_row(r->kind)->arg_count < 2 || r->args[0] != f->pid))
		return false;
	return vcoreid >= 0 && vcoreid < 64 && (f->vcores >> vcoreid & 1) != 0;
}

static bool names_object(const struct explain_record *r, uint64_t object)
{
	for (unsigned i = 0; object != 0 && i < probe_kind_row(r->kind)->arg_count; i++)
		if (i < EXPLAIN_ARGS && (uint64_t)r->args[i] == object)
			return true;
	return false;
}

/* A note is a forcing: it always belongs to the story. */
static bool concerns(const struct explain_record *r, const struct finding *f)
{
	unsigned weight;

	if (r->kind == PROBE_UNKNOWN)
		return true;
	weight = probe_kind_row(r->kind)->weight;
	if (f == NULL)
		return weight > 1;
	if (names_object(r, f->object) || names_vcore(r, f))
		return true;
	return weight > 1 && (f->cores >> (r->core & 63) & 1) != 0;
}

static bool is_failure(const struct explain_record *r, const struct finding *f)
{
	return f != NULL && r->core == f->core && r->core_step == f->core_step;
}

static bool same_again(const struct explain_record *a, const struct explain_record *b)
{
	return a->core == b->core && a->rip == b->rip && a->kind == b->kind &&
	       memcmp(a->args, b->args, sizeof(a->args)) == 0;
}

/* --- columns --- */

static void add_column(struct explain_rows *rows, unsigned core)
{
	for (unsigned i = 0; i < rows->column_count; i++)
		if (rows->columns[i] == core)
			return;
	if (rows->column_count < ARRAY_LEN(rows->columns))
		rows->columns[rows->column_count++] = core;
}

static bool has_column(const struct explain_rows *rows, unsigned core)
{
	for (unsigned i = 0; i < rows->column_count; i++)
		if (rows->columns[i] == core)
			return true;
	return false;
}

/* Those of the finding first, then the latest: more than four do not fit. */
static void choose_columns(
	const struct explain *x, const struct finding *f, uint64_t first, struct explain_rows *rows)
{
	for (unsigned i = 0; f != NULL && i < x->machine->cpu_count; i++)
		if (f->cores >> i & 1)
			add_column(rows, i);
	for (uint64_t n = x->state.count; n-- > first;) {
		const struct explain_record *r = &x->state.records[n % EXPLAIN_RECORDS];

		if (concerns(r, f))
			add_column(rows, r->core);
	}
	for (unsigned i = 0; i < rows->column_count; i++)
		for (unsigned j = i + 1; j < rows->column_count; j++)
			if (rows->columns[j] < rows->columns[i]) {
				unsigned core = rows->columns[i];

				rows->columns[i] = rows->columns[j];
				rows->columns[j] = core;
			}
}

/* --- rows --- */

/* Backwards from the end, so that the last ones are kept; the failure and the forcings even when
 * there is no room for all between. */
void explain_choose(const struct explain *x, const struct finding *f, struct explain_rows *rows)
{
	uint64_t first = x->state.count > EXPLAIN_RECORDS ? x->state.count - EXPLAIN_RECORDS : 0;
	struct explain_row last_first[EXPLAIN_ROWS];
	bool left_out = false;

	*rows = (struct explain_rows){0};
	choose_columns(x, f, first, rows);
	for (uint64_t n = x->state.count; n-- > first && rows->count < EXPLAIN_ROWS;) {
		const struct explain_record *r = &x->state.records[n % EXPLAIN_RECORDS];
		struct explain_row *before = rows->count != 0 ? &last_first[rows->count - 1] : NULL;
		bool failure = is_failure(r, f), important = failure || r->kind == PROBE_UNKNOWN;

		if ((!failure && !concerns(r, f)) || !has_column(rows, r->core))
			continue;
		if (before != NULL && !failure && same_again(r, before->record)) {
			before->times++;
			continue;
		}
		if (!important && rows->count >= EXPLAIN_ROWS - 8) {
			left_out = true;
			continue;
		}
		if (before != NULL)
			before->gap = left_out;
		left_out = false;
		last_first[rows->count++] = (struct explain_row){r, 1, failure, false};
	}
	for (unsigned i = 0; i < rows->count; i++)
		rows->at[i] = last_first[rows->count - 1 - i];
}
