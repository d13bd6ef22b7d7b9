/* vector.h - what x87, FXSAVE and the SSE instructions share: who may run them, MXCSR, and forms of
 * operations on XMM registers.
 *
 * SDM "System Programming For Instruction Set Extensions And Processor Extended States".
 */
#ifndef CPU_VECTOR_H
#define CPU_VECTOR_H

#include "sim/cpu/forms.h"
#include "sim/cpu/x87.h"

#define MXCSR_IE    BIT(0)
#define MXCSR_DE    BIT(1)
#define MXCSR_ZE    BIT(2)
#define MXCSR_OE    BIT(3)
#define MXCSR_UE    BIT(4)
#define MXCSR_PE    BIT(5)
#define MXCSR_DAZ   BIT(6)
#define MXCSR_MASKS UINT64_C(0x1f80) /* MXCSR_IE to MXCSR_PE, shifted by 7 */
#define MXCSR_RC    (BIT(13) | BIT(14))
#define MXCSR_FTZ   BIT(15)
#define MXCSR_FLAGS UINT64_C(0x003f)

/* An XMM register by its lanes. Arithmetic on lanes wraps around. */
typedef uint8_t lanes_u8 __attribute__((vector_size(16)));
typedef int8_t lanes_i8 __attribute__((vector_size(16)));
typedef uint16_t lanes_u16 __attribute__((vector_size(16)));
typedef int16_t lanes_i16 __attribute__((vector_size(16)));
typedef uint32_t lanes_u32 __attribute__((vector_size(16)));
typedef int32_t lanes_i32 __attribute__((vector_size(16)));
typedef uint64_t lanes_u64 __attribute__((vector_size(16)));
typedef float lanes_f32 __attribute__((vector_size(16)));
typedef double lanes_f64 __attribute__((vector_size(16)));

union lanes {
	struct xmm x;
	lanes_u8 u8;
	lanes_i8 i8;
	lanes_u16 u16;
	lanes_i16 i16;
	lanes_u32 u32;
	lanes_i32 i32;
	lanes_u64 u64;
	lanes_f32 f32;
	lanes_f64 f64;
};

/* A number of 4 or 8 bytes. */
static ALWAYS_INLINE uint64_t lane_get(const union lanes *v, unsigned i, unsigned width)
{
	return width == 4 ? v->u32[i] : v->u64[i];
}

static ALWAYS_INLINE void lane_set(union lanes *v, unsigned i, unsigned width, uint64_t value)
{
	if (width == 4)
		v->u32[i] = (uint32_t)value;
	else
		v->u64[i] = value;
}

/* --- operands --- */

static ALWAYS_INLINE union lanes vector_get(const struct vcpu *c, unsigned offset)
{
	union lanes v;

	memcpy(&v, (const uint8_t *)c + offset, sizeof(v));
	return v;
}

static ALWAYS_INLINE void vector_set(struct vcpu *c, unsigned offset, union lanes v)
{
	memcpy((uint8_t *)c + offset, &v, sizeof(v));
}

enum alignment { UNALIGNED, ALIGNED };

/* Where the memory operand is. That it is not aligned comes before the limit of its segment. */
MUST_CHECK static ALWAYS_INLINE struct fault vector_address(struct vcpu *c, const struct insn *in,
	enum shape shape, enum access how, unsigned size, enum alignment alignment, uint64_t *la)
{
	struct fault f = address_of(c, in, shape_address(shape), how, size, la);

	if (unlikely(f.raw))
		return alignment == ALIGNED && operand_is_misaligned(c, in) ? fault_gp(0) : f;
	if (alignment == ALIGNED && unlikely(*la & 15))
		return fault_gp(0);
	return no_fault;
}

/* Loads size bytes from the memory operand. */
MUST_CHECK static ALWAYS_INLINE struct fault vector_load(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned size, enum alignment alignment, void *to)
{
	uint64_t la;

	TRY(vector_address(c, in, shape, ACCESS_READ, size, alignment, &la));
	return form_load(c, in, shape, la, size, to);
}

MUST_CHECK static ALWAYS_INLINE struct fault vector_store(struct vcpu *c, const struct insn *in,
	enum shape shape, unsigned size, enum alignment alignment, const void *from)
{
	uint64_t la;

