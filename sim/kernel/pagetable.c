/* pagetable.c - see pagetable.h. Formats: SDM "4-Level Paging and 5-Level Paging", "EPT
 * Translation Mechanism".
 */
#include "sim/kernel/pagetable.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/multiboot.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/spinlock.h"
#include "sim/kernel/x86.h"

#define ENTRIES      512
#define KERNEL_FIRST 256 /* root entries from here on are the kernel's */
#define PAIR_ORDER   1
#define KERNEL_PERM  (PTE_G | PTE_NX)

extern char kernel_text_start[], kernel_rodata_start[], kernel_data_start[], kernel_end[];

pte_t *boot_pgdir;
static spinlock_t vmap_lock = SPINLOCK_INIT;
static uint64_t vmap_next = VMAP_BASE;

static pte_t *pair_alloc(void)
{
	return kpages_zalloc(PAIR_ORDER);
}

static void pair_free(pte_t *table)
{
	kpages_free(table, PAIR_ORDER);
}

static unsigned index_of(uint64_t va, int level)
{
	return va >> LEVEL_SHIFT(level) & (ENTRIES - 1);
}

bool pte_is_present(const pte_t *kpte)
{
	return *kpte & PTE_P;
}

static bool is_leaf(pte_t kpte, int level)
{
	return level == 1 || (kpte & PTE_PS) != 0;
}

static pte_t *table_of(pte_t kpte)
{
	return KADDR(kpte & PTE_ADDR);
}

/* What the EPTE says when the KPTE says perm. */
static uint64_t epte_perm(uint64_t perm)
{
	if ((perm & PTE_U) == 0)
		return 0;
	return EPTE_R | EPTE_X | (perm & PTE_W ? EPTE_W : 0);
}

void pte_write(pte_t *kpte, physaddr_t pa, uint64_t perm, int level)
{
	pte_t *epte = kpte_to_epte(kpte);
	uint64_t eperm = epte_perm(perm);
	uint64_t jumbo = level > 1 ? PTE_PS : 0;

	*kpte = pa | perm | jumbo | PTE_P;
	*epte = eperm == 0 ? 0 : pa | eperm | EPTE_WB | (jumbo ? EPTE_PS : 0);
}

void pte_clear(pte_t *kpte)
{
	*kpte = 0;
	*kpte_to_epte(kpte) = 0;
}

void pte_hide(pte_t *kpte)
{
	*kpte_to_epte(kpte) = 0;
	*kpte &= ~PTE_P;
}

physaddr_t pte_take_hidden(pte_t *kpte)
{
	physaddr_t pa = *kpte & PTE_P ? 0 : *kpte & PTE_ADDR;

	if (pa != 0)
		pte_clear(kpte);
	return pa;
}

/* An entry that points to a table allows everything that its half allows: leaves decide. */
static void link_table(pte_t *kpte, pte_t *table, bool user)
{
	physaddr_t pa = PADDR(table);

	*kpte = pa | PTE_P | PTE_W | (user ? PTE_U : 0);
	*kpte_to_epte(kpte) = user ? (pa + PGSIZE) | EPTE_R | EPTE_W | EPTE_X : 0;
}

pte_t *pgdir_walk(pte_t *pgdir, uint64_t va, int level, bool create)
{
	pte_t *table = pgdir;

	for (int l = PT_LEVELS; l > level; l--) {
		pte_t *kpte = &table[index_of(va, l)];

		if (pte_is_present(kpte) && is_leaf(*kpte, l))
			return NULL;
		if (!pte_is_present(kpte)) {
			if (!create)
				return NULL;
			link_table(kpte, pair_alloc(), va < ULIM);
		}
		table = table_of(*kpte);
	}
	return &table[index_of(va, level)];
}

pte_t *pgdir_lookup(pte_t *pgdir, uint64_t va, int *level)
{
	pte_t *table = pgdir;

	for (int l = PT_LEVELS; l > 0; l--) {
		pte_t *kpte = &table[index_of(va, l)];

		if (!pte_is_present(kpte))
			return NULL;
		if (is_leaf(*kpte, l)) {
			*level = l;
			return kpte;
		}
		table = table_of(*kpte);
	}
	return NULL;
}

void map_range(
	pte_t *pgdir, uint64_t va, physaddr_t pa, uint64_t size, uint64_t perm, int max_level)
{
	while (size > 0) {
		int level = max_level;
		pte_t *kpte;

		while (((va | pa) & (LEVEL_SIZE(level) - 1)) != 0 || size < LEVEL_SIZE(level))
			level--;
		kpte = pgdir_walk(pgdir, va, level, true);
		assert(kpte != NULL && !pte_is_present(kpte));
		pte_write(kpte, pa, perm, level);
		va += LEVEL_SIZE(level);
		pa += LEVEL_SIZE(level);
		size -= LEVEL_SIZE(level);
	}
}

/* Largest page for the direct map at pa: 1 GiB where the CPU has them and RAM reaches, except for
 * the GiB below 4 GiB, which is full of device registers (they have uncached mappings elsewhere).
 */
static int direct_map_level(physaddr_t pa)
{
	if (!cpu_features.pages_1g || (pa & (PDPTSIZE - 1)) != 0 || pa == 3 * PDPTSIZE)
		return 2;
	return pa < phys_memory_end() ? 3 : 2;
}

