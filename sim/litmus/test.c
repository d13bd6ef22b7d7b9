#include "sim/litmus/test.h"

#include <ctype.h>
#include <stdio.h>

#include "sim/base/core.h"
#include "sim/litmus/parse.h"

#define LITMUS_MEMORY UINT64_C(0x200000)
#define LITMUS_PAGE   UINT64_C(4096) /* each location has a page of its own */

uint64_t litmus_address(unsigned location)
{
	return LITMUS_MEMORY + location * LITMUS_PAGE;
}

bool litmus_is_uncached(const struct litmus_test *t, uint64_t address)
{
	uint64_t location = (address - LITMUS_MEMORY) / LITMUS_PAGE;

	return address >= LITMUS_MEMORY && location < t->location_count &&
	       t->location[location].caching != LITMUS_CACHED;
}

static bool holds(const struct litmus_test *t, unsigned thread, uint64_t value)
{
	for (unsigned r = 0; r < 16; r++)
		if (litmus_initial_register(t, thread, r) == value)
			return true;
	return false;
}

int litmus_sender(const struct litmus_test *t)
{
	for (unsigned i = 0; i < t->thread_count; i++)
		if (t->thread[i].reg[RCX] == LITMUS_ICR_MSR || holds(t, i, LITMUS_ICR))
			return (int)i;
	return -1;
}

bool litmus_has_xapic(const struct litmus_test *t)
{
	int sender = litmus_sender(t);

	return sender >= 0 && holds(t, (unsigned)sender, LITMUS_ICR);
}

uint64_t litmus_initial_register(const struct litmus_test *t, unsigned thread, unsigned reg)
{
	const struct litmus_thread *th = &t->thread[thread];

	return th->holds_address & BIT(reg) ? litmus_address((unsigned)th->reg[reg]) : th->reg[reg];
}

int64_t litmus_initial_value(const struct litmus_test *t, unsigned location)
{
	const struct litmus_location *l = &t->location[location];

	return l->is_initial_address ? (int64_t)litmus_address((unsigned)l->initial) : l->initial;
}

/* --- the head --- */

static bool read_head(struct reader *r, struct litmus_test *t)
{
	if (!reader_take(r, "X86_64"))
		return reader_expected(r, "X86_64 and the name of a test");
	while (*r->at == ' ' || *r->at == '\t')
		r->at++;
	for (size_t n = 0; !isspace((unsigned char)*r->at) && *r->at != '\0'; n++) {
		if (n + 1 == LITMUS_NAME)
			return reader_expected(r, "the end of the test's name");
		t->name[n] = *r->at++;
	}
	if (t->name[0] == '\0')
		return reader_expected(r, "the name of the test");
	while (*r->at != '\0') { /* comments, up to a line that begins with a brace */
		r->at += strcspn(r->at, "\n");
		reader_skip(r);
		if (*r->at == '{')
			return true;
	}
	return reader_expected(r, "'{' and the initial state");
}

/* --- the initial state --- */

struct type {
	const char *name;
	unsigned size;
};

static unsigned take_type(struct reader *r)
{
	static const struct type types[] = {{"uint8_t", 1}, {"int8_t", 1}, {"uint16_t", 2},
		{"int16_t", 2}, {"uint32_t", 4}, {"int32_t", 4}, {"uint64_t", 8}, {"int64_t", 8},
		{"int", 4}, {"long", 8}};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (reader_take(r, types[i].name))
			return types[i].size;
	return 0;
}

static bool location_of(struct reader *r, struct litmus_test *t, const char *name, unsigned *number)
{
	for (*number = 0; *number < t->location_count; ++*number)
		if (strcmp(t->location[*number].name, name) == 0)
			return true;
	if (t->location_count == LITMUS_LOCATIONS)
		return reader_expected(r, "fewer locations");
	t->location[t->location_count++] = (struct litmus_location){.size = 8};
	memcpy(t->location[*number].name, name, LITMUS_NAME);
	return true;
}

/* A number, or a location, whose address is meant. */
static bool read_initial(struct reader *r, struct litmus_test *t, int64_t *value, bool *is_address)
{
	char name[LITMUS_NAME];
	unsigned number = 0;

	*is_address = !reader_at_number(r);
	if (!*is_address)
		return reader_number(r, value);
	if (!reader_name(r, name) || !location_of(r, t, name, &number))
		return false;
	*value = number;
	return true;
}

static bool read_initial_register(struct reader *r, struct litmus_test *t)
{
	char name[LITMUS_NAME];
	bool is_address = false;
	int64_t thread, value = 0;
	unsigned size;
	int reg;

	if (!reader_number(r, &thread))
		return false;
	if (thread < 0 || thread >= LITMUS_THREADS)
		return reader_expected(r, "a thread from 0 to 7 before it");
	if (!reader_need(r, ":"))
		return false;
	reader_take(r, "%");
	if (!reader_name(r, name))
		return false;
	reg = litmus_register(name, strlen(name), &size);
	if (reg < 0 || size != 8)
		return fail(
			r->e, "%s:%u: '%s': expected a 64-bit register", r->file, r->line, name);
	if (reader_take(r, "=") && !read_initial(r, t, &value, &is_address))
		return false;
	t->thread[thread].reg[reg] = (uint64_t)value;
	if (is_address)
		t->thread[thread].holds_address |= (uint32_t)BIT(reg);
	return true;
}

static enum litmus_caching take_caching(struct reader *r)
{
	if (reader_take(r, "uncached"))
		return LITMUS_UNCACHED;
	return reader_take(r, "uncached_range") ? LITMUS_UNCACHED_RANGE : LITMUS_CACHED;
}

