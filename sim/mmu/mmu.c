#include "sim/mmu/mmu.h"

#include "sim/mmu/memory_type.h"

#define FRAME_MASK    (BIT(PHYS_ADDRESS_BITS) - PAGE_SIZE)
#define RESERVED_HIGH (BIT(52) - BIT(PHYS_ADDRESS_BITS))

/* SDM "4-Level Paging and 5-Level Paging", the formats of the entries. */
const struct walk_format walk_ia32e = {
	.name = "pt",
	.levels = 4,
	.index_bits = 9,
	.entry_size = 8,
	.present = PTE_P,
	.leaf = PTE_PS,
	.frame = FRAME_MASK,
	.reserved = RESERVED_HIGH,
	.leaf_max = 3,
};

/* SDM "PAE Paging": below the PDPTE, which is in a register. Bits 62:52 are reserved, too. */
const struct walk_format walk_pae = {
	.name = "pae",
	.levels = 2,
	.index_bits = 9,
	.entry_size = 8,
	.present = PTE_P,
	.leaf = PTE_PS,
	.frame = FRAME_MASK,
	.reserved = PTE_XD - BIT(PHYS_ADDRESS_BITS),
	.leaf_max = 2,
};

/* SDM "32-Bit Paging": without CR4.PSE, and with pages of 4 MiB whose address has up to 40 bits. */
const struct walk_format walk_32bit = {
	.name = "32-bit",
	.levels = 2,
	.index_bits = 10,
	.entry_size = 4,
	.present = PTE_P,
	.frame = UINT64_C(0xfffff000),
	.leaf_max = 2,
};

const struct walk_format walk_32bit_large = {
	.name = "32-bit",
	.levels = 2,
	.index_bits = 10,
	.entry_size = 4,
	.present = PTE_P,
	.leaf = PTE_PS,
	.frame = UINT64_C(0xfffff000),
	.leaf_max = 2,
	.leaf_high = UINT64_C(0x1fe000),
};

#define PDPTE_RESERVED (UINT64_C(0x1e6) | ~(BIT(PHYS_ADDRESS_BITS) - 1))
#define PDPTE_TABLE    UINT64_C(0xffffffe0) /* of CR3 */

void mmu_init(
	struct mmu *mmu, struct phys_mem *mem, struct core_state *core, unsigned physical_bits)
{
	memset(mmu, 0, sizeof(*mmu));
	mmu->mem = mem;
	mmu->core = core;
	mmu->reserved = BIT(PHYS_ADDRESS_BITS) - BIT(physical_bits);
	memset(mmu->soft_used, 0xff, sizeof(mmu->soft_used));
	memset(&mmu->none, 0xff, sizeof(mmu->none)); /* SOFT_NONE */
	mmu_drop_cache(mmu);
}

/* --- the soft-TLB --- */

void mmu_drop_cache(struct mmu *mmu)
{
	for (unsigned word = 0; word < ARRAY_LEN(mmu->soft_used); word++) {
		uint64_t left = mmu->soft_used[word];

		for (; left != 0; left &= left - 1) {
			unsigned i = word * 64 + (unsigned)__builtin_ctzll(left);

			for (unsigned who = 0; who < ARRAY_LEN(mmu->soft); who++) {
				mmu->soft[who].entry[i].read = SOFT_NONE;
				mmu->soft[who].entry[i].write = SOFT_NONE;
			}
		}
		mmu->soft_used[word] = 0;
	}
}

void mmu_drop_writes(struct mmu *mmu, uint64_t pa)
{
	for (unsigned word = 0; word < ARRAY_LEN(mmu->soft_used); word++) {
		for (uint64_t left = mmu->soft_used[word]; left != 0; left &= left - 1) {
			unsigned i = word * 64 + (unsigned)__builtin_ctzll(left);

			for (unsigned who = 0; who < ARRAY_LEN(mmu->soft); who++)
				if (mmu->soft[who].entry[i].pa == (pa & ~PAGE_MASK))
					mmu->soft[who].entry[i].write = SOFT_NONE;
		}
	}
}

