/* exec_shift.c - shifts, rotates, double shifts. */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

static ALWAYS_INLINE unsigned count_mask(unsigned width)
{
	return width == 8 ? 63 : 31;
}

typedef int64_t (*shift)(struct vcpu *c, int64_t a, unsigned count, unsigned width);

static ALWAYS_INLINE int64_t shift_left(struct vcpu *c, int64_t a, unsigned count, unsigned width)
{
	flags_set_lazy(c, LAZY_SHL, width, a, count);
	return (int64_t)((uint64_t)a << count);
}

static ALWAYS_INLINE int64_t shift_right(struct vcpu *c, int64_t a, unsigned count, unsigned width)
{
	flags_set_lazy(c, LAZY_SHR, width, a, count);
	return (int64_t)(zero_extend((uint64_t)a, width) >> count);
}

static ALWAYS_INLINE int64_t shift_arithmetic(
	struct vcpu *c, int64_t a, unsigned count, unsigned width)
{
	flags_set_lazy(c, LAZY_SAR, width, a, count);
	return a >> count;
}

/* A masked count of 0 changes no flag, but a 32-bit destination is still zero-extended. */
MUST_CHECK static ALWAYS_INLINE struct fault shift_by(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned width, uint64_t by, shift calculate)
{
	unsigned count = by & count_mask(width);
	uint8_t *host = NULL;
	int64_t a;

	TRY(form_dest_open(c, in, shape, width, &host, &a));
	if (count != 0)
		a = calculate(c, a, count, width);
	form_dest_commit(c, in, shape, width, host, (uint64_t)a);
	return no_fault;
}

