/* exec_mul.c - multiplication and division, and the sign extensions that go with them.
 *
 * Undefined flags: after MUL and IMUL SF, ZF and PF are those of the low half and AF is 0; DIV and
 * IDIV leave all flags as they were.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

#define REG_OFFSET(r) offsetof(struct vcpu, arch.gpr[r])

/* AX for bytes, else rDX:rAX. */
static void set_double(struct vcpu *c, unsigned width, uint64_t low, uint64_t high)
{
	if (width == 1) {
		reg_set(c, REG_OFFSET(RAX), 2, (high & 0xff) << 8 | (low & 0xff));
		return;
	}
	reg_set(c, REG_OFFSET(RAX), width, low);
	reg_set(c, REG_OFFSET(RDX), width, high);
}

static unsigned __int128 get_double(const struct vcpu *c, unsigned width)
{
	if (width == 1)
		return reg_get(c, REG_OFFSET(RAX), 2);
	return (unsigned __int128)reg_get(c, REG_OFFSET(RDX), width) << 8 * width |
	       reg_get(c, REG_OFFSET(RAX), width);
}

MUST_CHECK static ALWAYS_INLINE struct fault body_mul(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	unsigned __int128 product;
	int64_t source;
	uint64_t high;

	TRY(form_dest_value(c, in, shape, width, &source));
	product = (unsigned __int128)zero_extend((uint64_t)source, width) *
		  reg_get(c, REG_OFFSET(RAX), width);
	high = (uint64_t)(product >> 8 * width);
	set_double(c, width, (uint64_t)product, high);
	flags_set_lazy(c, LAZY_MUL, width, sign_extend((uint64_t)product, width), high != 0);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_imul(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	int64_t source, low;
	__int128 product;

	TRY(form_dest_value(c, in, shape, width, &source));
	product = (__int128)source * reg_get_signed(c, REG_OFFSET(RAX), width);
	low = sign_extend((uint64_t)product, width);
	set_double(c, width, (uint64_t)low, (uint64_t)((unsigned __int128)product >> 8 * width));
	flags_set_lazy(c, LAZY_MUL, width, low, low != product);
	return no_fault;
}

OP_UNARY(mul, body_mul);
OP_UNARY(imul, body_imul);

MUST_CHECK static ALWAYS_INLINE struct fault multiply_into(
	struct vcpu *c, const struct insn *in, unsigned width, int64_t a, int64_t b)
{
	__int128 product = (__int128)a * b;
	int64_t result = sign_extend((uint64_t)product, width);

	reg_set(c, in->reg[0], width, (uint64_t)result);
	flags_set_lazy(c, LAZY_MUL, width, result, result != product);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault body_imul2(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	int64_t b;

	TRY(form_source(c, in, shape, width, &b));
	return multiply_into(c, in, width, reg_get_signed(c, in->reg[0], width), b);
}

/* The third operand is the immediate; the first two are as above. */
MUST_CHECK static ALWAYS_INLINE struct fault body_imul3(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	int64_t a;

	TRY(form_source(c, in, shape, width, &a));
	return multiply_into(c, in, width, a, (int64_t)in->imm);
}

OP_REGISTER_FROM(imul2, body_imul2);
OP_REGISTER_FROM(imul3, body_imul3);

/* --- ADCX, ADOX: additions whose only flag is CF, or OF --- */

MUST_CHECK static struct fault add_through(struct vcpu *c, const struct insn *in, uint64_t flag)
{
	uint64_t a = reg_get(c, in->reg[0], in->width), b;
	unsigned __int128 sum;

	TRY(operand_load(c, in, 1, in->width, &b));
	flags_settle(c);
	sum = (unsigned __int128)a + b + ((c->arch.rflags & flag) != 0);
	reg_set(c, in->reg[0], in->width, (uint64_t)sum);
	flags_write(c, flag, sum >> 8 * in->width != 0 ? flag : 0);
	return no_fault;
}

OP_ANY(adcx)
{
	return add_through(c, in, RFLAGS_CF);
}

OP_ANY(adox)
{
	return add_through(c, in, RFLAGS_OF);
}

/* --- division --- */

OP_ANY(div)
{
	unsigned __int128 dividend, quotient;
	uint64_t divisor;

	TRY(operand_load(c, in, 0, in->width, &divisor));
	dividend = get_double(c, in->width);
	if (divisor == 0)
		return fault_exception(VECTOR_DE);
	if (dividend >> 64 == 0) {
		quotient = (uint64_t)dividend / divisor;
		dividend = (uint64_t)dividend % divisor;
	} else {
		quotient = dividend / divisor;
		dividend = dividend % divisor;
	}
	if (quotient >> 8 * in->width != 0)
		return fault_exception(VECTOR_DE);
	set_double(c, in->width, (uint64_t)quotient, (uint64_t)dividend);
	return no_fault;
}

static __int128 sign_extend_double(unsigned __int128 v, unsigned width)
{
	unsigned unused = 128 - 16 * width;

	return (__int128)(v << unused) >> unused;
}

OP_ANY(idiv)
{
	__int128 dividend = sign_extend_double(get_double(c, in->width), in->width);
	__int128 quotient, lowest = -((__int128)1 << (8 * in->width - 1));
	unsigned __int128 magnitude =
		dividend < 0 ? -(unsigned __int128)dividend : (unsigned __int128)dividend;
	int64_t divisor;
	uint64_t source;

	TRY(operand_load(c, in, 0, in->width, &source));
	divisor = sign_extend(source, in->width);
	if (divisor == 0 || magnitude >> 127 != 0) /* -2^127 / -1 alone would overflow the host */
		return fault_exception(VECTOR_DE);
	quotient = dividend / divisor;
	if (quotient < lowest || quotient > -(lowest + 1))
		return fault_exception(VECTOR_DE);
	set_double(c, in->width, (uint64_t)quotient, (uint64_t)(dividend % divisor));
	return no_fault;
}

/* CBW, CWDE, CDQE: the accumulator's lower half, sign-extended. */
OP_ANY(cbw)
{
	reg_set(c, REG_OFFSET(RAX), in->width,
		(uint64_t)reg_get_signed(c, REG_OFFSET(RAX), in->width / 2));
	return no_fault;
}

/* CWD, CDQ, CQO: the accumulator's sign in rDX. */
OP_ANY(cwd)
{
	reg_set(c, REG_OFFSET(RDX), in->width,
		(uint64_t)(reg_get_signed(c, REG_OFFSET(RAX), in->width) >> 63));
	return no_fault;
}