static void soft_drop_page(struct mmu *mmu, uint64_t la)
{
	for (unsigned who = 0; who < ARRAY_LEN(mmu->soft); who++) {
		struct soft_entry *e = soft_entry(&mmu->soft[who], la);

		e->read = SOFT_NONE;
		e->write = SOFT_NONE;
	}
}

void mmu_soft_fill(struct mmu *mmu, uint64_t la, uint64_t pa, enum access how, enum privilege who)
{
	uint32_t page = phys_page(mmu->mem, pa);
	struct soft_entry *e = soft_entry(&mmu->soft[who], la);
	uint64_t tag = la & ~PAGE_MASK;
	unsigned index = (unsigned)(e - mmu->soft[who].entry);

	if (page == PHYS_NO_PAGE || mmu->soft_off)
		return;
	/* RFLAGS.AC decides over user pages then, and it changes too often to flush on it. */
	if (who == PRIVILEGE_SUPERVISOR && (mmu->core->cr4 & CR4_SMAP) && (mmu->rights & PTE_U))
		return;
	if (e->read != tag)
		e->write = SOFT_NONE;
	e->read = tag;
	if (how == ACCESS_WRITE && phys_is_plain(mmu->mem, page))
		e->write = tag;
	e->addend = (uint64_t)(uintptr_t)phys_host(mmu->mem, page) - tag;
	e->pa = pa & ~PAGE_MASK;
	mmu->soft_used[index / 64] |= BIT(index % 64);
}

/* --- translation --- */

/* Where there is no RAM nobody answers, and the bus reads all ones; a walk never reaches a device.
 * It sees what the core itself has stored. */
static bool load_entry(void *context, uint64_t pa, unsigned size, uint64_t *entry)
{
	const struct mmu *mmu = context;
	uint32_t page = phys_page(mmu->mem, pa);

	*entry = size == 4 ? UINT32_MAX : UINT64_MAX;
	if (page == PHYS_NO_PAGE)
		return true;
	memcpy(entry, phys_host(mmu->mem, page) + (pa & PAGE_MASK), size);
	if (unlikely(mmu->stores.count != 0))
		stores_overlay(&mmu->stores, pa, entry, size);
	return true;
}

/* Accessed bits in every entry used, the dirty bit in the leaf of a store: each is set in memory,
 * which a store to the entry must have reached. */
static void set_accessed(
	struct mmu *mmu, const struct walk_format *format, struct walk *w, enum access how)
{
	for (unsigned i = 0; i < w->count; i++) {
		struct walk_reference *ref = &w->refs[i];
		bool dirty = how == ACCESS_WRITE && i == w->count - 1;
		uint64_t entry = ref->entry | PTE_A | (dirty ? PTE_D : 0);

		if (entry == ref->entry)
			continue;
		ref->entry = entry;
		if (stores_touch(&mmu->stores, ref->pa, format->entry_size))
			stores_drain(&mmu->stores, mmu->mem);
		if (!phys_write(mmu->mem, ref->pa, &entry, format->entry_size))
			SIM_ASSERT(!"the walk read this entry from RAM");
	}
}

/* What TLB entries that are not global belong to. */
static unsigned current_pcid(const struct core_state *core)
{
	return core->cr4 & CR4_PCIDE ? core->cr3 & CR3_PCID : 0;
}

/* Which entry of the PAT a page is of. */
static uint64_t pat_bits(const struct walk *w)
{
	uint64_t leaf = walk_leaf(w), bits = leaf & (PTE_PWT | PTE_PCD);

	return leaf & (w->level == 1 ? PTE_PAT : PTE_PAT_LARGE) ? bits | PTE_PAT : bits;
}

