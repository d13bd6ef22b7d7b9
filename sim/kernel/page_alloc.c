/* page_alloc.c - see page_alloc.h.
 *
 * A free block's first page holds its list links; one byte a page says whether a free block starts
 * there and of what order. So nothing but those bytes has to be initialised at boot.
 */
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/console.h"
#include "sim/kernel/lib/list.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/multiboot.h"
#include "sim/kernel/spinlock.h"

#define BOOT_MAPPED_END PDPTSIZE
#define LOW_MEMORY_END  0x100000ul /* firmware's and the trampoline's: not handed out */
#define NOT_FREE        0          /* in block_order; else order + 1 */

static spinlock_t lock = SPINLOCK_INIT;
static struct list free_blocks[MAX_ORDER + 1];
static uint8_t *block_order;
static uint64_t num_pages, num_free;

static uint64_t block_size(unsigned order)
{
	return (uint64_t)PGSIZE << order;
}

static void mark_free(physaddr_t pa, unsigned order)
{
	struct list *block = KADDR(pa);

	list_insert_head(&free_blocks[order], block);
	block_order[pa / PGSIZE] = (uint8_t)(order + 1);
}

static void mark_used(physaddr_t pa)
{
	list_remove(KADDR(pa));
	block_order[pa / PGSIZE] = NOT_FREE;
}

static bool is_free_block(physaddr_t pa, unsigned order)
{
	return pa / PGSIZE < num_pages && block_order[pa / PGSIZE] == order + 1;
}

static void free_block(physaddr_t pa, unsigned order)
{
	assert((pa & (block_size(order) - 1)) == 0 && pa / PGSIZE < num_pages);
	assert(block_order[pa / PGSIZE] == NOT_FREE);
	num_free += 1ul << order;
	for (; order < MAX_ORDER; order++) {
		physaddr_t buddy = pa ^ block_size(order);

		if (!is_free_block(buddy, order))
			break;
		mark_used(buddy);
		pa &= ~block_size(order);
	}
	mark_free(pa, order);
}

/* Hands [start, end) to the allocator, in the largest blocks that fit. */
static void add_range(physaddr_t start, physaddr_t end)
{
	start = ROUNDUP(start, PGSIZE);
	end = ROUNDDOWN(end, PGSIZE);
	while (start < end) {
		unsigned order = MAX_ORDER;

		while ((start & (block_size(order) - 1)) != 0 || start + block_size(order) > end)
			order--;
		free_block(start, order);
		start += block_size(order);
	}
}

static void add_available(physaddr_t from, physaddr_t to)
{
	for (unsigned i = 0; i < boot_info.num_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];
		physaddr_t start = r->start > from ? r->start : from;
		physaddr_t end = r->end < to ? r->end : to;

		if (r->type == MEMORY_AVAILABLE && start < end)
			add_range(start, end);
	}
}

physaddr_t phys_memory_end(void)
{
	physaddr_t end = 0;

	for (unsigned i = 0; i < boot_info.num_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->type == MEMORY_AVAILABLE && r->end > end)
			end = r->end;
	}
	return end;
}

void page_alloc_init(void)
{
	physaddr_t first = ROUNDUP(boot_info.loader_end, PGSIZE);

	for (unsigned i = 0; i <= MAX_ORDER; i++)
		list_init(&free_blocks[i]);
	num_pages = phys_memory_end() / PGSIZE;
	block_order = KADDR(first);
	first = ROUNDUP(first + num_pages, PGSIZE);
	if (first >= BOOT_MAPPED_END || first >= phys_memory_end())
		panic("no memory behind the kernel and its modules, which end at %lx", first);
	memset(block_order, NOT_FREE, num_pages);
	assert(first > LOW_MEMORY_END);
	add_available(first, BOOT_MAPPED_END);
}

void page_alloc_add_high(void)
{
	add_available(BOOT_MAPPED_END, phys_memory_end());
}

static physaddr_t alloc_block(unsigned order)
{
	unsigned from = order;
	physaddr_t pa;

	while (from <= MAX_ORDER && list_empty(&free_blocks[from]))
		from++;
	if (from > MAX_ORDER)
		return 0;
	pa = PADDR(free_blocks[from].next);
	mark_used(pa);
	while (from > order) {
		from--;
		mark_free(pa + block_size(from), from);
	}
	num_free -= 1ul << order;
	return pa;
}

void *kpages_try_alloc(unsigned order)
{
	bool irqs = spin_lock_irqsave(&lock);
	physaddr_t pa = alloc_block(order);

	spin_unlock_irqsave(&lock, irqs);
	return pa == 0 ? NULL : KADDR(pa);
}

void *kpages_alloc(unsigned order)
{
	void *block = kpages_try_alloc(order);

	if (block == NULL)
		panic("out of memory: no block of order %u", order);
	return block;
}

void *kpages_zalloc(unsigned order)
{
	return memset(kpages_alloc(order), 0, block_size(order));
}

void kpages_free(void *block, unsigned order)
{
	bool irqs = spin_lock_irqsave(&lock);

	free_block(PADDR(block), order);
	spin_unlock_irqsave(&lock, irqs);
}

uint64_t pages_free_count(void)
{
	return num_free;
}
