#include "sim/hwtrace/compare.h"

#include "sim/cpu/float80.h"
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

static void take_reciprocals(struct hw_comparison *c)
{
	for (unsigned i = HW_XMM; i < HW_WORDS; i++)
		if (reciprocals_near(c->hardware->w[i], c->ringv->w[i]))
			take_over(c, i, UINT64_MAX);
}

static void take_transcendentals(struct hw_comparison *c)
{
	take_over(c, HW_FSW, FSW_C1);
	for (unsigned i = HW_ST; i < HW_XMM; i += 2) {
		const struct xmm hardware = {{c->hardware->w[i], c->hardware->w[i + 1]}};
		const struct xmm ringv = {{c->ringv->w[i], c->ringv->w[i + 1]}};

		if (transcendentals_near(&hardware, &ringv)) {
			take_over(c, i, UINT64_MAX);
			take_over(c, i + 1, UINT64_MAX);
		}
	}
}

static void take_bounded(struct hw_comparison *c)
{
	switch (bound_of(c->row)) {
	case BOUND_EXACT:
		return;
	case BOUND_RECIPROCAL:
		take_reciprocals(c);
		break;
	case BOUND_TRANSCENDENTAL:
		take_transcendentals(c);
		break;
	}
	c->bounded = true;
}

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
	c->taken_over = c->bounded = false;
	if (!find_difference(c))
		return true;
	if (c->row == NULL)
		return false;
	take_undefined(c);
	take_bounded(c);
	return !find_difference(c);
}
