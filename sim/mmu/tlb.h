/* tlb.h - the modelled translation lookaside buffers: truth, since stale entries are observable.
 *
 * One for data and one for instruction fetches, so that a data access never evicts the page that
 * code runs on. Each holds 4 KiB, 2 MiB and 1 GiB entries in sets, replaced first in, first out:
 * a hit changes nothing, which is what lets a faster look-up in front stay invisible.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "sim/base/base.h"

#define TLB_LEVELS  3 /* page sizes: 1 is 4 KiB, 2 is 2 MiB, 3 is 1 GiB */
#define TLB_ENTRIES (256 * 8 + 8 * 4 + 1 * 4)
#define TLB_SETS    (256 + 8 + 1)

#define TLB_VALID      BIT(0) /* in tag */
#define TLB_PCID_SHIFT 52

struct tlb_entry {
	/* Bits 12 to 47 of the page's linear address, the PCID above them, or 0 if the entry is
	 * global, and TLB_VALID; 0 is an empty entry. */
	uint64_t tag;
	/* Physical address of the page, PTE_W, PTE_U, PTE_D, PTE_G (which makes it global), PTE_XD,
	 * PTE_KEY, PTE_PWT, PTE_PCD and PTE_PAT. */
	uint64_t data;
};

struct tlb {
	struct tlb_entry entries[TLB_ENTRIES];
	uint64_t used[(TLB_SETS + 63) / 64];  /* a bit a set: it may hold an entry */
	uint8_t next[(TLB_SETS + 7) / 8 * 8]; /* the way that each set replaces next */
};

_Static_assert(sizeof(struct tlb) == 16 * TLB_ENTRIES + 8 * 5 + 272, "no padding");

/* The entry that translates la under a PCID, or NULL; *level is its page size. */
struct tlb_entry *tlb_find(struct tlb *tlb, uint64_t la, unsigned pcid, unsigned *level);

/* Adds an entry and returns what it replaced: tag 0 if nothing. */
struct tlb_entry tlb_insert(
	struct tlb *tlb, unsigned level, uint64_t la, unsigned pcid, uint64_t data);

/* Which entries go. */
enum tlb_drop {
	TLB_DROP_ALL,
	TLB_DROP_LOCAL, /* those that are not global */
	TLB_DROP_PCID,  /* the same, of one PCID */
};

/* Drops the entries that translate la under a PCID; global ones too, or not. */
void tlb_drop_page(struct tlb *tlb, uint64_t la, unsigned pcid, bool global);

void tlb_drop_all(struct tlb *tlb, enum tlb_drop which, unsigned pcid);

#endif
