#include "sim/mmu/tlb.h"

#include "sim/mmu/mmu.h"
#include "sim/mmu/walk.h"

/* Where the sets of each page size lie in entries[] and next[]. */
static const struct tlb_shape {
	unsigned first, first_set, sets, ways;
} shapes[TLB_LEVELS + 1] = {
	[1] = {0, 0, 64, 8},
	[2] = {64 * 8, 64, 8, 4},
	[3] = {64 * 8 + 8 * 4, 64 + 8, 1, 4},
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

struct tlb_entry *tlb_find(struct tlb *tlb, uint64_t la, unsigned *level)
{
	for (unsigned l = 1; l <= TLB_LEVELS; l++) {
		struct tlb_entry *e = tlb->used[l - 1] != 0 ? find_at(tlb, l, la) : NULL;

		if (e != NULL) {
			*level = l;
			return e;
		}
	}
	return NULL;
}

struct tlb_entry tlb_insert(struct tlb *tlb, unsigned level, uint64_t la, uint64_t data)
{
	unsigned set = set_of(level, la);
	uint8_t *next = &tlb->next[shapes[level].first_set + set];
	struct tlb_entry *e = &set_entries(tlb, level, set)[*next];
	struct tlb_entry old = *e;

	*e = (struct tlb_entry){page_tag(level, la), data};
	*next = (uint8_t)((*next + 1) % shapes[level].ways);
	tlb->used[level - 1] |= BIT(set);
	return old;
}

void tlb_drop_page(struct tlb *tlb, uint64_t la)
{
	for (unsigned level = 1; level <= TLB_LEVELS; level++) {
		struct tlb_entry *e = find_at(tlb, level, la);

		if (e != NULL)
			*e = (struct tlb_entry){0};
	}
}

static bool drop_set(struct tlb_entry *e, unsigned ways, bool keep_global)
{
	bool kept = false;

	for (unsigned way = 0; way < ways; way++) {
		if (keep_global && (e[way].data & PTE_G) && e[way].tag != 0)
			kept = true;
		else
			e[way] = (struct tlb_entry){0};
	}
	return kept;
}

void tlb_drop_all(struct tlb *tlb, bool keep_global)
{
	for (unsigned level = 1; level <= TLB_LEVELS; level++) {
		uint64_t left = tlb->used[level - 1];

		while (left != 0) {
			unsigned set = (unsigned)__builtin_ctzll(left);

			left &= left - 1;
			if (!drop_set(
				    set_entries(tlb, level, set), shapes[level].ways, keep_global))
				tlb->used[level - 1] &= ~BIT(set);
		}
	}
}
