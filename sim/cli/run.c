/* run.c - `ringv run`: scenarios, from their files to verdicts. */
#include <stdlib.h>

#include "sim/cli/debugging.h"
#include "sim/cli/run_report.h"
#include "sim/cli/tty.h"
#include "sim/replay/record.h"

static bool create(struct scenario_run *r, struct error *e)
{
	char kernel[FILE_NAME_SIZE], initrd[FILE_NAME_SIZE];
	struct trial_setup setup = {
		.kernel = r->args->kernel != NULL ? r->args->kernel : kernel,
		.initrd = r->args->initrd != NULL ? r->args->initrd : initrd,
		.without_faults = r->args->without_faults,
		.drop_every = r->args->drop_every,
		.drop_from = r->args->drop_from,
		.tee = r->args->serial != NULL && r->time == 0 ? serial_sink(&r->serial)
							       : (struct byte_sink){0},
	};

	default_files(kernel, initrd);
	return trial_create(&r->trial, &r->scenario, &setup, e);
}

static bool write_recording(struct scenario_run *r, struct error *e)
{
	struct recording recording = {0};
	bool good = recording_describe(&recording, &r->trial.session, e);

	if (good) {
		recording_finish(&recording, &r->trial.chain, r->trial.machine, r->trial.stop);
		good = record_write(&recording, r->args->record, e);
	}
	recording_free(&recording);
	return good;
}

/* Once more, with nobody watching: the digest must be the same. */
static bool run_again(struct scenario_run *r, struct error *e)
{
	struct digest first = r->trial.digest;
	enum verdict verdict = trial_verdict(&r->trial);

	trial_destroy(&r->trial);
	if (!create(r, e))
		return false;
	trial_run(&r->trial, tty_please());
	if (digest_equal(first, r->trial.digest) && verdict == trial_verdict(&r->trial))
		return true;
	r->code = SIM_BUG;
	return fail(e, "%s: run %" PRIu64 " ended otherwise than the first", r->scenario.path,
		r->time + 1);
}

static bool run_times(struct scenario_run *r, struct error *e)
{
	uint64_t began = tty_now();

	for (r->time = 0; r->time < r->args->times; r->time++) {
		if (r->time == 0)
			trial_run(&r->trial, tty_please());
		else if (!run_again(r, e))
			return false;
		if (*tty_please() != 0)
			return fail(e, "interrupted");
	}
	r->seconds = (double)(tty_now() - began) / 1e9;
	return true;
}

/* All runs of the scenario, the only one with a trace if one is asked for. */
static bool run_traced(struct scenario_run *r, struct error *e)
{
	struct debugging d = {0};
	bool good;

	if (!r->args->trace)
		return run_times(r, e);
	good = debugging_open(&d, r->args, &r->trial.session, r->trial.machine, r->trial.watch, e);
	if (good)
		trace_start(d.trace);
	good = good && run_times(r, e);
	return debugging_close(&d, good ? e : NULL) && good;
}

static bool run_scenario(struct scenario_run *r, const char *path, struct error *e)
{
	return scenario_read(&r->scenario, path, e) && create(r, e) &&
	       (r->args->serial == NULL || serial_open(r->args, &r->serial, e)) &&
	       run_traced(r, e) && serial_close(&r->serial, e) &&
	       (r->args->record == NULL || write_recording(r, e));
}

/* --- several --- */

static bool check_args(const struct args *a, struct error *e)
{
	if (a->times == 0)
		return fail(e, "--times 0: expected at least 1");
	if (a->record != NULL && a->names.count != 1)
		return fail(e, "--record takes one scenario");
	if (a->trace && (a->names.count != 1 || a->times != 1))
		return fail(e, "--trace takes one scenario, once");
	return a->record == NULL || file_check_replace(a->record, e);
}

/* JSON comes whole or not at all, and after the text. */
struct json {
	FILE *out;
	char *text;
	size_t size;
};

static bool json_write(const struct json *j, const char *path, struct error *e)
{
	if (strcmp(path, "-") != 0)
		return file_replace(path, j->text, j->size, e);
	fwrite(j->text, 1, j->size, stdout);
	return true;
}

/* The code of one scenario; its report, as text and for the list. */
static int run_one(const struct args *args, unsigned number, struct json *j, struct error *e)
{
	struct scenario_run r = {.args = args, .code = SIM_USAGE};
	bool text = !args->quiet && (args->json_file == NULL || strcmp(args->json_file, "-") != 0);

	if (run_scenario(&r, args->names.at[number], e)) {
		r.code = verdict_exit_code(r.trial.expected, trial_verdict(&r.trial));
		if (text)
			run_report_text(&r, stdout);
		if (j->out != NULL) {
			fputs(number != 0 ? ",\n" : "", j->out);
			run_report_json(&r, j->out);
		}
	}
	trial_destroy(&r.trial);
	scenario_free(&r.scenario);
	return r.code;
}

int run_command(const struct args *args, struct error *e)
{
	struct json j = {NULL, NULL, 0};
	bool list = args->names.count > 1;
	int code = SIM_PASS;

	if (!check_args(args, e))
		return SIM_USAGE;
	if (args->json_file != NULL)
		j.out = open_memstream(&j.text, &j.size);
	tty_catch_signals();
	fputs(list && j.out != NULL ? "[\n" : "", j.out != NULL ? j.out : stdout);
	for (unsigned i = 0; i < args->names.count && e->text[0] == '\0'; i++) {
		int one = run_one(args, i, &j, e);

		code = code == SIM_PASS || e->text[0] != '\0' ? one : code;
	}
	if (j.out != NULL) {
		fputs(list ? "\n]\n" : "\n", j.out);
		fclose(j.out);
		if (e->text[0] == '\0' && !json_write(&j, args->json_file, e))
			code = SIM_USAGE;
		free(j.text);
	}
	return code;
}
