/* explain_print.c - the table, as text and as JSON.
 */
#include "sim/base/json.h"
#include "sim/replay/explain_parts.h"

/* A row begins in the column of its pcore and may run over those to the right, which are empty
 * then: so the columns can be narrow and the words still be read. */
#define LEFT  16 /* the mark and the cycle */
#define RIGHT 56 /* characters of the last column */

static unsigned column_start(const struct explain_rows *rows, unsigned column)
{
	unsigned room = EXPLAIN_WIDTH - LEFT - RIGHT;

	return LEFT + (rows->column_count > 1 ? column * room / (rows->column_count - 1) : 0);
}

static unsigned column_of(const struct explain_rows *rows, unsigned core)
{
	unsigned i = 0;

	while (i + 1 < rows->column_count && rows->columns[i] != core)
		i++;
	return i;
}

/* One line: bars where columns begin, then the text. */
static void print_line(const struct explain_rows *rows, const char *left, unsigned column,
	const char *text, size_t length, FILE *out)
{
	char line[EXPLAIN_WIDTH + 1];
	unsigned start = column_start(rows, column) + 2;

	memset(line, ' ', sizeof(line));
	memcpy(line, left, strlen(left));
	for (unsigned i = 0; i < rows->column_count; i++)
		line[column_start(rows, i)] = '|';
	memset(line + start, ' ', length + 1 < EXPLAIN_WIDTH - start ? length + 1 : length);
	memcpy(line + start, text, length);
	fprintf(out, "%.*s\n", (int)sizeof(line), line);
}

/* As many lines as the text needs, broken at blanks. */
static void print_wrapped(const struct explain_rows *rows, const char *left, unsigned column,
	const char *text, FILE *out)
{
	size_t width = EXPLAIN_WIDTH - column_start(rows, column) - 2;

	while (strlen(text) > width) {
		size_t n = width;

		while (n > width / 2 && text[n] != ' ')
			n--;
		if (text[n] != ' ')
			n = width;
		print_line(rows, left, column, text, n, out);
		text += n + strspn(text + n, " ");
		left = "";
	}
	print_line(rows, left, column, text, strlen(text), out);
}

static void print_row(const struct explain *x, const struct explain_rows *rows,
	const struct explain_row *row, FILE *out)
{
	const struct explain_record *r = row->record;
	unsigned column = column_of(rows, r->core);
	char left[LEFT], what[256], where[256], line[560], times[24] = "";

	snprintf(left, sizeof(left), "%c%13" PRIu64, row->failure ? '>' : ' ', r->cycle);
	explain_what(x, r, what, sizeof(what));
	explain_where(r, where, sizeof(where));
	if (row->times > 1)
		snprintf(times, sizeof(times), " (%u times)", row->times);
	snprintf(line, sizeof(line), "%s%s%s%s%s", r->kind == PROBE_UNKNOWN ? "## " : "", what,
		times, where[0] != '\0' ? "  -- " : "", where);
	print_wrapped(rows, left, column, line, out);
}

static void print_head(const struct explain_rows *rows, FILE *out)
{
	char line[EXPLAIN_WIDTH + 1], name[8];

	memset(line, ' ', sizeof(line));
	memcpy(line + LEFT - 7, "cycle", 5);
	for (unsigned i = 0; i < rows->column_count; i++) {
		snprintf(name, sizeof(name), "| c%u", rows->columns[i]);
		memcpy(line + column_start(rows, i), name, strlen(name));
	}
	fprintf(out, "%.*s\n", (int)sizeof(line), line);
	memset(line, '-', sizeof(line));
	for (unsigned i = 0; i < rows->column_count; i++)
		line[column_start(rows, i)] = '+';
	fprintf(out, "%.*s\n", (int)sizeof(line), line);
}

void explain_print(const struct explain *x, const struct finding *f, FILE *out)
{
	struct explain_rows rows;

	explain_choose(x, f, &rows);
	if (rows.count == 0) {
		fprintf(out, "no probe was reached that has to do with it\n");
		return;
	}
	print_head(&rows, out);
	for (unsigned i = 0; i < rows.count; i++)
		print_row(x, &rows, &rows.at[i], out);
}

/* --- JSON --- */

static void print_text(const char *key, const char *text, FILE *out)
{
	fprintf(out, ", \"%s\": ", key);
	json_text(text, out);
}

static void json_row(const struct explain *x, const struct explain_row *row, FILE *out)
{
	const struct explain_record *r = row->record;
	const char *name = identity_name(watch_identity(x->watch), r->pid);
	char text[256];

	fprintf(out,
		"{\"cycle\": %" PRIu64 ", \"steps\": %" PRIu64
		", \"core\": %u, \"core_step\": %" PRIu64
		", \"pid\": %d, \"vcore\": %d, \"times\": %u, \"forcing\": %s, \"failure\": %s",
		r->cycle, r->steps, r->core, r->core_step, r->pid, r->vcoreid, row->times,
		r->kind == PROBE_UNKNOWN ? "true" : "false", row->failure ? "true" : "false");
	print_text("process", name != NULL ? name : "", out);
	if (r->kind != PROBE_UNKNOWN)
		print_text("probe", probe_kind_row(r->kind)->name, out);
	explain_what(x, r, text, sizeof(text));
	print_text("what", text, out);
	explain_where(r, text, sizeof(text));
	print_text("where", text, out);
	fputc('}', out);
}

void explain_json(const struct explain *x, const struct finding *f, FILE *out)
{
	struct explain_rows rows;

	explain_choose(x, f, &rows);
	fputc('[', out);
	for (unsigned i = 0; i < rows.count; i++) {
		fputs(i == 0 ? "\n    " : ",\n    ", out);
		json_row(x, &rows.at[i], out);
	}
	fputs("]", out);
}
