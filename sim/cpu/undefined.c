#include "sim/cpu/undefined.h"

#include <math.h>

#define SZAP (RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF)

static bool has_kind(const struct row *row, char kind)
{
	for (unsigned i = 0; i < OPERANDS; i++)
		if (row->operands[i].kind == kind)
			return true;
	return false;
}

/* The count of a shift: CL, an immediate, or 1. */
static unsigned shift_count(const struct execution *x)
{
	unsigned mask = x->width == 8 ? 63 : 31;

	if (has_kind(x->row, 'I'))
		return x->imm & mask;
	if (has_kind(x->row, '1'))
		return 1;
	return x->rcx & mask;
}

static bool always(const struct execution *x)
{
	(void)x;
	return true;
}

static bool count_not_0(const struct execution *x)
{
	return shift_count(x) != 0;
}

static bool count_over_1(const struct execution *x)
{
	return shift_count(x) > 1;
}

static bool count_over_width(const struct execution *x)
{
	return shift_count(x) > 8 * x->width;
}

static bool count_from_width(const struct execution *x)
{
	return shift_count(x) >= 8 * x->width;
}

static const struct undefined {
	const char *names; /* separated by blanks */
	uint64_t flags;
	bool (*applies)(const struct execution *x);
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
	{"lzcnt tzcnt", RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF, always, "always"},
	{"andn blsi blsmsk blsr bzhi", RFLAGS_AF | RFLAGS_PF, always, "always"},
	{"bextr", RFLAGS_SF | RFLAGS_AF | RFLAGS_PF, always, "always"},
	{"daa das", RFLAGS_OF, always, "always"},
	{"aaa aas", RFLAGS_OF | RFLAGS_SF | RFLAGS_ZF | RFLAGS_PF, always, "always"},
	{"aam aad", RFLAGS_OF | RFLAGS_AF | RFLAGS_CF, always, "always"},
};

bool names_include(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at += length)
		if ((at == names || at[-1] == ' ') && (at[length] == 0 || at[length] == ' '))
			return true;
	return false;
}

uint64_t undefined_flags_of(const struct execution *x)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(undefined); i++)
		if (names_include(undefined[i].names, x->row->name) && undefined[i].applies(x))
			flags |= undefined[i].flags;
	return flags;
}

/* SHLD and SHRD of a word by more than 16. */
bool undefined_result_of(const struct execution *x)
{
	return names_include("shld shrd", x->row->name) && count_over_width(x);
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

/* --- bounds --- */

enum bound bound_of(const struct row *row)
{
	if (names_include("rcpps rcpss rsqrtps rsqrtss", row->name))
		return BOUND_RECIPROCAL;
	if (names_include("f2xm1 fyl2x fyl2xp1 fptan fpatan fsin fcos fsincos", row->name))
		return BOUND_TRANSCENDENTAL;
	return BOUND_EXACT;
}

/* NaN, infinity and zero have to be alike. */
static bool singles_near(uint32_t a, uint32_t b)
{
	float x, y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return a == b || fabsf(x - y) <= fabsf(x) * 3 / 4096;
}

bool reciprocals_near(uint64_t a, uint64_t b)
{
	return singles_near((uint32_t)a, (uint32_t)b) &&
	       singles_near((uint32_t)(a >> 32), (uint32_t)(b >> 32));
}

/* Exponent and fraction in one: the next number is the next integer. */
static unsigned __int128 rank(const struct xmm *number)
{
	return (unsigned __int128)(number->q[1] & 0x7fff) << 63 | (number->q[0] << 1 >> 1);
}

bool transcendentals_near(const struct xmm *a, const struct xmm *b)
{
	return rank(a) - rank(b) + 1 <= 2 && ((a->q[1] ^ b->q[1]) & 0x8000) == 0;
}
