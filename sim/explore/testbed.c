#include "sim/explore/testbed.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/explore/testbed_parts.h"
#include "sim/replay/trial_snapshot.h"

/* --- the boot --- */

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct testbed *b = context;

	if (hit->probe == NULL)
		return;
	if (b->booting && strcmp(hit->probe->name, b->begin) == 0) {
		b->begun = true;
		run_please_stop(m);
	}
	if (strcmp(hit->probe->name, "preempt_done") == 0)
		b->preemptions++;
}

static bool has_probe(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; image != NULL && i < image->probe_count; i++)
		if (strcmp(image->probes[i].name, name) == 0)
			return true;
	return false;
}

static bool boot(struct testbed *b, struct error *e)
{
	struct trial *t = &b->trial;

	b->booting = true;
	if (b->begin[0] != '\0')
		trial_run(t, NULL);
	else
		b->begun = true;
	b->booting = false;
	if (!b->begun || t->finding.verdict != VERDICT_PASS)
		return fail(e, "%.200s: the run ends before the probe %s: %s%s%.200s",
			b->scenario->path, b->begin, verdict_name(t->finding.verdict),
			t->finding.reason[0] != '\0' ? ": " : "", t->finding.reason);
	b->boot_steps = t->machine->run.steps;
	b->snapshot = trial_snapshot_take(t);
	return b->snapshot != NULL || fail(e, "no memory for a snapshot");
}

static struct testbed *create(const struct scenario *s, const struct trial_setup *setup,
	const char *begin, struct error *e)
{
	struct testbed *b = calloc(1, sizeof(*b));
	struct trial_setup bare = *setup;

	SIM_ASSERT(b != NULL);
	b->scenario = s;
	b->setup = *setup;
	scenario_program(s, b->program);
	bare.without_schedule = bare.without_explanation = true;
	if (!trial_create(&b->trial, s, &bare, e)) {
		free(b);
		return NULL;
	}
	if (begin == NULL)
		begin = has_probe(images_program(b->trial.images, b->program), "program_begin")
				? "program_begin"
				: "kernel_ready";
	b->begin = begin;
	watch_add(b->trial.watch, (struct watch_listener){b, take_hit});
	if (!boot(b, e)) {
		testbed_destroy(b);
		return NULL;
	}
	return b;
}

struct testbed *testbed_create(
	const struct scenario *s, const struct trial_setup *setup, struct error *e)
{
	return create(s, setup, NULL, e);
}

struct testbed *testbed_create_unbooted(
	const struct scenario *s, const struct trial_setup *setup, struct error *e)
{
	return create(s, setup, "", e);
}

void testbed_destroy(struct testbed *b)
{
	if (b == NULL)
		return;
	trial_snapshot_destroy(b->snapshot);
	trial_destroy(&b->trial);
	free(b->counts);
	free(b);
}

uint64_t testbed_boot_steps(const struct testbed *b)
{
	return b->boot_steps;
}

const char *testbed_begin(const struct testbed *b)
{
	return b->begin;
}

const char *testbed_program(const struct testbed *b)
{
	return b->program;
}

struct machine *testbed_machine(const struct testbed *b)
{
	return b->trial.machine;
}

struct watch *testbed_watch(const struct testbed *b)
{
	return b->trial.watch;
}

/* --- a run --- */

