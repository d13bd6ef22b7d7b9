/* malloc.c - see stdlib.h. First fit in one list of blocks sorted by address; neighbours that are
 * free and touch are joined. Memory comes from mmap in chunks and is not given back. A thread
 * library supplies the lock (sys.h).
 */
#include "stdlib.h"
#include "string.h"
#include "sys.h"

#include <stdbool.h>

#define ALIGNMENT  16
#define MIN_CHUNK  65536
#define SPLIT_REST 64 /* a rest smaller than this stays with the block */

struct block {
	struct block *next;
	size_t size; /* the header included; its lowest bit: in use */
};
_Static_assert(sizeof(struct block) == ALIGNMENT, "keeps blocks aligned");

#define IN_USE 1ul

static struct block *blocks;

static size_t size_of(const struct block *b)
{
	return b->size & ~IN_USE;
}

static void insert(struct block *b)
{
	struct block **at = &blocks;

	while (*at != NULL && *at < b)
		at = &(*at)->next;
	b->next = *at;
	*at = b;
}

static struct block *grow(size_t size)
{
	size_t chunk = size > MIN_CHUNK ? (size + 4095) & ~4095ul : MIN_CHUNK;
	struct block *b = mmap_anon(chunk);

	if (b == NULL)
		return NULL;
	b->size = chunk;
	insert(b);
	return b;
}

static void split(struct block *b, size_t size)
{
	struct block *rest = (struct block *)((char *)b + size);

	if (b->size - size < SPLIT_REST)
		return;
	rest->size = b->size - size;
	rest->next = b->next;
	b->next = rest;
	b->size = size;
}

static struct block *take(size_t size)
{
	struct block *b = blocks;

	while (b != NULL && ((b->size & IN_USE) || b->size < size))
		b = b->next;
	if (b == NULL)
		b = grow(size);
	if (b == NULL)
		return NULL;
	split(b, size);
	b->size |= IN_USE;
	return b;
}

void *malloc(size_t size)
{
	struct block *b;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + sizeof(*b) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	thread_hooks->lock_malloc();
	b = take(size);
	thread_hooks->unlock_malloc();
	return b == NULL ? NULL : b + 1;
}

void *calloc(size_t n, size_t size)
{
	void *p = size != 0 && n > SIZE_MAX / size ? NULL : malloc(n * size);

	return p == NULL ? NULL : memset(p, 0, n * size);
}

static void join_neighbours(void)
{
	for (struct block *b = blocks; b != NULL && b->next != NULL;) {
		struct block *next = b->next;

		if (!(b->size & IN_USE) && !(next->size & IN_USE) &&
			(char *)b + size_of(b) == (char *)next) {
			b->size += next->size;
			b->next = next->next;
		} else {
			b = next;
		}
	}
}

void free(void *p)
{
	struct block *freed = (struct block *)p - 1;

	if (p == NULL)
		return;
	if (!(freed->size & IN_USE))
		__builtin_trap();
	thread_hooks->lock_malloc();
	freed->size &= ~IN_USE;
	join_neighbours();
	thread_hooks->unlock_malloc();
}
