#include "sim/cli/command.h"

#include <errno.h>
#include <stdlib.h>

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* --- parsing --- */

static const struct option_row *option_find(
	const struct command *c, const char *name, size_t length)
{
	for (const struct option_row *o = c->options; o->name != NULL; o++)
		if (strlen(o->name) == length && strncmp(o->name, name, length) == 0)
			return o;
	return NULL;
}

static bool list_add(struct text_list *list, const char *text, const char *what, struct error *e)
{
	if (list->count == TEXT_LIST_MAX)
		return fail(e, "more than %d times %s", TEXT_LIST_MAX, what);
	list->at[list->count++] = text;
	return true;
}

static bool parse_number(const char *text, const char *option, uint64_t *value, struct error *e)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-')
		return fail(e, "--%s: '%s' is not a number", option, text);
	return true;
}

static bool store(const struct option_row *o, const char *value, struct args *args, struct error *e)
{
	void *to = (char *)args + o->offset;

	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)to = true;
		return true;
	case OPTION_TEXT:
		*(const char **)to = value;
		return true;
	case OPTION_LIST:
		return list_add(to, value, o->name, e);
	case OPTION_NUMBER:
		return parse_number(value, o->name, to, e);
	}
	return true;
}

/* One option, as "--name value" or "--name=value"; *i moves over a value that is a word. */
static bool parse_option(const struct command *c, int count, char *const words[], int *i,
	struct args *args, struct error *e)
{
	const char *name = words[*i] + 2, *equals = strchr(name, '=');
	size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct option_row *o = option_find(c, name, length);
	const char *value = equals != NULL ? equals + 1 : NULL;

	if (o == NULL)
		return fail(e, "unknown option --%.*s; `ringv help %s` lists the options",
			(int)length, name, c->name);
	if (o->value == NULL && value != NULL)
		return fail(e, "--%s takes no value", o->name);
	if (o->value != NULL && value == NULL) {
		if (*i + 1 == count)
			return fail(e, "--%s needs %s", o->name, o->value);
		value = words[++*i];
	}
	return store(o, value, args, e);
}

/* "-x value", where an option has the letter x. */
static const struct option_row *option_by_letter(const struct command *c, const char *word)
{
	if (word[0] != '-' || word[1] == '\0' || word[2] != '\0')
		return NULL;
	for (const struct option_row *o = c->options; o->name != NULL; o++)
		if (o->letter == word[1])
			return o;
	return NULL;
}

static bool parse_letter(const struct option_row *o, int count, char *const words[], int *i,
	struct args *args, struct error *e)
{
	if (o->value != NULL && *i + 1 == count)
		return fail(e, "-%c needs %s", o->letter, o->value);
	return store(o, o->value != NULL ? words[++*i] : NULL, args, e);
}

bool command_parse(
	const struct command *c, int count, char *const words[], struct args *args, struct error *e)
{
	bool options = true;

	for (int i = 0; i < count; i++) {
		const struct option_row *short_form = option_by_letter(c, words[i]);

		if (options && strcmp(words[i], "--") == 0) {
			options = false;
		} else if (options && short_form != NULL) {
			if (!parse_letter(short_form, count, words, &i, args, e))
				return false;
		} else if (options && strncmp(words[i], "--", 2) == 0) {
			if (!parse_option(c, count, words, &i, args, e))
				return false;
		} else if (!list_add(&args->names, words[i], "operands", e)) {
			return false;
		}
	}
	if (args->help)
		return true;
	if (args->names.count < c->operands_min || args->names.count > c->operands_max)
		return fail(e, "expected: ringv %s %s", c->name, c->operands);
	return true;
}

/* --- help --- */

static void help_option(const struct option_row *o, FILE *out)
{
	char left[40], letter[8] = "";

	if (o->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->value != NULL ? " " : "",
		o->value != NULL ? o->value : "");
	fprintf(out, "  %-24s %s\n", left, o->help);
}

void command_help(const struct command *c, FILE *out)
{
	fprintf(out, "usage: ringv %s %s\n\n%s\n", c->name, c->operands, c->details);
	if (c->options->name != NULL)
		fprintf(out, "\noptions:\n");
	for (const struct option_row *o = c->options; o->name != NULL; o++)
		help_option(o, out);
	fprintf(out, "\nexample:\n  %s\n", c->example);
}

void commands_help(FILE *out)
{
	fprintf(out, "ringv - a deterministic full-system x86-64 simulator\n\n"
		     "usage: ringv COMMAND ...\n\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		fprintf(out, "  %-8s %s\n", c->name, c->summary);
	fprintf(out, "\n`ringv help COMMAND` says more, with an example.\n"
		     "exit codes: 0 as expected, 1 otherwise, 2 bad usage or input, 3 stuck, "
		     "4 a bug in ringv;\n`ringv boot` ends with the status that the image wrote to "
		     "the debug-exit port.\n");
}
