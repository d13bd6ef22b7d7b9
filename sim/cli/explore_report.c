#include "sim/cli/explore_report.h"

#include "sim/base/json.h"
#include "sim/replay/version.h"

void explore_report_command(const struct args *a, const struct strategy *s, FILE *out)
{
	fprintf(out, "ringv explore %s --strategy %s --runs %" PRIu64 " --seed %" PRIu64,
		a->names.at[0], s->name, a->explore.runs, a->explore.seed);
	if (a->explore.memory)
		fputs(" --memory", out);
	if (s == &strategy_pct)
		fprintf(out, " --depth %" PRIu64, a->explore.depth);
	if (s == &strategy_preempt && a->explore.preemptions != PREEMPT_PREEMPTIONS)
		fprintf(out, " --preemptions %" PRIu64, a->explore.preemptions);
	if (s == &strategy_preempt && a->explore.pauses != PREEMPT_PAUSES)
		fprintf(out, " --pauses %" PRIu64, a->explore.pauses);
	if (a->explore.shard != NULL)
		fprintf(out, " --shard %s", a->explore.shard);
	if (a->without_faults)
		fprintf(out, " --no-fault");
}

void explore_report_finding(const struct testbed_run *run, const char *file, FILE *out)
{
	fprintf(out, "run %" PRIu64 ": %s: %s\n", run->number, verdict_name(run->finding.verdict),
		run->finding.reason);
	if (file[0] != '\0')
		fprintf(out, "  saved: ringv run %s\n", file);
	else
		fprintf(out, "  not saved: more than %d forcings\n", FORCINGS_MAX);
}

/* --- for people --- */

static void print_tally(const char *name, struct results_tally t, const char *remark, FILE *out)
{
	if (t.runs != 0)
		fprintf(out, "  %-18s %" PRIu64 " runs, the first is run %" PRIu64 "%s\n", name,
			t.runs, t.first, remark);
}

static void print_kinds(const struct results *r, FILE *out)
{
	struct results_kind k;

	for (unsigned i = 1; results_kind(r, i, &k); i++) {
		fprintf(out, "  kind %-13u %" PRIu64 " runs: %s: %s\n", i, k.runs,
			verdict_name(k.finding.verdict), k.file[0] != '\0' ? k.file : "not saved");
		results_kind_free(&k);
	}
}

static void print_verdicts(const struct results *r, FILE *out)
{
	for (unsigned v = 0; v < VERDICTS; v++)
		print_tally(verdict_name(v), results_verdicts(r, v), "", out);
	print_tally("failed as drawn", results_gone(r),
		": counted as pass, since at exact points, without what came to nothing, they do "
		"not fail so",
		out);
	print_tally("not all watched", results_unwatched(r),
		": more processes, events or locks than the oracles remember", out);
}

static void print_strategy(const struct explore_report *r, FILE *out)
{
	fprintf(out, "  strategy           %s: %s\n", r->strategy->name, r->strategy->help);
	if (r->strategy->describe == NULL)
		return;
	fprintf(out, "                     ");
	r->strategy->describe(r->state, out);
	putc('\n', out);
}

static void print_runs(const struct explore_report *r, FILE *out)
{
	struct results_range steps = results_steps(r->results);
	struct results_range preemptions = results_preemptions(r->results);

	fprintf(out,
		"  runs               %" PRIu64 " from %s on (step %" PRIu64 "); %" PRIu64
		" of them in %.1f s by %" PRIu64 " processes: %.0f a second\n",
		results_runs(r->results), testbed_begin(r->bed), testbed_boot_steps(r->bed),
		r->made, r->seconds, r->jobs, r->seconds > 0 ? (double)r->made / r->seconds : 0);
	fprintf(out,
		"  steps              %" PRIu64 "; a run: at least %" PRIu64 ", median %" PRIu64
		", without forcings %" PRIu64 "\n",
		steps.sum, steps.min, steps.median, r->plain_steps);
	fprintf(out,
		"  preemptions done   %" PRIu64 "; a run: at least %" PRIu64
		", 99 %% at least %" PRIu64 ", median %" PRIu64 "\n",
		preemptions.sum, preemptions.min, preemptions.percentile1, preemptions.median);
}

void explore_report_text(const struct explore_report *r, FILE *out)
{
	struct digest all = results_digest(r->results);

	fprintf(out, "%s: %s\n", r->args->names.at[0], r->title);
	print_strategy(r, out);
	print_runs(r, out);
	print_verdicts(r->results, out);
	print_kinds(r->results, out);
	if (r->more_kinds != 0)
		fprintf(out, "  other kinds        %" PRIu64 " runs, none of them saved\n",
			r->more_kinds);
	if (r->ended != 0)
		fprintf(out,
			"  workers            %" PRIu64 " ended before their time, %" PRIu64
			" of them since they took too long\n",
			r->ended, r->slow);
	fprintf(out, "  digest of all      %016" PRIx64 "%016" PRIx64 "\n  repro: ", all.high,
		all.low);
	explore_report_command(r->args, r->strategy, out);
	fprintf(out, "  # ringv %s %s\n", ringv_version, ringv_build_id);
}

