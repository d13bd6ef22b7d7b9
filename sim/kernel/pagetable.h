/* pagetable.h - page tables, as pairs of a kernel page table and an extended one (KPT and EPT).
 *
 * Every table is two pages at an 8 KiB boundary: the first is what CR3 walks, the second what an
 * EPT pointer walks when the process runs a virtual machine, whose guest-physical addresses are the
 * process's virtual ones. So the EPTE of the entry at kpte is at kpte + 4096, and every operation
 * here writes both:
 *
 *	mapping			KPTE			EPTE
 *	user, read-only		P, U			R, X, write-back
 *	user, read-write	P, U, W			R, W, X, write-back
 *	kernel-only		P (W)			0
 *
 * One exception on purpose: KPT's NX has no counterpart, the guest decides what it executes.
 * Callers lock the page tables: a process's mm_lock; the kernel's own are built by the boot core
 * alone, and map_mmio has a lock.
 */
#ifndef KERNEL_PAGETABLE_H
#define KERNEL_PAGETABLE_H

#include "sim/kernel/memlayout.h"

#include <stdbool.h>
#include <stdint.h>

struct proc;

typedef uint64_t pte_t;

#define PTE_P        (1ul << 0)
#define PTE_W        (1ul << 1)
#define PTE_U        (1ul << 2)
#define PTE_PWT      (1ul << 3)
#define PTE_PCD      (1ul << 4)
#define PTE_PS       (1ul << 7) /* jumbo: maps 2 MiB or 1 GiB itself */
#define PTE_G        (1ul << 8)
#define PTE_NX       (1ul << 63)
#define PTE_ADDR     0x000ffffffffff000ul
#define PTE_UNCACHED (PTE_PWT | PTE_PCD)

#define EPTE_R  0x1ul
#define EPTE_W  0x2ul
#define EPTE_X  0x4ul
#define EPTE_WB (6ul << 3)
#define EPTE_PS (1ul << 7)

/* Levels: 1 maps 4 KiB, 2 maps 2 MiB (jumbo), 3 maps 1 GiB (jumbo), 4 is the root. */
#define PT_LEVELS          4
#define LEVEL_SHIFT(level) (PGSHIFT + 9 * ((level)-1))
#define LEVEL_SIZE(level)  (1ul << LEVEL_SHIFT(level))

extern pte_t *boot_pgdir; /* the kernel's own; its upper half is in every address space */

static inline pte_t *kpte_to_epte(pte_t *kpte)
{
	return kpte + PGSIZE / sizeof(pte_t);
}

/* Builds boot_pgdir and loads it: direct map, kernel image with an access each section. */
void pagetable_init(void);

/* New root with the kernel's half shared and the user's empty; and its end, with all its tables but
 * not the pages they map.
 */
pte_t *pgdir_alloc(void);
void pgdir_free(pte_t *pgdir);

/* Entry for va at `level`. Makes the tables on the way if create; NULL when one is missing, or when
 * a jumbo entry already maps va above that level.
 */
pte_t *pgdir_walk(pte_t *pgdir, uint64_t va, int level, bool create);

/* Entry that maps va, at whatever level; NULL if none. */
pte_t *pgdir_lookup(pte_t *pgdir, uint64_t va, int *level);

/* perm: PTE_ bits without PTE_P and PTE_PS. Replaces what was there; the caller flushes TLBs. */
void pte_write(pte_t *kpte, physaddr_t pa, uint64_t perm, int level);
void pte_clear(pte_t *kpte);

/* In two steps: not present any more, but the page is still known; then, when no TLB has it, its
 * address, and the entry is clear.
 */
void pte_hide(pte_t *kpte);
physaddr_t pte_take_hidden(pte_t *kpte); /* 0: there is none */
bool pte_is_present(const pte_t *kpte);

/* Maps [va, va + size) to pa in the largest pages that fit, up to max_level. */
void map_range(
	pte_t *pgdir, uint64_t va, physaddr_t pa, uint64_t size, uint64_t perm, int max_level);

/* Kernel address of device registers: uncached, for ever. */
void *map_mmio(physaddr_t pa, uint64_t size);

/* Walks all pairs under pgdir. Returns NULL, or what the first disagreement is, with its address
 * in *va. Tables of the kernel's half are checked as well.
 */
const char *check_pairs(pte_t *pgdir, uint64_t *va);

/* Flushes this core's TLB; the first for a page, the second for everything but global pages. */
void tlb_flush_page(uint64_t va);
void tlb_flush_local(void);

/* Flushes a kernel address on every core, or a process's half on those that have it loaded, and
 * waits until all have. Interrupts must be on.
 */
void tlb_shootdown_kernel(uint64_t va);
void tlb_shootdown_proc(const struct proc *p);

#endif
