#include "sim/replay/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/replay/fuzz_parts.h"
#include "sim/replay/trial_snapshot.h"

/* --- what the probes tell --- */

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct fuzz *f = context;

	if (hit->probe == NULL)
		return;
	if (f->booting && strcmp(hit->probe->name, f->begin) == 0) {
		f->begun = true;
		run_please_stop(m);
	}
	if (f->measuring)
		profile_hit(&f->profile, watch_identity(f->trial.watch), hit);
	if (strcmp(hit->probe->name, "preempt_done") == 0)
		f->preemptions++;
}

/* --- the boot --- */

static bool has_probe(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; image != NULL && i < image->probe_count; i++)
		if (strcmp(image->probes[i].name, name) == 0)
			return true;
	return false;
}

static bool boot(struct fuzz *f, struct error *e)
{
	struct trial *t = &f->trial;

	f->booting = true;
	trial_run(t, NULL);
	f->booting = false;
	if (!f->begun || t->finding.verdict != VERDICT_PASS)
		return fail(e, "%.200s: the run ends before the probe %s: %s%s%.200s",
			f->scenario->path, f->begin, verdict_name(t->finding.verdict),
			t->finding.reason[0] != '\0' ? ": " : "", t->finding.reason);
	f->boot_steps = t->machine->run.steps;
	f->snapshot = trial_snapshot_take(t);
	return f->snapshot != NULL || fail(e, "no memory for a snapshot");
}

/* Run 0: nothing is forced. */
static void measure(struct fuzz *f)
{
	struct trial *t = &f->trial;

	profile_begin(&f->profile, t->machine, watch_identity(t->watch));
	f->measuring = true;
	trial_run(t, NULL);
	f->measuring = false;
	profile_end(&f->profile, t->machine);
}

struct fuzz *fuzz_create(const struct scenario *s, const struct trial_setup *setup,
	const struct fuzz_options *options, struct error *e)
{
	struct fuzz *f = calloc(1, sizeof(*f));
	struct trial_setup bare = *setup;
	char program[64];

	SIM_ASSERT(f != NULL);
	f->scenario = s;
	f->setup = *setup;
	f->options = *options;
	scenario_program(s, program);
	bare.without_schedule = bare.without_explanation = true;
	if (!trial_create(&f->trial, s, &bare, e)) {
		free(f);
		return NULL;
	}
	f->begin = has_probe(images_program(f->trial.images, program), "program_begin")
			   ? "program_begin"
			   : "kernel_ready";
	watch_add(f->trial.watch, (struct watch_listener){f, take_hit});
	profile_init(&f->profile, f->trial.machine, program);
	if (!boot(f, e)) {
		fuzz_destroy(f);
		return NULL;
	}
	measure(f);
	return f;
}

void fuzz_destroy(struct fuzz *f)
{
	if (f == NULL)
		return;
	trial_snapshot_destroy(f->snapshot);
	trial_destroy(&f->trial);
	profile_free(&f->profile);
	free(f);
}

uint64_t fuzz_boot_steps(const struct fuzz *f)
{
	return f->boot_steps;
}

const char *fuzz_begin(const struct fuzz *f)
{
	return f->begin;
}

/* --- a run --- */

void fuzz_draw(const struct fuzz *f, uint64_t number, struct schedule *s)
{
	struct rng r = rng_from(stream_seed(f->options.seed, "fuzz") + number);

	s->count = 0;
	if (number != 0)
		profile_draw(&f->profile, &f->options, &r, s);
}

/* What came to nothing: it could not be done, or the interrupt that was to be late never came. */
static bool in_vain(
	const struct forcing *f, const struct forcing_state *was, const struct machine *m)
{
	return was->status == FORCING_FAILED ||
	       (was->status == FORCING_DONE && f->kind == FORCING_DO &&
		       f->stimulation.kind == STIMULATE_DELAY &&
		       lapic_tampers(&m->lapics[f->stimulation.stream.number]));
}

/* A scenario must apply: what only expired was a pause of so many cycles, and what was done in vain
 * is left out. True: there was such, and the run may be another one, since all that is done makes
 * pcores wait for each other, and who else is held decides when all others are idle. */
static bool keep_applied(
	const struct director *d, const struct machine *m, struct schedule *applied)
{
	const struct director_state *state = director_state((struct director *)d);
	const struct schedule *s = director_schedule(d);
	unsigned from = 0, to = 0;
	bool left_out = false;

	director_exact(d, applied);
	for (unsigned n = 0; n < s->count; n++) {
		const struct forcing_state *was = &state->forcing[n];
		struct forcing f;

		left_out |= in_vain(&s->at[n], was, m);
		if (was->status == FORCING_WAITING || was->status == FORCING_FAILED)
			continue;
		f = applied->at[from++];
		if (in_vain(&f, was, m))
			continue;
		if (was->status == FORCING_EXPIRED) {
			f.until = (struct until){.kind = UNTIL_CYCLES, .cycles = f.expires};
			f.expires = SCHEDULE_EXPIRES;
			left_out = true;
		}
		applied->at[to++] = f;
	}
	SIM_ASSERT(from == applied->count);
	applied->count = to;
	return left_out;
}

static struct fuzz_run run(struct fuzz *f, const struct schedule *s, const volatile int *please)
{
	struct trial *t = &f->trial;
	struct director *director;
	struct error e;

