/* explore.c - `ringv explore`: runs a scenario under one schedule after another, and saves what
 * fails.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/cli/crew.h"
#include "sim/cli/explore_report.h"
#include "sim/cli/tty.h"
#include "sim/replay/version.h"

#define RUNS_MAX  100000000
#define KINDS_MAX 64
#define SHARDS    100000

struct exploring {
	const struct args *args;
	struct scenario scenario;
	char kernel[FILE_NAME_SIZE], initrd[FILE_NAME_SIZE]; /* where it names none */
	struct testbed *bed;
	const struct strategy *strategy;
	void *state;                /* of the strategy */
	uint64_t first, step, last; /* the numbers of its runs */
	struct results *results;
	unsigned kind_count;
	struct finding kinds[KINDS_MAX];
	struct explore_report report;
	FILE *text;                       /* NULL: none */
	uint64_t began, shown, committed; /* host time */
	int code;
};

/* --- what is asked for --- */

static bool read_shard(struct exploring *x, struct error *e)
{
	const char *text = x->args->explore.shard;
	unsigned long number = 1, count = 1;
	char end;

	if (text != NULL && (sscanf(text, "%lu/%lu%c", &number, &count, &end) != 2 || number == 0 ||
				    count > SHARDS || number > count))
		return fail(e, "--shard %.100s: expected I/N, with I from 1 to N, and N up to %d",
			text, SHARDS);
	x->first = number;
	x->step = count;
	return true;
}

static bool check_numbers(const struct args *a, struct error *e)
{
	if (a->explore.runs == 0 || a->explore.runs > RUNS_MAX)
		return fail(e, "--runs %" PRIu64 ": expected 1 to %d", a->explore.runs, RUNS_MAX);
	if (a->explore.jobs > CREW_MAX)
		return fail(
			e, "--jobs %" PRIu64 ": expected at most %d", a->explore.jobs, CREW_MAX);
	if (a->explore.depth == 0 || a->explore.depth > STRATEGY_DEPTH_MAX)
		return fail(e, "--depth %" PRIu64 ": expected 1 to %d", a->explore.depth,
			STRATEGY_DEPTH_MAX);
	if (a->explore.patience == 0 || a->explore.patience > 86400)
		return fail(e, "--patience %" PRIu64 ": expected 1 to 86400 seconds",
			a->explore.patience);
	if (a->explore.preemptions > PREEMPT_FORCINGS_MAX ||
		a->explore.pauses > PREEMPT_FORCINGS_MAX - a->explore.preemptions)
		return fail(e,
			"%" PRIu64 " preemptions and %" PRIu64 " pauses: expected at most %d "
			"forcings",
			a->explore.preemptions, a->explore.pauses, PREEMPT_FORCINGS_MAX);
	return true;
}

static bool find_strategy(struct exploring *x, struct error *e)
{
	const char *name = x->args->explore.strategy;

	x->strategy = strategy_find(name);
	if (x->strategy != NULL)
		return true;
	fail(e, "--strategy %.100s: expected one of:", name);
	for (unsigned i = 0; strategy_at(i) != NULL; i++)
		snprintf(e->text + strlen(e->text), sizeof(e->text) - strlen(e->text), " %s",
			strategy_at(i)->name);
	return false;
}

static bool check_args(struct exploring *x, struct error *e)
{
	const struct args *a = x->args;
	struct stat s;

	if (!check_numbers(a, e) || !find_strategy(x, e) || !read_shard(x, e))
		return false;
	if (a->explore.go_on && a->explore.results == NULL)
		return fail(e, "--resume: expected --results FILE, which to go on with");
	if (stat(a->explore.save, &s) != 0 || !S_ISDIR(s.st_mode))
		return fail(e, "--save %.400s: no such folder", a->explore.save);
	return true;
}

static uint64_t job_count(const struct args *a)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t jobs = a->explore.jobs != 0 ? a->explore.jobs : (uint64_t)(cpus > 0 ? cpus : 1);

	return min_u64(min_u64(jobs, CREW_MAX), a->explore.runs);
}

/* --- findings --- */

