/* exec_sse_float.c - SSE and SSE2 arithmetic and comparisons on single and double precision.
 *
 * The fast path: all exceptions masked, rounding to nearest, neither DAZ nor FTZ, operands normal
 * or zero, and a result so far from the ends that nothing but PE can be raised. All else is
 * sim/cpu/ieee.c. docs/decisions/0009-floating-point.md
 */
#include "sim/cpu/ieee.h"
#include "sim/cpu/ops.h"

/* Numbers as signed integers in the same order; -0 and 0 are one. */
static ALWAYS_INLINE enum ieee_order order_of_numbers(uint64_t a, uint64_t b, unsigned width)
{
	int64_t x = (int64_t)ieee_magnitude(a, width), y = (int64_t)ieee_magnitude(b, width);

	x = a & ieee_sign(width) ? -x : x;
	y = b & ieee_sign(width) ? -y : y;
	return x < y ? IEEE_LESS : x == y ? IEEE_EQUAL : IEEE_GREATER;
}

/* --- the fast path for one number --- */

/* All masked, to nearest, denormals as they are. */
static ALWAYS_INLINE bool modes_are_default(const struct vcpu *c)
{
	return (c->arch.mxcsr & ~MXCSR_FLAGS) == MXCSR_MASKS;
}

/* Besides, PE can change nothing any more. */
static ALWAYS_INLINE bool rounding_is_free(const struct vcpu *c)
{
	return (c->arch.mxcsr & (~MXCSR_FLAGS | MXCSR_PE)) == (MXCSR_MASKS | MXCSR_PE);
}

/* Finite, and with an exponent of at least `from`. */
static ALWAYS_INLINE bool is_normal(uint64_t v, unsigned width, unsigned from)
{
	return ieee_exponent(v, width) - from < ieee_exponent_most(width) - from;
}

static ALWAYS_INLINE bool is_normal_or_zero(uint64_t v, unsigned width)
{
	return likely(is_normal(v, width, 1)) || ieee_is_zero(v, width);
}

static ALWAYS_INLINE uint64_t plain_single(enum ieee_op op, uint64_t a, uint64_t b)
{
	uint32_t bits[2] = {(uint32_t)a, (uint32_t)b};
	float x[2], r;

	memcpy(x, bits, sizeof(x));
	r = op == IEEE_ADD   ? x[0] + x[1]
	    : op == IEEE_SUB ? x[0] - x[1]
	    : op == IEEE_MUL ? x[0] * x[1]
	    : op == IEEE_DIV ? x[0] / x[1]
			     : __builtin_sqrtf(x[1]);
	memcpy(bits, &r, sizeof(r));
	return bits[0];
}

static ALWAYS_INLINE uint64_t plain_double(enum ieee_op op, uint64_t a, uint64_t b)
{
	double x, y, r;

	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	r = op == IEEE_ADD   ? x + y
	    : op == IEEE_SUB ? x - y
	    : op == IEEE_MUL ? x * y
	    : op == IEEE_DIV ? x / y
			     : __builtin_sqrt(y);
	memcpy(&a, &r, sizeof(r));
	return a;
}

/* True if *r is the result, and PE the only flag in question. */
static ALWAYS_INLINE bool plain_arithmetic(
	enum ieee_op op, uint64_t a, uint64_t b, unsigned width, uint64_t *r)
{
	if (op == IEEE_SQRT && (b & ieee_sign(width)))
		return false;
	*r = width == 4 ? plain_single(op, a, b) : plain_double(op, a, b);
	if (op == IEEE_ADD || op == IEEE_SUB)
		return is_normal_or_zero(a, width) && is_normal_or_zero(b, width) &&
		       (is_normal(*r, width, 2) || ieee_is_zero(*r, width));
	return (op == IEEE_SQRT || is_normal(a, width, 1)) && is_normal(b, width, 1) &&
	       is_normal(*r, width, 2);
}

/* MINSS and MAXSS: no flags for numbers. */
static ALWAYS_INLINE bool plain_pick(
	enum ieee_op op, uint64_t a, uint64_t b, unsigned width, uint64_t *r)
{
	enum ieee_order order = order_of_numbers(a, b, width);

	*r = order == (op == IEEE_MIN ? IEEE_LESS : IEEE_GREATER) ? a : b;
	return is_normal_or_zero(a, width) && is_normal_or_zero(b, width);
}

