#include "sim/cli/fuzz_report.h"

#include <stdlib.h>

#include "sim/replay/version.h"

void fuzz_report_init(struct fuzz_report *r, const struct args *args)
{
	*r = (struct fuzz_report){.args = args};
	r->steps = calloc(args->fuzz.runs + 1, sizeof(uint64_t));
	r->preemptions = calloc(args->fuzz.runs + 1, sizeof(uint64_t));
	SIM_ASSERT(r->steps != NULL);
	SIM_ASSERT(r->preemptions != NULL);
}

void fuzz_report_free(struct fuzz_report *r)
{
	free(r->steps);
	free(r->preemptions);
	for (unsigned i = 0; i < r->kind_count; i++)
		free(r->kinds[i].file);
}

/* --- counting --- */

static void count_digest(struct fuzz_report *r, const struct testbed_run *run)
{
	uint64_t words[] = {r->digest.low, r->digest.high, run->number, run->steps,
		run->preemptions, run->finding.verdict, run->digest.low, run->digest.high};

	r->digest = digest_bytes(words, sizeof(words), 0);
}

static struct fuzz_kind *count_kind(struct fuzz_report *r, const struct testbed_run *run)
{
	struct fuzz_kind *k = r->kinds;

	for (; k < r->kinds + r->kind_count; k++)
		if (testbed_same_kind(&k->first.finding, &run->finding)) {
			k->runs++;
			return NULL;
		}
	if (r->kind_count == FUZZ_KINDS_MAX) {
		r->more_kinds++;
		return NULL;
	}
	r->kind_count++;
	*k = (struct fuzz_kind){.first = *run, .runs = 1};
	return k;
}

static void tally(struct fuzz_tally *t, bool counts, uint64_t number)
{
	if (counts && t->runs++ == 0)
		t->first = number;
}

struct fuzz_kind *fuzz_report_add(struct fuzz_report *r, const struct testbed_run *run)
{
	enum verdict v = run->finding.verdict;

	count_digest(r, run);
	if (run->number == 0) {
		r->plain = *run;
	} else {
		r->steps[r->count] = run->steps;
		r->preemptions[r->count++] = run->preemptions;
	}
	tally(&r->verdicts[v], true, run->number);
	tally(&r->gone, run->gone, run->number);
	tally(&r->unwatched, run->unwatched, run->number);
	return v != VERDICT_PASS ? count_kind(r, run) : NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct range {
	uint64_t sum, min, percentile1, median;
};

static struct range range_of(uint64_t *numbers, uint64_t count)
{
	struct range range = {0};

