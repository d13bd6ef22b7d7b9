#include "sim/replay/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/ini.h"
#include "sim/cpu/model.h"

static void text_free(struct scenario_text *t)
{
	free(t->text);
	*t = (struct scenario_text){0};
}

void scenario_free(struct scenario *s)
{
	free(s->path);
	text_free(&s->title);
	text_free(&s->program);
	text_free(&s->kernel);
	text_free(&s->initrd);
	text_free(&s->append);
	text_free(&s->expect.output);
	for (unsigned i = 0; i < s->fault_count; i++)
		text_free(&s->faults[i]);
	for (unsigned i = 0; i < s->forcing_count; i++)
		text_free(&s->forcings[i]);
	memset(s, 0, sizeof(*s));
}

bool scenario_fail(const struct scenario *s, unsigned line, struct error *e)
{
	char text[sizeof(e->text)];

	snprintf(text, sizeof(text), "%s", e->text);
	return fail(e, "%.200s:%u: %.290s", s->path, line, text);
}

/* --- the sections --- */

struct reading {
	struct scenario *s;
	unsigned last_forcing;            /* its number */
	unsigned exit_line, verdict_line; /* 0: not given */
	unsigned limit_line[2];           /* steps, cycles */
	unsigned option_count;
	char options[64][104]; /* "machine.cpus", as set so far */
};

static char *copy(const char *text)
{
	char *to = strdup(text);

	SIM_ASSERT(to != NULL);
	return to;
}

static bool set_text(struct scenario_text *t, const struct ini_line *line, struct error *e)
{
	if (t->text != NULL)
		return fail(e, "%s is set twice, first in line %u", line->name, t->line);
	if (line->value[0] == '\0')
		return fail(e, "%s is empty", line->name);
	*t = (struct scenario_text){copy(line->value), line->number};
	return true;
}

/* A file, relative to the scenario's folder. */
static bool set_file(
	struct reading *r, struct scenario_text *t, const struct ini_line *line, struct error *e)
{
	const char *slash = strrchr(r->s->path, '/');
	char *name;

	if (!set_text(t, line, e))
		return false;
	if (line->value[0] == '/' || slash == NULL)
		return true;
	SIM_ASSERT(asprintf(&name, "%.*s%s", (int)(slash + 1 - r->s->path), r->s->path,
			   line->value) >= 0);
	free(t->text);
	t->text = name;
	return true;
}

static bool set_number(uint64_t *to, unsigned *at, const struct ini_line *line, uint64_t min,
	uint64_t max, struct error *e)
{
	const char *digits = line->value;
	uint64_t value;

	if (*at != 0)
		return fail(e, "%s is set twice, first in line %u", line->name, *at);
	errno = 0;
	value = strtoull(digits, NULL, 10);
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0' || errno != 0 ||
		value < min || value > max)
		return fail(e, "%s = '%.40s': expected a number from %" PRIu64 " to %" PRIu64,
			line->name, digits, min, max);
	*to = value;
	*at = line->number;
	return true;
}

static bool read_scenario(struct reading *r, const struct ini_line *line, struct error *e)
{
	struct scenario *s = r->s;

	if (strcmp(line->name, "title") == 0)
		return set_text(&s->title, line, e);
	if (strcmp(line->name, "program") == 0)
		return set_text(&s->program, line, e);
	if (strcmp(line->name, "append") == 0)
		return set_text(&s->append, line, e);
	if (strcmp(line->name, "kernel") == 0)
		return set_file(r, &s->kernel, line, e);
	if (strcmp(line->name, "initrd") == 0)
		return set_file(r, &s->initrd, line, e);
	return fail(e,
		"unknown key '%.48s' in [scenario]; expected title, program, kernel, initrd or "
		"append",
		line->name);
}