static ALWAYS_INLINE bool is_pick(enum ieee_op op)
{
	return op == IEEE_MIN || op == IEEE_MAX;
}

static ALWAYS_INLINE bool plain(
	enum ieee_op op, uint64_t a, uint64_t b, unsigned width, uint64_t *r)
{
	return is_pick(op) ? plain_pick(op, a, b, width, r) : plain_arithmetic(op, a, b, width, r);
}

/* --- and for vectors --- */

/* Lanes of v that are not, unsigned, at least `from` and below `to`: all ones. */
static ALWAYS_INLINE lanes_i32 outside(lanes_u32 v, uint32_t from, uint32_t to)
{
	return (lanes_i32)(v - (from + (1u << 31))) > (int32_t)(to - 1 - from - (1u << 31));
}

static ALWAYS_INLINE bool all_clear(lanes_i32 v)
{
	union lanes all = {.i32 = v};

	return (all.x.q[0] | all.x.q[1]) == 0;
}

/* Without the sign, an exponent is the top of a single, and of the upper half of a double. */
static ALWAYS_INLINE bool are_normal_singles(lanes_u32 a, lanes_u32 b, lanes_u32 r)
{
	return all_clear(outside(a << 1, 0x01000000, 0xff000000) |
			 outside(b << 1, 0x01000000, 0xff000000) |
			 outside(r << 1, 0x02000000, 0xff000000));
}

static ALWAYS_INLINE bool are_normal_doubles(lanes_u32 a, lanes_u32 b, lanes_u32 r)
{
	lanes_u32 operands = {a[1], a[3], b[1], b[3]}, results = {r[1], r[3], r[1], r[3]};

	return all_clear(outside(operands << 1, 0x00200000, 0xffe00000) |
			 outside(results << 1, 0x00400000, 0xffe00000));
}

/* The four basic operations. */
static ALWAYS_INLINE bool plain_vector(
	enum ieee_op op, union lanes *a, const union lanes *b, unsigned width)
{
	union lanes r;

	if (width == 4)
		r.f32 = op == IEEE_ADD   ? a->f32 + b->f32
			: op == IEEE_SUB ? a->f32 - b->f32
			: op == IEEE_MUL ? a->f32 * b->f32
					 : a->f32 / b->f32;
	else
		r.f64 = op == IEEE_ADD   ? a->f64 + b->f64
			: op == IEEE_SUB ? a->f64 - b->f64
			: op == IEEE_MUL ? a->f64 * b->f64
					 : a->f64 / b->f64;
	if (!(width == 4 ? are_normal_singles(a->u32, b->u32, r.u32)
			 : are_normal_doubles(a->u32, b->u32, r.u32)))
		return false;
	*a = r;
	return true;
}

/* Lanes of a by b; false if the slow path must do them, and then nothing changed. */
static ALWAYS_INLINE bool plain_lanes(
	enum ieee_op op, union lanes *a, const union lanes *b, unsigned width, unsigned count)
{
	union lanes r = *a;
	uint64_t value;

	if (op <= IEEE_DIV && count == 16 / width)
		return plain_vector(op, a, b, width);
	for (unsigned i = 0; i < count; i++) {
		if (unlikely(!plain(
			    op, lane_get(a, i, width), lane_get(b, i, width), width, &value)))
			return false;
		lane_set(&r, i, width, value);
	}
	*a = r;
	return true;
}

/* --- flags and faults --- */

struct fault vector_raise(struct vcpu *c, uint32_t flags)
{
	uint32_t unmasked = flags & ~(uint32_t)(c->arch.mxcsr >> 7);
	uint32_t before = MXCSR_IE | MXCSR_DE | MXCSR_ZE; /* found before a result is computed */

	if (unmasked & before)
		flags &= before;
	c->arch.mxcsr |= flags;
	if (unmasked == 0)
		return no_fault;
	return fault_exception(c->arch.cr4 & CR4_OSXMMEXCPT ? VECTOR_XM : VECTOR_UD);
}

static struct ieee ieee_of(const struct vcpu *c)
{
	return (struct ieee){.control = (uint32_t)c->arch.mxcsr};
}

/* In default modes most numbers need no more than a look at whether they are rounded. */
static uint64_t slow_lane(
	struct ieee *e, bool try_plain, enum ieee_op op, uint64_t a, uint64_t b, unsigned width)
{
	uint64_t r;

