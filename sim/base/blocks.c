#include "sim/base/blocks.h"

#include <stdlib.h>

#include "sim/base/hash.h"

struct block {
	uint64_t users; /* stores and saved states that have it */
	uint64_t hash;  /* if hashed: 0 when it is as in base */
	bool hashed;
	uint8_t bytes[BLOCK_SIZE];
};

struct blocks_saved {
	uint32_t count;
	uint32_t *numbers;
	struct block **blocks;
	uint64_t sum;
};

static uint32_t block_count(const struct blocks *b)
{
	return (uint32_t)((b->size + BLOCK_SIZE - 1) / BLOCK_SIZE);
}

bool blocks_init(struct blocks *b, const uint8_t *base, uint64_t size)
{
	SIM_ASSERT(size / BLOCK_SIZE < UINT32_MAX);
	*b = (struct blocks){.base = base, .size = size};
	b->blocks = calloc(block_count(b) + 1, sizeof(b->blocks[0]));
	b->written = malloc((block_count(b) + 1) * sizeof(b->written[0]));
	b->unhashed = malloc((block_count(b) + 1) * sizeof(b->unhashed[0]));
	if (b->blocks != NULL && b->written != NULL && b->unhashed != NULL)
		return true;
	blocks_destroy(b);
	return false;
}

static void release(struct block *block)
{
	if (--block->users == 0)
		free(block);
}

void blocks_destroy(struct blocks *b)
{
	for (uint32_t i = 0; i < b->written_count; i++)
		release(b->blocks[b->written[i]]);
	free(b->blocks);
	free(b->written);
	free(b->unhashed);
	memset(b, 0, sizeof(*b));
}

/* --- bytes --- */

/* The bytes of a block that base has, which may end in it. */
static uint64_t base_bytes(const struct blocks *b, uint32_t number)
{
	return b->base != NULL ? min_u64(BLOCK_SIZE, b->size - number * BLOCK_SIZE) : 0;
}

static bool is_as_base(const struct blocks *b, uint32_t number, const struct block *block)
{
	static const uint8_t zeros[BLOCK_SIZE];
	uint64_t size = base_bytes(b, number);

	if (size != 0 && memcmp(block->bytes, b->base + number * BLOCK_SIZE, size) != 0)
		return false;
	return memcmp(block->bytes + size, zeros, BLOCK_SIZE - size) == 0;
}

static struct block *block_make(const struct blocks *b, uint32_t number)
{
	const struct block *old = b->blocks[number];
	struct block *block = calloc(1, sizeof(*block));
	uint64_t size = base_bytes(b, number);

	SIM_ASSERT(block != NULL);
	if (old != NULL)
		*block = *old;
	else if (size != 0)
		memcpy(block->bytes, b->base + number * BLOCK_SIZE, size);
	if (old == NULL)
		block->hashed = true; /* as in base: 0 */
	block->users = 1;
	return block;
}

/* The block, to be written: the only one that has it, and not hashed any more. */
static struct block *block_open(struct blocks *b, uint32_t number)
{
	struct block *old = b->blocks[number], *block = old;

	if (old == NULL || old->users > 1) {
		block = block_make(b, number);
		b->blocks[number] = block;
	}
	if (old == NULL)
		b->written[b->written_count++] = number;
	else if (old != block)
		release(old);
	if (block->hashed) {
		b->sum -= block->hash;
		block->hashed = false;
		b->unhashed[b->unhashed_count++] = number;
	}
	return block;
}

void blocks_read(const struct blocks *b, uint64_t offset, void *data, uint64_t size)
{
	uint8_t *to = data;

	SIM_ASSERT(offset <= b->size);
	SIM_ASSERT(size <= b->size - offset);
	while (size != 0) {
		uint32_t number = (uint32_t)(offset / BLOCK_SIZE);
		uint64_t at = offset % BLOCK_SIZE, part = min_u64(size, BLOCK_SIZE - at);

		if (b->blocks[number] != NULL)
			memcpy(to, b->blocks[number]->bytes + at, part);
		else if (b->base != NULL)
			memcpy(to, b->base + offset, part);
		else
			memset(to, 0, part);
		offset += part;
		to += part;
		size -= part;
	}
}