static bool read_fault(struct reading *r, const struct ini_line *line, struct error *e)
{
	struct scenario *s = r->s;

	for (unsigned i = 0; i < s->fault_count; i++)
		if (strcmp(s->faults[i].text, line->name) == 0)
			return fail(e, "%s is set twice, first in line %u", line->name,
				s->faults[i].line);
	if (strcmp(line->value, "on") != 0)
		return fail(e, "%s = '%.40s': expected on", line->name, line->value);
	if (s->fault_count == SCENARIO_FAULTS_MAX)
		return fail(e, "more than %d faults", SCENARIO_FAULTS_MAX);
	s->faults[s->fault_count++] = (struct scenario_text){copy(line->name), line->number};
	return true;
}

static bool read_schedule(struct reading *r, const struct ini_line *line, struct error *e)
{
	struct scenario *s = r->s;
	size_t digits = strspn(line->name, "0123456789");
	unsigned long number = strtoul(line->name, NULL, 10);

	if (line->name[digits] != '\0' || digits > 4)
		return fail(
			e, "'%.48s': expected the number of a forcing: N = forcing", line->name);
	if (number <= r->last_forcing)
		return fail(e, "forcing %lu comes after forcing %u: numbers rise from 1", number,
			r->last_forcing);
	if (line->value[0] == '\0')
		return fail(e, "forcing %lu is empty", number);
	if (s->forcing_count == FORCINGS_MAX)
		return fail(e, "more than %d forcings", FORCINGS_MAX);
	r->last_forcing = (unsigned)number;
	s->forcings[s->forcing_count++] = (struct scenario_text){copy(line->value), line->number};
	return true;
}

static bool read_expect(struct reading *r, const struct ini_line *line, struct error *e)
{
	struct scenario *s = r->s;
	uint64_t status;

	if (strcmp(line->name, "output") == 0)
		return set_text(&s->expect.output, line, e);
	if (strcmp(line->name, "exit") == 0) {
		if (!set_number(&status, &r->exit_line, line, 0, UINT32_MAX, e))
			return false;
		s->expect.exit = (uint32_t)status;
		return s->expect.has_exit = true;
	}
	if (strcmp(line->name, "verdict") != 0)
		return fail(e, "unknown key '%.48s' in [expect]; expected verdict, output or exit",
			line->name);
	if (r->verdict_line != 0)
		return fail(e, "verdict is set twice, first in line %u", r->verdict_line);
	r->verdict_line = s->expect.line = line->number;
	return verdict_read(line->value, &s->expect.verdict, e);
}

static bool read_limit(struct reading *r, const struct ini_line *line, struct error *e)
{
	struct scenario *s = r->s;

	if (strcmp(line->name, "steps") == 0)
		return set_number(&s->limit.steps, &r->limit_line[0], line, 1, UINT64_MAX - 1, e);
	if (strcmp(line->name, "cycles") == 0)
		return set_number(&s->limit.cycles, &r->limit_line[1], line, 1, UINT64_MAX - 1, e);
	return fail(e, "unknown key '%.48s' in [limit]; expected steps or cycles", line->name);
}

static bool read_option(struct reading *r, const struct ini_line *line, struct error *e)
{
	char key[sizeof(r->options[0])];

	snprintf(key, sizeof(key), "%s.%s", line->section, line->name);
	if (!config_set(&r->s->config, key, line->value, e))
		return false;
	for (unsigned i = 0; i < r->option_count; i++)
		if (strcmp(r->options[i], key) == 0)
			return fail(e, "%s is set twice", key);
	SIM_ASSERT(r->option_count < ARRAY_LEN(r->options)); /* options are fewer */
	memcpy(r->options[r->option_count++], key, sizeof(key));
	return true;
}

static const struct {
	const char *section;
	bool (*read)(struct reading *r, const struct ini_line *line, struct error *e);
} sections[] = {
	{"scenario", read_scenario},
	{"fault", read_fault},
	{"schedule", read_schedule},
	{"expect", read_expect},
	{"limit", read_limit},
};

static bool read_entry(void *context, const struct ini_line *line, struct error *e)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (strcmp(line->section, sections[i].section) == 0)
			return sections[i].read(context, line, e);
	if (line->section[0] == '\0')
		return fail(e, "'%.48s' stands before the first [section]", line->name);
	if (config_has_section(line->section))
		return read_option(context, line, e);
	return fail(e,
		"unknown section [%.48s]; expected scenario, fault, schedule, expect, limit, or a "
		"section of options as machine",
		line->section);
}

