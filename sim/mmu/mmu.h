/* mmu.h - turns a linear address of one core into a guest-physical one.
 *
 * Fills the modelled TLBs, sets accessed and dirty bits, and reports a page fault, which it never
 * delivers. Depends on registers and memory alone. In front of the TLBs stands the soft-TLB, which
 * maps linear pages to host memory and may be dropped at any moment.
 *
 * SDM "Paging".
 */
#ifndef MMU_MMU_H
#define MMU_MMU_H

#include "sim/base/core.h"
#include "sim/base/fault.h"
#include "sim/mmu/phys.h"
#include "sim/mmu/store_buffer.h"
#include "sim/mmu/tlb.h"
#include "sim/mmu/walk.h"

#define PHYS_ADDRESS_BITS   40 /* MAXPHYADDR at most */
#define LINEAR_ADDRESS_BITS 48

#define PTE_P   BIT(0)
#define PTE_W   BIT(1)
#define PTE_U   BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A   BIT(5)
#define PTE_D   BIT(6)
#define PTE_PS  BIT(7)
#define PTE_G   BIT(8)
#define PTE_XD  BIT(63)

#define PTE_PAT       BIT(7)  /* of a 4 KiB page, and in TLB entries; of larger ones: */
#define PTE_PAT_LARGE BIT(12) /* SDM "Selecting a Memory Type from the PAT" */

#define PTE_KEY_SHIFT 59 /* protection key, of IA-32e paging */
#define PTE_KEY       (UINT64_C(15) << PTE_KEY_SHIFT)

/* Page-fault error code. */
#define PF_P    BIT(0)
#define PF_W    BIT(1)
#define PF_U    BIT(2)
#define PF_RSVD BIT(3)
#define PF_ID   BIT(4)
#define PF_PK   BIT(5)

extern const struct walk_format walk_ia32e, walk_pae, walk_32bit, walk_32bit_large;

#define SOFT_ENTRIES 1024
#define SOFT_NONE    UINT64_MAX

/* A linear page whose accesses need no check: host address = linear address + addend. */
struct soft_entry {
	uint64_t read;  /* the page's linear address, or SOFT_NONE */
	uint64_t write; /* the same, for stores */
	uint64_t addend;
	uint64_t pa; /* of the page; for a trace of what the fast path does */
};

struct soft_tlb {
	struct soft_entry entry[SOFT_ENTRIES];
};

/* Implicit accesses are those to descriptor tables and the TSS: of the supervisor whatever the CPL,
 * and RFLAGS.AC means nothing to them (SDM "Determination of Access Rights"). */
enum privilege { PRIVILEGE_SUPERVISOR, PRIVILEGE_USER, PRIVILEGE_IMPLICIT };

struct mmu {
	struct tlb data, fetch;     /* truth */
	struct store_buffer stores; /* truth */

	/* wiring */
	struct phys_mem *mem;
	struct core_state *core;
	uint64_t reserved; /* address bits of entries beyond the core's MAXPHYADDR */
	bool tso;          /* stores go through the store buffer */
	bool soft_off;     /* never fill the soft-TLB: every access shall take the slow path */
	void (*fetch_dropped)(void *context); /* the fetch TLB lost entries */
	void *context;

	/* cache, and scratch that is dead between instructions */
	struct soft_tlb soft[2]; /* by enum privilege, of explicit accesses */
	struct soft_tlb none;    /* always empty */
	uint64_t soft_used[SOFT_ENTRIES / 64];
	uint64_t rights;   /* of the last translation, as in a TLB entry */
	uint64_t fault_la; /* what CR2 becomes when the page fault just returned is delivered */
};

void mmu_init(
	struct mmu *mmu, struct phys_mem *mem, struct core_state *core, unsigned physical_bits);

/* The physical address of la, or a page fault. la must be canonical. */
MUST_CHECK struct fault mmu_translate(
	struct mmu *mmu, uint64_t la, enum access how, enum privilege who, uint64_t *pa);

/* Reads the four page-directory-pointer-table entries of PAE paging that cr3 names, which a core
 * keeps in registers (SDM "PDPTE Registers"). False: one that is present has a reserved bit set,
 * #GP(0). */
MUST_CHECK bool mmu_read_pdptes(const struct mmu *mmu, uint64_t cr3, uint64_t pdpte[4]);

/* Translates as a debugger does: no TLB, no side effect, no permissions. False: not mapped. */
MUST_CHECK bool mmu_peek(const struct mmu *mmu, uint64_t la, uint64_t *pa);

/* Would mmu_translate succeed? Without any side effect. */
MUST_CHECK bool mmu_probe(
	struct mmu *mmu, uint64_t la, enum access how, enum privilege who, uint64_t *pa);

/* After a successful mmu_translate to pa: is that memory uncached? */
bool mmu_is_uncached(const struct mmu *mmu, uint64_t pa);

/* After a successful mmu_translate: lets the fast path serve the page from now on. For a store,
 * call it after phys_will_write. */
void mmu_soft_fill(struct mmu *mmu, uint64_t la, uint64_t pa, enum access how, enum privilege who);

/* INVLPG; MOV to CR3; any change that drops global entries too. The first two are about the current
 * PCID. */
void mmu_flush_page(struct mmu *mmu, uint64_t la);
void mmu_flush_local(struct mmu *mmu);
void mmu_flush_all(struct mmu *mmu);

/* INVPCID: a page of a PCID, all of a PCID, or all; of none a global entry. */
void mmu_flush_pcid_page(struct mmu *mmu, unsigned pcid, uint64_t la);
void mmu_flush_pcid(struct mmu *mmu, unsigned pcid);
void mmu_flush_not_global(struct mmu *mmu);

/* Another CR3, and the TLBs stay: MOV to CR3 with bit 63 set. */
void mmu_switch(struct mmu *mmu);

/* Stores to a physical page must take the slow path again. */
void mmu_drop_writes(struct mmu *mmu, uint64_t pa);

/* Drops the soft-TLB: nothing that software can see changes. */
void mmu_drop_cache(struct mmu *mmu);

static inline bool is_canonical(uint64_t la)
{
	return (uint64_t)((int64_t)(la << (64 - LINEAR_ADDRESS_BITS)) >>
			  (64 - LINEAR_ADDRESS_BITS)) == la;
}

static inline struct soft_entry *soft_entry(struct soft_tlb *soft, uint64_t la)
{
	return &soft->entry[(la >> PAGE_SHIFT) & (SOFT_ENTRIES - 1)];
}

#endif