void testbed_rewind(struct testbed *b)
{
	trial_snapshot_restore(b->snapshot);
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

static struct testbed_run judged(struct testbed *b)
{
	struct trial *t = &b->trial;

	return (struct testbed_run){
		.steps = t->machine->run.steps - b->boot_steps,
		.preemptions = b->preemptions,
		.finding = t->finding,
		.digest = t->digest,
		.unwatched = oracles_overflow(t->oracles) != NULL,
		.interrupted =
			t->stop.why == STOP_INTERRUPTED && t->finding.verdict == VERDICT_PASS,
	};
}

struct testbed_run testbed_run_after(struct testbed *b, const struct schedule *s,
	const uint64_t *before, const volatile int *please)
{
	struct trial *t = &b->trial;
	struct director *director;
	struct testbed_run r;
	struct error e;

	testbed_rewind(b);
	b->preemptions = 0;
	director = director_create(t->machine, t->watch, s, b->program, &e);
	SIM_ASSERT(director != NULL); /* only names that there are have been drawn */
	for (unsigned n = 0; before != NULL && n < s->count; n++)
		director_state(director)->forcing[n].times = before[n];
	trial_run(t, please);
	b->left_out = keep_applied(director, t->machine, &b->applied);
	memcpy(b->forcings, director_state(director)->forcing, sizeof(b->forcings));
	director_destroy(director);
	r = judged(b);
	r.applied = b->applied.count == s->count && !b->left_out;
	return r;
}

struct testbed_run testbed_run_directed(
	struct testbed *b, const struct testbed_director *d, const volatile int *please)
{
	struct trial *t = &b->trial;

	testbed_rewind(b);
	b->preemptions = 0;
	d->begin(d->context, t->machine, t->watch);
	trial_run(t, please);
	d->end(d->context, &b->applied);
	b->left_out = false;
	return judged(b);
}

struct testbed_run testbed_run(
	struct testbed *b, const struct schedule *s, const volatile int *please)
{
	return testbed_run_after(b, s, NULL, please);
}

static bool same_end(const struct testbed_run *a, const struct testbed_run *b)
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
static struct testbed_run run_exactly(
	struct testbed *b, const struct testbed_run *failed, const volatile int *please)
{
	struct testbed_run r = *failed, before;
	struct schedule given;
	unsigned spellings = 0;
	bool another;

	do {
		before = r;
		another = b->left_out;
		schedule_copy(&given, &b->applied);
		r = testbed_run(b, &given, please);
		r.differs = (!another && !same_end(&before, &r)) || ++spellings == SPELLINGS_MAX;
	} while (r.finding.verdict != VERDICT_PASS && !r.differs &&
		 !same_schedule(&given, &b->applied));
	return r;
}

struct testbed_run testbed_exactly(
	struct testbed *b, const struct testbed_run *last, const volatile int *please)
{
	struct testbed_run r = *last;

	if (r.finding.verdict == VERDICT_PASS)
		return r;
	r = run_exactly(b, &r, please);
	r.gone = r.finding.verdict == VERDICT_PASS && !r.differs && !r.interrupted;
	return r;
}

const struct schedule *testbed_applied(const struct testbed *b)
{
	return &b->applied;
}

const struct forcing_state *testbed_forcings(const struct testbed *b)
{
	return b->forcings;
}

/* --- findings --- */

/* Addresses, pids, vcores, lines: whatever is a number. */
static size_t number_length(const char *text)
{
	return text[0] == '0' && text[1] == 'x' ? 2 + strspn(text + 2, "0123456789abcdef")
						: strspn(text, "0123456789");
}

bool testbed_same_kind(const struct finding *a, const struct finding *b)
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

/* The testbed's machine stands where that run ended. */
static void not_confirmed(const struct testbed *b, const struct testbed_run *r,
	const struct trial *t, struct error *e)
{
	struct state_difference d = state_compare(b->trial.machine, t->machine);

	fail(e,
		"the run ended with %s (%.150s), from boot with the same forcings it ends "
		"with %s (%.150s); the machines differ%s %s",
		verdict_name(r->finding.verdict), r->finding.reason,
		verdict_name(t->finding.verdict), t->finding.reason,
		d.any ? " first in" : " in nothing: the chains do", d.any ? d.part : "");
	if (d.any)
		snprintf(e->text + strlen(e->text), sizeof(e->text) - strlen(e->text), "+%#" PRIx64,
			d.offset);
}

bool testbed_confirm(
	const struct testbed *b, const struct testbed_run *r, const char *text, struct error *e)
{
	struct scenario s;
	struct trial t;
	bool same;

	if (!scenario_read_text(&s, b->scenario->path, text, strlen(text), e))
		return false;
	if (!trial_create(&t, &s, &b->setup, e)) {
		scenario_free(&s);
		return false;
	}
	trial_run(&t, NULL);
	same = t.finding.verdict == r->finding.verdict &&
	       strcmp(t.finding.reason, r->finding.reason) == 0 &&
	       digest_equal(t.digest, r->digest);
	if (r->differs)
		fail(e,
			"the run ended with %s (%.300s), but not so with exact points for "
			"its forcings",
			verdict_name(r->finding.verdict), r->finding.reason);
	else if (!same)
		not_confirmed(b, r, &t, e);
	trial_destroy(&t);
	scenario_free(&s);
	return same && !r->differs;
}
