#include "sim/mmu/tlb.h"

#include "sim/mmu/mmu.h"
#include "sim/mmu/walk.h"

/* Where the sets of each page size lie: entries[], and used[] and next[]. */
static const struct tlb_shape {
	unsigned first, first_set, sets, ways;
} shapes[TLB_LEVELS + 1] = {
	[1] = {0, 0, 256, 8},
	[2] = {256 * 8, 256, 8, 4},
	[3] = {256 * 8 + 8 * 4, 256 + 8, 1, 4},
};

#define LINEAR_BITS (BIT(LINEAR_ADDRESS_BITS) - 1)

static uint64_t page_tag(unsigned level, uint64_t la)
{
	return (la & LINEAR_BITS & ~(BIT(walk_shift(level)) - 1)) | TLB_VALID;
}

static uint64_t pcid_tag(unsigned pcid)
{
	return (uint64_t)pcid << TLB_PCID_SHIFT;
}

static unsigned set_of(unsigned level, uint64_t la)
{
	return (la >> walk_shift(level)) & (shapes[level].sets - 1);
}

static struct tlb_entry *set_entries(struct tlb *tlb, unsigned level, unsigned set)
{
	return &tlb->entries[shapes[level].first + set * shapes[level].ways];
}

/* Of a PCID, or global: the first, where the page became global since an entry was made. */
static struct tlb_entry *find_at(struct tlb *tlb, unsigned level, uint64_t la, unsigned pcid)
{
	struct tlb_entry *e = set_entries(tlb, level, set_of(level, la));
	uint64_t tag = page_tag(level, la), own = tag | pcid_tag(pcid);

	for (unsigned way = 0; way < shapes[level].ways; way++)
		if (e[way].tag == own)
			return &e[way];
	if (likely(pcid == 0))
		return NULL;
	for (unsigned way = 0; way < shapes[level].ways; way++)
		if (e[way].tag == tag && (e[way].data & PTE_G))
			return &e[way];
	return NULL;
}

static bool level_used(const struct tlb *tlb, unsigned level)
{
	_Static_assert(TLB_SETS == 256 + 8 + 1, "large pages' sets are in the last word");
	if (level == 1)
		return true;
	return (tlb->used[4] & (level == 2 ? 0xff : 0x100)) != 0;
}

struct tlb_entry *tlb_find(struct tlb *tlb, uint64_t la, unsigned pcid, unsigned *level)
{
	for (unsigned l = 1; l <= TLB_LEVELS; l++) {
		struct tlb_entry *e = level_used(tlb, l) ? find_at(tlb, l, la, pcid) : NULL;

		if (e != NULL) {
			*level = l;
			return e;
		}
	}
	return NULL;
}

struct tlb_entry tlb_insert(
	struct tlb *tlb, unsigned level, uint64_t la, unsigned pcid, uint64_t data)
{
	uint64_t who = data & PTE_G ? 0 : pcid_tag(pcid);
	unsigned set = set_of(level, la), index = shapes[level].first_set + set;
	struct tlb_entry *e = &set_entries(tlb, level, set)[tlb->next[index]];
	struct tlb_entry old = *e;

	*e = (struct tlb_entry){page_tag(level, la) | who, data};
	tlb->next[index] = (uint8_t)((tlb->next[index] + 1) & (shapes[level].ways - 1));
	tlb->used[index / 64] |= BIT(index % 64);
	return old;
}

void tlb_drop_page(struct tlb *tlb, uint64_t la, unsigned pcid, bool global)
{
	for (unsigned level = 1; level <= TLB_LEVELS; level++) {
		struct tlb_entry *e = set_entries(tlb, level, set_of(level, la));
		uint64_t tag = page_tag(level, la);

		if (!level_used(tlb, level))
			continue;
		for (unsigned way = 0; way < shapes[level].ways; way++)
			if (e[way].data & PTE_G ? global && e[way].tag == tag
						: e[way].tag == (tag | pcid_tag(pcid)))
				e[way] = (struct tlb_entry){0};
	}
}

/* Which entries go: those whose tag is `value` in the bits of `mask`, without bits of `kept`. */
struct doomed {
	uint64_t mask, value, kept;
};

static struct doomed doomed(enum tlb_drop which, unsigned pcid)
{
	switch (which) {
	case TLB_DROP_LOCAL:
		return (struct doomed){0, 0, PTE_G};
	case TLB_DROP_PCID:
		return (struct doomed){~LINEAR_BITS, pcid_tag(pcid), PTE_G};
	default:
		return (struct doomed){0, 0, 0};
	}
}

/* Drops entries of a set, named by its index in used[]; true if some are left. */
static bool drop_set(struct tlb *tlb, unsigned index, struct doomed d)
{
	unsigned level = index < shapes[2].first_set ? 1 : index < shapes[3].first_set ? 2 : 3;
	struct tlb_entry *e = set_entries(tlb, level, index - shapes[level].first_set);
	bool left = false;

	for (unsigned way = 0; way < shapes[level].ways; way++) {
		if ((e[way].tag & d.mask) == d.value && (e[way].data & d.kept) == 0)
			e[way] = (struct tlb_entry){0};
		else
			left |= e[way].tag != 0;
	}
	return left;
}

void tlb_drop_all(struct tlb *tlb, enum tlb_drop which, unsigned pcid)
{
	struct doomed d = doomed(which, pcid);

	for (unsigned word = 0; word < ARRAY_LEN(tlb->used); word++) {
		for (uint64_t left = tlb->used[word]; left != 0; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(left);

			if (!drop_set(tlb, word * 64 + bit, d))
				tlb->used[word] &= ~BIT(bit);
		}
	}
}
