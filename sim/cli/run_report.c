#include "sim/cli/run_report.h"

#include <stdlib.h>

#include "sim/replay/version.h"

#define TEXT_WIDTH 118

/* Text that may be long, broken at blanks behind an indentation of 13. */
static void print_paragraph(const char *label, const char *text, FILE *out)
{
	size_t width = TEXT_WIDTH - 13;

	fprintf(out, "  %-10s ", label);
	while (strlen(text) > width) {
		size_t n = width;

		while (n > width / 2 && text[n] != ' ')
			n--;
		fprintf(out, "%.*s\n%13s", (int)n, text, "");
		text += n + strspn(text + n, " ");
	}
	fprintf(out, "%s\n", text);
}

/* --- the repro line: a command, and behind # all that the run depends on --- */

static void print_files(const struct session *s, FILE *out)
{
	fprintf(out, "kernel %016" PRIx64 "%016" PRIx64, s->image.digest.high, s->image.digest.low);
	for (unsigned i = 0; i < s->module_count; i++)
		fprintf(out, ", initrd %016" PRIx64 "%016" PRIx64, s->modules[i].digest.high,
			s->modules[i].digest.low);
}

/* The options that are not the default, without their documentation. */
static void print_config(const struct config *c, FILE *out)
{
	struct config defaults;
	char *text[2];
	size_t size[2];

	config_defaults(&defaults);
	for (int i = 0; i < 2; i++) {
		FILE *to = open_memstream(&text[i], &size[i]);

		SIM_ASSERT(to != NULL);
		config_print(i == 0 ? c : &defaults, CONFIG_INI, to);
		fclose(to);
	}
	for (char *a = text[0], *b = text[1], *end; *a != '\0'; a = end + 1) {
		size_t other = strcspn(b, "\n");

		end = a + strcspn(a, "\n");
		if ((size_t)(end - a) != other || strncmp(a, b, other) != 0)
			fprintf(out, ", %.*s", (int)(end - a), a);
		b += other + 1;
	}
	free(text[0]);
	free(text[1]);
}

static void print_repro_line(const struct scenario_run *r, FILE *out)
{
	const struct scenario *s = &r->scenario;
	const struct session *session = &r->trial.session;

	fprintf(out, "ringv run ");
	print_word(s->path, out);
	print_option("kernel", r->args->kernel, out);
	print_option("initrd", r->args->initrd, out);
	fprintf(out, "%s  # ringv %s %s, ", r->args->without_faults ? " --no-fault" : "",
		ringv_version, ringv_build_id);
	print_files(session, out);
	fprintf(out, ", command line \"%s\", seed %" PRIu64, session->command_line,
		session->config.machine.seed);
	print_config(&session->config, out);
	for (unsigned i = 0; i < session->fault_count; i++)
		fprintf(out, "%s%s", i == 0 ? ", faults: " : " ", session->faults[i]);
	for (unsigned i = 0; i < s->forcing_count; i++)
		fprintf(out, "%s%s", i == 0 ? ", forcings: " : "; ", s->forcings[i].text);
}

static char *repro_text(const struct scenario_run *r)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	SIM_ASSERT(out != NULL);
	print_repro_line(r, out);
	fclose(out);
	return text;
}

/* --- for people --- */

static void print_given(const struct scenario_run *r, FILE *out)
{
	const struct scenario *s = &r->scenario;

	fprintf(out, "%s: %s\n", s->path, s->title.text);
	if (s->program.text != NULL)
		fprintf(out, "  program    %s\n", s->program.text);
	for (unsigned i = 0; i < s->fault_count; i++)
		fprintf(out, "  %-10s %s%s\n", i == 0 ? "injected" : "", s->faults[i].text,
			r->args->without_faults ? ": left out (--no-fault)" : "");
	for (unsigned i = 0; i < s->forcing_count; i++)
		print_paragraph(i == 0 ? "forced" : "", s->forcings[i].text, out);
}

static void print_verdict(const struct scenario_run *r, FILE *out)
{
	enum verdict got = trial_verdict(&r->trial), expected = r->trial.expected;

	fprintf(out, "  verdict    %s: %s; ", verdict_name(got), verdict_meaning(got));
	if (got == expected)
		fprintf(out, "as expected\n");
	else
		fprintf(out, "EXPECTED %s\n", verdict_name(expected));
	if (r->trial.finding.reason[0] != '\0')
		print_paragraph("because", r->trial.finding.reason, out);
	if (oracles_overflow(r->trial.oracles) != NULL)
		fprintf(out,
			"  note       more %s than the oracles have room for: some went "
			"unwatched\n",
			oracles_overflow(r->trial.oracles));
}

