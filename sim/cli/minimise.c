/* minimise.c - `ringv minimise`: from a scenario that fails to the forcings that matter. */
#include <stdlib.h>
#include <unistd.h>

#include "sim/cli/options.h"
#include "sim/cli/tty.h"
#include "sim/explore/minimise.h"

struct showing {
	bool quiet;
	uint64_t runs, shown; /* allowed; host time of the last line */
};

static void show_progress(void *context, uint64_t runs, unsigned forcings)
{
	struct showing *s = context;
	uint64_t now = tty_now();

	if (s->quiet || !isatty(2) || now - s->shown < 200000000)
		return;
	s->shown = now;
	fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " runs, %u forcings", runs, s->runs,
		forcings);
}

static void hide_progress(const struct showing *s)
{
	if (s->shown != 0 && !s->quiet)
		fprintf(stderr, "\r\033[K");
}

/* --- for programs --- */

static void json_member(const char *key, const char *text, FILE *out)
{
	fprintf(out, "  \"%s\": ", key);
	json_text(text, out);
	fputs(",\n", out);
}

static void json_step(const char *key, const struct cause_step *s, FILE *out)
{
	if (!s->known)
		return;
	fprintf(out, ", \"%s\": {\"core\": %u, \"step\": %" PRIu64 ", \"stream\": ", key, s->core,
		s->step);
	json_text(s->stream, out);
	fputs(", \"place\": ", out);
	json_text(s->place, out);
	putc('}', out);
}

static void json_cause(const struct cause *c, FILE *out)
{
	if (!c->known)
		return;
	fputs("  \"cause\": {\"key\": ", out);
	json_text(c->key, out);
	fprintf(out, ", \"forcing\": %u, \"first\": %" PRIu64 ", \"last\": %" PRIu64,
		c->forcing + 1, c->first, c->last);
	json_step("early", &c->early, out);
	json_step("between", &c->between, out);
	json_step("late", &c->late, out);
	fputs("},\n", out);
}

static void json_forcings(const struct schedule *s, FILE *out)
{
	fputs("  \"forcings\": [", out);
	for (unsigned i = 0; i < s->count; i++) {
		char *text;
		size_t size;
		FILE *one = open_memstream(&text, &size);

		SIM_ASSERT(one != NULL);
		forcing_print(&s->at[i], one);
		fclose(one);
		fputs(i == 0 ? "" : ", ", out);
		json_text(text, out);
		free(text);
	}
	fputs("],\n", out);
}

static void print_json(const struct args *args, const struct minimised *r, FILE *out)
{
	static const char *const fixed[] = {"", "passes", "fails"};

	fputs("{\n", out);
	json_member("scenario", args->names.at[0], out);
	json_member("verdict", verdict_name(r->finding.verdict), out);
	json_member("oracle", r->finding.oracle, out);
	json_member("reason", r->finding.reason, out);
	json_member("without_faults", fixed[r->fixed], out);
	json_member("smaller_program", r->program != NULL ? r->program : "", out);
	fprintf(out,
		"  \"cpus\": %" PRIu64 ",\n  \"forcings_before\": %u,\n  \"runs\": %" PRIu64
		",\n  \"cut_short\": %s,\n  \"exact\": %s,\n  \"reworded\": %s,\n",
		r->cpus, r->from, r->runs, r->cut_short ? "true" : "false",
		r->exact ? "true" : "false", r->reworded ? "true" : "false");
	json_forcings(&r->schedule, out);
	json_cause(&r->cause, out);
	json_member("text", r->text, out);
	fprintf(out, "  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\"\n}\n", r->digest.high,
		r->digest.low);
}

/* --- for people --- */

static void print_report(const struct args *args, const struct minimised *r)
{
	printf("%s: %s: %s\n", args->names.at[0], verdict_name(r->finding.verdict),
		r->finding.reason);
	schedule_print(&r->schedule, stdout);
	minimised_print(r, stdout);
	printf("saved: ringv run %s\n", args->minimise.output);
}

static bool report(const struct args *args, const struct minimised *r, struct error *e)
{
	const char *file = args->minimise.output;

	if (file != NULL && !file_replace(file, r->text, strlen(r->text), e))
		return false;
	if (args->json)
		print_json(args, r, stdout);
	else if (file == NULL)
		fputs(r->text, stdout);
	else if (!args->quiet)
		print_report(args, r);
	return true;
}

/* --- the command --- */

#define RUNS_MAX 10000000

static bool check_args(const struct args *a, struct error *e)
{
	if (a->minimise.runs == 0 || a->minimise.runs > RUNS_MAX)
		return fail(e, "--runs %" PRIu64 ": expected 1 to %d", a->minimise.runs, RUNS_MAX);
	return a->minimise.output == NULL || file_check_replace(a->minimise.output, e);
}

int minimise_command(const struct args *args, struct error *e)
{
	char kernel[FILE_NAME_SIZE], initrd[FILE_NAME_SIZE];
	const struct trial_setup setup = {
		.kernel = args->kernel != NULL ? args->kernel : kernel,
		.initrd = args->initrd != NULL ? args->initrd : initrd,
		.without_faults = args->without_faults,
	};
	struct showing showing = {args->quiet || args->json, args->minimise.runs, 0};
	const struct minimise_options options = {
		args->minimise.runs, tty_please(), show_progress, &showing};
	struct minimised result;
	struct scenario s;
	bool bug = false, good;

	default_files(kernel, initrd);
	tty_catch_signals();
	if (!check_args(args, e) || !scenario_read(&s, args->names.at[0], e))
		return SIM_USAGE;
	good = minimise(&s, &setup, &options, &result, &bug, e);
	hide_progress(&showing);
	good = good && report(args, &result, e);
	minimised_free(&result);
	scenario_free(&s);
	return good ? SIM_PASS : bug ? SIM_BUG : SIM_USAGE;
}
