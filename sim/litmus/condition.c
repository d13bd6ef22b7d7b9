/* condition.c - what a test asks of its outcomes. */
#include "sim/litmus/parse.h"

#include <stdio.h>

#include "sim/base/core.h"

static const char *const register_names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi",
	"rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

/* In the order in which outcomes tell them. */
static const uint8_t register_order[16] = {[RAX] = 0,
	[RBX] = 1,
	[RCX] = 2,
	[RDX] = 3,
	[RSI] = 4,
	[RDI] = 5,
	[RBP] = 6,
	[RSP] = 7,
	[8] = 8,
	[9] = 9,
	[10] = 10,
	[11] = 11,
	[12] = 12,
	[13] = 13,
	[14] = 14,
	[15] = 15};

/* --- registers --- */

static bool is_word(const char *name, size_t length, const char *word)
{
	return strlen(word) == length && strncmp(name, word, length) == 0;
}

/* Of the first eight, by their narrower names. */
static int old_register(const char *name, size_t length, unsigned *size)
{
	static const char *const wide[8] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
	static const char *const narrow[8] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};

	for (int i = 0; i < 8; i++) {
		*size = 2;
		if (is_word(name, length, wide[i]))
			return i;
		*size = 4;
		if (length == 3 && name[0] == 'e' && is_word(name + 1, 2, wide[i]))
			return i;
		*size = 1;
		if (is_word(name, length, narrow[i]))
			return i;
	}
	return -1;
}

static int new_register(const char *name, size_t length, unsigned *size)
{
	static const char widths[] = {'b', 'w', 'd'};

	for (int i = 8; i < 16; i++)
		for (unsigned w = 0; w < 3; w++) {
			size_t stem = strlen(register_names[i]);

			*size = 1u << w;
			if (length == stem + 1 && strncmp(name, register_names[i], stem) == 0 &&
				name[stem] == widths[w])
				return i;
		}
	return -1;
}

int litmus_register(const char *name, size_t length, unsigned *size)
{
	int number;

	*size = 8;
	for (int i = 0; i < 16; i++)
		if (is_word(name, length, register_names[i]))
			return i;
	number = old_register(name, length, size);
	return number >= 0 ? number : new_register(name, length, size);
}

/* --- observables --- */

static unsigned order_of(const struct litmus_seen *s)
{
	if (s->thread < 0)
		return 1000000 + s->number;
	return (unsigned)s->thread * 16 + register_order[s->number];
}

static bool find_location(const struct litmus_test *t, const char *name, unsigned *number)
{
	for (*number = 0; *number < t->location_count; ++*number)
		if (strcmp(t->location[*number].name, name) == 0)
			return true;
	return false;
}

static bool read_register(struct reader *r, const struct litmus_test *t, struct litmus_seen *s)
{
	char name[LITMUS_NAME];
	int64_t thread;
	unsigned size;
	int number;

	if (!reader_number(r, &thread))
		return false;
	if (thread < 0 || thread >= t->thread_count)
		return reader_expected(r, "a thread that the test has");
	if (!reader_need(r, ":"))
		return false;
	reader_skip(r);
	reader_take(r, "%");
	if (!reader_name(r, name))
		return false;
	number = litmus_register(name, strlen(name), &size);
	if (number < 0 || size != 8)
		return reader_expected(r, "a 64-bit register before it");
	*s = (struct litmus_seen){(int)thread, (unsigned)number};
	return true;
}

static bool read_seen(struct reader *r, const struct litmus_test *t, struct litmus_seen *s)
{
	char name[LITMUS_NAME];
	bool bracket;

	if (reader_at_number(r))
		return read_register(r, t, s);
	bracket = reader_take(r, "[");
	if (!reader_name(r, name))
		return false;
	s->thread = -1;
	if (!find_location(t, name, &s->number))
		return fail(r->e, "%s:%u: '%s': expected a location that the test has", r->file,
			r->line, name);
	return !bracket || reader_need(r, "]");
}

/* Where it is among the observables, which stay in order; nodes so far follow. */
static bool see(struct reader *r, struct litmus_test *t, struct litmus_seen s, unsigned *number)
{
	unsigned at = 0;

	while (at < t->seen_count && order_of(&t->seen[at]) < order_of(&s))
		at++;
	*number = at;
	if (at < t->seen_count && order_of(&t->seen[at]) == order_of(&s))
		return true;
	if (t->seen_count == LITMUS_SEEN)
		return reader_expected(r, "fewer registers and locations in the condition");
	memmove(&t->seen[at + 1], &t->seen[at], (t->seen_count - at) * sizeof(s));
	t->seen[at] = s;
	t->seen_count++;
	for (unsigned i = 0; i < t->node_count; i++)
		if (t->node[i].kind == NODE_EQUAL && t->node[i].seen >= at)
			t->node[i].seen++;
	return true;
}

/* --- the condition --- */