/* The last lines of what the serial line said. */
static void print_output(const struct trial *t, FILE *out)
{
	const char *text = t->output.text != NULL ? t->output.text : "", *from;
	unsigned lines = 0;

	for (from = text + strlen(text); from != text && lines < 9; from--)
		lines += from[-1] == '\n';
	from += *from == '\n';
	fprintf(out, "  output     (its end)\n");
	while (*from != '\0') {
		size_t n = strcspn(from, "\r\n");

		if (n != 0)
			fprintf(out, "    %.*s\n", (int)n, from);
		from += n + strspn(from + n, "\r\n");
	}
}

void run_report_text(const struct scenario_run *r, FILE *out)
{
	const struct trial *t = &r->trial;
	enum verdict got = trial_verdict(t);
	char *repro = repro_text(r);

	print_given(r, out);
	print_verdict(r, out);
	if (got != VERDICT_PASS) {
		if (got == VERDICT_UNEXPECTED_OUTPUT || got == VERDICT_PANIC)
			print_output(t, out);
		fputc('\n', out);
		explain_print(t->explain, &t->finding, out);
		fputc('\n', out);
	}
	fprintf(out,
		"  run        %" PRIu64 " instructions, %" PRIu64 " cycles, %.2f s%s; digest "
		"%016" PRIx64 "%016" PRIx64 "\n",
		machine_insns(t->machine), machine_cycles(t->machine), r->seconds,
		r->args->times > 1 ? " in all" : "", t->digest.high, t->digest.low);
	if (r->args->times > 1)
		fprintf(out, "             %" PRIu64 " runs, one digest\n", r->args->times);
	fprintf(out, "  repro: %s\n", repro);
	free(repro);
}

/* --- for programs --- */

static void json_key(const char *key, const char *text, FILE *out)
{
	fprintf(out, "  \"%s\": ", key);
	json_text(text, out);
	fputs(",\n", out);
}

static void json_list(const char *key, const struct scenario_text *texts, unsigned count, FILE *out)
{
	fprintf(out, "  \"%s\": [", key);
	for (unsigned i = 0; i < count; i++) {
		fputs(i == 0 ? "" : ", ", out);
		json_text(texts[i].text, out);
	}
	fputs("],\n", out);
}

/* How often each race rule was needed. */
static void json_race_rules(const struct oracles *o, FILE *out)
{
	struct oracle_race_rule rule;

	fputs("  \"race_rules\": [", out);
	for (unsigned i = 0; oracles_race_rule(o, i, &rule); i++) {
		fprintf(out, "%s{\"used\": %" PRIu64 ", \"where\": ", i == 0 ? "" : ", ",
			rule.used);
		json_text(rule.where, out);
		fputs(", \"name\": ", out);
		json_text(rule.name, out);
		fputs("}", out);
	}
	fputs("],\n", out);
}

void run_report_json(const struct scenario_run *r, FILE *out)
{
	const struct trial *t = &r->trial;
	const struct finding *f = &t->finding;
	char *repro = repro_text(r);

	fputs("{\n", out);
	json_key("scenario", r->scenario.path, out);
	json_key("title", r->scenario.title.text, out);
	json_key("verdict", verdict_name(f->verdict), out);
	json_key("expected", verdict_name(t->expected), out);
	json_key("oracle", f->oracle, out);
	json_key("reason", f->reason, out);
	json_key("unwatched",
		oracles_overflow(t->oracles) != NULL ? oracles_overflow(t->oracles) : "", out);
	json_list("faults", r->scenario.faults,
		r->args->without_faults ? 0 : r->scenario.fault_count, out);
	json_list("forcings", r->scenario.forcings, r->scenario.forcing_count, out);
	fprintf(out,
		"  \"found\": {\"core\": %u, \"core_step\": %" PRIu64 ", \"cycle\": %" PRIu64
		", \"steps\": %" PRIu64 ", \"rip\": \"%#" PRIx64 "\"},\n",
		f->core, f->core_step, f->cycle, f->steps, f->rip);
	if (f->verdict != VERDICT_PASS) {
		fputs("  \"explanation\": ", out);
		explain_json(t->explain, f, out);
		fputs(",\n", out);
	}
	fprintf(out, "  \"digest\": \"%016" PRIx64 "%016" PRIx64 "\",\n", t->digest.high,
		t->digest.low);
	json_key("repro", repro, out);
	if (t->session.config.oracle.races)
		json_race_rules(t->oracles, out);
	fprintf(out,
		"  \"times\": %" PRIu64 ",\n  \"steps\": %" PRIu64 ",\n  \"insns\": %" PRIu64
		",\n  \"cycles\": %" PRIu64 ",\n  \"seconds\": %.6f\n}",
		r->args->times, t->machine->run.steps, machine_insns(t->machine),
		machine_cycles(t->machine), r->seconds);
	free(repro);
}
