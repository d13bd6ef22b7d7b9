#include "sim/mmu/store_buffer.h"

static const struct store_entry *nth(const struct store_buffer *b, uint64_t n)
{
	return &b->entry[(b->first + n) % STORE_ENTRIES];
}

static uint64_t page_bit(uint64_t pa)
{
	return BIT((pa >> PAGE_SHIFT) % 64);
}

static bool overlaps(const struct store_entry *e, uint64_t pa, uint64_t size)
{
	return pa < e->pa + e->size && e->pa < pa + size;
}

static uint8_t *ram(const struct phys_mem *mem, uint64_t pa)
{
	return phys_host(mem, phys_page(mem, pa)) + (pa & PAGE_MASK);
}

void stores_leave(struct store_buffer *b, struct phys_mem *mem)
{
	struct store_entry *e = &b->entry[b->first];

	SIM_ASSERT(b->count != 0);
	phys_will_write(mem, phys_page(mem, e->pa), e->pa & PAGE_MASK, (unsigned)e->size);
	memcpy(ram(mem, e->pa), e->data, e->size);
	*e = (struct store_entry){0};
	b->first = (b->first + 1) % STORE_ENTRIES;
	if (--b->count == 0)
		b->pages = 0;
}

void stores_push(struct store_buffer *b, struct phys_mem *mem, uint64_t pa, const void *data,
	unsigned size, uint64_t due)
{
	struct store_entry *e;

	SIM_ASSERT(size <= STORE_BYTES && (pa & PAGE_MASK) + size <= PAGE_SIZE);
	if (b->count == STORE_ENTRIES)
		stores_leave(b, mem);
	e = &b->entry[(b->first + b->count++) % STORE_ENTRIES];
	*e = (struct store_entry){.pa = pa, .size = size, .due = due};
	memcpy(e->data, data, size);
	b->pages |= page_bit(pa);
}

/* How many of the oldest must leave before the newest with any of these bytes has left. */
static uint64_t up_to_newest(const struct store_buffer *b, uint64_t pa, uint64_t size)
{
	uint64_t n = b->count;

	if (n == 0 || (b->pages & page_bit(pa)) == 0)
		return 0;
	while (n > 0 && !overlaps(nth(b, n - 1), pa, size))
		n--;
	return n;
}

void stores_load(
	struct store_buffer *b, struct phys_mem *mem, uint64_t pa, void *data, unsigned size)
{
	uint64_t n = up_to_newest(b, pa, size);
	const struct store_entry *e;

	if (likely(n == 0)) {
		memcpy(data, ram(mem, pa), size);
		return;
	}
	e = nth(b, n - 1);
	if (e->pa <= pa && pa + size <= e->pa + e->size) {
		memcpy(data, e->data + (pa - e->pa), size);
		return;
	}
	while (n-- > 0)
		stores_leave(b, mem);
	memcpy(data, ram(mem, pa), size);
}

void stores_overlay(const struct store_buffer *b, uint64_t pa, void *data, uint64_t size)
{
	uint8_t *to = data;

	for (uint64_t n = 0; n < b->count; n++) {
		const struct store_entry *e = nth(b, n);

		for (uint64_t i = 0; overlaps(e, pa, size) && i < e->size; i++)
			if (e->pa + i - pa < size)
				to[e->pa + i - pa] = e->data[i];
	}
}

bool stores_touch(const struct store_buffer *b, uint64_t pa, uint64_t size)
{
	return up_to_newest(b, pa, size) != 0;
}

void stores_age(struct store_buffer *b, struct phys_mem *mem, uint64_t now)
{
	while (b->count != 0 && stores_next_due(b) <= now)
		stores_leave(b, mem);
}

void stores_drain(struct store_buffer *b, struct phys_mem *mem)
{
	while (b->count != 0)
		stores_leave(b, mem);
	b->held = 0;
}
