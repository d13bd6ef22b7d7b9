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

static uint64_t page_tag(unsigned level, uint64_t la)
{
	return (la & ~(BIT(walk_shift(level)) - 1)) | TLB_VALID;
}

static unsigned set_of(unsigned level, uint64_t la)
{
	return (la >> walk_shift(level)) & (shapes[level].sets - 1);
}

static struct tlb_entry *set_entries(struct tlb *tlb, unsigned level, unsigned set)
{
	return &tlb->entries[shapes[level].first + set * shapes[level].ways];
}

static struct tlb_entry *find_at(struct tlb *tlb, unsigned level, uint64_t la)
{
	struct tlb_entry *e = set_entries(tlb, level, set_of(level, la));
	uint64_t tag = page_tag(level, la);

	for (unsigned way = 0; way < shapes[level].ways; way++)
		if (e[way].tag == tag)
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

struct tlb_entry *tlb_find(struct tlb *tlb, uint64_t la, unsigned *level)
{
	for (unsigned l = 1; l <= TLB_LEVELS; l++) {
		struct tlb_entry *e = level_used(tlb, l) ? find_at(tlb, l, la) : NULL;

		if (e != NULL) {
			*level = l;
			return e;
		}
	}
	return NULL;
}

struct tlb_entry tlb_insert(struct tlb *tlb, unsigned level, uint64_t la, uint64_t data)
{
	unsigned set = set_of(level, la), index = shapes[level].first_set + set;
	struct tlb_entry *e = &set_entries(tlb, level, set)[tlb->next[index]];
	struct tlb_entry old = *e;

	*e = (struct tlb_entry){page_tag(level, la), data};
	tlb->next[index] = (uint8_t)((tlb->next[index] + 1) & (shapes[level].ways - 1));
	tlb->used[index / 64] |= BIT(index % 64);
	return old;
}

void tlb_drop_page(struct tlb *tlb, uint64_t la)
{
	for (unsigned level = 1; level <= TLB_LEVELS; level++) {
		struct tlb_entry *e = level_used(tlb, level) ? find_at(tlb, level, la) : NULL;

		if (e != NULL)
			*e = (struct tlb_entry){0};
	}
}

/* Empties a set, named by its index in used[], but for what may be kept; true if some was. */
static bool drop_set(struct tlb *tlb, unsigned index, bool keep_global)
{
	unsigned level = index < shapes[2].first_set ? 1 : index < shapes[3].first_set ? 2 : 3;
	struct tlb_entry *e = set_entries(tlb, level, index - shapes[level].first_set);
	bool kept = false;

	for (unsigned way = 0; way < shapes[level].ways; way++) {
		if (keep_global && (e[way].data & PTE_G))
			kept = true;
		else
			e[way] = (struct tlb_entry){0};
	}
	return kept;
}

void tlb_drop_all(struct tlb *tlb, bool keep_global)
{
	for (unsigned word = 0; word < ARRAY_LEN(tlb->used); word++) {
		for (uint64_t left = tlb->used[word]; left != 0; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(left);

			if (!drop_set(tlb, word * 64 + bit, keep_global))
				tlb->used[word] &= ~BIT(bit);
		}
	}
}
