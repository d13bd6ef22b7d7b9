/* kmalloc.c - see kmalloc.h.
 *
 * Sizes up to 2 KiB are powers of two, cut from pages and kept on a free list each; larger blocks
 * are pages. A header in front of each block tells kfree which: a page's worth of small blocks is
 * never given back.
 */
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/console.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/spinlock.h"

#define MIN_SHIFT   5 /* 32 bytes, the header included */
#define MAX_SHIFT   11
#define NUM_CLASSES (MAX_SHIFT - MIN_SHIFT + 1)
#define USED        0x6b6d616cu
#define FREED       0x66726565u

struct header {
	uint32_t state; /* USED or FREED: catches double frees and overruns */
	uint32_t shift; /* size is 1 << shift; page blocks have more than MAX_SHIFT */
	struct header *next_free;
};
_Static_assert(sizeof(struct header) == 16, "keeps blocks aligned");

static spinlock_t lock = SPINLOCK_INIT;
static struct header *free_lists[NUM_CLASSES];

static void push_free(struct header *h)
{
	struct header **list = &free_lists[h->shift - MIN_SHIFT];

	h->state = FREED;
	h->next_free = *list;
	*list = h;
}

static void refill(unsigned shift)
{
	char *page = kpages_alloc(0);

	for (unsigned at = PGSIZE; at > 0; at -= 1u << shift) {
		struct header *h = (struct header *)(page + at - (1u << shift));

		h->shift = shift;
		push_free(h);
	}
}

static struct header *alloc_small(unsigned shift)
{
	struct header **list = &free_lists[shift - MIN_SHIFT], *h;

	if (*list == NULL)
		refill(shift);
	h = *list;
	assert(h->state == FREED && h->shift == shift);
	*list = h->next_free;
	return h;
}

static unsigned shift_for(size_t size)
{
	unsigned shift = MIN_SHIFT;

	while ((1ul << shift) < size)
		shift++;
	/* blocks between half a page and a page come from the page allocator too */
	return shift > MAX_SHIFT && shift < PGSHIFT ? PGSHIFT : shift;
}

void *kmalloc(size_t size)
{
	unsigned shift = shift_for(size + sizeof(struct header));
	struct header *h;
	bool irqs;

	if (shift > MAX_SHIFT) {
		h = kpages_alloc(shift - PGSHIFT);
		h->shift = shift;
	} else {
		irqs = spin_lock_irqsave(&lock);
		h = alloc_small(shift);
		spin_unlock_irqsave(&lock, irqs);
	}
	h->state = USED;
	return h + 1;
}

void *kzalloc(size_t size)
{
	return memset(kmalloc(size), 0, size);
}

void kfree(void *p)
{
	struct header *h = (struct header *)p - 1;
	bool irqs;

	if (p == NULL)
		return;
	assert(h->state == USED);
	if (h->shift > MAX_SHIFT) {
		kpages_free(h, h->shift - PGSHIFT);
		return;
	}
	irqs = spin_lock_irqsave(&lock);
	push_free(h);
	spin_unlock_irqsave(&lock, irqs);
}
