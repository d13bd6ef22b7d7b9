#include "sim/litmus/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool reader_expected(const struct reader *r, const char *what)
{
	size_t length = strcspn(r->at, "\r\n");

	if (*r->at == '\0')
		return fail(r->e, "%s:%u: the text ends: expected %s", r->file, r->line, what);
	return fail(r->e, "%s:%u: '%.*s': expected %s", r->file, r->line, (int)min_u64(length, 40),
		r->at, what);
}

static void advance(struct reader *r)
{
	if (*r->at++ == '\n')
		r->line++;
}

static void skip_comment(struct reader *r)
{
	while (*r->at != '\0' && strncmp(r->at, "*)", 2) != 0)
		advance(r);
	if (*r->at != '\0')
		r->at += 2;
}

void reader_skip(struct reader *r)
{
	for (;;) {
		if (isspace((unsigned char)*r->at))
			advance(r);
		else if (strncmp(r->at, "(*", 2) == 0)
			skip_comment(r);
		else
			return;
	}
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

bool reader_take(struct reader *r, const char *text)
{
	size_t length = strlen(text);

	reader_skip(r);
	if (strncmp(r->at, text, length) != 0)
		return false;
	if (is_name(text[length - 1]) && is_name(r->at[length]))
		return false;
	r->at += length;
	return true;
}

bool reader_need(struct reader *r, const char *text)
{
	char what[LITMUS_NAME];

	snprintf(what, sizeof(what), "'%s'", text);
	return reader_take(r, text) || reader_expected(r, what);
}

bool reader_name(struct reader *r, char *text)
{
	size_t length = 0;

	reader_skip(r);
	while (is_name(r->at[length]))
		length++;
	if (length == 0 || length >= LITMUS_NAME || isdigit((unsigned char)r->at[0]))
		return reader_expected(r, "a name");
	memcpy(text, r->at, length);
	text[length] = '\0';
	r->at += length;
	return true;
}

bool reader_at_number(struct reader *r)
{
	reader_skip(r);
	return isdigit((unsigned char)r->at[*r->at == '-']);
}

bool reader_number(struct reader *r, int64_t *value)
{
	bool negative;
	char *end;

	if (!reader_at_number(r))
		return reader_expected(r, "a number");
	negative = *r->at == '-';
	errno = 0;
	*value = (int64_t)strtoull(r->at + negative, &end, 0);
	if (errno != 0 || is_name(*end))
		return reader_expected(r, "a number of at most 64 bits");
	*value = negative ? (int64_t) - (uint64_t)*value : *value;
	r->at = end;
	return true;
}