/* --- the whole --- */

/* The kernel splits run= at commas, and its command line at blanks. */
static bool check_program(const struct scenario *s, struct error *e)
{
	const char *append = s->append.text != NULL ? s->append.text : "";
	const char *run;

	if (s->program.text == NULL)
		return true;
	if (strchr(s->program.text, ',') != NULL)
		return fail(e, "program: expected words without commas") ||
		       scenario_fail(s, s->program.line, e);
	for (run = strstr(append, "run="); run != NULL; run = strstr(run + 1, "run="))
		if (run == append || run[-1] == ' ')
			return fail(e, "append has run=, which program sets") ||
			       scenario_fail(s, s->append.line, e);
	if (strlen(append) + strlen(s->program.text) + sizeof(" run=") > SCENARIO_LINE_MAX)
		return fail(e, "program and append have more than %d characters together",
			       SCENARIO_LINE_MAX - (int)sizeof(" run=")) ||
		       scenario_fail(s, s->program.line, e);
	return true;
}

/* How a program ended means something only where it can end. */
static bool check_expect(const struct reading *r, struct error *e)
{
	const struct scenario *s = r->s;
	unsigned line = s->expect.output.text != NULL ? s->expect.output.line : r->exit_line;

	if (line == 0 || s->expect.verdict == VERDICT_PASS ||
		s->expect.verdict == VERDICT_UNEXPECTED_OUTPUT)
		return true;
	return fail(e, "output and exit go with the verdict pass or unexpected-output, not %s",
		       verdict_name(s->expect.verdict)) ||
	       scenario_fail(s, line, e);
}

static bool check(const struct reading *r, struct error *e)
{
	if (r->s->title.text == NULL)
		return fail(e, "%.400s: no title: expected [scenario] title = a claim", r->s->path);
	return check_program(r->s, e) && check_expect(r, e);
}

static void begin(struct reading *r, struct scenario *s, const char *path)
{
	*r = (struct reading){.s = s};
	memset(s, 0, sizeof(*s));
	s->path = copy(path);
	config_defaults(&s->config);
	s->limit.steps = SCENARIO_LIMIT_STEPS;
	s->limit.cycles = UINT64_MAX;
}

static bool end(struct reading *r, bool good, struct error *e)
{
	if (good && check(r, e) &&
		model_pin(r->s->config.cpu.model, sizeof(r->s->config.cpu.model), e))
		return true;
	scenario_free(r->s);
	return false;
}

bool scenario_read(struct scenario *s, const char *path, struct error *e)
{
	struct reading r;

	begin(&r, s, path);
	return end(&r, ini_read_file(path, read_entry, &r, e), e);
}

bool scenario_read_text(
	struct scenario *s, const char *path, const char *text, size_t length, struct error *e)
{
	struct reading r;

	begin(&r, s, path);
	return end(&r, ini_read_text(path, text, length, read_entry, &r, e), e);
}

void scenario_command_line(const struct scenario *s, char line[SCENARIO_LINE_MAX])
{
	const char *append = s->append.text != NULL ? s->append.text : "";
	const char *program = s->program.text != NULL ? s->program.text : "";
	char *to = line + snprintf(line, SCENARIO_LINE_MAX, "%s%s%s", append,
				  append[0] != '\0' && program[0] != '\0' ? " " : "",
				  program[0] != '\0' ? "run=" : "");

	for (const char *c = program; *c != '\0'; c += strspn(c, " ")) {
		size_t word = strcspn(c, " ");

		if (c != program)
			*to++ = ',';
		memcpy(to, c, word);
		to += word;
		c += word;
	}
	*to = '\0';
}

void scenario_program(const struct scenario *s, char name[64])
{
	const char *program = s->program.text != NULL ? s->program.text : "";

	snprintf(name, 64, "%.*s", (int)strcspn(program, " "), program);
}