	trial_snapshot_restore(f->snapshot);
	f->preemptions = 0;
	director = director_create(t->machine, t->watch, s, f->profile.program, &e);
	SIM_ASSERT(director != NULL); /* only names that there are have been drawn */
	trial_run(t, please);
	f->left_out = keep_applied(director, t->machine, &f->applied);
	director_destroy(director);
	return (struct fuzz_run){
		.steps = t->machine->run.steps - f->boot_steps,
		.preemptions = f->preemptions,
		.finding = t->finding,
		.digest = t->digest,
		.unwatched = oracles_overflow(t->oracles) != NULL,
		.interrupted =
			t->stop.why == STOP_INTERRUPTED && t->finding.verdict == VERDICT_PASS,
	};
}

static bool same_end(const struct fuzz_run *a, const struct fuzz_run *b)
{
	return a->steps == b->steps && a->finding.verdict == b->finding.verdict &&
	       strcmp(a->finding.reason, b->finding.reason) == 0;
}

static bool same_schedule(const struct schedule *a, const struct schedule *b)
{
	const struct schedule *both[2] = {a, b};
	char *text[2];
	size_t size[2];
	bool same;

	for (int i = 0; i < 2; i++) {
		FILE *out = open_memstream(&text[i], &size[i]);

		SIM_ASSERT(out != NULL);
		schedule_print(both[i], out);
		fclose(out);
	}
	same = strcmp(text[0], text[1]) == 0;
	free(text[0]);
	free(text[1]);
	return same;
}

#define SPELLINGS_MAX 4

/* What fails is made again with its forcings as the scenario will have them: that is the run whose
 * digest counts, since forcings have other numbers there. A pause that has become one of so many
 * cycles may let another one expire: so, until they stay as they are. Where some had to be left
 * out, it is the run without them that counts, even if it passes. */
static struct fuzz_run run_exactly(
	struct fuzz *f, const struct fuzz_run *failed, const volatile int *please)
{
	struct fuzz_run r = *failed, before;
	struct schedule given;
	unsigned spellings = 0;
	bool another;

	do {
		before = r;
		another = f->left_out;
		given = f->applied;
		r = run(f, &given, please);
		r.differs = (!another && !same_end(&before, &r)) || ++spellings == SPELLINGS_MAX;
	} while (r.finding.verdict != VERDICT_PASS && !r.differs &&
		 !same_schedule(&given, &f->applied));
	return r;
}

struct fuzz_run fuzz_run(struct fuzz *f, uint64_t number, const volatile int *please)
{
	struct schedule drawn;
	struct fuzz_run r;

	fuzz_draw(f, number, &drawn);
	r = run(f, &drawn, please);
	if (r.finding.verdict != VERDICT_PASS) {
		r = run_exactly(f, &r, please);
		r.gone = r.finding.verdict == VERDICT_PASS && !r.differs && !r.interrupted;
	}
	SIM_ASSERT(!r.interrupted || (please != NULL && *please != 0));
	r.number = number;
	return r;
}

const struct schedule *fuzz_applied(const struct fuzz *f)
{
	return &f->applied;
}

/* --- findings --- */

/* Addresses, pids, vcores, lines: whatever is a number. */
static size_t number_length(const char *text)
{
	return text[0] == '0' && text[1] == 'x' ? 2 + strspn(text + 2, "0123456789abcdef")
						: strspn(text, "0123456789");
}

bool fuzz_same_kind(const struct finding *a, const struct finding *b)
{
	const char *x = a->reason, *y = b->reason;

	if (a->verdict != b->verdict || strcmp(a->oracle, b->oracle) != 0)
		return false;
	for (;;) {
		size_t n = number_length(x), k = number_length(y);

		if (*x != *y && (n == 0 || k == 0))
			return false;
		if (*x == '\0')
			return true;
		x += n != 0 ? n : 1;
		y += n != 0 ? k : 1;
	}
}

/* The fuzzer's machine stands where that run ended. */
static void not_confirmed(
	const struct fuzz *f, const struct fuzz_run *r, const struct trial *t, struct error *e)
{
	struct state_difference d = state_compare(f->trial.machine, t->machine);

	fail(e,
		"run %" PRIu64 " ended with %s (%.150s), from boot with the same forcings it ends "
		"with %s (%.150s); the machines differ%s %s",
		r->number, verdict_name(r->finding.verdict), r->finding.reason,
		verdict_name(t->finding.verdict), t->finding.reason,
		d.any ? " first in" : " in nothing: the chains do", d.any ? d.part : "");
	if (d.any)
		snprintf(e->text + strlen(e->text), sizeof(e->text) - strlen(e->text), "+%#" PRIx64,
			d.offset);
}

bool fuzz_confirm(const struct fuzz *f, const struct fuzz_run *r, const char *text, struct error *e)
{
	struct scenario s;
	struct trial t;
	bool same;

	if (!scenario_read_text(&s, f->scenario->path, text, strlen(text), e))
		return false;
	if (!trial_create(&t, &s, &f->setup, e)) {
		scenario_free(&s);
		return false;
	}
	trial_run(&t, NULL);
	same = t.finding.verdict == r->finding.verdict &&
	       strcmp(t.finding.reason, r->finding.reason) == 0 &&
	       digest_equal(t.digest, r->digest);
	if (r->differs)
		fail(e,
			"run %" PRIu64 " ended with %s (%.300s), but not so with exact points for "
			"its forcings",
			r->number, verdict_name(r->finding.verdict), r->finding.reason);
	else if (!same)
		not_confirmed(f, r, &t, e);
	trial_destroy(&t);
	scenario_free(&s);
	return same && !r->differs;
}