/* Maps the region's pages that are not yet mapped: regions are rounded out to jumbo pages. */
static void map_direct_region(const struct boot_region *r)
{
	physaddr_t at = ROUNDDOWN(r->start, PTSIZE);
	int level;

	while (at < r->end) {
		if (pgdir_lookup(boot_pgdir, KERNBASE + at, &level) == NULL) {
			level = direct_map_level(at);
			map_range(boot_pgdir, KERNBASE + at, at, LEVEL_SIZE(level),
				KERNEL_PERM | PTE_W, level);
		}
		at = ROUNDDOWN(at, LEVEL_SIZE(level)) + LEVEL_SIZE(level);
	}
}

/* The direct map covers what the loader named, whatever its type: ACPI tables lie in reserved
 * regions. Beyond RAM those are the firmware's flash and register windows.
 */
static void map_direct(void)
{
	for (unsigned i = 0; i < boot_info.num_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->type != MEMORY_RESERVED || r->start < phys_memory_end())
			map_direct_region(r);
	}
}

static void map_section(const char *start, const char *end, uint64_t perm)
{
	uint64_t size = ROUNDUP(end - start, PGSIZE);

	map_range(boot_pgdir, (uint64_t)start, PADDR(start), size, perm | PTE_G, 1);
}

void pagetable_init(void)
{
	boot_pgdir = pair_alloc();
	map_direct();
	map_section(kernel_text_start, kernel_rodata_start, 0);
	map_section(kernel_rodata_start, kernel_data_start, PTE_NX);
	map_section(kernel_data_start, kernel_end, PTE_NX | PTE_W);
	/* from here on the kernel's root entries never change, so that every root can copy them */
	pgdir_walk(boot_pgdir, VMAP_BASE, 3, true);
	lcr3(PADDR(boot_pgdir));
}

pte_t *pgdir_alloc(void)
{
	pte_t *pgdir = pair_alloc();

	memcpy(pgdir + KERNEL_FIRST, boot_pgdir + KERNEL_FIRST, KERNEL_FIRST * sizeof(pte_t));
	return pgdir;
}

static void free_tables(pte_t *table, int level, unsigned entries)
{
	for (unsigned i = 0; i < entries && level > 1; i++)
		if (pte_is_present(&table[i]) && !is_leaf(table[i], level))
			free_tables(table_of(table[i]), level - 1, ENTRIES);
	pair_free(table);
}

void pgdir_free(pte_t *pgdir)
{
	free_tables(pgdir, PT_LEVELS, KERNEL_FIRST);
}

void *map_mmio(physaddr_t pa, uint64_t size)
{
	uint64_t offset = PGOFF(pa), va;
	bool irqs = spin_lock_irqsave(&vmap_lock);

	size = ROUNDUP(size + offset, PGSIZE);
	va = vmap_next;
	vmap_next += size;
	map_range(boot_pgdir, va, pa - offset, size, KERNEL_PERM | PTE_W | PTE_UNCACHED, 1);
	spin_unlock_irqsave(&vmap_lock, irqs);
	return (void *)(va + offset);
}

static const char *check_leaf(pte_t kpte, pte_t epte, int level)
{
	if ((kpte & PTE_U) == 0)
		return epte == 0 ? NULL : "a kernel-only page is in the EPT";
	if ((epte & EPTE_R) == 0)
		return "a user page is not in the EPT";
	if ((kpte & PTE_ADDR) != (epte & PTE_ADDR))
		return "physical addresses differ";
	if ((epte & (EPTE_R | EPTE_W | EPTE_X)) != epte_perm(kpte))
		return "permissions differ";
	if (level > 1 && (epte & EPTE_PS) == 0)
		return "jumbo bits differ";
	return (epte & EPTE_WB) == EPTE_WB ? NULL : "the EPT's memory type is not write-back";
}

static const char *check_link(pte_t kpte, pte_t epte)
{
	if ((kpte & PTE_U) == 0)
		return epte == 0 ? NULL : "a kernel-only table is in the EPT";
	if ((epte & PTE_ADDR) != (kpte & PTE_ADDR) + PGSIZE)
		return "the EPT's table is not the other half of the pair";
	return (epte & 7) == (EPTE_R | EPTE_W | EPTE_X) ? NULL : "an EPT link forbids something";
}

static const char *check_table(pte_t *table, int level, uint64_t base, uint64_t *va)
{
	if ((PADDR(table) & PGSIZE) != 0)
		return "a KPT is on an odd page";
	for (unsigned i = 0; i < ENTRIES; i++) {
		pte_t kpte = table[i], epte = *kpte_to_epte(&table[i]);
		const char *why = NULL;

		*va = base + i * LEVEL_SIZE(level);
		if ((kpte & PTE_P) == 0)
			why = epte == 0 ? NULL : "the EPT maps what the KPT does not";
		else if (is_leaf(kpte, level))
			why = check_leaf(kpte, epte, level);
		else if ((why = check_link(kpte, epte)) == NULL)
			why = check_table(table_of(kpte), level - 1, *va, va);
		if (why != NULL)
			return why;
	}
	return NULL;
}

const char *check_pairs(pte_t *pgdir, uint64_t *va)
{
	return check_table(pgdir, PT_LEVELS, 0, va);
}

void tlb_flush_page(uint64_t va)
{
	invlpg(va);
}

void tlb_flush_local(void)
{
	lcr3(rcr3());
}

static void flush_page_here(void *va)
{
	tlb_flush_page((uint64_t)va);
}

void tlb_shootdown_kernel(uint64_t va)
{
	smp_call_all(flush_page_here, (void *)va);
}

static void flush_here(void *arg)
{
	(void)arg;
	tlb_flush_local();
}

void tlb_shootdown_proc(const struct proc *p)
{
	smp_call_where_loaded(p, flush_here, NULL);
}