/* --- for programs --- */

static void json_kinds(const struct results *r, FILE *out)
{
	struct results_kind k;

	fputs("  \"findings\": [", out);
	for (unsigned i = 1; results_kind(r, i, &k); i++) {
		fprintf(out, "%s\n    {\"run\": %" PRIu64 ", \"runs\": %" PRIu64 ", \"verdict\": ",
			i == 1 ? "" : ",", k.first, k.runs);
		json_text(verdict_name(k.finding.verdict), out);
		fputs(", \"oracle\": ", out);
		json_text(k.finding.oracle, out);
		fputs(", \"reason\": ", out);
		json_text(k.finding.reason, out);
		fputs(", \"file\": ", out);
		json_text(k.file, out);
		fprintf(out, ", \"digest\": \"%016" PRIx64 "%016" PRIx64 "\"}", k.digest.high,
			k.digest.low);
		results_kind_free(&k);
	}
	fputs("],\n", out);
}

static void json_tally(const char *before, const char *name, struct results_tally t, FILE *out)
{
	fprintf(out, "%s\"%s\": {\"runs\": %" PRIu64 ", \"first\": %" PRIu64 "}", before, name,
		t.runs, t.first);
}

static void json_verdicts(const struct results *r, FILE *out)
{
	const char *before = "";

	fputs("  \"verdicts\": {", out);
	for (unsigned v = 0; v < VERDICTS; v++) {
		struct results_tally t = results_verdicts(r, v);

		if (t.runs == 0)
			continue;
		json_tally(before, verdict_name(v), t, out);
		before = ", ";
	}
	fputs("},\n", out);
	json_tally("  ", "gone", results_gone(r), out);
	json_tally(",\n  ", "unwatched", results_unwatched(r), out);
	fputs(",\n", out);
}

static void json_range(const char *key, struct results_range range, FILE *out)
{
	fprintf(out,
		"  \"%s\": {\"sum\": %" PRIu64 ", \"min\": %" PRIu64 ", \"percentile1\": %" PRIu64
		", \"median\": %" PRIu64 "},\n",
		key, range.sum, range.min, range.percentile1, range.median);
}

void explore_report_json(const struct explore_report *r, FILE *out)
{
	struct digest all = results_digest(r->results);

	fputs("{\n  \"scenario\": ", out);
	json_text(r->args->names.at[0], out);
	fputs(",\n  \"title\": ", out);
	json_text(r->title, out);
	fprintf(out,
		",\n  \"strategy\": \"%s\",\n  \"runs\": %" PRIu64 ",\n  \"seed\": %" PRIu64 ",\n",
		r->strategy->name, results_runs(r->results), r->args->explore.seed);
	fprintf(out, "  \"begin\": \"%s\",\n  \"boot_steps\": %" PRIu64 ",\n",
		testbed_begin(r->bed), testbed_boot_steps(r->bed));
	json_range("steps", results_steps(r->results), out);
	json_range("preemptions", results_preemptions(r->results), out);
	json_verdicts(r->results, out);
	json_kinds(r->results, out);
	fprintf(out, "  \"workers_ended\": %" PRIu64 ",\n", r->ended);
	fprintf(out, "  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\",\n  \"repro\": \"", all.high,
		all.low);
	explore_report_command(r->args, r->strategy, out);
	fprintf(out, "\",\n  \"seconds\": %.3f\n}\n", r->seconds);
}

/* --- shards --- */

void explore_report_merged_text(const struct results *r, const char *path, FILE *out)
{
	struct digest all = results_digest(r);

	fprintf(out, "%s\n  runs               %" PRIu64 "\n", path, results_runs(r));
	print_verdicts(r, out);
	print_kinds(r, out);
	fprintf(out, "  digest of all      %016" PRIx64 "%016" PRIx64 "\n", all.high, all.low);
}

void explore_report_merged_json(const struct results *r, const char *path, FILE *out)
{
	struct digest all = results_digest(r);

	fputs("{\n  \"results\": ", out);
	json_text(path, out);
	fprintf(out, ",\n  \"runs\": %" PRIu64 ",\n", results_runs(r));
	json_verdicts(r, out);
	json_kinds(r, out);
	fprintf(out, "  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\"\n}\n", all.high, all.low);
}