	TRY(vector_address(c, in, shape, ACCESS_WRITE, size, alignment, &la));
	return form_store(c, in, shape, la, size, from);
}

/* The second operand: a register in full, or size bytes of memory. 16 bytes must be aligned. */
MUST_CHECK static ALWAYS_INLINE struct fault vector_source(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned size, union lanes *v)
{
	if (shape == SHAPE_RR) {
		*v = vector_get(c, in->reg[1]);
		return no_fault;
	}
	v->x = (struct xmm){{0, 0}};
	return vector_load(c, in, shape, size, size == 16 ? ALIGNED : UNALIGNED, v);
}

/* --- forms: as in forms.h, for the one width that the row's first operand has --- */

#define WIDTH_INDEX_4  2
#define WIDTH_INDEX_8  3
#define WIDTH_INDEX_16 4

#define VECTOR_ENTRY(name, shape, width)                                                           \
	[SHAPE_##shape] = {[WIDTH_INDEX_##width] = name##_##shape##_##width}

#define VECTOR_FORMS_FROM(name, body, width)                                                       \
	FORM(name, body, RR, width)                                                                \
	FORM(name, body, RM, width)                                                                \
	FORM_FLAT(name, body, RB, RM, width)                                                       \
	FORM_FLAT(name, body, RX, RM, width)

#define VECTOR_FORMS_TO(name, body, width)                                                         \
	FORM(name, body, RR, width)                                                                \
	FORM(name, body, MR, width)                                                                \
	FORM_FLAT(name, body, BR, MR, width)                                                       \
	FORM_FLAT(name, body, XR, MR, width)

#define VECTOR_ENTRIES_FROM(name, width)                                                           \
	VECTOR_ENTRY(name, RR, width), VECTOR_ENTRY(name, RM, width),                              \
		VECTOR_ENTRY(name, RB, width), VECTOR_ENTRY(name, RX, width)

#define VECTOR_ENTRIES_TO(name, width)                                                             \
	VECTOR_ENTRY(name, RR, width), VECTOR_ENTRY(name, MR, width),                              \
		VECTOR_ENTRY(name, BR, width), VECTOR_ENTRY(name, XR, width)

/* From register or memory into a register; from a register into a register or memory. */
#define OP_VECTOR(name, body, width)                                                               \
	VECTOR_FORMS_FROM(name, body, width)                                                       \
	const struct op op_##name = {.forms = {VECTOR_ENTRIES_FROM(name, width)}}

#define OP_VECTOR_TO(name, body, width)                                                            \
	VECTOR_FORMS_TO(name, body, width)                                                         \
	const struct op op_##name = {.forms = {VECTOR_ENTRIES_TO(name, width)}}

/* Operations with a quick body, which returns FAULT_MISS before anything changed when it is not for
 * it; name_full takes over then. */
#define FORM_QUICK(name, quick, shape, full_shape, width)                                          \
	static struct fault name##_##shape##_##width(struct vcpu *c, const struct insn *in)        \
	{                                                                                          \
		struct fault f = quick(c, in, SHAPE_##shape, width);                               \
                                                                                                   \
		if (unlikely(f.raw))                                                               \
			return name##_full_##full_shape##_##width(c, in);                          \
		return in[1].run(c, in + 1);                                                       \
	}

/* Not to be inlined into a quick form, which would need a stack frame for it. */
#define APART(handler)                                                                             \
	static __attribute__((noinline)) struct fault handler(                                     \
		struct vcpu *c, const struct insn *in);

#define VECTOR_FORMS_QUICK(name, quick, full, width)                                               \
	APART(name##_full_RR_##width)                                                              \
	APART(name##_full_RM_##width)                                                              \
	FORM(name##_full, full, RR, width)                                                         \
	FORM(name##_full, full, RM, width)                                                         \
	FORM_QUICK(name, quick, RR, RR, width)                                                     \
	FORM_QUICK(name, quick, RM, RM, width)                                                     \
	FORM_QUICK(name, quick, RB, RM, width)                                                     \
	FORM_QUICK(name, quick, RX, RM, width)

#define OP_VECTOR_QUICK(name, quick, full, width)                                                  \
	VECTOR_FORMS_QUICK(name, quick, full, width)                                               \
	const struct op op_##name = {.forms = {VECTOR_ENTRIES_FROM(name, width)}}

#endif
