/* fuzz.c - `ringv fuzz`: runs a scenario under forcings that are drawn, and saves what it finds. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/cli/crew.h"
#include "sim/cli/fuzz_report.h"
#include "sim/cli/tty.h"
#include "sim/replay/version.h"

#define RUNS_MAX 100000000

struct fuzzing {
	const struct args *args;
	struct scenario scenario;
	char kernel[FILE_NAME_SIZE], initrd[FILE_NAME_SIZE]; /* where it names none */
	struct testbed *bed;
	struct fuzz *fuzz;
	struct fuzz_report report;
	FILE *text;            /* NULL: none */
	uint64_t began, shown; /* host time; when progress was last shown */
	int code;
};

static bool check_args(const struct args *a, struct error *e)
{
	struct stat s;

	if (a->fuzz.runs == 0 || a->fuzz.runs > RUNS_MAX)
		return fail(e, "--runs %" PRIu64 ": expected 1 to %d", a->fuzz.runs, RUNS_MAX);
	if (a->fuzz.jobs > CREW_MAX)
		return fail(e, "--jobs %" PRIu64 ": expected at most %d", a->fuzz.jobs, CREW_MAX);
	if (a->fuzz.preemptions > FUZZ_FORCINGS_MAX ||
		a->fuzz.pauses > FUZZ_FORCINGS_MAX - a->fuzz.preemptions)
		return fail(e,
			"%" PRIu64 " preemptions and %" PRIu64 " pauses: expected at most %d "
			"forcings",
			a->fuzz.preemptions, a->fuzz.pauses, FUZZ_FORCINGS_MAX);
	if (stat(a->fuzz.save, &s) != 0 || !S_ISDIR(s.st_mode))
		return fail(e, "--save %.400s: no such folder", a->fuzz.save);
	return true;
}

static uint64_t job_count(const struct args *a)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t jobs = a->fuzz.jobs != 0 ? a->fuzz.jobs : (uint64_t)(cpus > 0 ? cpus : 1);

	return min_u64(min_u64(jobs, CREW_MAX), a->fuzz.runs);
}

/* --- findings --- */

/* Another finding may have that name, of another build for instance: then -2 follows, and so on. */
static char *file_name(const struct fuzzing *z, uint64_t run, unsigned copy)
{
	const char *path = z->args->names.at[0], *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t length = strlen(name);
	char more[16] = "", *file;

	if (copy > 1)
		snprintf(more, sizeof(more), "-%u", copy);
	if (length > 4 && strcmp(name + length - 4, ".ini") == 0)
		length -= 4;
	SIM_ASSERT(asprintf(&file, "%s/%.*s-%" PRIu64 "-%" PRIu64 "%s.ini", z->args->fuzz.save,
			   (int)length, name, z->args->fuzz.seed, run, more) >= 0);
	return file;
}

static char *make_comment(const struct fuzzing *z, const struct fuzz_kind *k)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	SIM_ASSERT(out != NULL);
	fprintf(out, "Run %" PRIu64 " of:\n", k->first.number);
	fuzz_report_command(&z->report, out);
	fprintf(out,
		"\n%s\nBy ringv %s %s, digest %016" PRIx64 "%016" PRIx64 ".\nrepro: ringv run %s\n",
		k->first.finding.reason, ringv_version, ringv_build_id, k->first.digest.high,
		k->first.digest.low, k->file);
	fclose(out);
	return text;
}

/* The text with its own name in it. */
static char *make_text(
	const struct fuzzing *z, const struct fuzz_kind *k, const struct testbed_run *run)
{
	char *comment = make_comment(z, k),
	     *text = testbed_scenario(z->bed, run, "ringv fuzz", comment);

	free(comment);
	return text;
}

/* Is that very finding there, of an earlier campaign? */
static bool is_saved(const char *file, const char *text)
{
	struct blob blob;
	struct error e;
	bool same;

	if (!file_read(file, 1u << 20, &blob, &e))
		return false;
	same = blob.size == strlen(text) && memcmp(blob.data, text, blob.size) == 0;
	blob_free(&blob);
	return same;
}

static bool save(const struct fuzzing *z, struct fuzz_kind *k, const struct testbed_run *run,
	struct error *e)
{
	bool good = false, there = true;

	for (unsigned copy = 1; there && !good; copy++) {
		char *text;

		free(k->file);
		k->file = file_name(z, k->first.number, copy);
		text = make_text(z, k, run);
		there = access(k->file, F_OK) == 0;
		good = there ? is_saved(k->file, text)
			     : file_create(k->file, text, strlen(text), e);
		free(text);
	}
	return good;
}

