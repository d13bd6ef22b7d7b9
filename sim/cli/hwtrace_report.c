#include "sim/cli/hwtrace_report.h"

#include <stdlib.h>

#include "sim/base/json.h"
#include "sim/cpu/decode.h"

/* --- steps by row and by mnemonic --- */

struct tally {
	const struct row *row; /* of mnemonics the first one */
	uint64_t count;
};

struct tallies {
	struct decoder *decoder; /* whose the rows are */
	struct tally *at;
	size_t count;
};

/* The most first; equal ones in the order of the table, so that it is total. */
static int by_count(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static struct tally *tally_of(struct tallies *t, const struct row *row, bool by_name)
{
	for (size_t i = 0; by_name && i < t->count; i++)
		if (strcmp(t->at[i].row->name, row->name) == 0)
			return &t->at[i];
	t->at[t->count] = (struct tally){row, 0};
	return &t->at[t->count++];
}

/* Rows without a count are left out. */
static struct tallies tally(const uint64_t *rows, bool by_name)
{
	size_t row_count = decoder_row_count();
	const struct feature_set all = feature_set_all();
	struct tallies t = {decoder_create(&all), calloc(row_count, sizeof(t.at[0])), 0};

	SIM_ASSERT(t.at != NULL);
	for (size_t i = 0; i < row_count; i++)
		if (rows[i] != 0)
			tally_of(&t, decoder_row(t.decoder, i), by_name)->count += rows[i];
	qsort(t.at, t.count, sizeof(t.at[0]), by_count);
	return t;
}

static void tallies_free(struct tallies *t)
{
	free(t->at);
	decoder_destroy(t->decoder);
}

static void print_mnemonics(const uint64_t *rows, FILE *out)
{
	struct tallies t = tally(rows, true);

	for (size_t i = 0; i < t.count; i++)
		fprintf(out, "%12" PRIu64 " %s\n", t.at[i].count, t.at[i].row->name);
	tallies_free(&t);
}

/* The extension column as the table has it. */
static void extension_text(const struct row *row, char text[8])
{
	if (row->extension == ANY)
		snprintf(text, 8, "ANY");
	else
		snprintf(text, 8, row->extension < 8 ? "%d" : "0x%x", (unsigned)row->extension);
}

static void print_coverage(const uint64_t *rows, FILE *out)
{
	struct tallies t = tally(rows, false);
	char extension[8];

	for (size_t i = 0; i < t.count; i++) {
		const struct row *row = t.at[i].row;

		extension_text(row, extension);
		fprintf(out, "%12" PRIu64 " 0x%02x %s %s %s\n", t.at[i].count, row->opcode,
			extension, row->name, row->operands_text);
	}
	tallies_free(&t);
}

static void json_mnemonics(const uint64_t *rows, FILE *out)
{
	struct tallies t = tally(rows, true);

	for (size_t i = 0; i < t.count; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i == 0 ? "" : ", ", t.at[i].row->name,
			t.at[i].count);
	tallies_free(&t);
}

static void json_coverage(const uint64_t *rows, FILE *out)
{
	struct tallies t = tally(rows, false);
	char extension[8];

	for (size_t i = 0; i < t.count; i++) {
		const struct row *row = t.at[i].row;

		extension_text(row, extension);
		fprintf(out,
			"%s\n    {\"opcode\": \"0x%02x\", \"extension\": \"%s\", \"name\": \"%s\", "
			"\"operands\": \"%s\", \"steps\": %" PRIu64 "}",
			i == 0 ? "" : ",", row->opcode, extension, row->name, row->operands_text,
			t.at[i].count);
	}
	tallies_free(&t);
}

/* --- validation --- */

void hwtrace_print_difference(const char *name, const struct hw_difference *d)
{
	printf("%s: step %" PRIu64 ", 0x%" PRIx64 " %s: %s\n", name, d->step, d->rip, d->insn,
		d->text);
}

void hwtrace_print_failures(const struct hwtrace_outcome *o)
{
	printf("differences by mnemonic:\n");
	print_mnemonics(o->result.row_failures, stdout);
}

void hwtrace_print_outcome(const struct hwtrace_outcome *o)
{
	const struct hw_result *r = &o->result;

	printf("%s: %s; ", o->name, r->differences == 0 ? "pass" : "differs");
	if (r->differences != 0)
		printf("%" PRIu64 " differences in ", r->differences);
	printf("%" PRIu64 " of %" PRIu64 " steps (%" PRIu64 " given by the environment, %" PRIu64
	       " signals), %" PRIu64 " results within their bound, %" PRIu64
	       " checks of memory; %.2f s\n",
		r->steps, o->trace.steps, r->given, r->signals, r->bounded, r->checks, o->seconds);
}

static void json_difference(const struct hw_difference *d, FILE *out)
{
	fprintf(out, ",\n  \"first\": {\"step\": %" PRIu64 ", \"rip\": \"0x%" PRIx64 "\", ",
		d->step, d->rip);
	fprintf(out, "\"instruction\": ");
	json_text(d->insn, out);
	fprintf(out, ", \"field\": \"%s\", ", d->field);
	if (d->has_values)
		fprintf(out, "\"hardware\": \"0x%" PRIx64 "\", \"ringv\": \"0x%" PRIx64 "\", ",
			d->expected, d->got);
	fprintf(out, "\"text\": ");
	json_text(d->text, out);
	fputc('}', out);
}

void hwtrace_print_json(const struct hwtrace_outcome *o, FILE *out)
{
	const struct hw_result *r = &o->result;

	fprintf(out, "{\n  \"file\": ");
	json_text(o->name, out);
	fprintf(out,
		",\n  \"verdict\": \"%s\",\n  \"expected\": \"pass\",\n  \"steps\": %" PRIu64
		",\n  \"of\": %" PRIu64 ",\n  \"given\": %" PRIu64 ",\n  \"signals\": %" PRIu64
		",\n  \"bounded\": %" PRIu64 ",\n  \"checks\": %" PRIu64
		",\n  \"differences\": %" PRIu64 ",\n  \"seconds\": %.3f",
		r->differences == 0 ? "pass" : "differs", r->steps, o->trace.steps, r->given,
		r->signals, r->bounded, r->checks, r->differences, o->seconds);
	if (r->differences != 0) {
		json_difference(&o->first, out);
		fprintf(out, ",\n  \"mnemonics\": {");
		json_mnemonics(r->row_failures, out);
		fputc('}', out);
	}
	fprintf(out, "\n}");
}

/* --- description --- */

static const char *const end_names[HWTRACE_ENDS] = {
	[HWTRACE_EXITED] = "it exited with status",
	[HWTRACE_KILLED] = "it was killed by signal",
	[HWTRACE_LIMIT] = "it went on",
};

void hwtrace_print_info(const struct hwtrace_outcome *o, struct hwtrace_counts counts, FILE *out)
{
	const struct hwtrace *t = &o->trace;

	fprintf(out, "%-12s hardware trace, format %d, by ringv %s\n", o->name, HWTRACE_VERSION,
		t->version);
	fprintf(out, "%-12s %s\n", "program", t->program);
	fprintf(out, "%-12s %s (family %" PRIu64 ", model %" PRIu64 ", stepping %" PRIu64 ")\n",
		"cpu", t->host.name, t->host.family, t->host.model, t->host.stepping);
	fprintf(out, "%-12s %" PRIu64 ", then %s", "steps", t->steps, end_names[t->end]);
	if (t->end != HWTRACE_LIMIT)
		fprintf(out, " %" PRIu64, t->status);
	fputc('\n', out);
	if (counts.mnemonics)
		print_mnemonics(o->result.rows, out);
	if (counts.coverage)
		print_coverage(o->result.rows, out);
}

void hwtrace_print_info_json(
	const struct hwtrace_outcome *o, struct hwtrace_counts counts, FILE *out)
{
	static const char *const ends[HWTRACE_ENDS] = {"exited", "killed", "limit"};
	const struct hwtrace *t = &o->trace;

	fprintf(out, "{\n  \"kind\": \"hardware trace\",\n  \"file\": ");
	json_text(o->name, out);
	fprintf(out, ",\n  \"format\": %d,\n  \"version\": ", HWTRACE_VERSION);
	json_text(t->version, out);
	fprintf(out, ",\n  \"program\": ");
	json_text(t->program, out);
	fprintf(out, ",\n  \"cpu\": ");
	json_text(t->host.name, out);
	fprintf(out,
		",\n  \"family\": %" PRIu64 ",\n  \"model\": %" PRIu64 ",\n  \"stepping\": %" PRIu64
		",\n  \"steps\": %" PRIu64 ",\n  \"ended\": \"%s\",\n  \"status\": %" PRIu64,
		t->host.family, t->host.model, t->host.stepping, t->steps, ends[t->end], t->status);
	if (counts.mnemonics) {
		fprintf(out, ",\n  \"mnemonics\": {");
		json_mnemonics(o->result.rows, out);
		fputc('}', out);
	}
	if (counts.coverage) {
		fprintf(out, ",\n  \"coverage\": [");
		json_coverage(o->result.rows, out);
		fprintf(out, "\n  ]");
	}
	fprintf(out, "\n}");
}