	if (!try_plain || !plain(op, a, b, width, &r))
		return ieee_calculate(e, op, a, b, width);
	if (!is_pick(op) && ieee_is_inexact(op, a, b, r, width))
		e->flags |= MXCSR_PE;
	return r;
}

MUST_CHECK static struct fault slow_lanes(struct vcpu *c, enum ieee_op op, union lanes *a,
	const union lanes *b, unsigned width, unsigned count)
{
	struct ieee e = ieee_of(c);
	union lanes r = *a;

	for (unsigned i = 0; i < count; i++)
		lane_set(&r, i, width,
			slow_lane(&e, modes_are_default(c), op, lane_get(a, i, width),
				lane_get(b, i, width), width));
	TRY(vector_raise(c, e.flags));
	*a = r;
	return no_fault;
}

/* --- arithmetic --- */

MUST_CHECK static ALWAYS_INLINE struct fault arithmetic(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned size, enum ieee_op op, unsigned width)
{
	union lanes a = vector_get(c, in->reg[0]), b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, size, &b));
	TRY(slow_lanes(c, op, &a, &b, width, size / width));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

MUST_CHECK static ALWAYS_INLINE struct fault arithmetic_quick(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned size, enum ieee_op op, unsigned width)
{
	union lanes a, b;

	if (unlikely(c->vector.raw) ||
		unlikely(!(is_pick(op) ? modes_are_default(c) : rounding_is_free(c))))
		return fault_miss;
	a.x = b.x = (struct xmm){{0, 0}};
	memcpy(&a, (const uint8_t *)c + in->reg[0], size);
	if (shape == SHAPE_RR)
		memcpy(&b, (const uint8_t *)c + in->reg[1], size);
	else
		TRY(vector_source(c, in, shape, size, &b));
	if (unlikely(!plain_lanes(op, &a, &b, width, size / width)))
		return fault_miss;
	memcpy((uint8_t *)c + in->reg[0], &a, size);
	return no_fault;
}

#define BODY_ARITHMETIC(name, op, width)                                                           \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned size)            \
	{                                                                                          \
		return arithmetic(c, in, shape, size, op, width);                                  \
	}                                                                                          \
	MUST_CHECK static ALWAYS_INLINE struct fault quick_##name(                                 \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned size)            \
	{                                                                                          \
		return arithmetic_quick(c, in, shape, size, op, width);                            \
	}

