/* exec_sse4_string.c - PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: strings in vectors.
 *
 * SDM "Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM". a is the
 * first operand, b the second.
 */
#include "sim/cpu/ops.h"
#include "sim/cpu/vector.h"

#define IMM_WORDS     0x01
#define IMM_SIGNED    0x02
#define IMM_NEGATIVE  0x10
#define IMM_MASKED    0x20 /* negation for what is in b alone */
#define IMM_LAST      0x40 /* the index of the last one; a mask of lanes, not of bits */
#define IMM_AGGREGATE 0x0c

enum aggregate { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

struct strings {
	union lanes a, b;
	unsigned a_length, b_length;
	unsigned count; /* elements that a vector holds */
	unsigned imm;
};

static int element(const struct strings *s, const union lanes *v, unsigned i)
{
	if (s->imm & IMM_WORDS)
		return s->imm & IMM_SIGNED ? v->i16[i] : v->u16[i];
	return s->imm & IMM_SIGNED ? v->i8[i] : v->u8[i];
}

static bool equal(const struct strings *s, unsigned i, unsigned j)
{
	return element(s, &s->a, i) == element(s, &s->b, j);
}

/* Is element j of b one of a's? */
static bool is_any(const struct strings *s, unsigned j)
{
	for (unsigned i = 0; i < s->a_length; i++)
		if (equal(s, i, j))
			return j < s->b_length;
	return false;
}

/* Does it lie in one of the ranges, whose ends are pairs of a's? */
static bool is_in_range(const struct strings *s, unsigned j)
{
	int value = element(s, &s->b, j);

	for (unsigned i = 0; i + 1 < s->a_length; i += 2)
		if (value >= element(s, &s->a, i) && value <= element(s, &s->a, i + 1))
			return j < s->b_length;
	return false;
}

/* Are both alike there? Beyond the ends of both they are. */
static bool is_same(const struct strings *s, unsigned j)
{
	bool in_a = j < s->a_length, in_b = j < s->b_length;

	return in_a && in_b ? equal(s, j, j) : in_a == in_b;
}

/* Does a begin in b there, as far as the vector goes? */
static bool begins(const struct strings *s, unsigned j)
{
	for (unsigned i = 0; i < s->a_length && i + j < s->count; i++)
		if (i + j >= s->b_length || !equal(s, i, i + j))
			return false;
	return true;
}

static bool holds(const struct strings *s, unsigned j)
{
	switch ((enum aggregate)bits_get(s->imm, IMM_AGGREGATE)) {
	case EQUAL_ANY:
		return is_any(s, j);
	case RANGES:
		return is_in_range(s, j);
	case EQUAL_EACH:
		return is_same(s, j);
	default:
		return begins(s, j);
	}
}

/* A bit an element of b. */
static unsigned result_bits(const struct strings *s)
{
	unsigned bits = 0;

	for (unsigned j = 0; j < s->count; j++) {
		bool negate =
			(s->imm & IMM_NEGATIVE) && ((s->imm & IMM_MASKED) == 0 || j < s->b_length);

		bits |= (unsigned)(holds(s, j) != negate) << j;
	}
	return bits;
}

/* --- lengths --- */

/* Up to the first element that is zero. */
static unsigned implicit_length(const struct strings *s, const union lanes *v)
{
	unsigned length = 0;

	while (length < s->count && element(s, v, length) != 0)
		length++;
	return length;
}

/* The magnitude of a register, but no more than fit. */
static unsigned explicit_length(
	const struct vcpu *c, const struct insn *in, enum gpr r, unsigned most)
{
	unsigned width = in->prefix & PREFIX_REX_W ? 8 : 4;
	int64_t length = reg_get_signed(c, offsetof(struct vcpu, arch.gpr) + 8u * r, width);
	uint64_t magnitude = length < 0 ? -(uint64_t)length : (uint64_t)length;

	return (unsigned)min_u64(magnitude, most);
}

/* Memory operands need no alignment. */
MUST_CHECK static struct fault read_strings(
	struct vcpu *c, const struct insn *in, bool explicit_lengths, struct strings *s)
{
	TRY(c->vector);
	s->imm = (uint8_t)in->imm;
	s->count = s->imm & IMM_WORDS ? 8 : 16;
	s->a = vector_get(c, in->reg[0]);
	TRY(operand_load_xmm(c, in, 1, 16, &s->b.x));
	if (explicit_lengths) {
		s->a_length = explicit_length(c, in, RAX, s->count);
		s->b_length = explicit_length(c, in, RDX, s->count);
	} else {
		s->a_length = implicit_length(s, &s->a);
		s->b_length = implicit_length(s, &s->b);
	}
	return no_fault;
}

/* --- results --- */

static void set_string_flags(struct vcpu *c, const struct strings *s, unsigned bits)
{
	flags_write(c, RFLAGS_STATUS,
		(bits != 0 ? RFLAGS_CF : 0) | (s->b_length < s->count ? RFLAGS_ZF : 0) |
			(s->a_length < s->count ? RFLAGS_SF : 0) | (bits & 1 ? RFLAGS_OF : 0));
}

MUST_CHECK static struct fault string_index(
	struct vcpu *c, const struct insn *in, bool explicit_lengths)
{
	struct strings s;
	unsigned bits, index;

	TRY(read_strings(c, in, explicit_lengths, &s));
	bits = result_bits(&s);
	index = bits == 0          ? s.count
		: s.imm & IMM_LAST ? 31u - (unsigned)__builtin_clz(bits)
				   : (unsigned)__builtin_ctz(bits);
	reg_set(c, offsetof(struct vcpu, arch.gpr[RCX]), 4, index);
	set_string_flags(c, &s, bits);
	return no_fault;
}

MUST_CHECK static struct fault string_mask(
	struct vcpu *c, const struct insn *in, bool explicit_lengths)
{
	union lanes mask = {.x = {{0, 0}}};
	struct strings s;
	unsigned bits;

	TRY(read_strings(c, in, explicit_lengths, &s));
	bits = result_bits(&s);
	mask.u64[0] = bits;
	for (unsigned i = 0; i < 16 && (s.imm & IMM_LAST); i++)
		mask.u8[i] = bits >> (i * s.count / 16) & 1 ? 0xff : 0;
	vector_set(c, offsetof(struct vcpu, arch.xmm[0]), mask);
	set_string_flags(c, &s, bits);
	return no_fault;
}

OP_ANY(pcmpestri)
{
	return string_index(c, in, true);
}

OP_ANY(pcmpistri)
{
	return string_index(c, in, false);
}

OP_ANY(pcmpestrm)
{
	return string_mask(c, in, true);
}

OP_ANY(pcmpistrm)
{
	return string_mask(c, in, false);
}