/* What a translation allows: writable and user only if every level says so, XD if any does. */
static uint64_t combined_rights(const struct core_state *core, const struct walk *w)
{
	uint64_t leaf =
		PTE_D | (core->cr4 & CR4_PGE ? PTE_G : 0) | (core->efer & EFER_LMA ? PTE_KEY : 0);
	uint64_t all = PTE_W | PTE_U, any = 0;

	for (unsigned i = 0; i < w->count; i++) {
		all &= w->refs[i].entry;
		any |= w->refs[i].entry & PTE_XD;
	}
	return all | any | (walk_leaf(w) & leaf) | pat_bits(w);
}

static struct fault page_fault(
	struct mmu *mmu, uint64_t la, enum access how, enum privilege who, uint64_t why)
{
	const struct core_state *core = mmu->core;
	uint64_t code = why;

	if (how == ACCESS_WRITE)
		code |= PF_W;
	if (who == PRIVILEGE_USER)
		code |= PF_U;
	if (how == ACCESS_FETCH &&
		(((core->efer & EFER_NXE) && (core->cr4 & CR4_PAE)) || (core->cr4 & CR4_SMEP)))
		code |= PF_ID;
	mmu->fault_la = la;
	mmu_flush_page(mmu, la); /* SDM "Operations that Invalidate TLBs": a page fault does */
	return fault_error(VECTOR_PF, (uint32_t)code);
}

/* SDM "Protection Keys": of data on user pages. */
static bool key_denies(
	const struct core_state *core, uint64_t rights, enum access how, enum privilege who)
{
	uint64_t key;

	if (likely((core->cr4 & CR4_PKE) == 0) || (core->efer & EFER_LMA) == 0 ||
		how == ACCESS_FETCH || (rights & PTE_U) == 0)
		return false;
	key = core->pkru >> 2 * bits_get(rights, PTE_KEY);
	if (key & PKRU_AD)
		return true;
	return (key & PKRU_WD) && how == ACCESS_WRITE &&
	       (who == PRIVILEGE_USER || (core->cr0 & CR0_WP));
}

static struct fault access_denied(
	struct mmu *mmu, uint64_t la, enum access how, enum privilege who, uint64_t rights)
{
	return page_fault(
		mmu, la, how, who, PF_P | (key_denies(mmu->core, rights, how, who) ? PF_PK : 0));
}

/* SDM "Determination of Access Rights". */
static bool access_allowed(
	const struct core_state *core, uint64_t rights, enum access how, enum privilege who)
{
	if (how == ACCESS_FETCH && (rights & PTE_XD))
		return false;
	if (key_denies(core, rights, how, who))
		return false;
	if (who == PRIVILEGE_USER)
		return (rights & PTE_U) && (how != ACCESS_WRITE || (rights & PTE_W));
	if (rights & PTE_U) {
		if (how == ACCESS_FETCH)
			return (core->cr4 & CR4_SMEP) == 0;
		if ((core->cr4 & CR4_SMAP) &&
			((core->rflags & RFLAGS_AC) == 0 || who == PRIVILEGE_IMPLICIT))
			return false;
	}
	return how != ACCESS_WRITE || (rights & PTE_W) || (core->cr0 & CR0_WP) == 0;
}

/* With paging on. */
static const struct walk_format *walk_format(const struct core_state *core)
{
	if (core->efer & EFER_LMA)
		return &walk_ia32e;
	if (core->cr4 & CR4_PAE)
		return &walk_pae;
	return core->cr4 & CR4_PSE ? &walk_32bit_large : &walk_32bit;
}

static struct walk walk_core(const struct mmu *mmu, const struct walk_format *format, uint64_t la)
{
	const struct core_state *core = mmu->core;
	uint64_t reserved = mmu->reserved | (core->efer & EFER_NXE ? 0 : PTE_XD), root = core->cr3;

	if (likely(format == &walk_ia32e)) /* spelt out, for a walker of its own */
		return walk_tables(&walk_ia32e, root & walk_ia32e.frame, la, reserved, load_entry,
			(void *)mmu);
	if (format == &walk_pae) {
		root = core->pdpte[la >> 30 & 3];
		if ((root & PTE_P) == 0)
			return (struct walk){.end = WALK_NOT_PRESENT};
	}
	return walk_tables(format, root & format->frame, la, reserved, load_entry, (void *)mmu);
}

