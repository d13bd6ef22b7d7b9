/* blocks.h - a large store of bytes whose writes stay in memory: a disk, the memory of a display.
 *
 * What it holds at first lies in host memory that is never changed, a mapped file, or is zeros;
 * each block that is written gets a copy. What was written is truth: its digest is incremental, as
 * that of RAM (decision 6), and saving it costs what was written.
 */
#ifndef BASE_BLOCKS_H
#define BASE_BLOCKS_H

#include "sim/base/base.h"

#define BLOCK_SIZE UINT64_C(4096)

struct block;

struct blocks {
	uint64_t size;         /* bytes */
	const uint8_t *base;   /* size bytes; NULL: zeros */
	struct block **blocks; /* by number; NULL: as in base */
	uint32_t *written;     /* the numbers of the others, each once, in order of their writing */
	uint32_t written_count;
	uint32_t *unhashed; /* those of them that changed since the last digest */
	uint32_t unhashed_count;
	uint64_t sum; /* of the hashes of the others */
};

/* base must stay as it is. False: the host has no memory. */
MUST_CHECK bool blocks_init(struct blocks *b, const uint8_t *base, uint64_t size);
void blocks_destroy(struct blocks *b); /* also of what is all zero */

/* The range must lie in the store. */
void blocks_read(const struct blocks *b, uint64_t offset, void *data, uint64_t size);
void blocks_write(struct blocks *b, uint64_t offset, const void *data, uint64_t size);
void blocks_zero(struct blocks *b, uint64_t offset, uint64_t size);

/* The sum over all blocks that differ from base of a hash of number and content. */
uint64_t blocks_digest(struct blocks *b);

/* What was written up to now, to go back to. NULL: the host has no memory. */
struct blocks_saved *blocks_save(struct blocks *b);
void blocks_restore(struct blocks *b, const struct blocks_saved *s);
void blocks_saved_free(struct blocks_saved *s); /* s may be NULL */

/* The first byte in which two stores differ; false: they hold the same. */
bool blocks_difference(const struct blocks *a, const struct blocks *b, uint64_t *offset);

#endif
