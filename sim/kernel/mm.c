/* mm.c - see mm.h. */
#include "sim/kernel/mm.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"

#define KERNEL_RESERVE 512 /* pages */

static uint64_t perm_of(int prot)
{
	return PTE_U | (prot & PROT_WRITE ? PTE_W : 0) | (prot & PROT_EXEC ? 0 : PTE_NX);
}

static bool user_region_ok(uint64_t va, uint64_t size)
{
	return PGOFF(va | size) == 0 && size > 0 && size <= UMAPTOP && va >= PGSIZE &&
	       va <= UMAPTOP - size;
}

static struct vmr *vmr_of(struct list *l)
{
	return container_of(l, struct vmr, link);
}

/* Lock held. First region that ends after va, or the list's head. */
static struct list *first_after(struct proc *p, uint64_t va)
{
	struct list *l = p->vmrs.next;

	while (l != &p->vmrs && vmr_of(l)->end <= va)
		l = l->next;
	return l;
}

/* Lock held. Lowest address from BRK_START up with room for size bytes; 0 when there is none. */
static uint64_t find_room(struct proc *p, uint64_t size)
{
	uint64_t va = BRK_START;

	for (struct list *l = first_after(p, va); l != &p->vmrs; l = l->next) {
		if (vmr_of(l)->base >= va + size)
			break;
		va = vmr_of(l)->end;
	}
	return va + size <= BRK_END ? va : 0;
}

/* Lock held. The pages of [va, end) are no longer mapped, but not yet free either: other cores may
 * have them in their TLBs.
 */
static void hide_pages(struct proc *p, uint64_t va, uint64_t end)
{
	for (; va < end; va += PGSIZE) {
		pte_t *kpte = pgdir_walk(p->pgdir, va, 1, false);

		if (kpte != NULL && pte_is_present(kpte))
			pte_hide(kpte);
	}
}

/* Lock held. Frees what hide_pages() has left, when no TLB has it any more. */
static void free_hidden(struct proc *p, uint64_t va, uint64_t end)
{
	for (; va < end; va += PGSIZE) {
		pte_t *kpte = pgdir_walk(p->pgdir, va, 1, false);
		physaddr_t pa = kpte == NULL ? 0 : pte_take_hidden(kpte);

		if (pa != 0)
			kpages_free(KADDR(pa), 0);
	}
}

/* Pages that are not mapped yet, chained by their first words. */
struct free_page {
	struct free_page *next;
};

static void free_chain(struct free_page *chain)
{
	while (chain != NULL) {
		struct free_page *next = chain->next;

		kpages_free(chain, 0);
		chain = next;
	}
}

/* count pages; or NULL. User memory ends before the kernel's own does, which panics when it has
 * none left.
 */
static struct free_page *alloc_chain(uint64_t count)
{
	struct free_page *chain = NULL;

	for (; count > 0; count--) {
		void *page = pages_free_count() > KERNEL_RESERVE ? kpages_try_alloc(0) : NULL;

		if (page == NULL) {
			free_chain(chain);
			return NULL;
		}
		((struct free_page *)page)->next = chain;
		chain = page;
	}
	return chain;
}

/* Lock held. All the memory first, so that nothing has to be taken back that a core might have
 * seen. */
static int populate(struct proc *p, uint64_t va, uint64_t end, int prot)
{
	struct free_page *chain = alloc_chain((end - va) / PGSIZE);

	if (chain == NULL)
		return ENOMEM;
	for (uint64_t at = va; at < end; at += PGSIZE) {
		struct free_page *page = chain;

		chain = page->next;
		memset(page, 0, PGSIZE);
		pte_write(pgdir_walk(p->pgdir, at, 1, true), PADDR(page), perm_of(prot), 1);
	}
	return 0;
}

static void add_vmr(struct list *before, uint64_t base, uint64_t end, int prot)
{
	struct vmr *r = kmalloc(sizeof(*r));

	r->base = base;
	r->end = end;
	r->prot = prot;
	r->leaving = false;
	list_insert_before(before, &r->link);
}

