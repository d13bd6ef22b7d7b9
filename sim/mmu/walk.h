/* walk.h - walks a hierarchy of paging structures: one walker, formats as data.
 *
 * The walker only reads, through a loader that the caller hands in, and returns why it stopped and
 * every reference it made. Fault codes, permissions and accessed/dirty bits are derived from the
 * result by others (mmu.c).
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include "sim/base/base.h"

#define WALK_LEVELS 5

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };

enum walk_end {
	WALK_PAGE,        /* a translation */
	WALK_NOT_PRESENT, /* entry lacks a present bit */
	WALK_RESERVED,    /* entry has a reserved bit set */
	WALK_NO_MEMORY,   /* the loader could not read an entry */
};

struct walk_format {
	const char *name;
	unsigned levels;     /* of paging structures, 4 for IA-32e */
	unsigned index_bits; /* of an address, a level: a table is a page of entries */
	unsigned entry_size; /* 4 or 8 bytes */
	uint64_t present;    /* an entry with none of these bits is not present */
	uint64_t leaf;       /* the bit that makes an upper entry map a page */
	uint64_t frame;      /* address bits of an entry */
	uint64_t reserved;   /* bits that must be 0 in every entry */
	unsigned leaf_max;   /* the highest level whose entry may map a page: 3 is 1 GiB */
	/* An entry that maps a large page has address bits here that belong WALK_HIGH_SHIFT higher
	 * (PSE-36). */
	uint64_t leaf_high;
};

#define WALK_HIGH_SHIFT 19

struct walk_reference {
	uint64_t pa;
	uint64_t entry;
};

struct walk {
	enum walk_end end;
	unsigned level; /* where it stopped: 1 is a 4 KiB page */
	unsigned count;
	struct walk_reference refs[WALK_LEVELS]; /* in the order made: top level first */
};

/* Reads the entry of that size at pa, zero-extended; false when it cannot. */
typedef bool (*walk_loader)(void *context, uint64_t pa, unsigned size, uint64_t *entry);

/* Of the formats with 8-byte entries. */
static inline unsigned walk_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static inline unsigned walk_format_shift(const struct walk_format *format, unsigned level)
{
	return PAGE_SHIFT + format->index_bits * (level - 1);
}

/* A large page's address bits below its size are reserved, but for the PAT bit (12). */
static inline bool walk_entry_reserved(
	const struct walk_format *format, unsigned level, uint64_t entry, uint64_t extra)
{
	uint64_t reserved = format->reserved | extra;

	if (level > format->leaf_max)
		reserved |= format->leaf;
	else if (level > 1 && (entry & format->leaf))
		reserved |= ((BIT(walk_format_shift(format, level)) - 1) &
				    ~(PAGE_MASK | BIT(12) | format->leaf_high)) |
			    (extra >> WALK_HIGH_SHIFT & format->leaf_high);
	return (entry & reserved) != 0;
}

/* reserved: bits that are reserved for now, beyond those of the format (XD without EFER.NXE).
 * Inline, so that the compiler makes one walker for each format and loader. */
static ALWAYS_INLINE struct walk walk_tables(const struct walk_format *format, uint64_t root,
	uint64_t va, uint64_t reserved, walk_loader load, void *context)
{
	struct walk w = {.end = WALK_PAGE, .level = format->levels};
	uint64_t table = root;

	for (;; w.level--) {
		struct walk_reference *ref = &w.refs[w.count++];

		ref->pa = table + (va >> walk_format_shift(format, w.level) &
					  (BIT(format->index_bits) - 1)) *
					  format->entry_size;
		if (!load(context, ref->pa, format->entry_size, &ref->entry))
			w.end = WALK_NO_MEMORY;
		else if ((ref->entry & format->present) == 0)
			w.end = WALK_NOT_PRESENT;
		else if (walk_entry_reserved(format, w.level, ref->entry, reserved))
			w.end = WALK_RESERVED;
		else if (w.level > 1 && (ref->entry & format->leaf) == 0) {
			table = ref->entry & format->frame;
			continue;
		}
		return w;
	}
}

/* The last entry read. */
static inline uint64_t walk_leaf(const struct walk *w)
{
	return w->refs[w->count - 1].entry;
}

/* The address that a walk which ended in WALK_PAGE gives va. */
static inline uint64_t walk_address(
	const struct walk_format *format, const struct walk *w, uint64_t va)
{
	uint64_t offset = BIT(walk_format_shift(format, w->level)) - 1, leaf = walk_leaf(w);
	uint64_t high = w->level > 1 ? (leaf & format->leaf_high) << WALK_HIGH_SHIFT : 0;

	return (leaf & format->frame & ~offset) | high | (va & offset);
}

#endif
