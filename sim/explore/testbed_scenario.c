/* testbed_scenario.c - writes a run as a scenario. */
#include <stdlib.h>

#include "sim/explore/testbed_parts.h"

#define COMMENT_WIDTH 96

/* Lines that begin with #, broken at blanks. */
static void print_comment(const char *text, FILE *out)
{
	while (*text != '\0') {
		size_t line = strcspn(text, "\n"), n = line;

		if (n > COMMENT_WIDTH)
			for (n = COMMENT_WIDTH; n > 0 && text[n] != ' '; n--)
				;
		if (n == 0)
			n = COMMENT_WIDTH;
		fprintf(out, "# %.*s\n", (int)n, text);
		text += n + (n == line ? text[n] == '\n' : strspn(text + n, " "));
	}
}

static void print_text(const char *key, const char *text, FILE *out)
{
	if (text != NULL)
		fprintf(out, "%-8s = %s\n", key, text);
}

/* A file has to be found from wherever the scenario is put. */
static void print_file(const char *key, const char *name, FILE *out)
{
	char *path = name != NULL ? realpath(name, NULL) : NULL;

	print_text(key, path != NULL ? path : name, out);
	free(path);
}

static void print_scenario(
	const struct testbed *b, const struct testbed_run *r, const char *by, FILE *out)
{
	const struct scenario *s = b->scenario;
	const struct finding *found = &r->finding;

	fprintf(out, "[scenario]\ntitle    = %s: %.60s, under forcings %s\n",
		s->program.text != NULL ? s->program.text : "the kernel",
		verdict_meaning(found->verdict), by);
	print_text("program", s->program.text, out);
	print_file("kernel", s->kernel.text, out);
	print_file("initrd", s->initrd.text, out);
	print_text("append", s->append.text, out);
	config_print(&s->config, CONFIG_CHANGES, out);
}

static void print_faults(const struct testbed *b, FILE *out)
{
	if (b->scenario->fault_count == 0 || b->setup.without_faults)
		return;
	fprintf(out, "\n[fault]\n");
	for (unsigned i = 0; i < b->scenario->fault_count; i++)
		fprintf(out, "%s = on\n", b->scenario->faults[i].text);
}

static void print_schedule(const struct schedule *s, FILE *out)
{
	if (s->count != 0)
		fprintf(out, "\n[schedule]\n");
	for (unsigned i = 0; i < s->count; i++) {
		fprintf(out, "%u = ", i + 1);
		forcing_print(&s->at[i], out);
		putc('\n', out);
	}
}

static void print_expect(const struct scenario *s, enum verdict v, FILE *out)
{
	fprintf(out, "\n[expect]\nverdict = %s\n", verdict_name(v));
	if (v != VERDICT_UNEXPECTED_OUTPUT)
		return;
	if (s->expect.output.text != NULL)
		fprintf(out, "output = %s\n", s->expect.output.text);
	if (s->expect.has_exit)
		fprintf(out, "exit = %" PRIu32 "\n", s->expect.exit);
}

static void print_limit(const struct scenario *s, FILE *out)
{
	fprintf(out, "\n[limit]\nsteps = %" PRIu64 "\n", s->limit.steps);
	if (s->limit.cycles != UINT64_MAX)
		fprintf(out, "cycles = %" PRIu64 "\n", s->limit.cycles);
}

char *testbed_scenario_of(const struct testbed *b, const struct testbed_run *r,
	const struct schedule *schedule, const char *by, const char *comment)
{
	const struct scenario *s = b->scenario;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	SIM_ASSERT(out != NULL);
	print_comment(comment, out);
	print_scenario(b, r, by, out);
	print_faults(b, out);
	print_schedule(schedule, out);
	print_expect(s, r->finding.verdict, out);
	print_limit(s, out);
	fclose(out);
	return text;
}

char *testbed_scenario(
	const struct testbed *b, const struct testbed_run *r, const char *by, const char *comment)
{
	return testbed_scenario_of(b, r, testbed_applied(b), by, comment);
}

static void print_digest(struct digest d, char text[33])
{
	snprintf(text, 33, "%016" PRIx64 "%016" PRIx64, d.high, d.low);
}

/* All but its title and its schedule. */
static struct digest scenario_digest(const struct testbed *b)
{
	const struct testbed_run none = {.number = 0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct digest d;

	SIM_ASSERT(out != NULL);
	print_scenario(b, &none, "", out);
	print_faults(b, out);
	print_expect(b->scenario, b->scenario->expect.verdict, out);
	print_limit(b->scenario, out);
	fclose(out);
	d = digest_bytes(text, size, 0);
	free(text);
	return d;
}

void testbed_digests(const struct testbed *b, char scenario[33], char images[67])
{
	const struct session *s = &b->trial.session;

	print_digest(scenario_digest(b), scenario);
	print_digest(s->image.digest, images);
	images[32] = ' ';
	print_digest(s->modules[0].digest, images + 33);
}