#define ARITHMETIC(name, op)                                                                       \
	BODY_ARITHMETIC(name##ss, op, 4)                                                           \
	BODY_ARITHMETIC(name##sd, op, 8)                                                           \
	BODY_ARITHMETIC(name##ps, op, 4)                                                           \
	BODY_ARITHMETIC(name##pd, op, 8)                                                           \
	OP_VECTOR_QUICK(name##ss, quick_##name##ss, body_##name##ss, 4);                           \
	OP_VECTOR_QUICK(name##sd, quick_##name##sd, body_##name##sd, 8);                           \
	OP_VECTOR_QUICK(name##ps, quick_##name##ps, body_##name##ps, 16);                          \
	OP_VECTOR_QUICK(name##pd, quick_##name##pd, body_##name##pd, 16)

ARITHMETIC(add, IEEE_ADD);
ARITHMETIC(sub, IEEE_SUB);
ARITHMETIC(mul, IEEE_MUL);
ARITHMETIC(div, IEEE_DIV);
ARITHMETIC(sqrt, IEEE_SQRT);
ARITHMETIC(min, IEEE_MIN);
ARITHMETIC(max, IEEE_MAX);

/* --- comparisons --- */

/* SDM CMPPD "Comparison Predicate": EQ, LT, LE, UNORD; then their negations. */
static bool predicate_holds(unsigned predicate, enum ieee_order order)
{
	static const uint8_t orders[] = {
		1 << IEEE_EQUAL,
		1 << IEEE_LESS,
		1 << IEEE_LESS | 1 << IEEE_EQUAL,
		1 << IEEE_UNORDERED,
	};
	bool holds = orders[predicate & 3] >> order & 1;

	return holds == ((predicate & 4) == 0);
}

static bool predicate_signals(unsigned predicate)
{
	return (predicate & 3) == 1 || (predicate & 3) == 2;
}

static ALWAYS_INLINE enum ieee_order compare_lane(
	struct ieee *e, uint64_t a, uint64_t b, unsigned width, bool signalling)
{
	if (likely(is_normal_or_zero(a, width) && is_normal_or_zero(b, width)))
		return order_of_numbers(a, b, width);
	return ieee_compare(e, a, b, width, signalling);
}

MUST_CHECK static ALWAYS_INLINE struct fault compare(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned size, unsigned width)
{
	union lanes a = vector_get(c, in->reg[0]), b;
	unsigned predicate = in->imm & 7;
	struct ieee e = ieee_of(c);

	TRY(c->vector);
	TRY(vector_source(c, in, shape, size, &b));
	for (unsigned i = 0; i < size / width; i++) {
		enum ieee_order order = compare_lane(&e, lane_get(&a, i, width),
			lane_get(&b, i, width), width, predicate_signals(predicate));

		lane_set(&a, i, width, predicate_holds(predicate, order) ? UINT64_MAX : 0);
	}
	if (unlikely(e.flags != 0))
		TRY(vector_raise(c, e.flags));
	vector_set(c, in->reg[0], a);
	return no_fault;
}

/* COMISS and its like: the order goes to ZF, PF and CF. */
MUST_CHECK static ALWAYS_INLINE struct fault compare_flags(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned width, bool signalling)
{
	static const uint64_t flags[] = {
		[IEEE_LESS] = RFLAGS_CF,
		[IEEE_EQUAL] = RFLAGS_ZF,
		[IEEE_GREATER] = 0,
		[IEEE_UNORDERED] = RFLAGS_ZF | RFLAGS_PF | RFLAGS_CF,
	};
	union lanes a = vector_get(c, in->reg[0]), b;
	struct ieee e = ieee_of(c);
	enum ieee_order order;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, width, &b));
	order = compare_lane(&e, lane_get(&a, 0, width), lane_get(&b, 0, width), width, signalling);
	if (unlikely(e.flags != 0))
		TRY(vector_raise(c, e.flags));
	c->lazy.kind = LAZY_NONE;
	c->arch.rflags = (c->arch.rflags & ~RFLAGS_STATUS) | flags[order];
	return no_fault;
}

#define BODY_COMPARE(name, call)                                                                   \
	MUST_CHECK static ALWAYS_INLINE struct fault body_##name(                                  \
		struct vcpu *c, const struct insn *in, enum shape shape, unsigned size)            \
	{                                                                                          \
		return call;                                                                       \
	}

BODY_COMPARE(cmpss, compare(c, in, shape, size, 4))
BODY_COMPARE(cmpsd, compare(c, in, shape, size, 8))
BODY_COMPARE(cmpps, compare(c, in, shape, size, 4))
BODY_COMPARE(cmppd, compare(c, in, shape, size, 8))
BODY_COMPARE(ucomis, compare_flags(c, in, shape, size, false))
BODY_COMPARE(comis, compare_flags(c, in, shape, size, true))

OP_VECTOR(cmpss, body_cmpss, 4);
OP_VECTOR(cmpsd, body_cmpsd, 8);
OP_VECTOR(cmpps, body_cmpps, 16);
OP_VECTOR(cmppd, body_cmppd, 16);
OP_VECTOR(ucomiss, body_ucomis, 4);
OP_VECTOR(ucomisd, body_ucomis, 8);
OP_VECTOR(comiss, body_comis, 4);
OP_VECTOR(comisd, body_comis, 8);

/* --- approximations --- */

MUST_CHECK static ALWAYS_INLINE struct fault approximate(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned size, uint32_t (*calculate)(uint32_t v))
{
	union lanes a = vector_get(c, in->reg[0]), b;

	TRY(c->vector);
	TRY(vector_source(c, in, shape, size, &b));
	for (unsigned i = 0; i < size / 4; i++)
		a.u32[i] = calculate(b.u32[i]);
	vector_set(c, in->reg[0], a);
	return no_fault;
}

BODY_COMPARE(rcp, approximate(c, in, shape, size, ieee_reciprocal))
BODY_COMPARE(rsqrt, approximate(c, in, shape, size, ieee_reciprocal_root))

OP_VECTOR(rcpss, body_rcp, 4);
OP_VECTOR(rcpps, body_rcp, 16);
OP_VECTOR(rsqrtss, body_rsqrt, 4);
OP_VECTOR(rsqrtps, body_rsqrt, 16);
