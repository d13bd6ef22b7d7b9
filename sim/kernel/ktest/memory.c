/* memory.c - ktests of memory: pages, page-table pairs, user copies, address spaces. */
#include "sim/kernel/barrier.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/pagetable.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/x86.h"

#define BLOCKS 16

static void alloc_some(void *arg)
{
	void *blocks[BLOCKS];

	(void)arg;
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = kpages_alloc((unsigned)i % 3);
		memset(blocks[i], (int)core_id() + i, PGSIZE);
	}
	for (int i = 0; i < BLOCKS; i++) {
		KT_CHECK(*(uint8_t *)blocks[i] == (uint8_t)(core_id() + (uint32_t)i));
		kpages_free(blocks[i], (unsigned)i % 3);
	}
}

void ktest_page_alloc(void)
{
	uint64_t before = pages_free_count();
	void *blocks[MAX_ORDER + 1];

	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		blocks[order] = kpages_alloc(order);
		KT_CHECK((PADDR(blocks[order]) & (((uint64_t)PGSIZE << order) - 1)) == 0);
	}
	KT_CHECK(pages_free_count() == before - ((2ul << MAX_ORDER) - 1));
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		kpages_free(blocks[order], order);
	KT_ASSERT(pages_free_count() == before);
	run_everywhere(alloc_some, NULL);
}

void ktest_kmalloc(void)
{
	static const size_t sizes[] = {1, 16, 17, 100, 1000, 2032, 2033, 4080, 4081, 20000};
	char *p[10];

	for (int i = 0; i < 10; i++) {
		p[i] = kmalloc(sizes[i]);
		KT_CHECK(((uint64_t)p[i] & 15) == 0);
		memset(p[i], i + 1, sizes[i]);
	}
	for (int i = 0; i < 10; i++)
		KT_CHECK(p[i][0] == i + 1 && p[i][sizes[i] - 1] == i + 1);
	for (int i = 0; i < 10; i++)
		kfree(p[i]);
	p[0] = kzalloc(64);
	for (int i = 0; i < 64; i++)
		KT_CHECK(p[0][i] == 0);
	kfree(p[0]);
	kfree(NULL);
}

#define RO_VA    0x400000ul
#define RW_VA    0x401000ul
#define JUMBO_VA 0x40000000ul
#define GIANT_VA 0x8000000000ul

static void map_pairs(pte_t *pgdir)
{
	map_range(pgdir, RO_VA, 0x5000, PGSIZE, PTE_U | PTE_NX, 1);
	map_range(pgdir, RW_VA, 0x6000, PGSIZE, PTE_U | PTE_W, 1);
	map_range(pgdir, JUMBO_VA, PTSIZE, PTSIZE, PTE_U | PTE_W, 2);
	if (cpu_features.pages_1g)
		map_range(pgdir, GIANT_VA, 0, PDPTSIZE, PTE_U, 3);
}

static pte_t epte_at(pte_t *pgdir, uint64_t va)
{
	int level;
	pte_t *kpte = pgdir_lookup(pgdir, va, &level);

	return kpte == NULL ? 0 : *kpte_to_epte(kpte);
}

static void check_mapped_pairs(pte_t *pgdir)
{
	uint64_t va;
	pte_t *kpte;

	KT_CHECK(check_pairs(pgdir, &va) == NULL);
	KT_CHECK(epte_at(pgdir, RO_VA) == (0x5000 | EPTE_R | EPTE_X | EPTE_WB));
	KT_CHECK(epte_at(pgdir, RW_VA) == (0x6000 | EPTE_R | EPTE_W | EPTE_X | EPTE_WB));
	KT_CHECK(epte_at(pgdir, JUMBO_VA + 0x1000) ==
		 (PTSIZE | EPTE_R | EPTE_W | EPTE_X | EPTE_WB | EPTE_PS));
	/* a pair that was written by halves has to be found */
	kpte = pgdir_walk(pgdir, RW_VA, 1, false);
	*kpte_to_epte(kpte) ^= EPTE_W;
	KT_CHECK(check_pairs(pgdir, &va) != NULL && va == RW_VA);
	*kpte_to_epte(kpte) = 0;
	KT_CHECK(check_pairs(pgdir, &va) != NULL);
	pte_write(kpte, 0x7000, PTE_U, 1);
	KT_CHECK(check_pairs(pgdir, &va) == NULL);
}

void ktest_pagetable_pairs(void)
{
	uint64_t before = pages_free_count(), va;
	pte_t *pgdir = pgdir_alloc();

	KT_CHECK(check_pairs(boot_pgdir, &va) == NULL);
	map_pairs(pgdir);
	check_mapped_pairs(pgdir);
	KT_CHECK(pgdir_walk(pgdir, JUMBO_VA, 1, true) == NULL);
	pte_clear(pgdir_walk(pgdir, RW_VA, 1, false));
	pte_clear(pgdir_walk(pgdir, JUMBO_VA, 2, false));
	KT_CHECK(epte_at(pgdir, RW_VA) == 0 && epte_at(pgdir, JUMBO_VA) == 0);
	KT_CHECK(check_pairs(pgdir, &va) == NULL);
	pgdir_free(pgdir);
	KT_ASSERT(pages_free_count() == before);
}

struct shot {
	volatile uint64_t *va;
	uint64_t expected;
};

