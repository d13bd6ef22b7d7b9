/* x87.h - the registers of the x87 FPU and of MMX, which are the same: who may use them, the stack,
 * tags and status.
 *
 * SDM "x87 FPU Execution Environment" and "MMX State". The tag word is kept as FXSAVE stores it, a
 * bit a physical register that is set unless it is empty: all else in it follows from the contents.
 * The arithmetic is float80.h's.
 */
#ifndef CPU_X87_H
#define CPU_X87_H

#include "sim/cpu/float80.h"
#include "sim/cpu/forms.h"

#define FCW_KNOWN   0x1f3f
#define FCW_ONE     0x0040 /* always reads 1 */
#define FCW_DEFAULT 0x037f

#define X87_REGISTERS 8

static inline unsigned x87_top(const struct x87 *x)
{
	return bits_get(x->fsw, FSW_TOP) & 7;
}

/* The physical register that ST(i) is. */
static inline unsigned x87_physical(const struct x87 *x, unsigned i)
{
	return (x87_top(x) + i) & 7;
}

static inline bool x87_is_empty(const struct x87 *x, unsigned i)
{
	return (x->ftw >> x87_physical(x, i) & 1) == 0;
}

/* The tag word in full, two bits a register. */
uint16_t x87_tag_word(const struct x87 *x);

/* ES and B follow from the flags and their masks; without ES, FERR# is inactive. */
void x87_summarise(struct x87 *x);
void x87_set_control(struct x87 *x, uint16_t value);

/* #NM: CR0.EM or CR0.TS. */
MUST_CHECK static inline struct fault x87_check(const struct vcpu *c)
{
	return unlikely(c->arch.cr0 & (CR0_EM | CR0_TS)) ? fault_exception(VECTOR_NM) : no_fault;
}

/* Waiting instructions report an unmasked exception that an earlier one left behind: #MF. */
MUST_CHECK struct fault x87_report(struct vcpu *c);
MUST_CHECK static inline struct fault x87_pending(struct vcpu *c)
{
	return unlikely(c->arch.x87.fsw & FSW_ES) ? x87_report(c) : no_fault;
}

/* Both: the begin of every waiting instruction. */
MUST_CHECK static inline struct fault x87_begin(struct vcpu *c)
{
	TRY(x87_check(c));
	return x87_pending(c);
}

/* What FNINIT leaves; the numbers stay. */
void x87_init(struct x87 *x);

/* --- the stack --- */

static inline struct float80 x87_get(const struct x87 *x, unsigned i)
{
	const struct xmm *st = &x->st[x87_physical(x, i)];

	return (struct float80){st->q[0], (uint16_t)st->q[1]};
}

/* Makes ST(i) hold v, whatever it was. */
static inline void x87_set(struct x87 *x, unsigned i, struct float80 v)
{
	x->st[x87_physical(x, i)] = (struct xmm){{v.significand, v.head}};
	x->ftw |= (uint8_t)(1u << x87_physical(x, i));
}

static inline void x87_free(struct x87 *x, unsigned i)
{
	x->ftw &= (uint8_t) ~(1u << x87_physical(x, i));
}

/* ST(by) becomes ST(0). */
static inline void x87_rotate(struct x87 *x, unsigned by)
{
	x->fsw = (uint16_t)((x->fsw & ~FSW_TOP) | x87_physical(x, by) * (FSW_TOP & -FSW_TOP));
}

/* Frees ST(0), which ST(1) becomes. */
static inline void x87_pop(struct x87 *x)
{
	x87_free(x, 0);
	x87_rotate(x, 1);
}

/* Makes v the new ST(0). */
static inline void x87_push(struct x87 *x, struct float80 v)
{
	x87_rotate(x, 7);
	x87_set(x, 0, v);
}

/* --- an instruction under way --- */

/* The i of ST(i), in the ModRM byte. */
static inline unsigned x87_index(const struct insn *in)
{
	return in->imm & 7;
}

static inline struct float80_env x87_env(const struct vcpu *c)
{
	return (struct float80_env){.control = c->arch.x87.fcw};
}

/* Stack faults: the indefinite is what is pushed or stored then. */
struct float80 x87_underflow(struct float80_env *e);
struct float80 x87_overflow(struct float80_env *e);

enum x87_destination { X87_TO_REGISTER, X87_TO_MEMORY };

static inline uint16_t x87_unmasked(const struct float80_env *e)
{
	return e->raised & ~e->control & FSW_FLAGS;
}

