/* page_alloc.h - physical pages, in blocks of 2^order pages, aligned to their size (a buddy
 * system).
 *
 * Order 1 is what page tables take: a pair of pages at an 8 KiB boundary. Blocks come back as
 * addresses in the direct map, with whatever was in them. Any context; one lock.
 */
#ifndef KERNEL_PAGE_ALLOC_H
#define KERNEL_PAGE_ALLOC_H

#include "sim/kernel/memlayout.h"

#define MAX_ORDER 10

/* From boot_info. Hands out only what the boot page tables map, the first GiB... */
void page_alloc_init(void);
/* ...until this adds the rest, when the kernel's own page tables are loaded. */
void page_alloc_add_high(void);

void *kpages_alloc(unsigned order); /* panics when memory has run out */
void *kpages_try_alloc(unsigned order);
void *kpages_zalloc(unsigned order); /* zeroed */
void kpages_free(void *block, unsigned order);

uint64_t pages_free_count(void);  /* a moment ago */
physaddr_t phys_memory_end(void); /* end of the highest RAM that the loader named */

#endif
