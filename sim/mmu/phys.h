/* phys.h - guest-physical memory: RAM as one host buffer, and who must hear of a write to it.
 *
 * RAM lies at [0, low_size) and, beyond the hole for devices below 4 GiB, at 4 GiB and up. A page
 * that a consumer (digest, snapshot) believes unchanged, or that holds decoded code, must be
 * announced with phys_will_write before its bytes change; the fast path of the CPU skips that only
 * for pages that every consumer already counts as written (phys_is_plain).
 */
#ifndef MMU_PHYS_H
#define MMU_PHYS_H

#include "sim/base/base.h"

#define PHYS_LOW_MAX UINT64_C(0xc0000000)
#define PHYS_HIGH    UINT64_C(0x100000000)

/* Who tracks which pages were written since it last looked. */
enum phys_consumer { PHYS_DIGEST, PHYS_SNAPSHOT, PHYS_CONSUMERS };

#define PHYS_CODE      0x80 /* page flag: holds decoded code */
#define PHYS_WATCHED   0x40 /* page flag: a watched range lies in it */
#define PHYS_MONITORED 0x20 /* page flag: a core may monitor a line of it */
#define PHYS_ALL_DIRTY ((1 << PHYS_CONSUMERS) - 1)

struct phys_dirty {
	uint32_t *pages; /* RAM page numbers, each once */
	uint32_t count;
};

struct phys_range {
	uint64_t pa, size;
};

#define PHYS_ROM_MAX (UINT64_C(16) << 20)

struct phys_mem {
	uint8_t *ram;  /* and, behind it, the ROM */
	uint64_t size; /* bytes, a multiple of PAGE_SIZE */
	uint64_t low_size;
	uint64_t rom_size; /* bytes, at the top of 4 GiB; 0: none */
	uint8_t *flags;    /* a byte a RAM page: BIT(consumer) when dirty for it, PHYS_CODE */
	struct phys_dirty dirty[PHYS_CONSUMERS];
	void (*code_written)(void *context, uint32_t page, unsigned offset, unsigned size);
	void (*monitored_written)(void *context, uint32_t page, unsigned offset, unsigned size);
	void *code_context;
	size_t watched_count;
	struct phys_range *watched; /* see phys_watch */
};

/* Allocates zeroed RAM; false when the host has not enough memory. */
MUST_CHECK bool phys_init(struct phys_mem *mem, uint64_t size);
void phys_destroy(struct phys_mem *mem);

/* Puts a ROM at the top of 4 GiB, before anything has run. size is a multiple of PAGE_SIZE. */
void phys_set_rom(struct phys_mem *mem, const void *data, uint64_t size);

#define PHYS_NO_PAGE UINT32_MAX

/* The RAM page that holds physical address pa, or PHYS_NO_PAGE where there is no RAM. */
static inline uint32_t phys_page(const struct phys_mem *mem, uint64_t pa)
{
	if (pa < mem->low_size)
		return (uint32_t)(pa >> PAGE_SHIFT);
	if (pa >= PHYS_HIGH && pa - PHYS_HIGH < mem->size - mem->low_size)
		return (uint32_t)((pa - PHYS_HIGH + mem->low_size) >> PAGE_SHIFT);
	return PHYS_NO_PAGE;
}

/* The page that code at physical address pa comes from: RAM, or the ROM, which has the numbers
 * after RAM. To all else the ROM is a device (sim/dev/rom.h). */
static inline uint32_t phys_fetch_page(const struct phys_mem *mem, uint64_t pa)
{
	uint64_t offset = pa - (PHYS_HIGH - mem->rom_size);

	if (offset < mem->rom_size)
		return (uint32_t)((mem->size + offset) >> PAGE_SHIFT);
	return phys_page(mem, pa);
}

/* How many pages there can be, the ROM's included. */
static inline uint32_t phys_page_count(const struct phys_mem *mem)
{
	return (uint32_t)((mem->size + PHYS_ROM_MAX) >> PAGE_SHIFT);
}

/* The physical address of a RAM page: phys_page's inverse. */
static inline uint64_t phys_page_address(const struct phys_mem *mem, uint32_t page)
{
	uint64_t offset = (uint64_t)page << PAGE_SHIFT;

	return offset < mem->low_size ? offset : offset - mem->low_size + PHYS_HIGH;
}

static inline uint8_t *phys_host(const struct phys_mem *mem, uint32_t page)
{
	return mem->ram + ((uint64_t)page << PAGE_SHIFT);
}

/* True when a store to the page needs no announcement. */
static inline bool phys_is_plain(const struct phys_mem *mem, uint32_t page)
{
	return mem->flags[page] == PHYS_ALL_DIRTY;
}

/* Announces a write of size bytes at offset in a page; the caller writes right after. */
void phys_will_write(struct phys_mem *mem, uint32_t page, unsigned offset, unsigned size);

/* The consumer has looked: forget which pages are dirty for it. The caller must drop every core's
 * soft-TLB (mmu_drop_cache), since that skips phys_will_write for dirty pages. */
void phys_clean(struct phys_mem *mem, enum phys_consumer consumer);

/* Stores into the range are to be looked at: its pages are not plain any more, so the caller must
 * drop every core's soft-TLB. What is not RAM is left out. */
void phys_watch(struct phys_mem *mem, uint64_t pa, uint64_t size);
void phys_watch_none(struct phys_mem *mem);

/* Does any of the bytes, which lie in one page, belong to a watched range? */
bool phys_is_watched(const struct phys_mem *mem, uint64_t pa, uint64_t size);

/* Is every byte of the range RAM? */
bool phys_is_ram(const struct phys_mem *mem, uint64_t pa, uint64_t size);

/* Copies between host memory and RAM, as a loader or a debugger does. False when a byte of the
 * range is not RAM; then nothing was copied. */
MUST_CHECK bool phys_read(const struct phys_mem *mem, uint64_t pa, void *data, uint64_t size);
MUST_CHECK bool phys_write(struct phys_mem *mem, uint64_t pa, const void *data, uint64_t size);

#endif
