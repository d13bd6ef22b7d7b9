/* store_buffer.h - what a core has stored and nobody else sees yet (memory model tso).
 *
 * A queue: stores leave it in the order in which they came, each when it is due or when it must.
 * The core's own loads look in it first. An entry is up to 16 bytes of one page of RAM; a store
 * that is longer, or crosses a page end, is several.
 *
 * SDM "Store Buffer" and "Memory Ordering in P6 and More Recent Processor Families"; Owens, Sarkar,
 * Sewell: "A Better x86 Memory Model: x86-TSO".
 */
#ifndef MMU_STORE_BUFFER_H
#define MMU_STORE_BUFFER_H

#include "sim/mmu/phys.h"

#define STORE_ENTRIES 56
#define STORE_BYTES   16

struct store_entry {
	uint64_t pa;
	uint64_t size; /* bytes; 0: not in use, and all zero */
	uint64_t due;  /* the cycle at which it leaves */
	uint8_t data[STORE_BYTES];
};

/* Truth: plain data. */
struct store_buffer {
	uint64_t first, count; /* entries first, first + 1, ... modulo STORE_ENTRIES */
	uint64_t held;         /* stores leave only because they must */
	uint64_t pages;        /* bit page % 64 for each page with an entry; and maybe others */
	struct store_entry entry[STORE_ENTRIES];
};

/* Adds a store, which must fit into an entry and lie in RAM. Of a full buffer the oldest leaves. */
void stores_push(struct store_buffer *b, struct phys_mem *mem, uint64_t pa, const void *data,
	unsigned size, uint64_t due);

/* Copies what the core itself reads at pa, within a page of RAM. Bytes come from the buffer if the
 * newest entry that has any of them has all of them; where it has some only, the load waits until
 * that store has left. */
void stores_load(
	struct store_buffer *b, struct phys_mem *mem, uint64_t pa, void *data, unsigned size);

/* The same without waiting, byte by byte, for who only looks: data holds what is in RAM. */
void stores_overlay(const struct store_buffer *b, uint64_t pa, void *data, uint64_t size);

/* Is there an entry with any of these bytes? */
bool stores_touch(const struct store_buffer *b, uint64_t pa, uint64_t size);

/* The oldest leaves. The buffer must not be empty. */
void stores_leave(struct store_buffer *b, struct phys_mem *mem);

/* Those leave that are due by now, unless they are held. */
void stores_age(struct store_buffer *b, struct phys_mem *mem, uint64_t now);

/* When the oldest is due; UINT64_MAX when there is none, or it is held. */
static inline uint64_t stores_next_due(const struct store_buffer *b)
{
	return b->count == 0 || b->held ? UINT64_MAX : b->entry[b->first].due;
}

/* All leave: a fence. Ends a hold. */
void stores_drain(struct store_buffer *b, struct phys_mem *mem);

#endif
