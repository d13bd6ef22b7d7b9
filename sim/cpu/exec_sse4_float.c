/* exec_sse4_float.c - SSE3 and SSE4.1 on single and double precision numbers: sums of neighbours,
 * dot products, rounding, copies of lanes.
 */
#include "sim/cpu/ieee.h"
#include "sim/cpu/ops.h"

/* --- ADDSUB, HADD, HSUB --- */

/* Lane i of the result, whose width in bytes is given. */
typedef uint64_t (*lane_fn)(
	struct ieee *e, const union lanes *a, const union lanes *b, unsigned i, unsigned width);

MUST_CHECK static struct fault each_lane(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width, lane_fn calculate)
{
	union lanes a = vector_get(c, in->reg[0]), b, r;
	struct ieee e = {.control = (uint32_t)c->arch.mxcsr};

	TRY(c->vector);
	TRY(vector_source(c, in, shape, 16, &b));
	for (unsigned i = 0; i < 16 / width; i++)
		lane_set(&r, i, width, calculate(&e, &a, &b, i, width));
	TRY(vector_raise(c, e.flags));
	vector_set(c, in->reg[0], r);
	return no_fault;
}

static uint64_t add_or_subtract(
	struct ieee *e, const union lanes *a, const union lanes *b, unsigned i, unsigned width)
{
	return ieee_calculate(e, i & 1 ? IEEE_ADD : IEEE_SUB, lane_get(a, i, width),
		lane_get(b, i, width), width);
}

/* Neighbours of a in the lower half, of b in the upper. */
static uint64_t neighbours(struct ieee *e, enum ieee_op op, const union lanes *a,
	const union lanes *b, unsigned i, unsigned width)
{
	unsigned half = 8 / width;
	const union lanes *from = i < half ? a : b;

	return ieee_calculate(e, op, lane_get(from, 2 * (i % half), width),
		lane_get(from, 2 * (i % half) + 1, width), width);
}

static uint64_t add_neighbours(
	struct ieee *e, const union lanes *a, const union lanes *b, unsigned i, unsigned width)
{
	return neighbours(e, IEEE_ADD, a, b, i, width);
}

static uint64_t subtract_neighbours(
	struct ieee *e, const union lanes *a, const union lanes *b, unsigned i, unsigned width)
{
	return neighbours(e, IEEE_SUB, a, b, i, width);
}

#define BODY(name, call)                                                                           \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned size)            \
	{                                                                                          \
		(void)size;                                                                        \
		return call;                                                                       \
	}

#define EACH_LANE(name, calculate)                                                                 \
	BODY(name##ps, each_lane(c, in, shape, 4, calculate))                                      \
	BODY(name##pd, each_lane(c, in, shape, 8, calculate))                                      \
	OP_VECTOR(name##ps, body_##name##ps, 16);                                                  \
	OP_VECTOR(name##pd, body_##name##pd, 16)

EACH_LANE(addsub, add_or_subtract);
EACH_LANE(hadd, add_neighbours);
EACH_LANE(hsub, subtract_neighbours);

/* --- DPPS, DPPD: imm[7:4] choose the products that are summed, imm[3:0] the lanes that get the
 * sum. Processors add to each lane its neighbour, then the one beyond, which NaNs show. An unmasked
 * exception of one stage stops before the next. --- */

MUST_CHECK static struct fault multiply_chosen(
	struct vcpu *c, const struct insn *in, const union lanes *a, union lanes *b, unsigned width)
{
	struct ieee e = {.control = (uint32_t)c->arch.mxcsr};

	for (unsigned i = 0; i < 16 / width; i++) {
		uint64_t product = 0;

		if (in->imm >> (4 + i) & 1)
			product = ieee_calculate(
				&e, IEEE_MUL, lane_get(a, i, width), lane_get(b, i, width), width);
		lane_set(b, i, width, product);
	}
	return vector_raise(c, e.flags);
}

MUST_CHECK static struct fault add_partner(
	struct vcpu *c, union lanes *v, unsigned distance, unsigned width)
{
	struct ieee e = {.control = (uint32_t)c->arch.mxcsr};
	unsigned swapped = distance == 1 && width == 4 ? 1 : 0;
	union lanes from = *v;

	for (unsigned i = 0; i < 16 / width; i++) {
		uint64_t a = lane_get(&from, i ^ swapped, width);
		uint64_t b = lane_get(&from, i ^ swapped ^ distance, width);

		lane_set(v, i, width, ieee_calculate(&e, IEEE_ADD, a, b, width));
	}
	return vector_raise(c, e.flags);
}

MUST_CHECK static struct fault dot(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width)
{
	union lanes a = vector_get(c, in->reg[0]), b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, 16, &b));
	TRY(multiply_chosen(c, in, &a, &b, width));
	for (unsigned distance = 1; distance < 16 / width; distance *= 2)
		TRY(add_partner(c, &b, distance, width));
	for (unsigned i = 0; i < 16 / width; i++)
		if ((in->imm >> i & 1) == 0)
			lane_set(&b, i, width, 0);
	vector_set(c, in->reg[0], b);
	return no_fault;
}

BODY(dpps, dot(c, in, shape, 4))
BODY(dppd, dot(c, in, shape, 8))

OP_VECTOR(dpps, body_dpps, 16);
OP_VECTOR(dppd, body_dppd, 16);

/* --- ROUNDPS and its like: to an integer, which is a number still --- */

#define ROUND_BY_MXCSR 4
#define ROUND_QUIETLY  8 /* PE is not raised */

MUST_CHECK static ALWAYS_INLINE struct fault round_lanes(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned size, unsigned width)
{
	union lanes a = vector_get(c, in->reg[0]), b;
	struct ieee e = {.control = (uint32_t)c->arch.mxcsr};

	TRY(c->vector);
	TRY(vector_source(c, in, shape, size, &b));
	if ((in->imm & ROUND_BY_MXCSR) == 0)
		e.control = (uint32_t)((e.control & ~MXCSR_RC) | (in->imm & 3) << 13);
	for (unsigned i = 0; i < size / width; i++)
		lane_set(&a, i, width, ieee_round(&e, lane_get(&b, i, width), width));
	if (in->imm & ROUND_QUIETLY)
		e.flags &= ~(uint32_t)MXCSR_PE;
	TRY(vector_raise(c, e.flags));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

#define ROUND(name, bytes, width)                                                                  \
	BODY(name, round_lanes(c, in, shape, bytes, width))                                        \
	OP_VECTOR(name, body_##name, bytes)

ROUND(roundss, 4, 4);
ROUND(roundsd, 8, 8);
ROUND(roundps, 16, 4);
ROUND(roundpd, 16, 8);

/* --- copies --- */

MUST_CHECK static ALWAYS_INLINE struct fault duplicate(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned size, unsigned width, unsigned odd)
{
	union lanes b, r;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, size, &b));
	for (unsigned i = 0; i < 16 / width; i++)
		lane_set(&r, i, width, lane_get(&b, (i & ~1u) + odd, width));
	vector_set(c, in->reg[0], r);
	return no_fault;
}

BODY(movddup, duplicate(c, in, shape, 8, 8, 0))
BODY(movsldup, duplicate(c, in, shape, 16, 4, 0))
BODY(movshdup, duplicate(c, in, shape, 16, 4, 1))

OP_VECTOR(movddup, body_movddup, 16);
OP_VECTOR(movsldup, body_movsldup, 16);
OP_VECTOR(movshdup, body_movshdup, 16);
