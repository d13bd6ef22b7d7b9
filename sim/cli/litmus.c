/* litmus.c - `ringv litmus`. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/json.h"
#include "sim/cli/command.h"
#include "sim/cli/options.h"
#include "sim/litmus/axioms.h"
#include "sim/litmus/explore.h"
#include "sim/machine/file.h"

#define FILE_MAX     (UINT64_C(1) << 20)
#define OUTCOME_TEXT 2048

struct batch {
	size_t count, room;
	struct litmus_test *tests;
};

/* What came out of one test. */
struct finding {
	const struct litmus_test *test;
	struct litmus_outcomes reached, allowed;
	uint64_t states;
	size_t positive; /* outcomes for which the condition holds */
};

/* --- reading --- */

static bool add_file(struct batch *b, const char *path, struct error *e)
{
	struct blob blob;
	bool good;

	if (!file_read(path, FILE_MAX, &blob, e))
		return false;
	if (b->count == b->room) {
		b->room = b->room == 0 ? 64 : 2 * b->room;
		b->tests = realloc(b->tests, b->room * sizeof(*b->tests));
		SIM_ASSERT(b->tests != NULL);
	}
	good = litmus_parse(&b->tests[b->count], path, (const char *)blob.data, e);
	b->count += good;
	blob_free(&blob);
	return good;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_litmus(const char *name)
{
	size_t length = strlen(name);

	return length > 7 && strcmp(name + length - 7, ".litmus") == 0;
}

/* A file, or all files *.litmus below a folder. */
static bool add_path(struct batch *b, const char *path, struct error *e)
{
	char *paths[] = {(char *)path, NULL};
	FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	size_t before = b->count;
	FTSENT *entry;
	bool good = true;

	if (tree == NULL)
		return fail(e, "%s: %s", path, strerror(errno));
	while (good && (entry = fts_read(tree)) != NULL) {
		if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR)
			good = fail(e, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
		else if (entry->fts_info == FTS_F &&
			 (entry->fts_level == 0 || is_litmus(entry->fts_name)))
			good = add_file(b, entry->fts_path, e);
	}
	fts_close(tree);
	if (good && b->count == before)
		return fail(e, "%s: expected a litmus test, or a folder with files *.litmus", path);
	return good;
}

/* --- telling --- */

static bool is_same(const struct finding *f)
{
	const struct litmus_outcomes *a = &f->reached, *b = &f->allowed;

	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->at, b->at, a->count * a->width * sizeof(a->at[0])) == 0);
}

static const char *observation(const struct finding *f)
{
	return f->positive == 0                  ? "Never"
	       : f->positive == f->reached.count ? "Always"
						 : "Sometimes";
}

/* As herd: does the test's claim hold? */
static bool is_ok(const struct finding *f)
{
	switch (f->test->quantifier) {
	case LITMUS_EXISTS:
		return f->positive != 0;
	case LITMUS_NOT_EXISTS:
		return f->positive == 0;
	case LITMUS_FORALL:
		break;
	}
	return f->positive == f->reached.count;
}

static void print_missing(const struct finding *f, const struct litmus_outcomes *from,
	const struct litmus_outcomes *in, const char *what)
{
	char text[OUTCOME_TEXT];

	for (size_t i = 0; i < from->count; i++) {
		if (outcomes_have(in, outcomes_nth(from, i)))
			continue;
		litmus_outcome_text(f->test, outcomes_nth(from, i), text, sizeof(text));
		printf("%s: %s\n", what, text);
	}
}

static void print_text(const struct finding *f)
{
	char text[OUTCOME_TEXT];

	printf("Test %s\nStates %zu\n", f->test->name, f->reached.count);
	for (size_t i = 0; i < f->reached.count; i++) {
		litmus_outcome_text(f->test, outcomes_nth(&f->reached, i), text, sizeof(text));
		printf("%s\n", text);
	}
	print_missing(f, &f->reached, &f->allowed, "Not allowed by the axioms");
	print_missing(f, &f->allowed, &f->reached, "Allowed by the axioms, but not reached");
	printf("%s\nObservation %s %s %zu %zu\n\n", is_ok(f) ? "Ok" : "No", f->test->name,
		observation(f), f->positive, f->reached.count - f->positive);
}