/* Another finding may have that name, of another build for instance: then -2 follows, and so on. */
static char *file_name(const struct exploring *x, uint64_t run, unsigned copy)
{
	const char *path = x->args->names.at[0], *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t length = strlen(name);
	char more[16] = "", *file;

	if (copy > 1)
		snprintf(more, sizeof(more), "-%u", copy);
	if (length > 4 && strcmp(name + length - 4, ".ini") == 0)
		length -= 4;
	SIM_ASSERT(asprintf(&file, "%s/%.*s-%s-%" PRIu64 "-%" PRIu64 "%s.ini",
			   x->args->explore.save, (int)length, name, x->strategy->name,
			   x->args->explore.seed, run, more) >= 0);
	return file;
}

static char *make_comment(
	const struct exploring *x, const struct testbed_run *run, const char *file)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	SIM_ASSERT(out != NULL);
	fprintf(out, "Run %" PRIu64 " of:\n", run->number);
	explore_report_command(x->args, x->strategy, out);
	fprintf(out,
		"\n%s\nBy ringv %s %s, digest %016" PRIx64 "%016" PRIx64 ".\nrepro: ringv run %s\n",
		run->finding.reason, ringv_version, ringv_build_id, run->digest.high,
		run->digest.low, file);
	fclose(out);
	return text;
}