/* op_NAME takes an immediate (or the constant 1), op_NAME_cl takes CL. */
#define OP_SHIFT(name, calculate)                                                                  \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return shift_by(c, in, shape, width, in->imm, calculate);                          \
	}                                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name##_cl(                             \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)           \
	{                                                                                          \
		return shift_by(c, in, shape, width, c->arch.gpr[RCX], calculate);                 \
	}                                                                                          \
	FORM_WIDTHS(name, body_##name, RI)                                                         \
	FORM_WIDTHS(name, body_##name, MI)                                                         \
	FORM_WIDTHS(name##_cl, body_##name##_cl, R)                                                \
	FORM_WIDTHS(name##_cl, body_##name##_cl, M)                                                \
	const struct op op_##name = {.forms = {FORM_ROW(name, RI), FORM_ROW(name, MI)}};           \
	const struct op op_##name##_cl = {                                                         \
		.forms = {FORM_ROW(name##_cl, R), FORM_ROW(name##_cl, M)},                         \
	}

OP_SHIFT(shl, shift_left);
OP_SHIFT(shr, shift_right);
OP_SHIFT(sar, shift_arithmetic);

/* --- rotates: CF and OF alone change. OF is defined for a count of 1; for others it is what the
 * same rule gives on the result, as processors do. --- */

enum rotate { ROTATE_ROL, ROTATE_ROR, ROTATE_RCL, ROTATE_RCR };

struct rotated {
	uint64_t value;
	bool carry, overflow;
};

static struct rotated rotate_plain(uint64_t a, unsigned count, unsigned bits, bool left)
{
	unsigned by = (left ? count : bits - count % bits) % bits;
	uint64_t mask = bits == 64 ? UINT64_MAX : BIT(bits) - 1;
	struct rotated r = {.value = a};
	bool top;

	if (by != 0)
		r.value = ((a << by) | (a >> (bits - by))) & mask;
	top = r.value >> (bits - 1) & 1;
	r.carry = left ? r.value & 1 : top;
	r.overflow = left ? top != r.carry : top != (r.value >> (bits - 2) & 1);
	return r;
}

/* One bit at a time through the carry: a 9, 17, 33 or 65-bit rotate. */
static struct rotated rotate_carry(uint64_t a, unsigned count, unsigned bits, bool left, bool carry)
{
	uint64_t mask = bits == 64 ? UINT64_MAX : BIT(bits) - 1;
	struct rotated r = {.value = a, .carry = carry};
	bool top;

	for (unsigned i = 0; i < count; i++) {
		bool out = left ? r.value >> (bits - 1) & 1 : r.value & 1;

		r.value = left ? (r.value << 1 & mask) | r.carry
			       : r.value >> 1 | (uint64_t)r.carry << (bits - 1);
		r.carry = out;
	}
	top = r.value >> (bits - 1) & 1;
	r.overflow = left ? top != r.carry : top != (r.value >> (bits - 2) & 1);
	return r;
}

MUST_CHECK static struct fault rotate(
	struct vcpu *c, const struct insn *in, uint64_t by, enum rotate kind)
{
	unsigned bits = in->width * 8u, count = by & count_mask(in->width);
	bool left = kind == ROTATE_ROL || kind == ROTATE_RCL;
	struct rotated r;
	struct operand o;

	TRY(operand_open(c, in, 0, in->width, &o));
	if (kind == ROTATE_RCL || kind == ROTATE_RCR)
		r = rotate_carry(o.value, count % (bits + 1), bits, left, flags_carry(c));
	else
		r = rotate_plain(o.value, count, bits, left);
	operand_commit(c, &o, in->width, r.value);
	if (count != 0)
		flags_write(c, RFLAGS_CF | RFLAGS_OF,
			(r.carry ? RFLAGS_CF : 0) | (r.overflow ? RFLAGS_OF : 0));
	return no_fault;
}

#define OP_ROTATE(name, kind)                                                                      \
	OP_ANY(name)                                                                               \
	{                                                                                          \
		return rotate(c, in, in->imm, kind);                                               \
	}                                                                                          \
	OP_ANY(name##_cl)                                                                          \
	{                                                                                          \
		return rotate(c, in, c->arch.gpr[RCX], kind);                                      \
	}

OP_ROTATE(rol, ROTATE_ROL)
OP_ROTATE(ror, ROTATE_ROR)
OP_ROTATE(rcl, ROTATE_RCL)
OP_ROTATE(rcr, ROTATE_RCR)

/* --- SHLD, SHRD: a 16-bit operand with a count over 16 is undefined; it shifts the 48-bit value
 * dest:source:dest, as processors do. OF is defined for a count of 1; it is the change of sign in
 * the last step. --- */

MUST_CHECK static struct fault double_shift(
	struct vcpu *c, const struct insn *in, uint64_t by, bool left)
{
	unsigned bits = in->width * 8u, count = by & count_mask(in->width);
	unsigned __int128 wide;
	uint64_t source, result, before;
	struct operand o;
	bool carry;

	TRY(operand_open(c, in, 0, in->width, &o));
	source = reg_get(c, in->reg[1], in->width);
	if (count == 0) {
		operand_commit(c, &o, in->width, o.value);
		return no_fault;
	}
	if (left) {
		wide = (unsigned __int128)o.value << bits | source;
		wide = bits == 64 ? wide : (wide << bits | o.value) << (128 - 3 * bits);
		before = (uint64_t)(wide << (count - 1) >> (128 - bits));
		result = (uint64_t)(wide << count >> (128 - bits));
		carry = before >> (bits - 1) & 1;
	} else {
		wide = (unsigned __int128)source << bits | o.value;
		if (bits != 64)
			wide |= (unsigned __int128)o.value << 2 * bits;
		before = (uint64_t)(wide >> (count - 1));
		result = zero_extend((uint64_t)(wide >> count), in->width);
		carry = before & 1;
	}
	operand_commit(c, &o, in->width, result);
	flags_write(c, RFLAGS_STATUS,
		flags_of_result(sign_extend(result, in->width)) | (carry ? RFLAGS_CF : 0) |
			((result ^ before) >> (bits - 1) & 1 ? RFLAGS_OF : 0));
	return no_fault;
}

OP_ANY(shld)
{
	return double_shift(c, in, in->imm, true);
}

OP_ANY(shld_cl)
{
	return double_shift(c, in, c->arch.gpr[RCX], true);
}

OP_ANY(shrd)
{
	return double_shift(c, in, in->imm, false);
}

OP_ANY(shrd_cl)
{
	return double_shift(c, in, c->arch.gpr[RCX], false);
}
