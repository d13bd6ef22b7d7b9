/* segment.h - selectors and descriptors: loading them, and what the loads check.
 *
 * SDM "Protected-Mode Memory Management" and "Privilege Checking". Call gates are in far_gate.c,
 * interrupt and trap gates in exception.c, tasks in task.c.
 */
#ifndef CPU_SEGMENT_H
#define CPU_SEGMENT_H

#include "sim/cpu/insn.h"

/* A descriptor as memory holds it, with the upper half of 16-byte system descriptors. */
struct descriptor {
	uint64_t low, high;
};

#define SYSTEM_TSS16_AVAILABLE 0x1
#define SYSTEM_LDT             0x2
#define SYSTEM_TSS_AVAILABLE   0x9

static inline unsigned descriptor_type(const struct descriptor *d)
{
	return d->low >> 40 & 0xf;
}

static inline unsigned descriptor_dpl(const struct descriptor *d)
{
	return d->low >> 45 & 3;
}

static inline bool descriptor_is_code_or_data(const struct descriptor *d)
{
	return d->low >> 44 & 1;
}

static inline bool descriptor_is_code(const struct descriptor *d)
{
	return descriptor_is_code_or_data(d) && (descriptor_type(d) & 8);
}

static inline bool descriptor_present(const struct descriptor *d)
{
	return d->low >> 47 & 1;
}

static inline bool descriptor_long(const struct descriptor *d)
{
	return d->low >> 53 & 1;
}

/* In IA-32e mode, compatibility mode included. */
static inline bool in_ia32e(const struct vcpu *c)
{
	return c->arch.efer & EFER_LMA;
}

static inline bool in_real_mode(const struct vcpu *c)
{
	return (c->arch.cr0 & CR0_PE) == 0;
}

/* Real mode, and virtual-8086 mode: selectors are paragraph numbers. */
static inline bool in_8086_mode(const struct vcpu *c)
{
	return in_real_mode(c) || (c->arch.rflags & RFLAGS_VM);
}

struct segment segment_from_descriptor(uint16_t selector, const struct descriptor *d);

/* Reads a code or data descriptor; vector and selector make the fault if it is out of limits. */
MUST_CHECK struct fault descriptor_read(
	struct vcpu *c, uint16_t selector, enum vector vector, struct descriptor *d);

/* Reads a system descriptor: 16 bytes in IA-32e mode. */
MUST_CHECK struct fault descriptor_read_system(
	struct vcpu *c, uint16_t selector, enum vector vector, struct descriptor *d);

/* Sets the accessed bit of a descriptor that is about to be loaded, in memory and in *d. */
MUST_CHECK struct fault descriptor_mark_accessed(
	struct vcpu *c, uint16_t selector, struct descriptor *d);

/* The checks on a segment for ES, DS, FS or GS: vector #GP or #TS on a bad one. */
MUST_CHECK struct fault data_segment_check(
	struct vcpu *c, uint16_t selector, enum vector vector, struct segment *out);

/* MOV, POP and the like into ES, SS, DS, FS or GS. */
MUST_CHECK struct fault segment_load(struct vcpu *c, unsigned seg, uint16_t selector);

/* The checks on a new stack segment for privilege cpl: vector #GP or #TS on a bad one. */
MUST_CHECK struct fault stack_segment_check(
	struct vcpu *c, uint16_t selector, unsigned cpl, enum vector vector, struct segment *out);

/* The checks on a code segment for a far jump or call, whose descriptor has been read; *out has
 * RPL = the new CPL. */
MUST_CHECK struct fault code_segment_check_jump(
	struct vcpu *c, uint16_t selector, struct descriptor *d, struct segment *out);

/* Sets CS and what depends on it: mode, CPL in SS is the caller's. */
void code_segment_set(struct vcpu *c, const struct segment *cs);

/* A null SS for privilege cpl, as 64-bit mode allows. */
struct segment null_stack_segment(uint16_t selector, unsigned cpl);

/* ES, DS, FS, GS that a less privileged level may not see become null (SDM IRET, RET). */
void segments_hide(struct vcpu *c, unsigned cpl);

#endif
