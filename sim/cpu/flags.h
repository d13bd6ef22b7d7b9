/* flags.h - status flags, computed when somebody looks.
 *
 * The last operation that set them is kept with its operands, sign-extended from its width to 64
 * bits: sign extension keeps the order of both signed and unsigned numbers, so that one comparison
 * serves every width. flags_settle writes what is pending into arch.rflags.
 */
#ifndef CPU_FLAGS_H
#define CPU_FLAGS_H

#include "sim/cpu/cpu.h"

enum lazy_op {
	LAZY_NONE,  /* arch.rflags is true */
	LAZY_ADD,   /* a + b */
	LAZY_ADC,   /* a + b + carry_in */
	LAZY_SUB,   /* a - b */
	LAZY_SBB,   /* a - b - carry_in */
	LAZY_LOGIC, /* result a; CF and OF clear */
	LAZY_INC,   /* a + 1, CF = carry_in */
	LAZY_DEC,   /* a - 1, CF = carry_in */
	LAZY_SHL,   /* a << b, b not 0 */
	LAZY_SHR,
	LAZY_SAR,
	LAZY_MUL, /* result a; CF = OF = b */
};

/* struct lazy_flags.kind: the operation, and log2 of the width above it. */
#define LAZY_KIND(op, log2_width) ((uint32_t)(op) | (uint32_t)(log2_width) << 8)

static ALWAYS_INLINE unsigned width_log2(unsigned width)
{
	return width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : width == 8 ? 3 : 4;
}

static ALWAYS_INLINE int64_t sign_extend(uint64_t v, unsigned width)
{
	switch (width) {
	case 1:
		return (int8_t)v;
	case 2:
		return (int16_t)v;
	case 4:
		return (int32_t)v;
	default:
		return (int64_t)v;
	}
}

static ALWAYS_INLINE uint64_t zero_extend(uint64_t v, unsigned width)
{
	switch (width) {
	case 1:
		return (uint8_t)v;
	case 2:
		return (uint16_t)v;
	case 4:
		return (uint32_t)v;
	default:
		return v;
	}
}

static ALWAYS_INLINE void flags_set_lazy(
	struct vcpu *c, enum lazy_op op, unsigned width, int64_t a, int64_t b)
{
	c->lazy.kind = LAZY_KIND(op, width_log2(width));
	c->lazy.a = a;
	c->lazy.b = b;
}

static ALWAYS_INLINE void flags_set_logic(struct vcpu *c, unsigned width, int64_t result)
{
	c->lazy.kind = LAZY_KIND(LAZY_LOGIC, width_log2(width));
	c->lazy.a = result;
}

/* Makes arch.rflags true. */
void flags_settle_slow(struct vcpu *c);

static ALWAYS_INLINE void flags_settle(struct vcpu *c)
{
	if (c->lazy.kind != LAZY_NONE)
		flags_settle_slow(c);
}

/* Replaces the flags in mask by those in value; settles first. */
static inline void flags_write(struct vcpu *c, uint64_t mask, uint64_t value)
{
	flags_settle(c);
	c->arch.rflags = (c->arch.rflags & ~mask) | (value & mask);
}

/* CF as 0 or 1, without settling. */
unsigned flags_carry(const struct vcpu *c);

/* SF, ZF and PF of a result. */
uint64_t flags_of_result(int64_t result);

/* Whether condition code cc (the low 4 bits of Jcc's opcode) holds. */
bool flags_condition_slow(struct vcpu *c, unsigned cc);

/* The conditions after a subtraction a - b, and after a logic operation with result a, that need
 * neither the width nor arch.rflags. */
static ALWAYS_INLINE bool condition_after_sub(const struct lazy_flags *f, unsigned cc)
{
	switch (cc) {
	case 0x2:
		return (uint64_t)f->a < (uint64_t)f->b;
	case 0x3:
		return (uint64_t)f->a >= (uint64_t)f->b;
	case 0x4:
		return f->a == f->b;
	case 0x5:
		return f->a != f->b;
	case 0x6:
		return (uint64_t)f->a <= (uint64_t)f->b;
	case 0x7:
		return (uint64_t)f->a > (uint64_t)f->b;
	case 0xc:
		return f->a < f->b;
	case 0xd:
		return f->a >= f->b;
	case 0xe:
		return f->a <= f->b;
	default:
		return f->a > f->b;
	}
}

static ALWAYS_INLINE bool condition_after_logic(const struct lazy_flags *f, unsigned cc)
{
	switch (cc) {
	case 0x0: /* OF and CF are clear */
	case 0x2:
		return false;
	case 0x1:
	case 0x3:
		return true;
	case 0x4:
	case 0x6:
		return f->a == 0;
	case 0x5:
	case 0x7:
		return f->a != 0;
	case 0x8:
	case 0xc:
		return f->a < 0;
	case 0x9:
	case 0xd:
		return f->a >= 0;
	case 0xa:
		return (__builtin_popcount((uint8_t)f->a) & 1) == 0;
	case 0xb:
		return (__builtin_popcount((uint8_t)f->a) & 1) != 0;
	case 0xe:
		return f->a <= 0;
	default:
		return f->a > 0;
	}
}

/* O, NO, S, NS, P and NP depend on the width after a subtraction. */
static ALWAYS_INLINE bool condition_ignores_width(unsigned cc)
{
	return (cc >= 0x2 && cc <= 0x7) || cc >= 0xc;
}

static ALWAYS_INLINE bool flags_condition(struct vcpu *c, unsigned cc)
{
	unsigned op = c->lazy.kind & 0xff;

	if (op == LAZY_SUB && condition_ignores_width(cc))
		return condition_after_sub(&c->lazy, cc);
	if (op == LAZY_LOGIC)
		return condition_after_logic(&c->lazy, cc);
	return flags_condition_slow(c, cc);
}

#endif
