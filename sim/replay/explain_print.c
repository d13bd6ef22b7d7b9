/* explain_print.c - the table, as text and as JSON.
 */
#include "sim/replay/explain_parts.h"

#include <stdlib.h>

#define LEFT 15 /* the mark and the cycle */

static unsigned column_width(const struct explain_rows *rows)
{
	return (EXPLAIN_WIDTH - LEFT) / rows->column_count - 3;
}

/* One line of the table: text in its column, the others empty. */
static void print_line(const struct explain_rows *rows, const char *left, unsigned core,
	const char *text, FILE *out)
{
	int width = (int)column_width(rows);

	fprintf(out, "%-*s", LEFT, left);
	for (unsigned i = 0; i < rows->column_count; i++)
		fprintf(out, "| %-*.*s%s", width, width, rows->columns[i] == core ? text : "",
			i + 1 < rows->column_count ? " " : "");
	fputc('\n', out);
}

/* As many lines as the text needs, broken at blanks. */
static void print_wrapped(const struct explain_rows *rows, const char *left, unsigned core,
	const char *text, FILE *out)
{
	size_t width = column_width(rows);

	while (strlen(text) > width) {
		size_t n = width;
		char line[EXPLAIN_WIDTH + 1];

		while (n > width / 2 && text[n] != ' ')
			n--;
		if (text[n] != ' ')
			n = width;
		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		print_line(rows, left, core, line, out);
		text += n + strspn(text + n, " ");
		left = "";
	}
	print_line(rows, left, core, text, out);
}

static void print_row(const struct explain *x, const struct explain_rows *rows,
	const struct explain_row *row, FILE *out)
{
	const struct explain_record *r = row->record;
	char left[32], what[256], where[256], line[300];

	if (row->gap)
		fprintf(out, "%*s\n", LEFT - 1, "...");
	snprintf(left, sizeof(left), "%c%12" PRIu64, row->failure ? '>' : ' ', r->cycle);
	explain_what(x, r, what, sizeof(what));
	explain_where(r, where, sizeof(where));
	if (row->times > 1)
		snprintf(line, sizeof(line), "%s (%u times)", what, row->times);
	else
		snprintf(line, sizeof(line), "%s%s", r->kind == PROBE_UNKNOWN ? "## " : "", what);
	print_wrapped(rows, left, r->core, line, out);
	snprintf(line, sizeof(line), "    %s", where);
	print_line(rows, "", r->core, line, out);
}

static void print_head(const struct explain_rows *rows, FILE *out)
{
	int width = (int)column_width(rows);
	char dashes[EXPLAIN_WIDTH + 1];

	memset(dashes, '-', sizeof(dashes));
	fprintf(out, "%*s  ", LEFT - 2, "cycle");
	for (unsigned i = 0; i < rows->column_count; i++)
		fprintf(out, "| c%-*u", width, rows->columns[i]);
	fprintf(out, "\n%.*s", LEFT, dashes);
	for (unsigned i = 0; i < rows->column_count; i++)
		fprintf(out, "+%.*s", width + 2, dashes);
	fputc('\n', out);
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
	fprintf(out, ", \"%s\": \"", key);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
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
