/* rules.c - what is known of single rows: which the host cannot run, what is left undefined. */
#include "tests/oracle/oracle.h"

bool row_is(const struct row *row, const char *name)
{
	return strcmp(row->name, name) == 0;
}

bool row_has_kind(const struct row *row, const char *kinds)
{
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].kind != 0 && strchr(kinds, row->operands[i].kind) != NULL)
			return true;
	return false;
}

static bool is_one_of(const struct row *row, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (row_is(row, names[i]))
			return true;
	return false;
}

bool row_uses_stack(const struct row *row)
{
	static const char *const names[] = {"push", "pop", "call", "ret", "pushf", "popf", "enter",
		"leave", "lcall", "lret", "iret", "pusha", "popa"};

	return is_one_of(row, names, ARRAY_LEN(names));
}

/* A CALL to an address that is not canonical is not made: the host has pushed by the time it
 * faults, ringv has not, and the manual's order is ringv's. In 32-bit code all addresses can be
 * gone to. An IRET would set RFLAGS.AC: the host then checks alignment within IRET, and Linux takes
 * that for a split lock, for ever. */
bool avoids_read_only(const struct form *f)
{
	if (row_is(f->row, "call") || row_is(f->row, "lcall") || row_is(f->row, "iret"))
		return true;
	return f->mode != CODE_64 && (f->row->attributes & BRANCH);
}

bool row_is_indirect(const struct row *row)
{
	return (row->attributes & BRANCH) && row_has_kind(row, "E");
}

bool row_is_far(const struct row *row)
{
	static const char *const names[] = {"ljmp", "lcall", "lret", "iret"};

	return is_one_of(row, names, ARRAY_LEN(names));
}

bool row_takes_selector(const struct row *row)
{
	static const char *const names[] = {
		"lar", "lsl", "verr", "verw", "lss", "lfs", "lgs", "les", "lds"};

	return is_one_of(row, names, ARRAY_LEN(names)) ||
	       (row_is(row, "mov") && row->operands[0].kind == 'S') ||
	       (row_is(row, "pop") && row->operands[0].kind == 's');
}

/* --- rows that are not run --- */

#define ENVIRONMENT "its result is the environment's: clock, identity, operating system"
#define EMULATED    "the host's kernel emulates it (UMIP)"
#define SYSTEM_CALL "enters the host's kernel"

static const struct {
	const char *name, *reason;
} exclusions[] = {
	{"cpuid", ENVIRONMENT},
	{"rdtsc", ENVIRONMENT},
	{"rdtscp", ENVIRONMENT},
	{"syscall", SYSTEM_CALL},
	{"int3", SYSTEM_CALL},
	{"int", SYSTEM_CALL},
	{"sgdt", EMULATED},
	{"sidt", EMULATED},
	{"sldt", EMULATED},
	{"str", EMULATED},
	{"smsw", EMULATED},
};

extern const struct op op_absent;

const char *row_exclusion(const struct row *row, enum code_mode mode)
{
	if (row->attributes & (mode == CODE_64 ? NO64 : ONLY64))
		return "not in this mode";
	if (row->op == &op_absent)
		return "ringv does not have it yet";
	for (size_t i = 0; i < ARRAY_LEN(exclusions); i++)
		if (row_is(row, exclusions[i].name))
			return exclusions[i].reason;
	return NULL;
}

/* --- what the manual leaves undefined --- */

#define SZAP (RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF)

/* The count of a shift: CL, an immediate, or 1. */
static unsigned shift_count(const struct code *c, const struct regs *in)
{
	const struct row *row = c->form->row;
	unsigned mask = c->width == 8 && row->operands[0].size != 'b' ? 63 : 31;

	if (row_has_kind(row, "I"))
		return c->imm & mask;
	if (row_has_kind(row, "1"))
		return 1;
	return in->gpr[RCX] & mask;
}

static unsigned shift_width(const struct code *c)
{
	return c->form->row->operands[0].size == 'b' ? 8 : c->width * 8u;
}

static bool always(const struct code *c, const struct regs *in)
{
	(void)c, (void)in;
	return true;
}

static bool count_not_0(const struct code *c, const struct regs *in)
{
	return shift_count(c, in) != 0;
}

static bool count_over_1(const struct code *c, const struct regs *in)
{
	return shift_count(c, in) > 1;
}

static bool count_over_width(const struct code *c, const struct regs *in)
{
	return shift_count(c, in) > shift_width(c);
}

static bool count_from_width(const struct code *c, const struct regs *in)
{
	return shift_count(c, in) >= shift_width(c);
}

static const struct undefined {
	const char *names; /* separated by blanks */
	uint64_t flags;
	bool (*applies)(const struct code *c, const struct regs *in);
	const char *when;
} undefined[] = {
	{"and or xor test", RFLAGS_AF, always, "always"},
	{"mul imul", SZAP, always, "always"},
	{"div idiv", RFLAGS_STATUS, always, "always"},
	{"shl shr sar", RFLAGS_AF, count_not_0, "count is not 0"},
	{"shl shr rol ror rcl rcr", RFLAGS_OF, count_over_1, "count is over 1"},
	{"shl shr", RFLAGS_CF, count_from_width, "count is at least the operand size"},
	{"shld shrd", RFLAGS_AF, count_not_0, "count is not 0"},
	{"shld shrd", RFLAGS_OF, count_over_1, "count is over 1"},
	{"shld shrd", RFLAGS_STATUS, count_over_width, "count is over the operand size"},
	{"bt bts btr btc", RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF, always, "always"},
	{"bsf bsr", RFLAGS_STATUS & ~RFLAGS_ZF, always, "always"},
};

static bool names_include(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at += length)
		if ((at == names || at[-1] == ' ') && (at[length] == 0 || at[length] == ' '))
			return true;
	return false;
}

uint64_t undefined_flags(const struct code *c, const struct regs *in)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(undefined); i++)
		if (names_include(undefined[i].names, c->form->row->name) &&
			undefined[i].applies(c, in))
			flags |= undefined[i].flags;
	return flags;
}

/* SHLD and SHRD of a word by more than 16: the destination too. */
bool undefined_result(const struct code *c, const struct regs *in)
{
	const struct row *row = c->form->row;

	return (row_is(row, "shld") || row_is(row, "shrd")) && count_over_width(c, in);
}

bool undefined_rule(size_t i, const char **names, uint64_t *flags, const char **when)
{
	if (i >= ARRAY_LEN(undefined))
		return false;
	*names = undefined[i].names;
	*flags = undefined[i].flags;
	*when = undefined[i].when;
	return true;
}
