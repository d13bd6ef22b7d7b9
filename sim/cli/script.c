#include "sim/cli/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/machine/file.h"

#define SCRIPT_SIZE_MAX (1 << 20)

/* --- reading --- */

struct reader {
	const char *path;
	unsigned line;
	uint64_t timeout;
};

/* The two digits behind \x, at from, if there are two before end. */
static bool parse_hex(const char *from, const char *end, char *byte)
{
	char digits[3] = "";

	if (end - from < 2 || !isxdigit((unsigned char)from[0]) ||
		!isxdigit((unsigned char)from[1]))
		return false;
	memcpy(digits, from, 2);
	*byte = (char)strtoul(digits, NULL, 16);
	return true;
}

/* \n, \t, \r, \\ and \xHH; what comes out is never longer. False: another one. */
static bool unescape(const char *from, size_t size, char *to, size_t *length)
{
	static const char names[] = "ntr\\", values[] = "\n\t\r\\";
	const char *end = from + size;

	for (*length = 0; from < end; from++) {
		const char *name;

		if (*from != '\\') {
			to[(*length)++] = *from;
			continue;
		}
		from++;
		name = from < end && *from != '\0' ? strchr(names, *from) : NULL;
		if (name != NULL) {
			to[(*length)++] = values[name - names];
		} else if (from < end && *from == 'x' && parse_hex(from + 1, end, &to[*length])) {
			(*length)++;
			from += 2;
		} else {
			return false;
		}
	}
	return true;
}

/* Of the failure function of Knuth, Morris and Pratt. */
static void find_borders(struct script_step *step)
{
	size_t k = 0;

	for (size_t i = 1; i < step->size; i++) {
		while (k > 0 && step->text[i] != step->text[k])
			k = step->border[k - 1];
		if (step->text[i] == step->text[k])
			k++;
		step->border[i] = k;
	}
}

static bool add_step(struct script *s, const struct reader *r, bool expects, const char *text,
	size_t size, struct error *e)
{
	struct script_step *step, *more = realloc(s->steps, (s->count + 1) * sizeof(*more));

	if (more == NULL)
		return fail(e, "%s: not enough memory", r->path);
	s->steps = more;
	step = &s->steps[s->count];
	*step = (struct script_step){.expects = expects, .line = r->line, .timeout = r->timeout};
	step->text = malloc(size + 1);
	step->border = calloc(size + 1, sizeof(*step->border));
	s->count++;
	if (step->text == NULL || step->border == NULL)
		return fail(e, "%s: not enough memory", r->path);
	if (!unescape(text, size, step->text, &step->size))
		return fail(e, "%s:%u: expected \\n, \\t, \\r, \\\\ or \\xHH after a backslash",
			r->path, r->line);
	if (step->size == 0)
		return fail(e, "%s:%u: no text; expected some after a blank", r->path, r->line);
	find_borders(step);
	return true;
}

static bool set_timeout(struct reader *r, const char *text, size_t size, struct error *e)
{
	uint64_t seconds = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || seconds > 100000)
			return fail(e, "%s:%u: timeout '%.*s', expected 1 to 1000000 seconds",
				r->path, r->line, (int)min_u64(size, 32), text);
		seconds = seconds * 10 + (unsigned)(text[i] - '0');
	}
	if (seconds == 0)
		return fail(
			e, "%s:%u: timeout of 0, expected 1 to 1000000 seconds", r->path, r->line);
	r->timeout = seconds;
	return true;
}

static bool parse_line(
	struct script *s, struct reader *r, const char *line, size_t size, struct error *e)
{
	const char *blank = memchr(line, ' ', size);
	size_t word = blank == NULL ? size : (size_t)(blank - line);
	const char *text = blank == NULL ? line + size : blank + 1;
	size_t left = size - (size_t)(text - line);

	if (size == 0 || line[0] == '#')
		return true;
	if (word == 6 && memcmp(line, "expect", 6) == 0)
		return add_step(s, r, true, text, left, e);
	if (word == 4 && memcmp(line, "type", 4) == 0)
		return add_step(s, r, false, text, left, e);
	if (word == 7 && memcmp(line, "timeout", 7) == 0)
		return set_timeout(r, text, left, e);
	return fail(e, "%s:%u: '%.*s', expected expect, type or timeout", r->path, r->line,
		(int)min_u64(word, 32), line);
}