static bool add_node(struct reader *r, struct litmus_test *t, struct litmus_node node)
{
	if (t->node_count == LITMUS_NODES)
		return reader_expected(r, "a shorter condition");
	t->node[t->node_count++] = node;
	return true;
}

static bool read_value(struct reader *r, const struct litmus_test *t, int64_t *value)
{
	char name[LITMUS_NAME];
	unsigned number;

	if (reader_at_number(r))
		return reader_number(r, value);
	if (!reader_name(r, name))
		return false;
	if (!find_location(t, name, &number))
		return fail(r->e, "%s:%u: '%s': expected a number or a location", r->file, r->line,
			name);
	*value = (int64_t)litmus_address(number);
	return true;
}

#define DEPTH_MAX 32

static bool read_or(struct reader *r, struct litmus_test *t, unsigned depth);

static bool read_atom(struct reader *r, struct litmus_test *t, unsigned depth)
{
	struct litmus_node node = {.kind = NODE_EQUAL};
	struct litmus_seen s;

	if (depth == DEPTH_MAX)
		return reader_expected(r, "fewer parentheses");
	if (reader_take(r, "not") || reader_take(r, "~"))
		return read_atom(r, t, depth + 1) &&
		       add_node(r, t, (struct litmus_node){.kind = NODE_NOT});
	if (reader_take(r, "("))
		return read_or(r, t, depth + 1) && reader_need(r, ")");
	if (reader_take(r, "true"))
		return add_node(r, t, (struct litmus_node){.kind = NODE_TRUE});
	if (reader_take(r, "false"))
		return add_node(r, t, (struct litmus_node){.kind = NODE_FALSE});
	return read_seen(r, t, &s) && reader_need(r, "=") && read_value(r, t, &node.value) &&
	       see(r, t, s, &node.seen) && add_node(r, t, node);
}

static bool read_and(struct reader *r, struct litmus_test *t, unsigned depth)
{
	if (!read_atom(r, t, depth))
		return false;
	while (reader_take(r, "/\\"))
		if (!read_atom(r, t, depth) ||
			!add_node(r, t, (struct litmus_node){.kind = NODE_AND}))
			return false;
	return true;
}

static bool read_or(struct reader *r, struct litmus_test *t, unsigned depth)
{
	if (!read_and(r, t, depth))
		return false;
	while (reader_take(r, "\\/"))
		if (!read_and(r, t, depth) ||
			!add_node(r, t, (struct litmus_node){.kind = NODE_OR}))
			return false;
	return true;
}

/* locations [x; 0:rax;] */
static bool read_locations(struct reader *r, struct litmus_test *t)
{
	struct litmus_seen s;
	unsigned number;

	if (!reader_need(r, "["))
		return false;
	while (!reader_take(r, "]")) {
		if (!read_seen(r, t, &s) || !see(r, t, s, &number))
			return false;
		reader_take(r, ";");
	}
	return true;
}

bool condition_parse(struct reader *r, struct litmus_test *t)
{
	if (reader_take(r, "locations") && !read_locations(r, t))
		return false;
	if (reader_take(r, "exists"))
		t->quantifier = LITMUS_EXISTS;
	else if (reader_take(r, "~exists") || reader_take(r, "~ exists"))
		t->quantifier = LITMUS_NOT_EXISTS;
	else if (reader_take(r, "forall"))
		t->quantifier = LITMUS_FORALL;
	else
		return reader_expected(r, "exists, ~exists or forall, and a condition");
	if (!read_or(r, t, 0))
		return false;
	reader_skip(r);
	return *r->at == '\0' || reader_expected(r, "the end of the test");
}

bool litmus_holds(const struct litmus_test *t, const int64_t *outcome)
{
	bool stack[LITMUS_NODES];
	unsigned depth = 0;

	for (unsigned i = 0; i < t->node_count; i++) {
		const struct litmus_node *n = &t->node[i];

		switch (n->kind) {
		case NODE_EQUAL:
			stack[depth++] = outcome[n->seen] == n->value;
			break;
		case NODE_AND:
			depth--;
			stack[depth - 1] &= stack[depth];
			break;
		case NODE_OR:
			depth--;
			stack[depth - 1] |= stack[depth];
			break;
		case NODE_NOT:
			stack[depth - 1] = !stack[depth - 1];
			break;
		case NODE_TRUE:
		case NODE_FALSE:
			stack[depth++] = n->kind == NODE_TRUE;
			break;
		}
	}
	return stack[0];
}

void litmus_outcome_text(
	const struct litmus_test *t, const int64_t *outcome, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < t->seen_count && at < size; i++) {
		const struct litmus_seen *s = &t->seen[i];
		const char *blank = i == 0 ? "" : " ";

		if (s->thread < 0)
			at += (size_t)snprintf(text + at, size - at, "%s%s=%" PRId64 ";", blank,
				t->location[s->number].name, outcome[i]);
		else
			at += (size_t)snprintf(text + at, size - at, "%s%d:%s=%" PRId64 ";", blank,
				s->thread, register_names[s->number], outcome[i]);
	}
}