/* The text with its own name in it. */
static char *make_text(const struct exploring *x, const struct testbed_run *run, const char *file)
{
	char *comment = make_comment(x, run, file);
	char *text = testbed_scenario(x->bed, run, "that ringv explore drew", comment);

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

/* A finding in its file. */
struct saved {
	char *file, *text;
};

static void saved_free(struct saved *s)
{
	free(s->file);
	free(s->text);
}

static bool save(
	const struct exploring *x, const struct testbed_run *run, struct saved *s, struct error *e)
{
	bool good = false, there = true;

	for (unsigned copy = 1; there && !good; copy++) {
		saved_free(s);
		s->file = file_name(x, run->number, copy);
		s->text = make_text(x, run, s->file);
		there = access(s->file, F_OK) == 0;
		good = there ? is_saved(s->file, s->text)
			     : file_create(s->file, s->text, strlen(s->text), e);
	}
	return good;
}

static bool is_bug(struct exploring *x, bool good)
{
	if (!good)
		x->code = SIM_BUG;
	return good;
}

static struct testbed_run run_plainly(struct exploring *x, const volatile int *please)
{
	const struct schedule nothing = {.count = 0};
	struct testbed_run run = testbed_run(x->bed, &nothing, please);

	return testbed_exactly(x->bed, &run, please);
}

static struct testbed_run run_number(struct exploring *x, uint64_t number)
{
	struct testbed_run run =
		number == 0 ? run_plainly(x, NULL) : x->strategy->run(x->state, number, NULL);

	run.number = number;
	return run;
}

/* The first of its kind: once more here, to have its forcings; from boot; and into a file. */
static bool keep(
	struct exploring *x, const struct testbed_run *run, struct saved *s, struct error *e)
{
	struct testbed_run again;
	char *text;
	bool good;

	if (run->too_long) {
		s->file = strdup("");
		s->text = strdup("");
		return true;
	}
	again = run_number(x, run->number);
	if (!is_bug(x, digest_equal(again.digest, run->digest)))
		return fail(e, "run %" PRIu64 " is another one the second time", run->number);
	text = make_text(x, &again, "");
	good = is_bug(x, testbed_confirm(x->bed, &again, text, e));
	free(text);
	if (!good) {
		char why[sizeof(e->text)];

		memcpy(why, e->text, sizeof(why));
		return fail(e, "run %" PRIu64 ": %.900s", run->number, why);
	}
	return save(x, &again, s, e);
}

/* From 1 on; KINDS_MAX + 1: a new one, and there is no room for it. */
static unsigned kind_of(struct exploring *x, const struct finding *f, bool *is_new)
{
	*is_new = false;
	for (unsigned i = 0; i < x->kind_count; i++)
		if (testbed_same_kind(&x->kinds[i], f))
			return i + 1;
	if (x->kind_count == KINDS_MAX)
		return KINDS_MAX + 1;
	*is_new = true;
	x->kinds[x->kind_count] = *f;
	return ++x->kind_count;
}

/* --- progress --- */

static void show_progress(struct exploring *x)
{
	uint64_t now = tty_now(), every = isatty(2) ? 500000000 : UINT64_C(10000000000);
	double seconds = (double)(now - x->began) / 1e9;
	uint64_t left;

	if (x->args->quiet || now - x->shown < every)
		return;
	x->shown = now;
	left = (x->last - x->first) / x->step + 1 - x->report.made;
	fprintf(stderr,
		"%s%" PRIu64 " runs, %.0f a second, %u kinds of findings; %" PRIu64
		" runs to do, %.0f s%s",
		isatty(2) ? "\r\033[K" : "", x->report.made, (double)x->report.made / seconds,
		x->kind_count, left, (double)left * seconds / (double)max_u64(x->report.made, 1),
		isatty(2) ? "" : "\n");
}

static void hide_progress(const struct exploring *x)
{
	if (x->shown != x->began && isatty(2))
		fprintf(stderr, "\r\033[K");
}

/* --- the runs --- */

static bool commit(struct exploring *x, bool now, struct error *e)
{
	if (!now && tty_now() - x->committed < 1000000000)
		return true;
	x->committed = tty_now();
	return results_commit(x->results, e);
}

static bool take_finding(
	struct exploring *x, const struct testbed_run *run, unsigned kind, struct error *e)
{
	struct saved saved = {0};
	bool good;

	hide_progress(x);
	good = keep(x, run, &saved, e) &&
	       results_add_kind(x->results, kind, run, saved.file, saved.text, e) &&
	       commit(x, true, e);
	if (good && x->text != NULL)
		explore_report_finding(run, saved.file, x->text);
	saved_free(&saved);
	return good;
}

static bool take(struct exploring *x, const struct testbed_run *run, struct error *e)
{
	bool failed = run->finding.verdict != VERDICT_PASS, is_new = false;
	unsigned kind = failed ? kind_of(x, &run->finding, &is_new) : 0;

	if (run->differs && !is_new) {
		is_bug(x, false);
		return fail(
			e, "run %" PRIu64 " failed, but otherwise with exact points", run->number);
	}
	x->report.more_kinds += kind > KINDS_MAX;
	if (!results_add(x->results, run, kind, e))
		return false;
	if (is_new)
		return take_finding(x, run, kind, e);
	show_progress(x);
	return commit(x, false, e);
}

static void make_run(void *context, uint64_t number, void *result)
{
	struct exploring *x = context;
	struct testbed_run run = run_number(x, number);

	memcpy(result, &run, sizeof(run));
}

/* A run that no worker has survived is a bug, but no reason to stop. */
static void lost_run(struct exploring *x, uint64_t number)
{
	hide_progress(x);
	fprintf(stderr, "ringv explore: run %" PRIu64 ": every worker that tried it has ended\n",
		number);
	is_bug(x, false);
}

static bool take_all(struct exploring *x, struct crew *crew, uint64_t last, struct error *e)
{
	struct testbed_run run;
	uint64_t number = 0;

	while (number < last) {
		switch (crew_next(crew, &number, &run, tty_please(), e)) {
		case CREW_DONE:
			x->report.made++;
			if (!take(x, &run, e))
				return false;
			if (x->args->explore.first && x->kind_count != 0)
				return true;
			break;
		case CREW_LOST:
			lost_run(x, number);
			break;
		case CREW_STOPPED:
			return fail(e, "interrupted after run %" PRIu64, number);
		case CREW_FAILED:
			return false;
		}
	}
	return true;
}

/* Run 0 is everybody's, so that shards know what happens without forcings. */
static bool run_plain(struct exploring *x, struct error *e)
{
	struct testbed_run run = run_plainly(x, tty_please());

	x->report.plain_steps = run.steps;
	if (run.interrupted)
		return fail(e, "interrupted before run 1");
	return !results_empty(x->results) || take(x, &run, e);
}

static bool run_all(struct exploring *x, struct error *e)
{
	struct crew_work work = {
		.job = make_run,
		.context = x,
		.result_size = sizeof(struct testbed_run),
		.first = x->first,
		.step = x->step,
		.last = x->last,
		.workers = x->report.jobs,
		.patience = x->args->explore.patience * 1000000000,
	};
	uint64_t done = results_last(x->results);
	struct crew *crew;
	bool good;

	while (work.first <= done)
		work.first += work.step;
	if (work.first > work.last)
		return true;
	crew = crew_start(&work, e);
	if (crew == NULL)
		return false;
	good = take_all(x, crew, work.last - (work.last - work.first) % work.step, e);
	x->report.ended = crew_ended(crew);
	x->report.slow = crew_slow(crew);
	crew_stop(crew);
	hide_progress(x);
	return good;
}

/* --- the campaign --- */

static bool open_results(struct exploring *x, struct error *e)
{
	const struct args *a = x->args;
	char scenario[33], images[67], options[200];
	const struct campaign c = {.scenario = scenario,
		.images = images,
		.build = ringv_build_id,
		.strategy = x->strategy->name,
		.options = options,
		.seed = a->explore.seed,
		.first = x->first,
		.step = x->step};

	testbed_digests(x->bed, scenario, images);
	snprintf(options, sizeof(options),
		"%sdepth %" PRIu64 ", preemptions %" PRIu64 ", pauses %" PRIu64 ", faults %s",
		a->explore.memory ? "memory, " : "", a->explore.depth, a->explore.preemptions,
		a->explore.pauses, a->without_faults ? "out" : "in");
	x->results = results_open(a->explore.results, &c, a->explore.go_on, e);
	return x->results != NULL;
}

/* The kinds that are there already, of a campaign that goes on. */
static void read_kinds(struct exploring *x)
{
	struct results_kind k;

	while (x->kind_count < KINDS_MAX && results_kind(x->results, x->kind_count + 1, &k)) {
		x->kinds[x->kind_count++] = k.finding;
		results_kind_free(&k);
	}
}

static bool prepare(struct exploring *x, struct error *e)
{
	const struct args *a = x->args;
	const struct strategy_options options = {
		.seed = a->explore.seed,
		.memory = a->explore.memory,
		.depth = a->explore.depth,
		.preemptions = a->explore.preemptions,
		.pauses = a->explore.pauses,
	};
	struct trial_setup setup = {
		.kernel = x->kernel, .initrd = x->initrd, .without_faults = a->without_faults};

	default_files(x->kernel, x->initrd);
	if (!check_args(x, e) || !scenario_read(&x->scenario, a->names.at[0], e))
		return false;
	x->bed = testbed_create(&x->scenario, &setup, e);
	if (x->bed == NULL || !open_results(x, e))
		return false;
	read_kinds(x);
	x->state = strategy_create(x->strategy, x->bed, &options);
	x->last = min_u64(a->explore.runs, x->strategy->count(x->state));
	return true;
}

static void report(struct exploring *x)
{
	x->report.seconds = (double)(tty_now() - x->began) / 1e9;
	if (x->text != NULL)
		explore_report_text(&x->report, x->text);
	if (x->args->json)
		explore_report_json(&x->report, stdout);
}

static void explore(struct exploring *x, struct error *e)
{
	struct error late = {""};

	x->report = (struct explore_report){
		.args = x->args,
		.bed = x->bed,
		.strategy = x->strategy,
		.state = x->state,
		.results = x->results,
		.title = x->scenario.title.text,
		.jobs = job_count(x->args),
	};
	x->code = SIM_PASS;
	x->began = x->shown = x->committed = tty_now();
	if (!run_plain(x, e) || !run_all(x, e))
		x->code = x->code == SIM_BUG ? SIM_BUG : SIM_USAGE;
	else if (x->code == SIM_PASS && x->kind_count != 0)
		x->code = SIM_FAIL;
	if (!commit(x, true, &late) && e->text[0] == '\0') {
		*e = late;
		x->code = SIM_USAGE;
	}
	report(x);
}

int explore_command(const struct args *args, struct error *e)
{
	struct exploring x = {.args = args, .code = SIM_USAGE};

	x.text = args->quiet || args->json ? NULL : stdout;
	tty_catch_signals();
	if (prepare(&x, e))
		explore(&x, e);
	if (x.state != NULL)
		x.strategy->destroy(x.state);
	results_close(x.results);
	testbed_destroy(x.bed);
	scenario_free(&x.scenario);
	return x.code;
}
