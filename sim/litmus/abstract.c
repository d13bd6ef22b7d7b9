#include "sim/litmus/abstract.h"

#include <ctype.h>
#include <stdlib.h>

#include "sim/base/core.h"

/* --- reading --- */

struct scan {
	const char *at;
	const struct litmus_test *test;
	unsigned thread;
	uint32_t changed; /* registers that instructions before have changed */
};

static void skip_blanks(struct scan *s)
{
	while (*s->at == ' ' || *s->at == '\t')
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_blanks(s);
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static size_t word_length(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n;
}

static bool read_integer(struct scan *s, uint64_t *value)
{
	bool negative = take(s, '-');
	char *end;

	skip_blanks(s);
	if (!isdigit((unsigned char)*s->at))
		return false;
	*value = strtoull(s->at, &end, 0);
	*value = negative ? -*value : *value;
	s->at = end;
	return true;
}

/* A location, and maybe a distance from it: x, x+4. */
static bool read_location(struct scan *s, uint64_t *address)
{
	size_t length;
	uint64_t distance;

	skip_blanks(s);
	length = word_length(s->at);
	for (unsigned i = 0; i < s->test->location_count; i++) {
		const char *name = s->test->location[i].name;

		if (strlen(name) != length || strncmp(name, s->at, length) != 0)
			continue;
		s->at += length;
		*address = litmus_address(i);
		if (!take(s, '+'))
			return true;
		if (!read_integer(s, &distance))
			return false;
		*address += distance;
		return true;
	}
	return false;
}

static bool read_register(struct scan *s, struct abstract_operand *o, unsigned *size)
{
	size_t length = word_length(s->at);
	int number = litmus_register(s->at, length, size);

	if (number < 0)
		return false;
	s->at += length;
	*o = (struct abstract_operand){OPERAND_REGISTER, (uint64_t)number, *size == 4};
	return true;
}

/* Memory by a register that holds an address from the start. */
static bool read_pointer(struct scan *s, uint64_t *address)
{
	struct abstract_operand reg;
	unsigned size;

	if (!take(s, '%') || !read_register(s, &reg, &size) || size != 8 ||
		(s->changed & BIT(reg.value)))
		return false;
	*address = litmus_initial_register(s->test, s->thread, (unsigned)reg.value);
	return true;
}

/* *size stays as it is unless the operand says it. */
static bool read_operand(struct scan *s, struct abstract_operand *o, unsigned *size)
{
	*o = (struct abstract_operand){.place = OPERAND_MEMORY};
	if (take(s, '%'))
		return read_register(s, o, size);
	if (take(s, '$')) {
		o->place = OPERAND_NUMBER;
		return read_integer(s, &o->value) || read_location(s, &o->value);
	}
	if (take(s, '('))
		return (read_location(s, &o->value) || read_pointer(s, &o->value)) && take(s, ')');
	return read_location(s, &o->value);
}

struct mnemonic {
	const char *name;
	enum abstract_kind kind;
	unsigned operands;
};

static const struct mnemonic mnemonics[] = {
	{"mfence", ABSTRACT_FENCE, 0},
	{"sfence", ABSTRACT_NOTHING, 0},
	{"lfence", ABSTRACT_NOTHING, 0},
	{"pause", ABSTRACT_NOTHING, 0},
	{"wrmsr", ABSTRACT_SEND, 0},
	{"nop", ABSTRACT_NOTHING, 0},
	{"mov", ABSTRACT_MOV, 2},
	{"add", ABSTRACT_ADD, 2},
	{"sub", ABSTRACT_SUB, 2},
	{"and", ABSTRACT_AND, 2},
	{"or", ABSTRACT_OR, 2},
	{"xor", ABSTRACT_XOR, 2},
	{"inc", ABSTRACT_ADD, 1},
	{"dec", ABSTRACT_SUB, 1},
	{"xchg", ABSTRACT_XCHG, 2},
	{"xadd", ABSTRACT_XADD, 2},
	{"cmpxchg", ABSTRACT_CMPXCHG, 2},
};

static unsigned suffix_size(char c)
{
	return c == 'b' ? 1 : c == 'w' ? 2 : c == 'l' ? 4 : c == 'q' ? 8 : 0;
}

/* The mnemonic with or without a suffix; *size by the suffix, or 0. */
static const struct mnemonic *find_mnemonic(const char *text, size_t length, unsigned *size)
{
	for (size_t i = 0; i < ARRAY_LEN(mnemonics); i++) {
		const struct mnemonic *m = &mnemonics[i];
		size_t stem = strlen(m->name);

		if (length < stem || strncmp(text, m->name, stem) != 0)
			continue;
		*size = 0;
		if (length == stem)
			return m;
		*size = suffix_size(text[stem]);
		if (length == stem + 1 && *size != 0 && m->operands != 0)
			return m;
	}
	return NULL;
}

static bool read_insn(struct scan *s, struct abstract_insn *in)
{
	const struct mnemonic *m;
	unsigned said, size = 0;
	size_t length;

	skip_blanks(s);
	if (strncmp(s->at, "lock", 4) == 0 && isspace((unsigned char)s->at[4])) {
		in->locked = true;
		s->at += 4;
		skip_blanks(s);
	}
	length = word_length(s->at);
	m = find_mnemonic(s->at, length, &said);
	if (m == NULL)
		return false;
	s->at += length;
	in->kind = m->kind;
	in->from = (struct abstract_operand){OPERAND_NUMBER, 1, false}; /* of INC and DEC */
	if (m->operands == 2 && (!read_operand(s, &in->from, &size) || !take(s, ',')))
		return false;
	if (m->operands != 0 && !read_operand(s, &in->to, &size))
		return false;
	if (m->operands == 0)
		in->from.place = OPERAND_NONE;
	in->size = said != 0 ? said : size;
	skip_blanks(s);
	return *s->at == '\0' && (m->operands == 0 || in->size != 0);
}

/* XCHG with memory is locked, and its memory operand may stand on either side. */
static void settle_exchange(struct abstract_insn *in)
{
	struct abstract_operand from = in->from;

	if (in->kind != ABSTRACT_XCHG)
		return;
	if (from.place == OPERAND_MEMORY) {
		in->from = in->to;
		in->to = from;
	}
	in->locked |= in->to.place == OPERAND_MEMORY;
}

/* A register that still holds what it began with, and so much. */
static bool still_holds(const struct scan *s, unsigned reg, uint64_t value)
{
	return (s->changed & BIT(reg)) == 0 &&
	       litmus_initial_register(s->test, s->thread, reg) == value;
}

static bool is_ipi(const struct scan *s, const struct abstract_insn *in)
{
	if (in->from.place == OPERAND_REGISTER)
		return still_holds(s, (unsigned)in->from.value, LITMUS_IPI);
	return in->from.place == OPERAND_NUMBER && in->from.value == LITMUS_IPI;
}

/* WRMSR, and what touches the local APIC's page, can be nothing but an IPI to all others; the page
 * is uncached, and WRMSR no fence (SDM "MSR Access in x2APIC Mode"). */
static bool settle_send(const struct scan *s, struct abstract_insn *in)
{
	bool mapped = (abstract_loads(in) || abstract_stores(in)) &&
		      abstract_address(in) - LITMUS_APIC_PAGE < 0x1000;

	if (in->kind == ABSTRACT_SEND)
		return still_holds(s, RCX, LITMUS_ICR_MSR) && still_holds(s, RDX, 0) &&
		       still_holds(s, RAX, LITMUS_IPI);
	if (!mapped)
		return true;
	if (in->kind != ABSTRACT_MOV || in->size != 4 || in->to.place != OPERAND_MEMORY ||
		in->to.value != LITMUS_ICR || !is_ipi(s, in))
		return false;
	*in = (struct abstract_insn){.kind = ABSTRACT_SEND, .uncached = true};
	return true;
}

static void settle_caching(const struct scan *s, struct abstract_insn *in)
{
	if (abstract_loads(in) || abstract_stores(in))
		in->uncached = litmus_is_uncached(s->test, abstract_address(in));
}

static uint32_t changed_registers(const struct abstract_insn *in)
{
	uint32_t changed = in->kind == ABSTRACT_CMPXCHG ? (uint32_t)BIT(RAX) : 0;

	if (in->to.place == OPERAND_REGISTER)
		changed |= (uint32_t)BIT(in->to.value);
	if (in->from.place == OPERAND_REGISTER &&
		(in->kind == ABSTRACT_XCHG || in->kind == ABSTRACT_XADD))
		changed |= (uint32_t)BIT(in->from.value);
	return changed;
}

static bool read_code(struct abstract_thread *a, const struct litmus_test *t, unsigned thread,
	const struct litmus_thread *code, uint32_t *changed, struct error *e)
{
	*a = (struct abstract_thread){.count = code->count};
	for (unsigned i = 0; i < code->count; i++) {
		struct scan s = {code->insn[i].text, t, thread, *changed};

		if (!read_insn(&s, &a->insn[i]) || !settle_send(&s, &a->insn[i]))
			return fail(e,
				"%s:%u: '%s': expected an instruction that the axioms know: mov, "
				"add, sub, and, or, xor, inc, dec, xchg, xadd, cmpxchg, a fence, "
				"an IPI to all others",
				t->file, code->insn[i].line, code->insn[i].text);
		settle_exchange(&a->insn[i]);
		settle_caching(&s, &a->insn[i]);
		*changed |= changed_registers(&a->insn[i]);
	}
	return true;
}

/* What one of the two changes, the other must not take for an address: hence both, once more. */
bool abstract_read(struct abstract_thread *a, struct abstract_thread *handler,
	const struct litmus_test *t, unsigned thread, struct error *e)
{
	const struct litmus_thread *code = &t->thread[thread], *other = &t->handler[thread];
	uint32_t changed = 0, by_handler = 0;

	if (!read_code(handler, t, thread, other, &by_handler, e))
		return false;
	changed = by_handler;
	return read_code(a, t, thread, code, &changed, e) &&
	       read_code(handler, t, thread, other, &changed, e);
}

static void append(struct abstract_thread *a, const struct abstract_insn *insn, unsigned count)
{
	memcpy(&a->insn[a->count], insn, count * sizeof(*insn));
	a->count += count;
}

void abstract_interrupt(struct abstract_thread *a, const struct abstract_thread *thread,
	const struct abstract_thread *handler, unsigned at)
{
	static const struct abstract_insn enter[] = {
		{.kind = ABSTRACT_FENCE}, {.kind = ABSTRACT_ARRIVE}};

	a->count = 0;
	append(a, thread->insn, at);
	append(a, enter, 2);
	append(a, handler->insn, handler->count);
	append(a, &enter[0], 1);
	append(a, thread->insn + at, thread->count - at);
}

/* --- executing --- */

static uint64_t narrow(uint64_t value, unsigned size)
{
	return size == 8 ? value : value & (BIT(8 * size) - 1);
}

static void set_register(
	const struct abstract_insn *in, uint64_t reg[16], uint64_t number, uint64_t value)
{
	uint64_t mask = in->size == 8 ? UINT64_MAX : BIT(8 * in->size) - 1;

	if (in->size == 4)
		reg[number] = value & mask;
	else
		reg[number] = (reg[number] & ~mask) | (value & mask);
}

static uint64_t value_of(const struct abstract_insn *in, const struct abstract_operand *o,
	const uint64_t reg[16], uint64_t loaded)
{
	if (o->place == OPERAND_MEMORY)
		return loaded;
	return narrow(o->place == OPERAND_REGISTER ? reg[o->value] : o->value, in->size);
}

static uint64_t combine(enum abstract_kind kind, uint64_t to, uint64_t from)
{
	switch (kind) {
	case ABSTRACT_ADD:
	case ABSTRACT_XADD:
		return to + from;
	case ABSTRACT_SUB:
		return to - from;
	case ABSTRACT_AND:
		return to & from;
	case ABSTRACT_OR:
		return to | from;
	case ABSTRACT_XOR:
		return to ^ from;
	default:
		return from;
	}
}

uint64_t abstract_execute(const struct abstract_insn *in, uint64_t reg[16], uint64_t loaded)
{
	uint64_t from = value_of(in, &in->from, reg, loaded);
	uint64_t to = value_of(in, &in->to, reg, loaded), result;

	if (in->kind < ABSTRACT_MOV)
		return 0;
	result = narrow(combine(in->kind, to, from), in->size);
	if (in->kind == ABSTRACT_CMPXCHG) {
		if (to != narrow(reg[RAX], in->size)) {
			result = to;
			set_register(in, reg, RAX, to);
		}
	}
	if (in->kind == ABSTRACT_XCHG || in->kind == ABSTRACT_XADD)
		set_register(in, reg, in->from.value, to);
	if (in->to.place == OPERAND_REGISTER)
		set_register(in, reg, in->to.value, result);
	return result;
}
