#include "sim/cpu/flags.h"

static uint64_t flag_if(bool set, uint64_t flag)
{
	return set ? flag : 0;
}

uint64_t flags_of_result(int64_t result)
{
	return flag_if(result == 0, RFLAGS_ZF) | flag_if(result < 0, RFLAGS_SF) |
	       flag_if((__builtin_popcount((uint8_t)result) & 1) == 0, RFLAGS_PF);
}

static uint64_t flags_of_add(int64_t a, int64_t b, unsigned carry, unsigned width)
{
	int64_t r = sign_extend((uint64_t)a + (uint64_t)b + carry, width);
	bool carry_out = carry ? (uint64_t)r <= (uint64_t)a : (uint64_t)r < (uint64_t)a;

	return flags_of_result(r) | flag_if(carry_out, RFLAGS_CF) |
	       flag_if(((a ^ r) & (b ^ r)) < 0, RFLAGS_OF) |
	       (uint64_t)((a ^ b ^ r) & (int64_t)RFLAGS_AF);
}

static uint64_t flags_of_sub(int64_t a, int64_t b, unsigned borrow, unsigned width)
{
	int64_t r = sign_extend((uint64_t)a - (uint64_t)b - borrow, width);
	bool borrow_out = borrow ? (uint64_t)a <= (uint64_t)b : (uint64_t)a < (uint64_t)b;

	return flags_of_result(r) | flag_if(borrow_out, RFLAGS_CF) |
	       flag_if(((a ^ b) & (a ^ r)) < 0, RFLAGS_OF) |
	       (uint64_t)((a ^ b ^ r) & (int64_t)RFLAGS_AF);
}

/* OF is undefined for counts other than 1, AF always: OF is what the last one-bit step gives for
 * SHL (as on processors seen), the original sign for SHR, 0 for SAR; AF is 0. */
static uint64_t flags_of_shift(const struct lazy_flags *f, enum lazy_op op, unsigned width)
{
	unsigned bits = width * 8;
	unsigned count = (unsigned)f->b;
	uint64_t a = zero_extend((uint64_t)f->a, width);
	bool carry, overflow;
	uint64_t r;

	if (op == LAZY_SHL) {
		r = count < 64 ? a << count : 0;
		carry = count <= bits && (a >> (bits - count) & 1);
		overflow = carry != (r >> (bits - 1) & 1);
	} else {
		int64_t wide = op == LAZY_SAR ? f->a : (int64_t)a;

		r = (uint64_t)(op == LAZY_SAR ? wide >> count : (int64_t)(a >> count));
		carry = wide >> (count - 1) & 1;
		overflow = op == LAZY_SHR && (a >> (bits - 1) & 1);
	}
	return flags_of_result(sign_extend(r, width)) | flag_if(carry, RFLAGS_CF) |
	       flag_if(overflow, RFLAGS_OF);
}

static uint64_t lazy_status(const struct lazy_flags *f)
{
	enum lazy_op op = f->kind & 0xff;
	unsigned width = 1u << (f->kind >> 8);

	switch (op) {
	case LAZY_ADD:
		return flags_of_add(f->a, f->b, 0, width);
	case LAZY_ADC:
		return flags_of_add(f->a, f->b, f->carry_in, width);
	case LAZY_SUB:
		return flags_of_sub(f->a, f->b, 0, width);
	case LAZY_SBB:
		return flags_of_sub(f->a, f->b, f->carry_in, width);
	case LAZY_LOGIC:
		return flags_of_result(f->a);
	case LAZY_INC:
		return (flags_of_add(f->a, 1, 0, width) & ~RFLAGS_CF) |
		       flag_if(f->carry_in, RFLAGS_CF);
	case LAZY_DEC:
		return (flags_of_sub(f->a, 1, 0, width) & ~RFLAGS_CF) |
		       flag_if(f->carry_in, RFLAGS_CF);
	case LAZY_SHL:
	case LAZY_SHR:
	case LAZY_SAR:
		return flags_of_shift(f, op, width);
	case LAZY_MUL:
		return flags_of_result(f->a) | flag_if(f->b, RFLAGS_CF | RFLAGS_OF);
	case LAZY_NONE:
		break;
	}
	SIM_ASSERT(!"a kind of lazy flags");
	return 0;
}

void flags_settle_slow(struct vcpu *c)
{
	c->arch.rflags = (c->arch.rflags & ~RFLAGS_STATUS) | lazy_status(&c->lazy);
	c->lazy.kind = LAZY_NONE;
}

unsigned flags_carry(const struct vcpu *c)
{
	const struct lazy_flags *f = &c->lazy;

	switch (f->kind & 0xff) {
	case LAZY_NONE:
		return c->arch.rflags & RFLAGS_CF;
	case LAZY_SUB:
		return (uint64_t)f->a < (uint64_t)f->b;
	case LAZY_LOGIC:
		return 0;
	case LAZY_INC:
	case LAZY_DEC:
		return f->carry_in;
	default:
		return lazy_status(f) & RFLAGS_CF;
	}
}

bool flags_condition_slow(struct vcpu *c, unsigned cc)
{
	uint64_t flags;
	bool holds;

	flags_settle(c);
	flags = c->arch.rflags;
	switch (cc >> 1) {
	case 0:
		holds = flags & RFLAGS_OF;
		break;
	case 1:
		holds = flags & RFLAGS_CF;
		break;
	case 2:
		holds = flags & RFLAGS_ZF;
		break;
	case 3:
		holds = flags & (RFLAGS_CF | RFLAGS_ZF);
		break;
	case 4:
		holds = flags & RFLAGS_SF;
		break;
	case 5:
		holds = flags & RFLAGS_PF;
		break;
	case 6:
		holds = !(flags & RFLAGS_SF) != !(flags & RFLAGS_OF);
		break;
	default:
		holds = (flags & RFLAGS_ZF) || !(flags & RFLAGS_SF) != !(flags & RFLAGS_OF);
		break;
	}
	return holds != (cc & 1);
}