/* Whether a result is stored, and the stack moved: not if an exception that comes before it is
 * unmasked, or one that memory has no result for. */
static inline bool x87_is_stored(const struct float80_env *e, enum x87_destination to)
{
	const uint16_t before = FSW_IE | FSW_DE | FSW_ZE;

	return (x87_unmasked(e) & (to == X87_TO_MEMORY ? before | FSW_OE | FSW_UE : before)) == 0;
}

void x87_note_operand(struct vcpu *c, const struct insn *in);
void x87_end_unmasked(
	struct vcpu *c, const struct insn *in, struct float80_env e, enum x87_destination to);

/* Raises the exceptions, and notes the instruction and its operand. Those of an instruction that
 * raised an unmasked one are kept for the handler; of others the opcode never is, and the operand's
 * address as CPUID says. */
static inline void x87_end(
	struct vcpu *c, const struct insn *in, struct float80_env e, enum x87_destination to)
{
	struct x87 *x = &c->arch.x87;

	x->fip = c->arch.rip + in->start;
	if (unlikely(x87_unmasked(&e))) {
		x87_end_unmasked(c, in, e, to);
		return;
	}
	x->fsw = (uint16_t)((x->fsw & ~FSW_C1) | e.raised);
	if (in->place[0] == PLACE_MEM && !model_has(c->model, FEATURE_fdp_excptn_only))
		x87_note_operand(c, in);
}

/* The same for instructions that leave C1 alone unless there is a stack fault, as processors have
 * it against the manual. */
void x87_end_keeping_c1(struct vcpu *c, const struct insn *in, struct float80_env e);
/* The same for instructions that raise none and leave C1 0. */
void x87_end_plain(struct vcpu *c, const struct insn *in);
/* Sets the condition codes. */
void x87_set_codes(struct x87 *x, uint16_t codes);

/* --- the image of FXSAVE and XSAVE --- */

#define FXSAVE_SIZE 512

#define MXCSR_KNOWN UINT64_C(0xffff) /* MXCSR_MASK: other bits are reserved */

struct fxsave_image {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint64_t fip, fdp; /* without REX.W: 32 bits, then the selector, which is 0 */
	uint32_t mxcsr, mxcsr_mask;
	struct xmm st[8]; /* ST0 first */
	struct xmm xmm[16];
	uint8_t unused[96]; /* neither read nor written */
};

_Static_assert(sizeof(struct fxsave_image) == FXSAVE_SIZE, "as the manual draws it");

/* What FXSAVE, XSAVE and their like end in at an address that is not aligned as they want it. Where
 * alignment is checked #AC comes first, if not even the words are aligned: as on processors. */
struct fault state_image_misaligned(const struct vcpu *c, uint64_t la);

/* wide: with REX.W. */
void fxsave_image_make(const struct vcpu *c, bool wide, struct fxsave_image *image);
void x87_restore(struct x87 *x, const struct fxsave_image *image, bool wide);

/* --- MMX: SDM "MMX Technology System Programming" --- */

/* #UD, #NM, #MF. */
MUST_CHECK struct fault mmx_check(struct vcpu *c);

/* Every MMX instruction but EMMS makes all registers valid and TOP 0. */
static ALWAYS_INLINE void mmx_enter(struct vcpu *c)
{
	c->arch.x87.fsw &= (uint16_t)~FSW_TOP;
	c->arch.x87.ftw = 0xff;
}

/* A write sets the exponent to ones. */
static ALWAYS_INLINE void mmx_set(struct vcpu *c, unsigned offset, uint64_t value)
{
	struct xmm st = {{value, 0xffff}};

	memcpy((uint8_t *)c + offset, &st, sizeof(st));
	mmx_enter(c);
}

static ALWAYS_INLINE uint64_t mmx_get(const struct vcpu *c, unsigned offset)
{
	return reg_get(c, offset, 8);
}

/* The second operand: a register in full, or size bytes of memory. */
MUST_CHECK static ALWAYS_INLINE struct fault mmx_source(
	struct vcpu *c, const struct insn *in, enum shape shape, unsigned size, uint64_t *value)
{
	uint64_t la;

	*value = 0;
	if (shape == SHAPE_RR) {
		*value = mmx_get(c, in->reg[1]);
		return no_fault;
	}
	TRY(address_of(c, in, shape_address(shape), ACCESS_READ, size, &la));
	return form_load(c, in, shape, la, size, value);
}

#endif