/* Lock held. */
static int map_locked(struct proc *p, uint64_t va, uint64_t size, int prot, uint64_t *out)
{
	struct list *next;
	int err;

	if (va == 0)
		va = find_room(p, size);
	if (va == 0)
		return ENOMEM;
	next = first_after(p, va);
	if (next != &p->vmrs && vmr_of(next)->base < va + size)
		return EINVAL; /* overlaps */
	err = populate(p, va, va + size, prot);
	if (err != 0)
		return err;
	add_vmr(next, va, va + size, prot);
	*out = va;
	return 0;
}

int mm_map(struct proc *p, uint64_t va, uint64_t size, int prot, uint64_t *out)
{
	int err;

	if (!user_region_ok(va == 0 ? PGSIZE : va, size))
		return EINVAL;
	spin_lock(&p->mm_lock);
	err = map_locked(p, va, size, prot, out);
	spin_unlock(&p->mm_lock);
	return err;
}

/* Lock held. No region lies on both sides of va afterwards. */
static void split_at(struct proc *p, uint64_t va)
{
	struct list *l = first_after(p, va);

	if (l == &p->vmrs || vmr_of(l)->base >= va)
		return;
	add_vmr(l->next, va, vmr_of(l)->end, vmr_of(l)->prot);
	vmr_of(l)->end = va;
}

/* Lock held. */
static void hide_regions(struct proc *p, uint64_t va, uint64_t end)
{
	split_at(p, va);
	split_at(p, end);
	for (struct list *l = first_after(p, va); l != &p->vmrs && vmr_of(l)->base < end;
		l = l->next) {
		vmr_of(l)->leaving = true;
		hide_pages(p, vmr_of(l)->base, vmr_of(l)->end);
	}
}

/* Lock held. What has been mapped since hide_regions(), where there was none, stays. */
static void free_regions(struct proc *p, uint64_t va, uint64_t end)
{
	struct list *l, *next;

	for (l = first_after(p, va); l != &p->vmrs && vmr_of(l)->base < end; l = next) {
		struct vmr *r = vmr_of(l);

		next = l->next;
		if (!r->leaving)
			continue;
		free_hidden(p, r->base, r->end);
		list_remove(l);
		kfree(r);
	}
}

/* The regions stay, so that nobody maps anything there, until no core can reach their pages. The
 * lock cannot be held that long: others spin on it with interrupts off, and would never answer.
 */
int mm_unmap(struct proc *p, uint64_t va, uint64_t size)
{
	if (!user_region_ok(va, size))
		return EINVAL;
	sem_down(&p->unmap_sem);
	spin_lock(&p->mm_lock);
	hide_regions(p, va, va + size);
	spin_unlock(&p->mm_lock);
	tlb_shootdown_proc(p);
	spin_lock(&p->mm_lock);
	free_regions(p, va, va + size);
	spin_unlock(&p->mm_lock);
	sem_up(&p->unmap_sem);
	return 0;
}

void mm_free_all(struct proc *p)
{
	struct list *l;

	while ((l = list_pop(&p->vmrs)) != NULL) {
		hide_pages(p, vmr_of(l)->base, vmr_of(l)->end);
		free_hidden(p, vmr_of(l)->base, vmr_of(l)->end);
		kfree(vmr_of(l));
	}
}

void mm_poke(struct proc *p, uint64_t va, const void *src, size_t n)
{
	while (n > 0) {
		size_t chunk = PGSIZE - PGOFF(va);
		pte_t *kpte = pgdir_walk(p->pgdir, va, 1, false);

		assert(kpte != NULL && pte_is_present(kpte));
		if (chunk > n)
			chunk = n;
		memcpy((char *)KADDR(*kpte & PTE_ADDR) + PGOFF(va), src, chunk);
		va += chunk;
		src = (const char *)src + chunk;
		n -= chunk;
	}
}

bool user_range_ok(const void *uaddr, size_t n)
{
	return n <= ULIM && (uint64_t)uaddr <= ULIM - n;
}

int copy_from_user(void *dst, const void *usrc, size_t n)
{
	if (!user_range_ok(usrc, n) || user_copy(dst, usrc, n) != 0)
		return EFAULT;
	return 0;
}

int copy_to_user(void *udst, const void *src, size_t n)
{
	if (!user_range_ok(udst, n) || user_copy(udst, src, n) != 0)
		return EFAULT;
	return 0;
}
