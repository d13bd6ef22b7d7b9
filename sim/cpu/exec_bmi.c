/* exec_bmi.c - counts of bits, and the bit manipulation of BMI1 and BMI2, most of it VEX-encoded.
 *
 * Flags that the manual leaves undefined are 0.
 */
#include "sim/cpu/forms.h"
#include "sim/cpu/ops.h"

/* --- POPCNT, LZCNT, TZCNT --- */

/* A count with flags: ZF says that the count is 0, or the source, whatever zero says. */
static void set_count(struct vcpu *c, const struct insn *in, unsigned count, uint64_t flags)
{
	reg_set(c, in->reg[0], in->width, count);
	flags_write(c, RFLAGS_STATUS, (count == 0 ? RFLAGS_ZF : 0) | flags);
}

OP_ANY(popcnt)
{
	uint64_t source;

	TRY(operand_load(c, in, 1, in->width, &source));
	set_count(c, in, (unsigned)__builtin_popcountll(source), 0);
	return no_fault;
}

/* CF: the source is 0, and its width the count. */
OP_ANY(lzcnt)
{
	unsigned bits = in->width * 8u;
	uint64_t source;

	TRY(operand_load(c, in, 1, in->width, &source));
	if (source == 0)
		set_count(c, in, bits, RFLAGS_CF);
	else
		set_count(c, in, (unsigned)__builtin_clzll(source) - (64 - bits), 0);
	return no_fault;
}

OP_ANY(tzcnt)
{
	uint64_t source;

	TRY(operand_load(c, in, 1, in->width, &source));
	if (source == 0)
		set_count(c, in, in->width * 8u, RFLAGS_CF);
	else
		set_count(c, in, (unsigned)__builtin_ctzll(source), 0);
	return no_fault;
}

/* --- what VEX encodes: not for real and virtual-8086 mode --- */

MUST_CHECK static struct fault vex_allowed(const struct vcpu *c)
{
	if ((c->arch.cr0 & CR0_PE) == 0 || (c->arch.rflags & RFLAGS_VM))
		return fault_ud;
	return no_fault;
}

/* All need nothing but the values of their second and third operands: OP_BMI(name) { result } has
 * them as a and b. */
#define OP_BMI(name)                                                                               \
	static uint64_t name##_of(struct vcpu *c, const struct insn *in, uint64_t a, uint64_t b);  \
	OP_ANY(name)                                                                               \
	{                                                                                          \
		uint64_t a, b = 0;                                                                 \
                                                                                                   \
		TRY(vex_allowed(c));                                                               \
		TRY(operand_load(c, in, 1, in->width, &a));                                        \
		if (in->place[2] != PLACE_NONE)                                                    \
			TRY(operand_load(c, in, 2, in->width, &b));                                \
		reg_set(c, in->reg[0], in->width, name##_of(c, in, a, b));                         \
		return no_fault;                                                                   \
	}                                                                                          \
	static uint64_t name##_of(__attribute__((unused)) struct vcpu *c,                          \
		__attribute__((unused)) const struct insn *in, uint64_t a,                         \
		__attribute__((unused)) uint64_t b)

/* Sets ZF and SF by a result, CF as told, and clears OF. */
static uint64_t flagged(struct vcpu *c, const struct insn *in, uint64_t result, bool carry)
{
	int64_t value = sign_extend(result, in->width);

	flags_write(c, RFLAGS_STATUS,
		(flags_of_result(value) & (RFLAGS_ZF | RFLAGS_SF)) | (carry ? RFLAGS_CF : 0));
	return result;
}

static uint64_t low_bits(unsigned count)
{
	return count >= 64 ? UINT64_MAX : BIT(count) - 1;
}

OP_BMI(andn)
{
	return flagged(c, in, ~a & b, false);
}

/* Bits from b[7:0] on, b[15:8] of them. SF is undefined: 0. */
OP_BMI(bextr)
{
	unsigned start = (uint8_t)b, length = (uint8_t)(b >> 8);
	uint64_t result = start >= 64 ? 0 : a >> start & low_bits(length);

	flags_write(c, RFLAGS_STATUS, result == 0 ? RFLAGS_ZF : 0);
	return result;
}

OP_BMI(blsi)
{
	return flagged(c, in, a & -a, a != 0);
}

OP_BMI(blsmsk)
{
	return flagged(c, in, a ^ (a - 1), a == 0);
}

OP_BMI(blsr)
{
	return flagged(c, in, a & (a - 1), a == 0);
}

OP_BMI(bzhi)
{
	unsigned count = (uint8_t)b;

	return flagged(c, in, a & low_bits(count), count > in->width * 8u - 1);
}

/* Scatters the low bits of a to where the mask b has ones, and gathers them. */
OP_BMI(pdep)
{
	uint64_t result = 0;

	for (; b != 0; b &= b - 1, a >>= 1)
		if (a & 1)
			result |= b & -b;
	return result;
}

OP_BMI(pext)
{
	uint64_t result = 0;

	for (unsigned i = 0; b != 0; b &= b - 1, i++)
		if (a & b & -b)
			result |= BIT(i);
	return result;
}

OP_BMI(rorx)
{
	unsigned bits = in->width * 8u, count = b & (bits - 1);

	return count == 0 ? a : a >> count | a << (bits - count);
}

OP_BMI(sarx)
{
	return (uint64_t)(sign_extend(a, in->width) >> (b & (in->width * 8u - 1)));
}

OP_BMI(shlx)
{
	return a << (b & (in->width * 8u - 1));
}

OP_BMI(shrx)
{
	return a >> (b & (in->width * 8u - 1));
}

/* rDX by the third operand; the first gets the upper half, and wins if both are one register. */
OP_ANY(mulx)
{
	unsigned __int128 product;
	uint64_t source;

	TRY(vex_allowed(c));
	TRY(operand_load(c, in, 2, in->width, &source));
	product = (unsigned __int128)source *
		  reg_get(c, offsetof(struct vcpu, arch.gpr[RDX]), in->width);
	reg_set(c, in->reg[1], in->width, (uint64_t)product);
	reg_set(c, in->reg[0], in->width, (uint64_t)(product >> 8 * in->width));
	return no_fault;
}