static void read_mapping(void *arg)
{
	struct shot *s = arg;

	KT_CHECK(*s->va == s->expected);
}

void ktest_tlb_shootdown(void)
{
	uint64_t *pages[2] = {kpages_zalloc(0), kpages_zalloc(0)};
	struct shot s = {map_mmio(PADDR(pages[0]), PGSIZE), 0xa};
	pte_t *kpte = pgdir_walk(boot_pgdir, (uint64_t)s.va, 1, false);

	pages[0][0] = 0xa;
	pages[1][0] = 0xb;
	pte_write(kpte, PADDR(pages[0]), PTE_W | PTE_NX | PTE_G, 1);
	tlb_shootdown_kernel((uint64_t)s.va);
	run_everywhere(read_mapping, &s);
	pte_write(kpte, PADDR(pages[1]), PTE_W | PTE_NX | PTE_G, 1);
	s.expected = 0xb;
	tlb_shootdown_kernel((uint64_t)s.va);
	run_everywhere(read_mapping, &s);
	pte_clear(kpte);
	tlb_shootdown_kernel((uint64_t)s.va);
	kpages_free(pages[0], 0);
	kpages_free(pages[1], 0);
}

static const char hello_args[] = "hello";

/* Addresses are checked with a process's address space loaded; nothing here may block. */
static void check_usercopy(struct proc *p)
{
	uint64_t buf[16] = {1, 2, 3};
	void *stack = (void *)(USTACKTOP - sizeof(buf));

	proc_switch_addr_space(p);
	KT_CHECK(copy_to_user(stack, buf, sizeof(buf)) == 0);
	buf[2] = 0;
	KT_CHECK(copy_from_user(buf, stack, sizeof(buf)) == 0 && buf[2] == 3);
	KT_CHECK(copy_from_user(buf, (void *)USTACKTOP, 1) == EFAULT);
	KT_CHECK(copy_from_user(buf, (void *)(USTACKTOP - 8), 16) == EFAULT);
	KT_CHECK(copy_from_user(buf, NULL, 8) == EFAULT);
	KT_CHECK(copy_from_user(buf, (void *)(ULIM - 8), 8) == EFAULT);
	KT_CHECK(copy_from_user(buf, (void *)(ULIM - 8), 16) == EFAULT);
	KT_CHECK(copy_from_user(buf, (void *)0x8000000000000000, 8) == EFAULT);
	KT_CHECK(copy_from_user(buf, hello_args, sizeof(hello_args)) == EFAULT);
	KT_CHECK(copy_from_user(buf, stack, (size_t)-8) == EFAULT);
	KT_CHECK(copy_from_user(buf, (void *)UINFO, 16) == 0);
	KT_CHECK(copy_to_user((void *)UINFO, buf, 16) == EFAULT);
	KT_CHECK(copy_to_user((void *)KERNBASE, buf, 16) == EFAULT);
	KT_CHECK(user_or_u32((uint32_t *)stack, 0x10) == 0 && *(uint32_t *)stack == 0x11);
	KT_CHECK(user_or_u32((uint32_t *)UINFO, 1) == -1);
}

void ktest_usercopy(void)
{
	struct proc *p;
	uint64_t va;

	KT_ASSERT(proc_create("/bin/hello", hello_args, sizeof(hello_args), NULL, &p) == 0);
	KT_CHECK(check_pairs(p->pgdir, &va) == NULL);
	check_usercopy(p);
	proc_destroy(p, 0);
}

void ktest_proc_create(void)
{
	char args[PGSIZE] = "hello";
	struct proc *p;
	uint64_t before, va;

	KT_ASSERT(proc_create("/bin/hello", "hello", 6, NULL, &p) == 0);
	proc_destroy(p, 0); /* what is allocated once and kept has been allocated now */
	before = pages_free_count();
	KT_CHECK(proc_create("/bin/none", "none", 5, NULL, &p) == ENOENT);
	KT_CHECK(proc_create("/etc/motd", "motd", 5, NULL, &p) == ENOEXEC);
	KT_CHECK(proc_create("/bin/hello", "hello", 5, NULL, &p) == EINVAL);
	KT_CHECK(proc_create("/bin/hello", args, 0, NULL, &p) == EINVAL);
	KT_CHECK(proc_create("/bin/hello", args, sizeof(args), NULL, &p) == EINVAL);
	KT_CHECK(proc_create("/bin/hello", args, 100, NULL, &p) == E2BIG);
	KT_CHECK(pages_free_count() == before);
	KT_ASSERT(proc_create("/bin/hello", "hello", 6, NULL, &p) == 0);
	KT_CHECK(mm_map(p, 0, 3 * PGSIZE, PROT_READ | PROT_WRITE, &va) == 0 && va == BRK_START);
	KT_CHECK(mm_unmap(p, va + PGSIZE, PGSIZE) == 0);
	KT_CHECK(mm_map(p, va, 2 * PGSIZE, PROT_READ, &va) == EINVAL);
	KT_CHECK(mm_map(p, 0, PGSIZE, PROT_READ, &va) == 0 && va == BRK_START + PGSIZE);
	KT_CHECK(mm_unmap(p, BRK_START, 3 * PGSIZE) == 0);
	KT_CHECK(check_pairs(p->pgdir, &va) == NULL);
	proc_destroy(p, 0);
	KT_ASSERT(pages_free_count() == before);
}
