#include "sim/replay/schedule.h"

#include <stdlib.h>

/* A forcing's text, cut into words at blanks. */
struct reader {
	const char *where, *text;
	const char *word; /* that is looked at; its end is at size */
	size_t size;
	struct error *e;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '.' || c == '-' || c == '$';
}

/* A word that begins with a quote goes on to the next one, if there is one. */
static size_t word_size(const char *word)
{
	size_t size = 0;

	if (word[0] == '"') {
		for (size = 1; word[size] != '\0' && word[size] != '"'; size++)
			if (word[size] == '\\' && word[size + 1] != '\0')
				size++;
		return size + (word[size] == '"');
	}
	while (word[size] != '\0' && !is_blank(word[size]))
		size++;
	return size;
}

static void next_word(struct reader *r)
{
	r->word += r->size;
	while (is_blank(*r->word))
		r->word++;
	r->size = word_size(r->word);
}

/* The word is not what it should be; at is the place in it that shows it. */
static bool expected_at(struct reader *r, const char *at, const char *what)
{
	if (r->size == 0)
		return fail(r->e, "%s: column %td: the text ends; expected %s", r->where,
			r->word - r->text + 1, what);
	return fail(r->e, "%s: column %td: '%.*s': expected %s", r->where, at - r->text + 1,
		(int)min_u64(r->size, 80), r->word, what);
}

static bool expected(struct reader *r, const char *what)
{
	return expected_at(r, r->word, what);
}

static bool is_word(const struct reader *r, const char *text)
{
	return r->size == strlen(text) && memcmp(r->word, text, r->size) == 0;
}

static bool take_word(struct reader *r, const char *text)
{
	if (!is_word(r, text))
		return false;
	next_word(r);
	return true;
}

/* --- numbers and names: parts of a word, from *at on --- */

static bool parse_number(const char **at, uint64_t max, uint64_t *value)
{
	const char *p = *at;
	uint64_t v = 0;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++) {
		v = 10 * v + (uint64_t)(*p - '0');
		if (v > max)
			return false;
	}
	*at = p;
	*value = v;
	return true;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0x and up to 8 digits. */
static bool parse_hex(const char **at, uint64_t *value)
{
	const char *p = *at;
	unsigned digits = 0;

	if (p[0] != '0' || p[1] != 'x')
		return false;
	*value = 0;
	for (p += 2; hex_digit(*p) >= 0 && digits < 9; p++, digits++)
		*value = *value << 4 | (unsigned)hex_digit(*p);
	*at = p;
	return digits >= 1 && digits <= 8;
}

/* brackets: also [INDEX], as data has. */
static bool parse_name(const char **at, bool brackets, char name[SCHEDULE_NAME])
{
	size_t n = 0;

	while (is_name((*at)[n]) || (brackets && ((*at)[n] == '[' || (*at)[n] == ']')))
		n++;
	if (n == 0 || n >= SCHEDULE_NAME)
		return false;
	memset(name, 0, SCHEDULE_NAME);
	memcpy(name, *at, n);
	*at += n;
	return true;
}

static bool word_number(struct reader *r, uint64_t max, const char *what, uint64_t *value)
{
	const char *at = r->word;
	bool good = at[0] == '0' && at[1] == 'x' ? parse_hex(&at, value) && *value <= max
						 : parse_number(&at, max, value);

	if (!good || at != r->word + r->size)
		return expected(r, what);
	next_word(r);
	return true;
}

/* --- streams and points --- */

#define CORES_MAX  CPU_MAX
#define VCORES_MAX 1024

static bool parse_pcore(const char **at, struct stream *s)
{
	const char *p = *at + 1;
	uint64_t number;

	if (**at != 'c' || !parse_number(&p, CORES_MAX - 1, &number) || is_name(*p))
		return false;
	*s = (struct stream){.kind = STREAM_PCORE, .number = (unsigned)number};
	*at = p;
	return true;
}

static bool parse_vcore(const char **at, struct stream *s)
{
	struct stream new = {.kind = STREAM_VCORE};
	const char *p = *at;
	uint64_t number;

	if (!parse_name(&p, false, new.program) || p[0] != ':' || p[1] != 'v')
		return false;
	p += 2;
	if (!parse_number(&p, VCORES_MAX - 1, &number) || is_name(*p))
		return false;
	new.number = (unsigned)number;
	*s = new;
	*at = p;
	return true;
}