/* from NULL: zeros. */
static void put(struct blocks *b, uint64_t offset, const uint8_t *from, uint64_t size)
{
	SIM_ASSERT(offset <= b->size);
	SIM_ASSERT(size <= b->size - offset);
	while (size != 0) {
		uint64_t at = offset % BLOCK_SIZE, part = min_u64(size, BLOCK_SIZE - at);
		uint32_t number = (uint32_t)(offset / BLOCK_SIZE);

		if (from != NULL)
			memcpy(block_open(b, number)->bytes + at, from, part);
		else if (b->base != NULL || b->blocks[number] != NULL)
			memset(block_open(b, number)->bytes + at, 0, part);
		from = from != NULL ? from + part : NULL;
		offset += part;
		size -= part;
	}
}

void blocks_write(struct blocks *b, uint64_t offset, const void *data, uint64_t size)
{
	put(b, offset, data, size);
}

void blocks_zero(struct blocks *b, uint64_t offset, uint64_t size)
{
	put(b, offset, NULL, size);
}

/* --- digest --- */

uint64_t blocks_digest(struct blocks *b)
{
	for (uint32_t i = 0; i < b->unhashed_count; i++) {
		uint32_t number = b->unhashed[i];
		struct block *block = b->blocks[number];

		block->hash = is_as_base(b, number, block)
				      ? 0
				      : hash_bytes(block->bytes, BLOCK_SIZE, number);
		block->hashed = true;
		b->sum += block->hash;
	}
	b->unhashed_count = 0;
	return b->sum;
}

/* --- saving --- */

struct blocks_saved *blocks_save(struct blocks *b)
{
	struct blocks_saved *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sum = blocks_digest(b); /* what is shared is hashed */
	s->numbers = malloc((b->written_count + 1) * sizeof(s->numbers[0]));
	s->blocks = malloc((b->written_count + 1) * sizeof(s->blocks[0]));
	if (s->numbers == NULL || s->blocks == NULL) {
		blocks_saved_free(s);
		return NULL;
	}
	s->count = b->written_count;
	for (uint32_t i = 0; i < s->count; i++) {
		s->numbers[i] = b->written[i];
		s->blocks[i] = b->blocks[b->written[i]];
		s->blocks[i]->users++;
	}
	return s;
}

void blocks_restore(struct blocks *b, const struct blocks_saved *s)
{
	for (uint32_t i = 0; i < b->written_count; i++) {
		release(b->blocks[b->written[i]]);
		b->blocks[b->written[i]] = NULL;
	}
	for (uint32_t i = 0; i < s->count; i++) {
		b->written[i] = s->numbers[i];
		b->blocks[s->numbers[i]] = s->blocks[i];
		s->blocks[i]->users++;
	}
	b->written_count = s->count;
	b->unhashed_count = 0;
	b->sum = s->sum;
}

void blocks_saved_free(struct blocks_saved *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->count; i++)
		release(s->blocks[i]);
	free(s->numbers);
	free(s->blocks);
	free(s);
}

/* --- comparison --- */

static bool block_difference(
	const struct blocks *a, const struct blocks *b, uint32_t number, uint64_t *offset)
{
	uint64_t start = number * BLOCK_SIZE, size = min_u64(BLOCK_SIZE, a->size - start);
	uint8_t x[BLOCK_SIZE], y[BLOCK_SIZE];

	blocks_read(a, start, x, size);
	blocks_read(b, start, y, size);
	if (memcmp(x, y, size) == 0)
		return false;
	for (*offset = start; x[*offset - start] == y[*offset - start];)
		++*offset;
	return true;
}

bool blocks_difference(const struct blocks *a, const struct blocks *b, uint64_t *offset)
{
	*offset = 0;
	if (a->size != b->size)
		return true;
	for (uint32_t number = 0; number < block_count(a); number++) {
		bool same = a->blocks[number] == b->blocks[number];

		if (same && a->base == b->base)
			continue;
		if (block_difference(a, b, number, offset))
			return true;
	}
	return false;
}