/* The first of its kind: once more here, to have its forcings; from boot; and into a file. */
static bool keep(struct fuzzing *z, struct fuzz_kind *k, struct error *e)
{
	struct testbed_run again = fuzz_run(z->fuzz, k->first.number, NULL);
	char *text;
	bool good;

	k->file = file_name(z, k->first.number, 1);
	text = make_text(z, k, &again);
	good = digest_equal(again.digest, k->first.digest);
	if (!good)
		fail(e, "run %" PRIu64 " is another one the second time", k->first.number);
	good = good && testbed_confirm(z->bed, &again, text, e);
	free(text);
	if (!good)
		z->code = SIM_BUG;
	good = good && save(z, k, &again, e);
	if (good && z->text != NULL)
		fuzz_report_kind(&z->report, k, z->text);
	return good;
}

/* --- the runs --- */

static void show_progress(struct fuzzing *z)
{
	uint64_t now = tty_now(), every = isatty(2) ? 500000000 : UINT64_C(10000000000);
	double seconds = (double)(now - z->began) / 1e9;

	if (z->args->quiet || now - z->shown < every)
		return;
	z->shown = now;
	fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " runs, %.0f a second, %u kinds of findings%s",
		isatty(2) ? "\r\033[K" : "", z->report.count, z->args->fuzz.runs,
		(double)z->report.count / seconds, z->report.kind_count, isatty(2) ? "" : "\n");
}

static void hide_progress(const struct fuzzing *z)
{
	if (z->shown != z->began && isatty(2))
		fprintf(stderr, "\r\033[K");
}

static bool take(struct fuzzing *z, const struct testbed_run *run, struct error *e)
{
	struct fuzz_kind *kind = fuzz_report_add(&z->report, run);

	if (run->differs && kind == NULL) {
		z->code = SIM_BUG;
		return fail(
			e, "run %" PRIu64 " failed, but otherwise with exact points", run->number);
	}
	if (kind != NULL) {
		hide_progress(z);
		return keep(z, kind, e);
	}
	show_progress(z);
	return true;
}

static void make_run(void *context, uint64_t number, const volatile int *please, void *result)
{
	struct testbed_run run = fuzz_run(context, number, please);

	memcpy(result, &run, sizeof(run));
}

static bool take_all(struct fuzzing *z, struct crew *crew, struct error *e)
{
	struct testbed_run run;

	while (z->report.count < z->args->fuzz.runs) {
		if (!crew_next(crew, &run, tty_please(), e)) {
			z->code = *tty_please() != 0 ? SIM_USAGE : SIM_BUG;
			return false;
		}
		if (!take(z, &run, e))
			return false;
	}
	return true;
}

static bool run_all(struct fuzzing *z, struct error *e)
{
	const struct crew_work work = {
		make_run, z->fuzz, sizeof(struct testbed_run), z->args->fuzz.runs, z->report.jobs};
	struct testbed_run run = fuzz_run(z->fuzz, 0, tty_please());
	struct crew *crew;
	bool good;

	z->began = z->shown = tty_now();
	if (!take(z, &run, e))
		return false;
	crew = crew_start(&work, e);
	if (crew == NULL)
		return false;
	good = take_all(z, crew, e);
	crew_stop(crew);
	hide_progress(z);
	return good;
}

static void print_report(struct fuzzing *z)
{
	z->report.seconds = (double)(tty_now() - z->began) / 1e9;
	if (z->text != NULL)
		fuzz_report_text(&z->report, z->text);
	if (z->args->json)
		fuzz_report_json(&z->report, stdout);
}

static bool prepare(struct fuzzing *z, struct error *e)
{
	const struct fuzz_options options = {
		.seed = z->args->fuzz.seed,
		.preemptions = z->args->fuzz.preemptions,
		.pauses = z->args->fuzz.pauses,
	};
	struct trial_setup setup = {.kernel = z->kernel,
		.initrd = z->initrd,
		.without_faults = z->args->without_faults};

	default_files(z->kernel, z->initrd);
	if (!check_args(z->args, e) || !scenario_read(&z->scenario, z->args->names.at[0], e))
		return false;
	z->bed = testbed_create(&z->scenario, &setup, e);
	z->fuzz = z->bed != NULL ? fuzz_create(z->bed, &options) : NULL;
	return z->fuzz != NULL;
}

int fuzz_command(const struct args *args, struct error *e)
{
	struct fuzzing z = {.args = args, .code = SIM_USAGE};

	z.text = args->quiet || args->json ? NULL : stdout;
	tty_catch_signals();
	if (prepare(&z, e)) {
		fuzz_report_init(&z.report, args);
		z.report.bed = z.bed;
		z.report.title = z.scenario.title.text;
		z.report.jobs = job_count(args);
		if (run_all(&z, e))
			z.code = z.report.kind_count != 0 ? SIM_FAIL : SIM_PASS;
		print_report(&z);
		fuzz_report_free(&z.report);
	}
	fuzz_destroy(z.fuzz);
	testbed_destroy(z.bed);
	scenario_free(&z.scenario);
	return z.code;
}
