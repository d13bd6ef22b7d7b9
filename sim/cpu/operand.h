/* operand.h - the operands of an instruction: registers, memory, immediates.
 *
 * Two ways in. Handlers that take every form use operand_load, operand_open and operand_store,
 * which look at run time where the operand is. Specialised handlers use the inline pieces below
 * with constant arguments, so that the compiler makes one straight body for each form.
 */
#ifndef CPU_OPERAND_H
#define CPU_OPERAND_H

#include "sim/cpu/flags.h"
#include "sim/cpu/insn.h"
#include "sim/cpu/memory.h"

/* --- registers, by byte offset into struct vcpu --- */

static ALWAYS_INLINE uint64_t reg_get(const struct vcpu *c, unsigned offset, unsigned width)
{
	uint64_t v = 0;

	memcpy(&v, (const uint8_t *)c + offset, width);
	return v;
}

static ALWAYS_INLINE int64_t reg_get_signed(const struct vcpu *c, unsigned offset, unsigned width)
{
	return sign_extend(reg_get(c, offset, width), width);
}

/* A 32-bit result clears the upper half; 8 and 16-bit ones keep the rest. */
static ALWAYS_INLINE void reg_set(struct vcpu *c, unsigned offset, unsigned width, uint64_t v)
{
	if (width == 4)
		v = (uint32_t)v;
	memcpy((uint8_t *)c + offset, &v, width == 4 ? 8 : width);
}

/* --- addresses --- */

enum address_kind { ADDRESS_BASE, ADDRESS_INDEX, ADDRESS_ANY };

/* The offset within the segment, truncated to the address size: what LEA gives. */
uint64_t operand_offset(const struct vcpu *c, const struct insn *in);

/* The linear address of any memory operand, after the segment's checks. */
MUST_CHECK struct fault operand_linear(
	struct vcpu *c, const struct insn *in, enum access how, unsigned size, uint64_t *la);

/* Whether it is at no multiple of 16. */
bool operand_is_misaligned(const struct vcpu *c, const struct insn *in);

/* Adds the segment's base to an offset, after the checks of SDM "Limit Checking" and "Type
 * Checking"; in 64-bit mode only FS and GS have a base, and nothing is checked. */
MUST_CHECK struct fault segment_linear(struct vcpu *c, unsigned seg, uint64_t offset, unsigned size,
	enum access how, uint64_t *la);

/* Does the segment hold these bytes (SDM "Limit Checking")? */
bool segment_holds(const struct segment *s, uint64_t offset, unsigned size);

/* A base or index register: one of gpr, rip, or zero, which lie behind each other (core.h). */
static ALWAYS_INLINE uint64_t address_register(const struct vcpu *c, unsigned i)
{
	return ((const uint64_t *)&c->arch)[i];
}

MUST_CHECK static ALWAYS_INLINE struct fault address_of(struct vcpu *c, const struct insn *in,
	enum address_kind kind, enum access how, unsigned size, uint64_t *la)
{
	if (kind == ADDRESS_ANY)
		return operand_linear(c, in, how, size, la);
	*la = address_register(c, in->base) + (uint64_t)(int64_t)in->disp;
	if (kind == ADDRESS_INDEX)
		*la += address_register(c, in->index) << in->scale;
	return no_fault;
}

/* --- any form --- */

/* An operand that is read, changed and written back: opened once, committed without a fault. */
struct operand {
	uint8_t *host;   /* where the bytes are; NULL for a register */
	unsigned offset; /* of the register */
	uint64_t value;  /* zero-extended, up to 8 bytes */
};

MUST_CHECK struct fault operand_load(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned width, uint64_t *value);
MUST_CHECK struct fault operand_open(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned width, struct operand *o);
void operand_commit(struct vcpu *c, struct operand *o, unsigned width, uint64_t value);
MUST_CHECK struct fault operand_store(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned width, uint64_t value);

/* Where a register operand is. */
static ALWAYS_INLINE unsigned operand_register(const struct insn *in, unsigned i)
{
	return i < ARRAY_LEN(in->reg) ? in->reg[i] : (unsigned)in->imm;
}

/* 16-byte (or shorter) vector operands: size bytes; register operands are read in full. */
MUST_CHECK struct fault operand_load_xmm(
	struct vcpu *c, const struct insn *in, unsigned i, unsigned size, struct xmm *value);
static ALWAYS_INLINE struct xmm *operand_xmm(struct vcpu *c, const struct insn *in, unsigned i)
{
	return (struct xmm *)(void *)((uint8_t *)c + in->reg[i]);
}

/* --- where things are --- */

static ALWAYS_INLINE uint64_t next_rip(const struct vcpu *c, const struct insn *in)
{
	return c->arch.rip + in->start + in->len;
}

/* --- the stack (SDM "Stack Behavior with Different Stack Sizes") --- */

MUST_CHECK struct fault stack_push(struct vcpu *c, unsigned size, uint64_t value);

/* PUSH of a segment register: of four bytes only the lower two are written (SDM PUSH). */
MUST_CHECK struct fault stack_push_selector(struct vcpu *c, unsigned size, uint16_t selector);

/* Reads at an offset into the stack segment, as wide as the stack's addresses are. */
MUST_CHECK struct fault stack_read(struct vcpu *c, uint64_t offset, unsigned size, uint64_t *value);
/* Whether a write there would fault. */
MUST_CHECK struct fault stack_probe(struct vcpu *c, uint64_t offset, unsigned size);

/* Reads the top without popping; stack_drop then moves the pointer by size. */
MUST_CHECK struct fault stack_top(struct vcpu *c, unsigned at, unsigned size, uint64_t *value);
void stack_drop(struct vcpu *c, uint64_t size);

#endif