static unsigned ranges(const struct litmus_test *t)
{
	unsigned count = 0;

	for (unsigned i = 0; i < t->location_count; i++)
		count += t->location[i].caching == LITMUS_UNCACHED_RANGE;
	return count;
}

static bool read_initial_location(
	struct reader *r, struct litmus_test *t, enum litmus_caching caching, unsigned size)
{
	char name[LITMUS_NAME];
	bool bracket = reader_take(r, "["), is_address = false;
	unsigned number = 0;
	int64_t value = 0;

	if (!reader_name(r, name) || (bracket && !reader_need(r, "]")) ||
		!location_of(r, t, name, &number))
		return false;
	if (size != 0)
		t->location[number].size = size;
	if (caching != LITMUS_CACHED)
		t->location[number].caching = caching;
	if (ranges(t) > LITMUS_RANGES)
		return reader_expected(r, "at most 8 locations that are uncached by a range");
	if (reader_take(r, "=") && !read_initial(r, t, &value, &is_address))
		return false;
	t->location[number].initial = value;
	t->location[number].is_initial_address = is_address;
	return true;
}

static bool read_state(struct reader *r, struct litmus_test *t)
{
	if (!reader_need(r, "{"))
		return false;
	while (!reader_take(r, "}")) {
		enum litmus_caching caching;
		unsigned size;

		if (reader_take(r, ";"))
			continue;
		caching = take_caching(r);
		size = take_type(r);
		if (reader_at_number(r) && caching != LITMUS_CACHED)
			return reader_expected(r, "a location that is uncached");
		if (!(reader_at_number(r) ? read_initial_register(r, t)
					  : read_initial_location(r, t, caching, size)))
			return false;
		if (!reader_take(r, ";")) {
			reader_skip(r);
			if (*r->at != '}')
				return reader_expected(r, "';' or '}'");
		}
	}
	return true;
}

/* --- the threads --- */

struct columns {
	unsigned count;
	struct litmus_thread *at[2 * LITMUS_THREADS];
};

static bool add_thread(struct reader *r, struct litmus_test *t, struct columns *c, const char *name)
{
	char wanted[LITMUS_NAME];

	if (t->thread_count == LITMUS_THREADS)
		return reader_expected(r, "at most 8 threads");
	snprintf(wanted, sizeof(wanted), "P%u", t->thread_count);
	if (strcmp(name, wanted) != 0)
		return fail(r->e, "%s:%u: '%s': expected %s", r->file, r->line, name, wanted);
	c->at[c->count++] = &t->thread[t->thread_count++];
	return true;
}

static bool add_handler(
	struct reader *r, struct litmus_test *t, struct columns *c, const char *name)
{
	unsigned of = (unsigned)(name[1] - '0');

	if (of >= t->thread_count || name[2] != '\0' || t->has_handler[of])
		return fail(r->e,
			"%s:%u: '%s': expected the handler, I0 to I7, of a thread before it, which "
			"has no other",
			r->file, r->line, name);
	t->has_handler[of] = true;
	c->at[c->count++] = &t->handler[of];
	return true;
}

static bool read_header(struct reader *r, struct litmus_test *t, struct columns *c)
{
	do {
		char name[LITMUS_NAME];

		if (!reader_name(r, name))
			return false;
		if (!(name[0] == 'I' ? add_handler(r, t, c, name) : add_thread(r, t, c, name)))
			return false;
	} while (reader_take(r, "|"));
	return reader_need(r, ";");
}

static bool add_insn(struct reader *r, struct litmus_thread *th, const char *text, size_t length)
{
	struct litmus_line *line = &th->insn[th->count];

	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	if (length == 0)
		return true;
	if (th->count == LITMUS_INSNS)
		return reader_expected(r, "at most 32 instructions in a thread");
	if (length >= LITMUS_TEXT)
		return reader_expected(r, "an instruction of at most 63 characters");
	memcpy(line->text, text, length);
	line->line = r->line;
	th->count++;
	return true;
}

static bool read_row(struct reader *r, const struct columns *c)
{
	for (unsigned i = 0;; i++) {
		size_t length;

		if (i == c->count)
			return reader_expected(
				r, "no more columns than there are threads and handlers");
		while (*r->at == ' ' || *r->at == '\t')
			r->at++;
		length = strcspn(r->at, "|;\n");
		if (!add_insn(r, c->at[i], r->at, length))
			return false;
		r->at += length;
		if (*r->at == ';') {
			r->at++;
			return true;
		}
		if (*r->at != '|')
			return reader_expected(r, "';' at the end of a row of instructions");
		r->at++;
	}
}

static bool at_condition(struct reader *r)
{
	static const char *const words[] = {"exists", "~", "forall", "locations"};

	reader_skip(r);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strncmp(r->at, words[i], strlen(words[i])) == 0)
			return true;
	return *r->at == '\0';
}

bool litmus_parse(struct litmus_test *t, const char *file, const char *text, struct error *e)
{
	struct reader r = {.at = text, .line = 1, .file = file, .e = e};
	struct columns columns = {0};

	memset(t, 0, sizeof(*t));
	snprintf(t->file, sizeof(t->file), "%s", file);
	if (!read_head(&r, t) || !read_state(&r, t) || !read_header(&r, t, &columns))
		return false;
	while (!at_condition(&r))
		if (!read_row(&r, &columns))
			return false;
	return condition_parse(&r, t);
}
