/* oracle_maps.c - invariants on memory: vcoremap and pcoremap agree; KPT and EPT map alike.
 */
#include "sim/replay/abi_view.h"
#include "sim/replay/oracle_parts.h"

#include <stdio.h>

/* seq_write_end stands right before the seqctr becomes even: the maps are complete. */
void maps_hit(struct oracles *o, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	struct oracle_memory of = {o, 0};
	struct abi_memory memory = {oracle_read_of, &of};
	char text[160];

	if (h->kind != PROBE_seq_write_end)
		return;
	of.pid = (int)hit->args[0];
	if (abi_maps_agree(&memory, text, sizeof(text)))
		return;
	if (oracle_found(o, "vcoremap", VERDICT_INVARIANT, hit, hit->core,
		    "%s: the seqctr becomes even%s, but %s", oracle_process(o, of.pid).at,
		    oracle_place(o, hit->core, hit->rip).at, text))
		o->state.finding.pid = of.pid;
}

/* --- pairs of page tables (sim/kernel/pagetable.h) --- */

#define ENTRIES 512u
#define EPT_R   BIT(0)
#define EPT_W   BIT(1)
#define EPT_ALL (BIT(0) | BIT(1) | BIT(2))

struct pages {
	struct oracles *o;
	uint64_t at, kpte, epte, va; /* of the first pair that disagrees; at is 0: none */
};

/* What the kernel-only half maps, a guest does not see; else it sees the same frame with the same
 * right to write. A table's twin is 4 KiB behind it. */
static bool pair_agrees(uint64_t kpte, uint64_t epte, bool leaf)
{
	uint64_t twin = leaf ? 0 : PAGE_SIZE, frame = walk_ia32e.frame & ~(leaf ? BIT(12) : 0);

	if ((kpte & PTE_P) == 0 || (kpte & PTE_U) == 0)
		return (epte & EPT_ALL) == 0;
	return ((kpte & frame) + twin) == (epte & frame) && (epte & EPT_R) != 0 &&
	       ((kpte & PTE_W) != 0) == ((epte & EPT_W) != 0) &&
	       (leaf || (epte & EPT_ALL) == EPT_ALL);
}

/* Most entries are empty in both. */
static bool both_empty(uint64_t kpte, uint64_t epte)
{
	return (kpte | (epte & EPT_ALL)) == 0;
}

/* The user's half of an address space. */
static void walk_table(struct pages *p, uint64_t table, unsigned level, uint64_t va)
{
	unsigned count = level == walk_ia32e.levels ? ENTRIES / 2 : ENTRIES;
	uint64_t kpt[ENTRIES], ept[ENTRIES];

	if (!machine_peek(p->o->machine, table, kpt, count * sizeof(kpt[0])) ||
		!machine_peek(p->o->machine, table + PAGE_SIZE, ept, count * sizeof(ept[0])))
		return;
	for (unsigned i = 0; i < count && p->at == 0; i++) {
		uint64_t here = va + ((uint64_t)i << walk_shift(level));
		bool leaf = level == 1 || (kpt[i] & PTE_PS) != 0;

		if (both_empty(kpt[i], ept[i]))
			continue;
		if (!pair_agrees(kpt[i], ept[i], leaf)) {
			p->at = table + 8 * i;
			p->kpte = kpt[i];
			p->epte = ept[i];
			p->va = here;
		} else if (!leaf && (kpt[i] & PTE_P) != 0) {
			walk_table(p, kpt[i] & walk_ia32e.frame, level - 1, here);
		}
	}
}

/* A pair is written one entry after the other: a disagreement counts when the next look finds the
 * same one. */
static void judge(struct oracles *o, const struct pages *p, int pid, bool last)
{
	struct page_oracle *seen = &o->state.page;

	if (!last && (seen->suspect != p->at || seen->value != p->kpte + 3 * p->epte)) {
		seen->suspect = p->at;
		seen->value = p->kpte + 3 * p->epte;
		return;
	}
	if (oracle_found(o, "page-pairs", VERDICT_INVARIANT, NULL, 0,
		    "%s: page tables disagree at %#" PRIx64 ": KPTE %#" PRIx64 ", EPTE %#" PRIx64,
		    oracle_process(o, pid).at, p->va, p->kpte, p->epte))
		o->state.finding.pid = pid;
}

static void check_pages(struct oracles *o, bool last)
{
	const struct identity *id = watch_identity(o->watch);

	for (unsigned i = 0; i < ORACLE_PROCESSES; i++) {
		const struct process_story *story = &o->state.story.processes[i];
		struct pages p = {.o = o};

		for (unsigned n = 0; story->pid != 0 && !story->ended && n < IDENTITY_PROCESSES;
			n++)
			if (id->processes[n].pid == story->pid)
				walk_table(&p, id->processes[n].cr3 & walk_ia32e.frame,
					walk_ia32e.levels, 0);
		if (p.at != 0) {
			judge(o, &p, story->pid, last);
			return;
		}
	}
	o->state.page.suspect = 0;
}

void pages_look(struct oracles *o)
{
	check_pages(o, false);
}

void pages_rest(struct oracles *o)
{
	check_pages(o, true);
}
