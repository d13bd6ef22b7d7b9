/* mm.h - the user's half of an address space: regions of memory, and copies to and from it.
 *
 * Regions are anonymous and populated at once; pages belong to one process each. EPT entries come
 * with the page tables (pagetable.h).
 */
#ifndef KERNEL_MM_H
#define KERNEL_MM_H

#include "sim/kernel/lib/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proc;

struct vmr {
	uint64_t base, end; /* page-aligned */
	int prot;           /* PROT_ of abi/syscall.h */
	bool leaving;       /* mm_unmap() is at it: its pages are hidden */
	struct list link;
};

/* Maps zeroed memory at va, or where there is room if va is 0. Returns 0 and *out, or an errno. */
int mm_map(struct proc *p, uint64_t va, uint64_t size, int prot, uint64_t *out);

/* Unmaps whatever of [va, va + size) is mapped. 0, or EINVAL if that is not page-aligned or not the
 * user's.
 */
int mm_unmap(struct proc *p, uint64_t va, uint64_t size);

/* At the end: all regions and their pages. */
void mm_free_all(struct proc *p);

/* Copies into an address space that need not be loaded nor writable, for the program loader. The
 * range must be mapped.
 */
void mm_poke(struct proc *p, uint64_t va, const void *src, size_t n);

/* Copies between the kernel and the loaded address space. 0 or EFAULT: never a panic, whatever
 * address it is.
 */
int copy_from_user(void *dst, const void *usrc, size_t n);
int copy_to_user(void *udst, const void *src, size_t n);

/* context.S, for checked addresses: bytes not copied; and atomic operations, 0 or -1. */
size_t user_copy(void *dst, const void *src, size_t n);
int user_or_u32(uint32_t *addr, uint32_t bits);
int user_or_u64(uint64_t *addr, uint64_t bits);
int user_and_u32(uint32_t *addr, uint32_t bits);

/* Adds to, or replaces, what is at addr; *operand becomes what was there. LOCKed as well. */
int user_xadd_u64(uint64_t *addr, uint64_t *operand);
int user_xchg_u64(uint64_t *addr, uint64_t *operand);
int user_xchg_u32(uint32_t *addr, uint32_t *operand);

bool user_range_ok(const void *uaddr, size_t n);

#endif
