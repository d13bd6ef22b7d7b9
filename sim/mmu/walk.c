#include "sim/mmu/walk.h"

#include "sim/mmu/mmu.h"

#define FRAME_MASK    (BIT(PHYS_ADDRESS_BITS) - PAGE_SIZE)
#define RESERVED_HIGH (BIT(52) - BIT(PHYS_ADDRESS_BITS))

/* SDM "4-Level Paging and 5-Level Paging", the formats of the entries. */
const struct walk_format walk_ia32e = {
	.name = "pt",
	.levels = 4,
	.present = PTE_P,
	.leaf = PTE_PS,
	.frame = FRAME_MASK,
	.reserved = RESERVED_HIGH,
	.leaf_max = 3,
};

/* A large page's address bits below its size are reserved, but for the PAT bit (12). */
static bool entry_reserved(
	const struct walk_format *format, unsigned level, uint64_t entry, uint64_t extra)
{
	uint64_t reserved = format->reserved | extra;

	if (level > format->leaf_max)
		reserved |= format->leaf;
	else if (level > 1 && (entry & format->leaf))
		reserved |= (BIT(walk_shift(level)) - 1) & ~(PAGE_MASK | BIT(12));
	return (entry & reserved) != 0;
}

struct walk walk_tables(const struct walk_format *format, uint64_t root, uint64_t va,
	uint64_t reserved, walk_loader load, void *context)
{
	struct walk w = {.end = WALK_PAGE, .level = format->levels};
	uint64_t table = root;

	for (;; w.level--) {
		uint64_t index = (va >> walk_shift(w.level)) & 511;
		struct walk_reference *ref = &w.refs[w.count++];

		ref->pa = table + index * 8;
		if (!load(context, ref->pa, &ref->entry))
			w.end = WALK_NO_MEMORY;
		else if ((ref->entry & format->present) == 0)
			w.end = WALK_NOT_PRESENT;
		else if (entry_reserved(format, w.level, ref->entry, reserved))
			w.end = WALK_RESERVED;
		else if (w.level > 1 && (ref->entry & format->leaf) == 0) {
			table = ref->entry & format->frame;
			continue;
		}
		return w;
	}
}

uint64_t walk_leaf(const struct walk *w)
{
	return w->refs[w->count - 1].entry;
}

uint64_t walk_address(const struct walk_format *format, const struct walk *w, uint64_t va)
{
	uint64_t offset = BIT(walk_shift(w->level)) - 1;

	return (walk_leaf(w) & format->frame & ~offset) | (va & offset);
}