bool script_parse(
	struct script *s, const char *path, const char *text, size_t size, struct error *e)
{
	struct reader r = {.path = path, .timeout = SCRIPT_TIMEOUT};
	const char *end = text + size;

	*s = (struct script){.path = strdup(path)};
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline != NULL ? newline : end;

		r.line++;
		if (!parse_line(s, &r, text, (size_t)(line_end - text), e)) {
			script_free(s);
			return false;
		}
		text = line_end + 1;
	}
	return true;
}

bool script_read(struct script *s, const char *path, struct error *e)
{
	struct blob file;
	bool good;

	if (!file_read(path, SCRIPT_SIZE_MAX, &file, e))
		return false;
	good = script_parse(s, path, (const char *)file.data, file.size, e);
	blob_free(&file);
	return good;
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->steps[i].text);
		free(s->steps[i].border);
	}
	free(s->steps);
	free(s->path);
	*s = (struct script){0};
}

/* --- playing --- */

/* The first step from `at` on that expects, or types; count if there is none. */
static size_t find_step(const struct script *s, size_t at, bool expects)
{
	while (at < s->count && s->steps[at].expects != expects)
		at++;
	return at;
}

/* A step that is played makes way for the next of its kind. */
static void advance(struct script_run *r, struct script_cursor *c, bool expects)
{
	if (++c->done < r->script->steps[c->at].size)
		return;
	c->at = find_step(r->script, c->at + 1, expects);
	c->done = 0;
	r->timed = false;
}

static void see_byte(void *context, uint8_t byte)
{
	struct script_run *r = context;
	struct script_cursor *c = &r->expected;
	const struct script_step *step;

	if (r->out.put != NULL)
		r->out.put(r->out.context, byte);
	if (c->at == r->script->count)
		return;
	step = &r->script->steps[c->at];
	while (c->done > 0 && (uint8_t)step->text[c->done] != byte)
		c->done = step->border[c->done - 1];
	if ((uint8_t)step->text[c->done] == byte)
		advance(r, c, true);
}

struct byte_sink script_begin(struct script_run *r)
{
	r->expected.at = find_step(r->script, 0, true);
	r->typed.at = find_step(r->script, 0, false);
	return (struct byte_sink){.put = see_byte, .context = r};
}

/* All that is expected before it has come. */
static bool may_type(const struct script_run *r)
{
	return r->typed.at < r->expected.at;
}

static bool poll_byte(void *context, struct machine *m, uint64_t idle, uint8_t *byte)
{
	struct script_run *r = context;

	(void)m;
	(void)idle;
	if (!may_type(r))
		return false;
	*byte = (uint8_t)r->script->steps[r->typed.at].text[r->typed.done];
	return true;
}

static void byte_fed(void *context, struct machine *m, uint8_t byte)
{
	struct script_run *r = context;

	advance(r, &r->typed, false);
	if (r->fed != NULL)
		r->fed(r->fed_context, m, byte);
}

/* The step that is to be played now; NULL after the last. */
static const struct script_step *current(const struct script_run *r)
{
	size_t at = may_type(r) ? r->typed.at : r->expected.at;

	return at < r->script->count ? &r->script->steps[at] : NULL;
}

/* A byte goes in as soon as the line takes it; the run ends when something is late. */
static uint64_t next_step(void *context, const struct machine *m)
{
	struct script_run *r = context;
	const struct script_step *step = current(r);

	if (step == NULL)
		return UINT64_MAX;
	if (!r->timed)
		r->since = m->run.now;
	r->timed = true;
	if (m->run.now - r->since > step->timeout * m->config.machine.hz) {
		r->late = true;
		*r->please = 1;
	}
	return may_type(r) && uart_can_receive(&m->uart) ? m->run.steps : UINT64_MAX;
}

struct input_source script_input(struct script_run *r)
{
	return (struct input_source){
		.poll = poll_byte,
		.next_step = next_step,
		.fed = byte_fed,
		.context = r,
	};
}

bool script_finished(const struct script_run *r, struct error *e)
{
	const struct script_step *step = current(r);

	if (step == NULL)
		return true;
	if (r->late)
		return fail(e, "%s:%u: what is %s did not %s within %" PRIu64 " s", r->script->path,
			step->line, step->expects ? "expected" : "to be typed",
			step->expects ? "come" : "go in", step->timeout);
	return fail(e, "%s:%u: the run ended before that", r->script->path, step->line);
}
