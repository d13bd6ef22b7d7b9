#include "sim/base/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX  (16u << 20) /* bytes: larger files are not configuration */
#define TOKEN_MAX 50          /* inih cuts a section or a name that is not shorter */

struct reading {
	const char *at, *end; /* the text that is still to be read */
	unsigned line;        /* of the line handed out last */
	unsigned failed_line; /* 0, or where problem was found */
	struct error problem;
	ini_entry *entry;
	void *context;
};

static bool reading_fail(struct reading *r)
{
	r->failed_line = r->line;
	return false;
}

/* Is this line one that inih takes as we mean it? length includes the newline. */
static bool line_good(struct reading *r, const char *line, size_t length)
{
	size_t blank = strspn(line, " \t");

	if (memchr(line, '\0', length) != NULL)
		return fail(&r->problem, "the line has a NUL byte");
	if (blank != 0 && strchr("\r\n;#", line[blank]) == NULL)
		return fail(&r->problem, "the line is indented: there are no continuation lines");
	return true;
}

/* inih's reader: hands out the next line, as fgets would, or NULL at the end or after an error. */
static char *next_line(char *into, int room, void *context)
{
	struct reading *r = context;
	const char *newline;
	size_t length;

	if (r->failed_line != 0 || r->at == r->end)
		return NULL;
	newline = memchr(r->at, '\n', r->end - r->at);
	length = (newline != NULL ? newline + 1 : r->end) - r->at;
	r->line++;
	if (length >= (size_t)room) {
		fail(&r->problem, "the line has more than %d characters", room - 2);
		reading_fail(r);
		return NULL;
	}
	memcpy(into, r->at, length);
	into[length] = '\0';
	r->at += length;
	return line_good(r, into, length) || reading_fail(r) ? into : NULL;
}

static int entry_read(void *context, const char *section, const char *name, const char *value)
{
	struct reading *r = context;
	const struct ini_line line = {section, name, value, r->line};

	if (r->failed_line != 0)
		return 0;
	if (strlen(section) >= TOKEN_MAX - 1 || strlen(name) >= TOKEN_MAX - 1) {
		fail(&r->problem, "a section or a name has more than %d characters", TOKEN_MAX - 2);
		return reading_fail(r);
	}
	if (!r->entry(r->context, &line, &r->problem))
		return reading_fail(r);
	return 1;
}

bool ini_read_text(const char *file, const char *text, size_t length, ini_entry *entry,
	void *context, struct error *e)
{
	struct reading r = {.at = text, .end = text + length, .entry = entry, .context = context};
	int bad_line = ini_parse_stream(next_line, &r, entry_read, &r);

	if (r.failed_line != 0 && (bad_line <= 0 || (unsigned)bad_line >= r.failed_line))
		return fail(e, "%s:%u: %s", file, r.failed_line, r.problem.text);
	if (bad_line != 0)
		return fail(e, "%s:%d: expected [section] or name = value", file, bad_line);
	return true;
}

static char *file_load(const char *path, size_t *length, struct error *e)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;

	if (f == NULL) {
		fail(e, "%s: %s", path, strerror(errno));
		return NULL;
	}
	text = malloc(FILE_MAX);
	SIM_ASSERT(text != NULL);
	*length = fread(text, 1, FILE_MAX, f);
	if (ferror(f) || *length == FILE_MAX) {
		fail(e, "%s: %s", path, ferror(f) ? strerror(errno) : "too large for an ini file");
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

bool ini_read_file(const char *path, ini_entry *entry, void *context, struct error *e)
{
	size_t length;
	char *text = file_load(path, &length, e);
	bool ok;

	if (text == NULL)
		return false;
	ok = ini_read_text(path, text, length, entry, context, e);
	free(text);
	return ok;
}