static void print_outcomes(
	const char *name, const struct litmus_test *t, const struct litmus_outcomes *o)
{
	char text[OUTCOME_TEXT];

	printf(", \"%s\": [", name);
	for (size_t i = 0; i < o->count; i++) {
		litmus_outcome_text(t, outcomes_nth(o, i), text, sizeof(text));
		printf("%s", i == 0 ? "" : ", ");
		json_text(text, stdout);
	}
	printf("]");
}

static void print_json(const struct finding *f, bool first)
{
	printf("%s\n  {\"name\": ", first ? "" : ",");
	json_text(f->test->name, stdout);
	printf(", \"file\": ");
	json_text(f->test->file, stdout);
	print_outcomes("states", f->test, &f->reached);
	print_outcomes("allowed", f->test, &f->allowed);
	printf(", \"equal\": %s, \"ok\": %s, \"observation\": \"%s\", \"positive\": %zu, "
	       "\"negative\": %zu, \"searched\": %" PRIu64 "}",
		is_same(f) ? "true" : "false", is_ok(f) ? "true" : "false", observation(f),
		f->positive, f->reached.count - f->positive, f->states);
}

/* --- running --- */

struct tally {
	size_t different;
	uint64_t states;
};

static bool run_test(struct litmus_explorer *x, enum memory_model model, struct finding *f,
	const struct litmus_code *code, struct error *e)
{
	outcomes_init(&f->reached, f->test->seen_count);
	outcomes_init(&f->allowed, f->test->seen_count);
	if (!axioms_allow(f->test, model, &f->allowed, e) ||
		!litmus_explore(x, f->test, code, &f->reached, &f->states, e))
		return false;
	for (size_t i = 0; i < f->reached.count; i++)
		f->positive += litmus_holds(f->test, outcomes_nth(&f->reached, i));
	return true;
}

static bool run_batch(const struct args *args, const struct batch *b, enum memory_model model,
	struct tally *tally, struct error *e)
{
	struct litmus_code *code = calloc(b->count, sizeof(*code));
	struct litmus_explorer *x = litmus_explorer_create(model, e);
	bool good;

	SIM_ASSERT(code != NULL);
	good = x != NULL && litmus_assemble(b->tests, b->count, code, e);
	if (good && args->json)
		printf("{\"model\": \"%s\", \"tests\": [", model == MEMORY_MODEL_SC ? "sc" : "tso");
	for (size_t i = 0; good && i < b->count; i++) {
		struct finding f = {.test = &b->tests[i]};

		good = run_test(x, model, &f, &code[i], e);
		if (good && args->json)
			print_json(&f, i == 0);
		else if (good)
			print_text(&f);
		tally->different += good && !is_same(&f);
		tally->states += f.states;
		outcomes_free(&f.reached);
		outcomes_free(&f.allowed);
	}
	if (good && args->json)
		printf("\n]}\n");
	litmus_explorer_destroy(x);
	free(code);
	return good;
}

int litmus_command(const struct args *args, struct error *e)
{
	struct batch b = {0};
	struct tally tally = {0};
	struct config config;
	bool good;

	config_defaults(&config);
	config.machine.memory_model = MEMORY_MODEL_TSO;
	good = args->model == NULL || config_set(&config, "machine.memory_model", args->model, e);
	for (unsigned i = 0; good && i < args->names.count; i++)
		good = add_path(&b, args->names.at[i], e);
	good = good &&
	       run_batch(args, &b, (enum memory_model)config.machine.memory_model, &tally, e);
	if (good && !args->json)
		printf("%zu tests, %" PRIu64 " states searched, %zu with outcomes that differ from "
		       "those the axioms allow\n",
			b.count, tally.states, tally.different);
	free(b.tests);
	return !good ? SIM_USAGE : tally.different == 0 ? SIM_PASS : SIM_FAIL;
}
