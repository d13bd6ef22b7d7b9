/* memory.h - loads and stores of the core's software, by linear address.
 *
 * The fast path is a look in the soft-TLB; all else (page faults, devices, page ends, dirty
 * tracking, watching) is in memory.c. A destination that is read and written is opened once, for
 * write, before it is read: mem_open gives a host address, which is the bounce buffer when the
 * bytes cannot be changed in place; mem_commit follows the change, and cannot fault.
 */
#ifndef CPU_MEMORY_H
#define CPU_MEMORY_H

#include "sim/cpu/insn.h"

MUST_CHECK struct fault mem_load_slow(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, void *to);
MUST_CHECK struct fault mem_store_slow(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, const void *from);
MUST_CHECK struct fault mem_open_slow(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, uint8_t **host);
void mem_commit_slow(struct vcpu *c);

/* All that the core has stored is seen by everybody from now on: MFENCE, serialising instructions,
 * port accesses, exceptions and interrupts. */
void mem_fence(struct vcpu *c);

/* Before a store that will not fault: asks the guard if it goes to a watched range (run.c). */
MUST_CHECK struct fault mem_heed_store(struct vcpu *c, uint64_t la, uint64_t pa, unsigned size);

/* Descriptor tables, TSS and IDT: accessed as supervisor whatever the CPL. They never reach a
 * device: outside RAM all ones are read, and what is written is lost. */
MUST_CHECK struct fault mem_system_load(struct vcpu *c, uint64_t la, unsigned size, void *to);
MUST_CHECK struct fault mem_system_store(
	struct vcpu *c, uint64_t la, unsigned size, const void *from);
/* Only the faults, and accessed and dirty bits. */
MUST_CHECK struct fault mem_system_touch(
	struct vcpu *c, uint64_t la, unsigned size, enum access how);

/* The page of the last byte equals the entry's tag only if all bytes lie in the entry's page: the
 * next page has another slot. */
static ALWAYS_INLINE bool soft_reads(const struct soft_entry *e, uint64_t la, unsigned size)
{
	return ((la + size - 1) & ~PAGE_MASK) == e->read;
}

static ALWAYS_INLINE bool soft_writes(const struct soft_entry *e, uint64_t la, unsigned size)
{
	return ((la + size - 1) & ~PAGE_MASK) == e->write;
}

static ALWAYS_INLINE uint8_t *soft_host(const struct soft_entry *e, uint64_t la)
{
	return (uint8_t *)(uintptr_t)(la + e->addend);
}

/* seg only tells #SS from #GP when la is not canonical. */
MUST_CHECK static ALWAYS_INLINE struct fault mem_load(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, void *to)
{
	const struct soft_entry *e = soft_entry(c->soft, la);

	if (likely(soft_reads(e, la, size))) {
		memcpy(to, soft_host(e, la), size);
		return no_fault;
	}
	return mem_load_slow(c, seg, la, size, to);
}

MUST_CHECK static ALWAYS_INLINE struct fault mem_store(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, const void *from)
{
	const struct soft_entry *e = soft_entry(c->soft, la);

	if (likely(soft_writes(e, la, size))) {
		memcpy(soft_host(e, la), from, size);
		return no_fault;
	}
	return mem_store_slow(c, seg, la, size, from);
}

MUST_CHECK static ALWAYS_INLINE struct fault mem_open(
	struct vcpu *c, unsigned seg, uint64_t la, unsigned size, uint8_t **host)
{
	const struct soft_entry *e = soft_entry(c->soft, la);

	if (likely(soft_writes(e, la, size))) {
		*host = soft_host(e, la);
		return no_fault;
	}
	return mem_open_slow(c, seg, la, size, host);
}

static ALWAYS_INLINE void mem_commit(struct vcpu *c, const uint8_t *host)
{
	if (unlikely(host == c->bounce.data))
		mem_commit_slow(c);
}

#endif
