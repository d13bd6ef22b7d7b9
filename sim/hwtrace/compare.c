#include "sim/hwtrace/compare.h"

#include "sim/cpu/undefined.h"

#define NOT_COMPARED                                                                               \
	(RFLAGS_TF | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_RF | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP)

static bool words_differ(const struct hw_comparison *c, unsigned word)
{
	uint64_t differing = c->hardware->w[word] ^ c->ringv->w[word];

	return word == HW_RFLAGS ? (differing & ~NOT_COMPARED) != 0 : differing != 0;
}

static void take_over(struct hw_comparison *c, unsigned word, uint64_t mask)
{
	uint64_t *to = &c->ringv->w[word];

	*to = (*to & ~mask) | (c->hardware->w[word] & mask);
	c->taken_over = true;
}

/* --- undefined --- */

static void take_undefined(struct hw_comparison *c)
{
	const struct execution x = {
		.row = c->row,
		.width = c->row->operands[0].size == 'b' ? 1 : c->insn->width,
		.imm = c->insn->imm,
		.rcx = c->before->w[RCX],
	};
	unsigned word = (c->insn->reg[0] - (unsigned)offsetof(struct vcpu, arch.gpr)) / 8;

	take_over(c, HW_RFLAGS, undefined_flags_of(&x));
	if (undefined_result_of(&x) && c->insn->place[0] == PLACE_REG && word < 16)
		take_over(c, word, UINT64_MAX);
}

/* --- within a bound --- */

#define RECIPROCAL_ERROR (3.0 / 4096) /* twice what the manual allows each of them */

static bool floats_near(uint32_t a, uint32_t b)
{
	float x, y;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	if (a == b)
		return true;
	return (x - y) <= RECIPROCAL_ERROR * (y < 0 ? -y : y) &&
	       (y - x) <= RECIPROCAL_ERROR * (y < 0 ? -y : y);
}

static void take_reciprocals(struct hw_comparison *c)
{
	for (unsigned i = HW_XMM; i < HW_WORDS; i++) {
		uint64_t a = c->ringv->w[i], b = c->hardware->w[i];

		if (a != b && floats_near((uint32_t)a, (uint32_t)b) &&
			floats_near((uint32_t)(a >> 32), (uint32_t)(b >> 32)))
			take_over(c, i, UINT64_MAX);
	}
}

#define FSW_C1  BIT(9) /* which way it was rounded */
#define ULP_MAX 2

static void take_transcendental(struct hw_comparison *c)
{
	take_over(c, HW_FSW, FSW_C1);
	for (unsigned i = HW_ST; i < HW_XMM; i += 2) {
		uint64_t distance = c->ringv->w[i] - c->hardware->w[i];

		if (distance + ULP_MAX <= 2 * ULP_MAX &&
			c->ringv->w[i + 1] == c->hardware->w[i + 1])
			take_over(c, i, UINT64_MAX);
	}
}

static const struct {
	const char *names; /* separated by blanks */
	void (*take)(struct hw_comparison *c);
} bounded[] = {
	{"rcpps rcpss rsqrtps rsqrtss", take_reciprocals},
	{"f2xm1 fyl2x fyl2xp1 fptan fpatan fsin fcos fsincos", take_transcendental},
};

/* --- all --- */

static bool find_difference(struct hw_comparison *c)
{
	for (unsigned i = 0; i < HW_WORDS; i++) {
		c->word = i;
		if (words_differ(c, i))
			return true;
	}
	return false;
}

bool hw_compare(struct hw_comparison *c)
{
	c->taken_over = false;
	if (!find_difference(c))
		return true;
	if (c->row == NULL)
		return false;
	take_undefined(c);
	for (size_t i = 0; i < ARRAY_LEN(bounded); i++)
		if (names_include(bounded[i].names, c->row->name))
			bounded[i].take(c);
	return !find_difference(c);
}