	if (count == 0)
		return range;
	qsort(numbers, count, sizeof(*numbers), compare);
	for (uint64_t i = 0; i < count; i++)
		range.sum += numbers[i];
	range.min = numbers[0];
	range.percentile1 = numbers[count / 100]; /* 99 % have at least that */
	range.median = numbers[count / 2];
	return range;
}

/* --- for people --- */

void fuzz_report_command(const struct fuzz_report *r, FILE *out)
{
	const struct args *a = r->args;

	fprintf(out, "ringv fuzz %s --runs %" PRIu64 " --seed %" PRIu64, a->names.at[0],
		a->fuzz.runs, a->fuzz.seed);
	if (a->fuzz.preemptions != FUZZ_PREEMPTIONS)
		fprintf(out, " --preemptions %" PRIu64, a->fuzz.preemptions);
	if (a->fuzz.pauses != FUZZ_PAUSES)
		fprintf(out, " --pauses %" PRIu64, a->fuzz.pauses);
	if (a->without_faults)
		fprintf(out, " --no-fault");
}

void fuzz_report_kind(const struct fuzz_report *r, const struct fuzz_kind *k, FILE *out)
{
	const struct finding *f = &k->first.finding;

	fprintf(out, "run %" PRIu64 ": %s: %s\n", k->first.number, verdict_name(f->verdict),
		f->reason);
	fprintf(out, "  saved: ringv run %s\n", k->file);
	(void)r;
}

static void print_tally(const char *name, struct fuzz_tally t, const char *remark, FILE *out)
{
	if (t.runs != 0)
		fprintf(out, "  %-18s %" PRIu64 " runs, the first is run %" PRIu64 "%s\n", name,
			t.runs, t.first, remark);
}

static void print_verdicts(const struct fuzz_report *r, FILE *out)
{
	for (unsigned v = 0; v < VERDICTS; v++)
		print_tally(verdict_name(v), r->verdicts[v], "", out);
	print_tally("failed as drawn", r->gone,
		": counted as pass, as they end without the forcings that came to nothing", out);
	print_tally("not all watched", r->unwatched,
		": more processes, events or locks than the oracles remember", out);
	for (unsigned i = 0; i < r->kind_count; i++)
		fprintf(out, "  kind %-13u %" PRIu64 " runs: %s\n", i + 1, r->kinds[i].runs,
			r->kinds[i].file);
	if (r->more_kinds != 0)
		fprintf(out, "  other kinds        %" PRIu64 " runs, none of them saved\n",
			r->more_kinds);
}

void fuzz_report_text(struct fuzz_report *r, FILE *out)
{
	struct range steps = range_of(r->steps, r->count);
	struct range preemptions = range_of(r->preemptions, r->count);

	fprintf(out, "%s: %s\n", r->args->names.at[0], r->title);
	fprintf(out,
		"  runs               %" PRIu64 " from %s on (step %" PRIu64
		"), in %.1f s by %" PRIu64 " processes: %.0f a second\n",
		r->count, testbed_begin(r->bed), testbed_boot_steps(r->bed), r->seconds, r->jobs,
		r->seconds > 0 ? (double)r->count / r->seconds : 0);
	fprintf(out,
		"  steps              %" PRIu64 "; a run: at least %" PRIu64 ", median %" PRIu64
		", without forcings %" PRIu64 "\n",
		steps.sum, steps.min, steps.median, r->plain.steps);
	fprintf(out,
		"  preemptions done   %" PRIu64 "; a run: at least %" PRIu64
		", 99 %% at least %" PRIu64 ", median %" PRIu64 "\n",
		preemptions.sum, preemptions.min, preemptions.percentile1, preemptions.median);
	print_verdicts(r, out);
	fprintf(out, "  digest of all      %016" PRIx64 "%016" PRIx64 "\n  repro: ", r->digest.high,
		r->digest.low);
	fuzz_report_command(r, out);
	fprintf(out, "  # ringv %s %s\n", ringv_version, ringv_build_id);
}

/* --- for programs --- */

static void json_kinds(const struct fuzz_report *r, FILE *out)
{
	fputs("  \"findings\": [", out);
	for (unsigned i = 0; i < r->kind_count; i++) {
		const struct fuzz_kind *k = &r->kinds[i];

		fprintf(out, "%s\n    {\"run\": %" PRIu64 ", \"runs\": %" PRIu64 ", \"verdict\": ",
			i == 0 ? "" : ",", k->first.number, k->runs);
		json_text(verdict_name(k->first.finding.verdict), out);
		fputs(", \"oracle\": ", out);
		json_text(k->first.finding.oracle, out);
		fputs(", \"reason\": ", out);
		json_text(k->first.finding.reason, out);
		fputs(", \"file\": ", out);
		json_text(k->file != NULL ? k->file : "", out);
		fprintf(out, ", \"digest\": \"%016" PRIx64 "%016" PRIx64 "\"}",
			k->first.digest.high, k->first.digest.low);
	}
	fputs("],\n", out);
}

static void json_tally(const char *before, const char *name, struct fuzz_tally t, FILE *out)
{
	fprintf(out, "%s\"%s\": {\"runs\": %" PRIu64 ", \"first\": %" PRIu64 "}", before, name,
		t.runs, t.first);
}

static void json_verdicts(const struct fuzz_report *r, FILE *out)
{
	const char *before = "";

	fputs("  \"verdicts\": {", out);
	for (unsigned v = 0; v < VERDICTS; v++) {
		if (r->verdicts[v].runs == 0)
			continue;
		json_tally(before, verdict_name(v), r->verdicts[v], out);
		before = ", ";
	}
	fputs("},\n", out);
	json_tally("  ", "gone", r->gone, out);
	json_tally(",\n  ", "unwatched", r->unwatched, out);
	fputs(",\n", out);
}

static void json_range(const char *key, struct range range, FILE *out)
{
	fprintf(out,
		"  \"%s\": {\"sum\": %" PRIu64 ", \"min\": %" PRIu64 ", \"percentile1\": %" PRIu64
		", \"median\": %" PRIu64 "},\n",
		key, range.sum, range.min, range.percentile1, range.median);
}

void fuzz_report_json(struct fuzz_report *r, FILE *out)
{
	fputs("{\n  \"scenario\": ", out);
	json_text(r->args->names.at[0], out);
	fputs(",\n  \"title\": ", out);
	json_text(r->title, out);
	fprintf(out, ",\n  \"runs\": %" PRIu64 ",\n  \"seed\": %" PRIu64 ",\n", r->count,
		r->args->fuzz.seed);
	fprintf(out, "  \"begin\": \"%s\",\n  \"boot_steps\": %" PRIu64 ",\n",
		testbed_begin(r->bed), testbed_boot_steps(r->bed));
	json_range("steps", range_of(r->steps, r->count), out);
	json_range("preemptions", range_of(r->preemptions, r->count), out);
	json_verdicts(r, out);
	json_kinds(r, out);
	fprintf(out, "  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\",\n  \"repro\": \"",
		r->digest.high, r->digest.low);
	fuzz_report_command(r, out);
	fprintf(out, "\",\n  \"seconds\": %.3f\n}\n", r->seconds);
}