static bool word_stream(struct reader *r, struct stream *s)
{
	const char *at = r->word;

	if ((!parse_pcore(&at, s) && !parse_vcore(&at, s)) || at != r->word + r->size)
		return expected(r, "a stream: cN (a pcore) or PROGRAM:vN (a vcore)");
	next_word(r);
	return true;
}

static bool word_pcore(struct reader *r, struct stream *s)
{
	const char *at = r->word;

	if (!parse_pcore(&at, s) || at != r->word + r->size)
		return expected(r, "a pcore: cN");
	next_word(r);
	return true;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool parse_step(const char **at, struct point *p)
{
	const char *q = *at + 1;

	if (p->stream.kind != STREAM_PCORE || **at != 's' ||
		!parse_number(&q, SCHEDULE_NUMBER, &p->number) || (*q != '\0' && !is_blank(*q)))
		return false;
	p->kind = POINT_EXACT;
	*at = q;
	return true;
}

static bool parse_code(struct reader *r, const char **at, struct point *p)
{
	p->kind = POINT_CODE;
	if (!parse_name(at, false, p->name))
		return expected_at(
			r, *at, "a point: cN:sN, FUNCTION+0xOFFSET, probe:NAME or store:DATA");
	if (**at != '+')
		return true;
	++*at;
	return parse_hex(at, &p->offset) ||
	       expected_at(r, *at, "an offset of up to 8 hexadecimal digits: 0x3c");
}

/* What is left of a point after its stream. */
static bool parse_place(struct reader *r, const char **at, struct point *p)
{
	if (starts(*at, "probe:")) {
		*at += strlen("probe:");
		p->kind = POINT_PROBE;
		return parse_name(at, false, p->name) || expected_at(r, *at, "a probe's name");
	}
	if (starts(*at, "store:")) {
		*at += strlen("store:");
		p->kind = POINT_STORE;
		return parse_name(at, true, p->name) ||
		       expected_at(r, *at, "a variable, as in vcpd.notif_pending");
	}
	return parse_code(r, at, p);
}

static bool word_point(struct reader *r, struct point *p)
{
	const char *at = r->word, *end = r->word + r->size, *first = at;

	*p = (struct point){.number = 1};
	if ((parse_pcore(&at, &p->stream) || parse_vcore(&at, &p->stream)) && *at == ':') {
		first = ++at;
	} else {
		p->stream = (struct stream){.kind = STREAM_ANY};
		at = first;
	}
	if (!parse_step(&at, p)) {
		if (!parse_place(r, &at, p))
			return false;
		if (*at == '#' && at < end) {
			at++;
			if (!parse_number(&at, SCHEDULE_NUMBER, &p->number) || p->number == 0)
				return expected_at(r, at, "which time it is, from 1 on: #3");
		}
	}
	if (at != end)
		return expected_at(r, at, "a blank after the point");
	next_word(r);
	return true;
}

bool stream_equal(const struct stream *a, const struct stream *b)
{
	return a->kind == b->kind && a->number == b->number && strcmp(a->program, b->program) == 0;
}

/* A forcing's own point is one of its stream. */
static bool own_point(struct reader *r, const struct stream *s, struct point *p)
{
	const char *word = r->word;

	if (!word_point(r, p))
		return false;
	if (p->kind == POINT_EXACT && s->kind == STREAM_VCORE)
		return true; /* the pcore that it is on then */
	if (p->stream.kind == STREAM_ANY)
		p->stream = *s;
	if (stream_equal(&p->stream, s))
		return true;
	return fail(r->e,
		"%s: column %td: a point of another stream; expected one of the stream "
		"that is held",
		r->where, word - r->text + 1);
}

/* --- until and expires --- */

static bool word_cycles(struct reader *r, uint64_t *cycles)
{
	const char *what = "a number of cycles, from 1 on";

	if (is_word(r, "0"))
		return expected(r, what);
	if (!word_number(r, SCHEDULE_NUMBER, what, cycles))
		return false;
	return take_word(r, "cycles") || expected(r, "cycles");
}

static bool read_until(struct reader *r, struct until *u)
{
	if (!take_word(r, "until"))
		return expected(r, "until");
	*u = (struct until){.kind = UNTIL_POINT};
	if (is_digit(*r->word)) {
		u->kind = UNTIL_CYCLES;
		return word_number(r, SCHEDULE_NUMBER, "a number of cycles", &u->cycles) &&
		       (take_word(r, "cycles") || expected(r, "cycles"));
	}
	if (take_word(r, "all")) {
		u->kind = UNTIL_IDLE;
		if (!take_word(r, "others"))
			return expected(r, "others");
		return take_word(r, "idle") || expected(r, "idle");
	}
	if (r->size == 0)
		return expected(r, "a point, N cycles, or all others idle");
	return word_point(r, &u->point);
}

static bool read_expires(struct reader *r, uint64_t *cycles)
{
	*cycles = SCHEDULE_EXPIRES;
	return !take_word(r, "expires") || word_cycles(r, cycles);
}

static bool read_hold(struct reader *r, enum forcing_kind kind, struct forcing *f)
{
	f->kind = kind;
	if (!word_stream(r, &f->stream))
		return false;
	if (!take_word(r, "at"))
		return expected(r, "at");
	return own_point(r, &f->stream, &f->at) && read_until(r, &f->until) &&
	       read_expires(r, &f->expires);
}

/* --- stimuli --- */

static bool read_irq(struct reader *r, struct stimulation *s)
{
	return word_number(r, 23, "a pin of the I/O APIC, 0 to 23", &s->number);
}

/* One character of a quoted text; *at moves on. */
static bool parse_char(const char **at, char *c)
{
	static const char names[] = "nrt\\\"", values[] = "\n\r\t\\\"";
	const char *name;
	int high, low;

	if (**at != '\\') {
		*c = *(*at)++;
		return true;
	}
	++*at;
	name = **at != '\0' ? strchr(names, **at) : NULL;
	if (name != NULL) {
		*c = values[name - names];
		++*at;
		return true;
	}
	if (**at != 'x' || (high = hex_digit((*at)[1])) < 0 || (low = hex_digit((*at)[2])) < 0)
		return false;
	*c = (char)(high << 4 | low);
	*at += 3;
	return true;
}

static bool read_serial(struct reader *r, struct stimulation *s)
{
	const char *at = r->word + 1, *end = r->word + r->size - 1;

	if (r->size < 3 || *r->word != '"' || *end != '"')
		return expected(r, "the bytes to send, in quotes: \"go\\n\"");
	while (at < end) {
		if (s->size == SCHEDULE_SERIAL)
			return expected_at(r, at, "at most 64 bytes");
		if (!parse_char(&at, &s->text[s->size++]))
			return expected_at(r, at, "\\n, \\r, \\t, \\\\, \\\" or \\xHH");
	}
	if (at != end)
		return expected(r, "a closing quote");
	next_word(r);
	return true;
}

static bool read_preempt(struct reader *r, struct stimulation *s)
{
	if (!word_stream(r, &s->stream))
		return false;
	if (!take_word(r, "for"))
		return true;
	s->number = UINT64_MAX;
	if (take_word(r, "ever"))
		return true;
	return word_number(r, UINT32_MAX - 1, "a number of microseconds, or ever", &s->number) &&
	       (take_word(r, "us") || expected(r, "us"));
}

static bool read_return(struct reader *r, struct stimulation *s)
{
	(void)s;
	return take_word(r, "cores") || expected(r, "cores");
}

static bool read_provision(struct reader *r, struct stimulation *s)
{
	const char *at = r->word;

	s->stream.kind = STREAM_VCORE;
	if (!parse_name(&at, false, s->stream.program) || at != r->word + r->size)
		return expected(r, "the name of a program");
	next_word(r);
	return word_number(r, CORES_MAX, "a number of pcores", &s->number);
}

/* VECTOR on cN */
static bool read_vector(struct reader *r, struct stimulation *s)
{
	const char *word = r->word;

	if (!word_number(r, 255, "a vector, 16 to 255", &s->number))
		return false;
	if (s->number < 16)
		return fail(r->e, "%s: column %td: vector %" PRIu64 ": expected 16 to 255",
			r->where, word - r->text + 1, s->number);
	return (take_word(r, "on") || expected(r, "on")) && word_pcore(r, &s->stream);
}

static bool read_delay(struct reader *r, struct stimulation *s)
{
	return read_vector(r, s) && (take_word(r, "by") || expected(r, "by")) &&
	       word_cycles(r, &s->cycles);
}

static bool (*const read_stimulus[])(struct reader *r, struct stimulation *s) = {
	[STIMULATE_IRQ] = read_irq,
	[STIMULATE_SERIAL] = read_serial,
	[STIMULATE_PREEMPT] = read_preempt,
	[STIMULATE_RETURN] = read_return,
	[STIMULATE_PROVISION] = read_provision,
	[STIMULATE_DELAY] = read_delay,
	[STIMULATE_DROP] = read_vector,
	[STIMULATE_DUPLICATE] = read_vector,
};

static bool read_do(struct reader *r, struct forcing *f)
{
	f->kind = FORCING_DO;
	for (unsigned i = 0; i < ARRAY_LEN(read_stimulus); i++) {
		if (!take_word(r, stimulus_name((enum stimulus_kind)i)))
			continue;
		f->stimulation.kind = (enum stimulus_kind)i;
		if (!read_stimulus[i](r, &f->stimulation))
			return false;
		if (!take_word(r, "at"))
			return expected(r, "at");
		return word_point(r, &f->at);
	}
	return expected(r, "irq, serial, preempt, return, provision, delay, drop or duplicate");
}

/* --- forcings --- */

static bool read_forcing(struct reader *r, struct forcing *f)
{
	bool good;

	if (take_word(r, "pause"))
		good = read_hold(r, FORCING_PAUSE, f);
	else if (take_word(r, "park"))
		good = read_hold(r, FORCING_PARK, f);
	else if (take_word(r, "hold"))
		good = read_hold(r, FORCING_HOLD, f);
	else if (take_word(r, "do"))
		good = read_do(r, f);
	else
		return expected(r, "pause, park, hold or do");
	return good && (r->size == 0 || expected(r, "the end of the forcing"));
}

void schedule_copy(struct schedule *to, const struct schedule *from)
{
	to->count = from->count;
	memcpy(to->at, from->at, from->count * sizeof(from->at[0]));
}

bool schedule_add(struct schedule *s, const char *where, const char *text, struct error *e)
{
	struct reader r = {.where = where, .text = text, .word = text, .e = e};
	struct forcing f;

	if (s->count == FORCINGS_MAX)
		return fail(e, "%s: more than %d forcings", where, FORCINGS_MAX);
	memset(&f, 0, sizeof(f));
	next_word(&r);
	if (!read_forcing(&r, &f))
		return false;
	snprintf(f.where, sizeof(f.where), "%s", where);
	s->at[s->count++] = f;
	return true;
}

/* One line of a text; it is copied, to have an end. */
static bool read_line(struct schedule *s, const char *name, unsigned number, const char *from,
	size_t size, struct error *e)
{
	char where[SCHEDULE_WHERE], text[512];

	while (size != 0 && (is_blank(from[size - 1]) || from[size - 1] == '\r'))
		size--;
	while (size != 0 && is_blank(*from))
		from++, size--;
	if (size == 0 || *from == '#' || *from == ';')
		return true;
	if (size >= sizeof(text) || memchr(from, '\0', size) != NULL)
		return fail(e, "%s:%u: a line of more than %zu bytes, or with a zero byte", name,
			number, sizeof(text) - 1);
	memcpy(text, from, size);
	text[size] = '\0';
	snprintf(where, sizeof(where), "%s:%u", name, number);
	return schedule_add(s, where, text, e);
}

bool schedule_read(
	struct schedule *s, const char *name, const char *text, size_t size, struct error *e)
{
	const char *end = text + size;

	for (unsigned number = 1; text < end; number++) {
		const char *line = text;
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		text = newline != NULL ? newline + 1 : end;
		if (!read_line(s, name, number, line,
			    (size_t)((newline != NULL ? newline : end) - line), e))
			return false;
	}
	return true;
}