bool mmu_read_pdptes(const struct mmu *mmu, uint64_t cr3, uint64_t pdpte[4])
{
	for (unsigned i = 0; i < 4; i++) {
		load_entry((void *)mmu, (cr3 & PDPTE_TABLE) + 8 * i, 8, &pdpte[i]);
		if ((pdpte[i] & PTE_P) && (pdpte[i] & (PDPTE_RESERVED | mmu->reserved)))
			return false;
	}
	return true;
}

/* A translation just found, with its rights. */
struct found {
	const struct walk *w;
	uint64_t pa, rights;
};

/* present: the entry of that level which translated la so far, or NULL. */
static void tlb_fill(struct mmu *mmu, enum access how, uint64_t la, const struct found *f,
	struct tlb_entry *present, unsigned level)
{
	struct tlb *tlb = how == ACCESS_FETCH ? &mmu->fetch : &mmu->data;
	uint64_t offset = BIT(walk_shift(f->w->level)) - 1;
	uint64_t data = (f->pa & ~offset) | f->rights; /* of 4 MiB the half with la */
	struct tlb_entry old;

	if (how != ACCESS_FETCH)
		soft_drop_page(mmu, la);
	if (present != NULL && level == f->w->level) {
		if (level > 1)
			mmu_drop_cache(mmu);
		present->data = data;
		return;
	}
	old = tlb_insert(tlb, f->w->level, la, current_pcid(mmu->core), data);
	if (old.tag == 0)
		return;
	if (how == ACCESS_FETCH)
		mmu->fetch_dropped(mmu->context);
	else if (f->w->level == 1)
		soft_drop_page(mmu, old.tag);
	else
		mmu_drop_cache(mmu);
}

MUST_CHECK static struct fault walk_and_fill(struct mmu *mmu, uint64_t la, enum access how,
	enum privilege who, uint64_t *pa, struct tlb_entry *present, unsigned level)
{
	const struct walk_format *format = walk_format(mmu->core);
	struct walk w = walk_core(mmu, format, la);
	struct found f = {.w = &w};

	if (w.end == WALK_NOT_PRESENT)
		return page_fault(mmu, la, how, who, 0);
	if (w.end == WALK_RESERVED)
		return page_fault(mmu, la, how, who, PF_P | PF_RSVD);
	f.rights = combined_rights(mmu->core, &w);
	if (!access_allowed(mmu->core, f.rights, how, who))
		return access_denied(mmu, la, how, who, f.rights);
	set_accessed(mmu, format, &w, how);
	if (how == ACCESS_WRITE)
		f.rights |= PTE_D;
	mmu->rights = f.rights;
	f.pa = *pa = walk_address(format, &w, la);
	tlb_fill(mmu, how, la, &f, present, level);
	return no_fault;
}

struct fault mmu_translate(
	struct mmu *mmu, uint64_t la, enum access how, enum privilege who, uint64_t *pa)
{
	const struct core_state *core = mmu->core;
	struct tlb_entry *e;
	unsigned level = 0;

	if ((core->cr0 & CR0_PG) == 0) {
		mmu->rights = 0;
		*pa = la;
		return no_fault;
	}
	e = tlb_find(
		how == ACCESS_FETCH ? &mmu->fetch : &mmu->data, la, current_pcid(core), &level);
	if (e == NULL)
		return walk_and_fill(mmu, la, how, who, pa, e, level);
	if (!access_allowed(core, e->data, how, who))
		return access_denied(mmu, la, how, who, e->data);
	if (how == ACCESS_WRITE && (e->data & PTE_D) == 0)
		return walk_and_fill(mmu, la, how, who, pa, e, level);
	mmu->rights = e->data;
	*pa = (e->data & walk_ia32e.frame) | (la & (BIT(walk_shift(level)) - 1));
	return no_fault;
}

