/* minimise_workload.c - makes the program do less, on fewer pcores. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/explore/minimise_parts.h"
#include "sim/symbols/parameters.h"

/* Fails with what we have, and passes without the faults if it did so before. */
static bool is_as_good(struct minimiser *m, struct workload *w)
{
	struct minimiser other = *m;
	struct error e;

	if (!schedule_check(&m->now, watch_images(testbed_watch(w->bed)), testbed_program(w->bed),
		    testbed_machine(w->bed)->cpu_count, &e))
		return false;
	other.work = w;
	other.tries.bed = w->bed;
	if (!minimise_take(&other, &m->now) || (m->passes && !minimise_passes(&other, &m->now))) {
		m->tries.runs = other.tries.runs;
		return false;
	}
	*m = other;
	return true;
}

/* A smaller one in place of what we have, if it is as good. program is freed here, or kept. */
static bool try_workload(struct minimiser *m, char *program, uint64_t cpus)
{
	struct workload *w = calloc(1, sizeof(*w)), *before = m->work;
	struct error e;

	SIM_ASSERT(w != NULL);
	w->scenario = before->scenario;
	w->program = program;
	w->scenario.program.text = program;
	w->scenario.config.machine.cpus = cpus;
	w->unbooted = before->unbooted;
	w->limited = w->scenario;
	w->limited.limit = before->limited.limit;
	if (!workload_start(w, &m->setup, &e) || !is_as_good(m, w)) {
		workload_free(w);
		return false;
	}
	workload_free(before);
	return true;
}

static char *program_of(const struct minimiser *m)
{
	char *text = strdup(m->work->scenario.program.text);

	SIM_ASSERT(text != NULL);
	return text;
}

/* --- arguments --- */

/* Where argument n begins; NULL: it is not given. */
static const char *argument(const char *text, unsigned n)
{
	for (; n != 0 && *text != '\0'; n--) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return *text != '\0' ? text : NULL;
}

static bool try_argument(struct minimiser *m, unsigned n, uint64_t value)
{
	const char *text = m->work->scenario.program.text, *at = argument(text, n);
	char *smaller;
	int length = asprintf(&smaller, "%.*s%" PRIu64 "%s", (int)(at - text), text, value,
		at + strcspn(at, " "));

	SIM_ASSERT(length > 0);
	return try_workload(m, smaller, m->work->scenario.config.machine.cpus);
}

/* The least one, else the smallest that halving the way to it finds. */
static void shrink_argument(struct minimiser *m, unsigned n, uint64_t least)
{
	const char *at = argument(m->work->scenario.program.text, n);
	char *end;
	uint64_t good, bad = least;

	if (at == NULL)
		return;
	good = strtoull(at, &end, 10);
	if (end == at || (*end != '\0' && *end != ' ') || good <= least ||
		try_argument(m, n, least))
		return;
	while (bad + 1 < good && !attempts_over(&m->tries)) {
		uint64_t middle = bad + (good - bad) / 2;

		*(try_argument(m, n, middle) ? &good : &bad) = middle;
	}
}

/* --- the whole --- */

static void shrink_cpus(struct minimiser *m)
{
	uint64_t cpus = m->work->scenario.config.machine.cpus;

	for (uint64_t fewer = 1; fewer < cpus && !attempts_over(&m->tries); fewer++)
		if (try_workload(m, program_of(m), fewer))
			return;
}

void minimise_workload(struct minimiser *m)
{
	const struct testbed *b = m->tries.bed;
	const struct elf_image *image =
		images_program(watch_images(testbed_watch(b)), testbed_program(b));
	struct parameter_list list;

	if (image == NULL)
		return;
	list = *image->parameters; /* the image goes with its workload */
	for (unsigned i = 0; i < list.count && !attempts_over(&m->tries); i++)
		shrink_argument(m, i + 1, list.at[i].least);
	shrink_cpus(m);
}
