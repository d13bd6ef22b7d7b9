/* hwtrace.c - `ringv hwtrace record`, `validate` and `info`. */
#include <stdio.h>
#include <unistd.h>

#include "sim/cli/command.h"
#include "sim/cli/hwtrace_report.h"
#include "sim/cli/options.h"
#include "sim/cli/tty.h"
#include "sim/hwtrace/recorder.h"
#include "sim/machine/file.h"
#include "sim/replay/version.h"

#define ONE_SECOND UINT64_C(1000000000)

/* --- progress --- */

struct steps_shown {
	bool on;
	uint64_t started, shown; /* host time in ns */
};

static struct steps_shown show_steps(const struct args *args)
{
	tty_catch_signals();
	return (struct steps_shown){
		.on = !args->quiet && !args->json && isatty(STDERR_FILENO), .started = tty_now()};
}

static double seconds_of(const struct steps_shown *s)
{
	return (double)(tty_now() - s->started) / (double)ONE_SECOND;
}

static bool step_progress(void *context, uint64_t steps)
{
	struct steps_shown *s = context;
	uint64_t now = tty_now();

	if (s->on && now - s->shown >= ONE_SECOND) {
		s->shown = now;
		fprintf(stderr, "\r[%.1f M steps, %.0f k a second] ", (double)steps / 1e6,
			(double)steps / 1e3 / seconds_of(s));
	}
	return *tty_please() == 0;
}

static void end_progress(const struct steps_shown *s)
{
	if (s->on && s->shown != 0)
		fprintf(stderr, "\r%40s\r", "");
}

/* --- record --- */

static int record(const struct args *args, struct error *e)
{
	const char *path = args->hwtrace.output != NULL ? args->hwtrace.output : "trace.hwt";
	struct steps_shown shown = show_steps(args);
	char *argv[TEXT_LIST_MAX] = {0};
	struct config config;
	struct cpu_model model;
	const struct hwtrace_recording wanted = {
		.argv = argv,
		.model = &model,
		.steps_max = args->hwtrace.steps,
		.version = ringv_version,
		.progress = step_progress,
		.context = &shown,
	};
	struct hwtrace trace;
	bool good;

	for (unsigned i = 1; i < args->names.count; i++)
		argv[i - 1] = (char *)(uintptr_t)args->names.at[i];
	config_defaults(&config);
	if (!options_config(args, &config, e) || !model_resolve(config.cpu.model, &model, e) ||
		!file_check_replace(path, e) || !hwtrace_record(&wanted, &trace, e))
		return SIM_USAGE;
	end_progress(&shown);
	good = hwtrace_write(&trace, path, e);
	if (good && !args->quiet)
		fprintf(stderr, "ringv: %s: %" PRIu64 " steps of %s in %.1f s\n", path, trace.steps,
			trace.program, seconds_of(&shown));
	hwtrace_free(&trace);
	return good ? SIM_PASS : SIM_USAGE;
}

/* --- validate and info --- */

struct comparison {
	const struct args *args;
	struct steps_shown shown;
	struct hwtrace_outcome outcome;
};

static bool comparison_progress(void *context, uint64_t steps)
{
	struct comparison *c = context;

	return step_progress(&c->shown, steps);
}

static void comparison_differs(void *context, const struct hw_difference *d)
{
	struct comparison *c = context;

	if (c->outcome.result.differences == 1)
		c->outcome.first = *d;
	if (c->outcome.result.differences <= HWTRACE_SHOWN && !c->args->json)
		hwtrace_print_difference(c->outcome.name, d);
}

static void outcome_free(struct hwtrace_outcome *o)
{
	hw_result_free(&o->result);
	hwtrace_free(&o->trace);
}

static void print_validation(const struct comparison *c, bool first)
{
	const struct hwtrace_outcome *o = &c->outcome;

	if (c->args->json) {
		printf("%s", first ? "" : ",\n");
		hwtrace_print_json(o, stdout);
		return;
	}
	if (o->result.differences != 0 && c->args->hwtrace.go_on)
		hwtrace_print_failures(o);
	hwtrace_print_outcome(o);
}

static int validate_file(const struct args *args, const char *name, bool first, struct error *e)
{
	struct comparison c = {.args = args, .shown = show_steps(args), .outcome = {.name = name}};
	const struct hw_validation wanted = {
		.go_on = args->hwtrace.go_on,
		.differs = comparison_differs,
		.progress = comparison_progress,
		.context = &c,
	};
	int code = SIM_USAGE;

	if (!hwtrace_read(&c.outcome.trace, name, e))
		return SIM_USAGE;
	if (hwtrace_validate(&c.outcome.trace, name, &wanted, &c.outcome.result, e)) {
		end_progress(&c.shown);
		c.outcome.seconds = seconds_of(&c.shown);
		print_validation(&c, first);
		code = c.outcome.result.differences != 0 ? SIM_FAIL
		       : c.outcome.result.interrupted    ? SIM_STUCK
							 : SIM_PASS;
	}
	outcome_free(&c.outcome);
	return code;
}

static int inform_file(const struct args *args, const char *name, bool first, struct error *e)
{
	const struct hwtrace_counts counts = {args->hwtrace.mnemonics, args->hwtrace.coverage};
	const struct hw_validation wanted = {.go_on = true};
	struct hwtrace_outcome o = {.name = name};
	bool good = hwtrace_read(&o.trace, name, e);

	if (good && (counts.mnemonics || counts.coverage))
		good = hwtrace_validate(&o.trace, name, &wanted, &o.result, e);
	if (good && args->json) {
		printf("%s", first ? "" : ",\n");
		hwtrace_print_info_json(&o, counts, stdout);
	} else if (good) {
		hwtrace_print_info(&o, counts, stdout);
	}
	outcome_free(&o);
	return good ? SIM_PASS : SIM_USAGE;
}

/* One JSON object, or a list of them for several files. */
static int each_file(const struct args *args, struct error *e,
	int (*one)(const struct args *args, const char *name, bool first, struct error *e))
{
	bool list = args->json && args->names.count > 2;
	int code = SIM_PASS;

	if (list)
		printf("[\n");
	for (unsigned i = 1; i < args->names.count && code != SIM_USAGE; i++) {
		int now = one(args, args->names.at[i], i == 1, e);

		code = code < now ? now : code;
		code = now == SIM_USAGE ? now : code;
	}
	if (args->json)
		printf("%s\n", list ? "\n]" : "");
	return code;
}

int hwtrace_command(const struct args *args, struct error *e)
{
	const char *what = args->names.at[0];

	if (strcmp(what, "record") == 0)
		return record(args, e);
	if (strcmp(what, "validate") == 0)
		return each_file(args, e, validate_file);
	if (strcmp(what, "info") == 0)
		return each_file(args, e, inform_file);
	fail(e, "'%s': record, validate or info is expected", what);
	return SIM_USAGE;
}