bool mmu_is_uncached(const struct mmu *mmu, uint64_t pa)
{
	uint64_t rights = mmu->rights;
	unsigned pat = (unsigned)(rights / PTE_PWT & 3) | (rights & PTE_PAT ? 4 : 0);

	return memory_is_uncached(mmu->core, pat, pa);
}

bool mmu_probe(struct mmu *mmu, uint64_t la, enum access how, enum privilege who, uint64_t *pa)
{
	const struct walk_format *format;
	unsigned level = 0;
	struct tlb_entry *e;
	struct walk w;

	if ((mmu->core->cr0 & CR0_PG) == 0) {
		*pa = la;
		return true;
	}
	e = tlb_find(how == ACCESS_FETCH ? &mmu->fetch : &mmu->data, la, current_pcid(mmu->core),
		&level);
	if (e != NULL) {
		*pa = (e->data & walk_ia32e.frame) | (la & (BIT(walk_shift(level)) - 1));
		return access_allowed(mmu->core, e->data, how, who);
	}
	format = walk_format(mmu->core);
	w = walk_core(mmu, format, la);
	if (w.end != WALK_PAGE ||
		!access_allowed(mmu->core, combined_rights(mmu->core, &w), how, who))
		return false;
	*pa = walk_address(format, &w, la);
	return true;
}

bool mmu_peek(const struct mmu *mmu, uint64_t la, uint64_t *pa)
{
	const struct walk_format *format;
	struct walk w;

	if ((mmu->core->cr0 & CR0_PG) == 0) {
		*pa = la;
		return true;
	}
	format = walk_format(mmu->core);
	w = walk_core(mmu, format, la);
	if (w.end != WALK_PAGE)
		return false;
	*pa = walk_address(format, &w, la);
	return true;
}

/* --- invalidation --- */

static void drop_fast(struct mmu *mmu)
{
	mmu_drop_cache(mmu);
	mmu->fetch_dropped(mmu->context);
}

static void flush_entries(struct mmu *mmu, uint64_t la)
{
	unsigned level = 1, pcid = current_pcid(mmu->core);

	if (tlb_find(&mmu->data, la, pcid, &level) != NULL && level > 1)
		mmu_drop_cache(mmu);
	else
		soft_drop_page(mmu, la);
	tlb_drop_page(&mmu->data, la, pcid, true);
	if (tlb_find(&mmu->fetch, la, pcid, &level) == NULL)
		return;
	tlb_drop_page(&mmu->fetch, la, pcid, true);
	mmu->fetch_dropped(mmu->context);
}

/* A page of 4 MiB has two entries in the TLBs. */
void mmu_flush_page(struct mmu *mmu, uint64_t la)
{
	const struct core_state *core = mmu->core;

	flush_entries(mmu, la);
	if ((core->cr4 & (CR4_PSE | CR4_PAE)) == CR4_PSE && (core->cr0 & CR0_PG))
		flush_entries(mmu, la ^ BIT(walk_shift(2)));
}

static void flush(struct mmu *mmu, enum tlb_drop which, unsigned pcid)
{
	tlb_drop_all(&mmu->data, which, pcid);
	tlb_drop_all(&mmu->fetch, which, pcid);
	drop_fast(mmu);
}

void mmu_flush_local(struct mmu *mmu)
{
	flush(mmu, TLB_DROP_PCID, current_pcid(mmu->core));
}

void mmu_flush_all(struct mmu *mmu)
{
	flush(mmu, TLB_DROP_ALL, 0);
}

void mmu_flush_pcid_page(struct mmu *mmu, unsigned pcid, uint64_t la)
{
	tlb_drop_page(&mmu->data, la, pcid, false);
	tlb_drop_page(&mmu->fetch, la, pcid, false);
	drop_fast(mmu);
}

void mmu_flush_pcid(struct mmu *mmu, unsigned pcid)
{
	flush(mmu, TLB_DROP_PCID, pcid);
}

void mmu_flush_not_global(struct mmu *mmu)
{
	flush(mmu, TLB_DROP_LOCAL, 0);
}

void mmu_switch(struct mmu *mmu)
{
	drop_fast(mmu);
}
