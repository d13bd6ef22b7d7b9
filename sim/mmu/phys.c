#include "sim/mmu/phys.h"

#include <stdlib.h>
#include <sys/mman.h>

bool phys_init(struct phys_mem *mem, uint64_t size)
{
	SIM_ASSERT(size != 0);
	SIM_ASSERT((size & PAGE_MASK) == 0);
	SIM_ASSERT((size + PHYS_ROM_MAX) >> PAGE_SHIFT < PHYS_NO_PAGE);

	*mem = (struct phys_mem){.size = size, .low_size = min_u64(size, PHYS_LOW_MAX)};
	mem->ram = mmap(NULL, size + PHYS_ROM_MAX, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	mem->flags = calloc(phys_page_count(mem), 1);
	if (mem->ram == MAP_FAILED || mem->flags == NULL)
		return false;
	for (int i = 0; i < PHYS_CONSUMERS; i++) {
		mem->dirty[i].pages = malloc((size >> PAGE_SHIFT) * sizeof(uint32_t));
		if (mem->dirty[i].pages == NULL)
			return false;
	}
	return true;
}

void phys_destroy(struct phys_mem *mem)
{
	for (int i = 0; i < PHYS_CONSUMERS; i++)
		free(mem->dirty[i].pages);
	free(mem->flags);
	free(mem->watched);
	if (mem->ram != NULL && mem->ram != MAP_FAILED)
		munmap(mem->ram, mem->size + PHYS_ROM_MAX);
}

void phys_set_rom(struct phys_mem *mem, const void *data, uint64_t size)
{
	SIM_ASSERT(size <= PHYS_ROM_MAX);
	SIM_ASSERT((size & PAGE_MASK) == 0);
	memcpy(mem->ram + mem->size, data, size);
	mem->rom_size = size;
}

void phys_will_write(struct phys_mem *mem, uint32_t page, unsigned offset, unsigned size)
{
	uint8_t flags = mem->flags[page];

	SIM_ASSERT(offset + size <= PAGE_SIZE);
	for (int i = 0; i < PHYS_CONSUMERS; i++)
		if ((flags & BIT(i)) == 0)
			mem->dirty[i].pages[mem->dirty[i].count++] = page;
	mem->flags[page] = flags | PHYS_ALL_DIRTY;
	if (flags & PHYS_CODE)
		mem->code_written(mem->code_context, page, offset, size);
	if (unlikely(flags & PHYS_MONITORED))
		mem->monitored_written(mem->code_context, page, offset, size);
}

void phys_clean(struct phys_mem *mem, enum phys_consumer consumer)
{
	struct phys_dirty *dirty = &mem->dirty[consumer];

	for (uint32_t i = 0; i < dirty->count; i++)
		mem->flags[dirty->pages[i]] &= (uint8_t)~BIT(consumer);
	dirty->count = 0;
}

static void flag_watched(struct phys_mem *mem, const struct phys_range *r, bool on)
{
	for (uint64_t pa = r->pa & ~PAGE_MASK; pa < r->pa + r->size; pa += PAGE_SIZE) {
		uint32_t page = phys_page(mem, pa);

		if (page == PHYS_NO_PAGE)
			continue;
		mem->flags[page] &= (uint8_t)~PHYS_WATCHED;
		mem->flags[page] |= on ? PHYS_WATCHED : 0;
	}
}

void phys_watch(struct phys_mem *mem, uint64_t pa, uint64_t size)
{
	size_t bytes = (mem->watched_count + 1) * sizeof(mem->watched[0]);

	mem->watched = realloc(mem->watched, bytes);
	SIM_ASSERT(mem->watched != NULL);
	mem->watched[mem->watched_count] = (struct phys_range){pa, size};
	flag_watched(mem, &mem->watched[mem->watched_count++], true);
}

void phys_watch_none(struct phys_mem *mem)
{
	for (size_t i = 0; i < mem->watched_count; i++)
		flag_watched(mem, &mem->watched[i], false);
	mem->watched_count = 0;
}

bool phys_is_watched(const struct phys_mem *mem, uint64_t pa, uint64_t size)
{
	uint32_t page = phys_page(mem, pa);

	if (page == PHYS_NO_PAGE || (mem->flags[page] & PHYS_WATCHED) == 0)
		return false;
	for (size_t i = 0; i < mem->watched_count; i++) {
		const struct phys_range *r = &mem->watched[i];

		if (pa - r->pa < r->size || r->pa - pa < size)
			return true;
	}
	return false;
}

bool phys_is_ram(const struct phys_mem *mem, uint64_t pa, uint64_t size)
{
	uint64_t last = pa + size - 1;

	if (size == 0)
		return true;
	if (last < pa)
		return false;
	if (last < mem->low_size)
		return true;
	return pa >= PHYS_HIGH && phys_page(mem, last) != PHYS_NO_PAGE;
}

bool phys_read(const struct phys_mem *mem, uint64_t pa, void *data, uint64_t size)
{
	if (!phys_is_ram(mem, pa, size))
		return false;
	if (size != 0)
		memcpy(data, phys_host(mem, phys_page(mem, pa)) + (pa & PAGE_MASK), size);
	return true;
}

bool phys_write(struct phys_mem *mem, uint64_t pa, const void *data, uint64_t size)
{
	const uint8_t *from = data;

	if (!phys_is_ram(mem, pa, size))
		return false;
	while (size != 0) {
		unsigned offset = pa & PAGE_MASK;
		unsigned part = (unsigned)min_u64(size, PAGE_SIZE - offset);
		uint32_t page = phys_page(mem, pa);

		phys_will_write(mem, page, offset, part);
		memcpy(phys_host(mem, page) + offset, from, part);
		pa += part;
		from += part;
		size -= part;
	}
	return true;
}
