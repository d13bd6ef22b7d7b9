#include "sim/cpu/code_cache.h"

#include "sim/cpu/monitor.h"
#include "sim/cpu/ops.h"

#include <stdlib.h>

#define ARENA_SIZE (UINT64_C(32) << 20)

struct code_cache {
	struct decoder *decoder;
	struct phys_mem *mem;
	struct vcpu *cores;
	unsigned core_count;
	struct code_page **pages; /* by RAM page */
	uint32_t page_count;
	struct code_page *active; /* those that have blocks, and maybe some that had */
	struct marks marks;
	uint8_t *arena;
	uint64_t used;
	unsigned block_insns; /* at most, in a block */
	bool full;            /* drop everything at the next code_cache_settle */
};

static void code_written(void *context, uint32_t page, unsigned offset, unsigned size);

struct code_cache *code_cache_create(
	struct phys_mem *mem, const struct cpu_model *model, struct vcpu *cores, unsigned count)
{
	struct code_cache *cache = calloc(1, sizeof(*cache));

	SIM_ASSERT(cache != NULL);
	cache->decoder = decoder_create(&model->features);
	cache->mem = mem;
	cache->cores = cores;
	cache->core_count = count;
	cache->block_insns = BLOCK_INSNS;
	cache->page_count = phys_page_count(mem);
	cache->pages = calloc(cache->page_count, sizeof(*cache->pages));
	cache->arena = malloc(ARENA_SIZE);
	SIM_ASSERT(cache->pages != NULL);
	SIM_ASSERT(cache->arena != NULL);
	mem->code_written = code_written;
	mem->monitored_written = monitor_written;
	mem->code_context = cache;
	return cache;
}

void code_cache_destroy(struct code_cache *cache)
{
	if (cache == NULL)
		return;
	for (uint32_t i = 0; i < cache->page_count; i++)
		free(cache->pages[i]);
	free(cache->pages);
	free(cache->arena);
	free(cache->marks.at);
	decoder_destroy(cache->decoder);
	free(cache);
}

struct vcpu *code_cache_cores(const struct code_cache *cache, unsigned *count)
{
	*count = cache->core_count;
	return cache->cores;
}

const struct decoder *code_cache_decoder(const struct code_cache *cache)
{
	return cache->decoder;
}

/* --- retiring --- */

static void retire_blocks(struct code_cache *cache, struct code_page *code)
{
	for (struct block *b = code->blocks; b != NULL; b = b->next) {
		for (uint32_t i = 0; i <= b->count; i++)
			b->insns[i].run = exec_stale;
		code->at[b->offset] = NULL;
	}
	code->blocks = NULL;
	memset(code->covered, 0, sizeof(code->covered));
	cache->mem->flags[code->page] &= (uint8_t)~PHYS_CODE;
}

static bool range_covered(const struct code_page *code, unsigned offset, unsigned size)
{
	for (unsigned i = offset; i < offset + size; i++)
		if (code->covered[i / 64] >> i % 64 & 1)
			return true;
	return false;
}

static void code_written(void *context, uint32_t page, unsigned offset, unsigned size)
{
	struct code_cache *cache = context;
	struct code_page *code = cache->pages[page];

	if (range_covered(code, offset, size))
		retire_blocks(cache, code);
}

void code_cache_drop(struct code_cache *cache)
{
	struct code_page *next;

	for (struct code_page *code = cache->active; code != NULL; code = next) {
		next = code->next;
		code->next = NULL;
		code->listed = false;
		retire_blocks(cache, code);
	}
	cache->active = NULL;
	cache->used = 0;
	cache->full = false;
}

void code_cache_settle(struct code_cache *cache)
{
	if (cache->full)
		code_cache_drop(cache);
}

/* --- marks --- */

const struct marks *code_cache_marks(const struct code_cache *cache)
{
	return &cache->marks;
}

static void bit_set(uint64_t *bits, unsigned i)
{
	bits[i / 64] |= BIT(i % 64);
}

static bool bit_test(const uint64_t *bits, unsigned i)
{
	return bits[i / 64] >> i % 64 & 1;
}

void code_page_fetched(struct code_cache *cache, struct code_page *code, uint64_t la)
{
	const struct marks *m = &cache->marks;
	uint64_t page = la & ~PAGE_MASK;
	bool news = false;

	for (size_t i = marks_from(m, page); i < m->count && m->at[i].la - page < PAGE_SIZE; i++) {
		unsigned offset = m->at[i].la & PAGE_MASK;

		news |= !bit_test(code->marked, offset);
		bit_set(code->marked, offset);
	}
	if (news)
		retire_blocks(cache, code);
}

/* What is decoded does not know of the change, and fetches have to tell pages of it. A core may be
 * inside a block, whose memory therefore stays until code_cache_settle. */
static void marks_changed(struct code_cache *cache)
{
	for (struct code_page *code = cache->active; code != NULL; code = code->next) {
		retire_blocks(cache, code);
		memset(code->marked, 0, sizeof(code->marked));
	}
	for (unsigned i = 0; i < cache->core_count; i++)
		cpu_drop_fetch(&cache->cores[i]);
	cache->full = true;
}

void code_cache_one_by_one(struct code_cache *cache, bool on)
{
	cache->block_insns = on ? 1 : BLOCK_INSNS;
	for (struct code_page *code = cache->active; code != NULL; code = code->next)
		retire_blocks(cache, code);
	cache->full = true;
}

void cpu_mark(struct code_cache *cache, uint64_t la)
{
	if (marks_add(&cache->marks, la))
		marks_changed(cache);
}

void cpu_unmark(struct code_cache *cache, uint64_t la)
{
	if (marks_remove(&cache->marks, la))
		marks_changed(cache);
}

static void drop_soft_tlbs(struct code_cache *cache)
{
	for (unsigned i = 0; i < cache->core_count; i++)
		mmu_drop_cache(&cache->cores[i].mmu);
}

void cpu_watch_stores(struct code_cache *cache, uint64_t pa, uint64_t size)
{
	phys_watch(cache->mem, pa, size);
	drop_soft_tlbs(cache);
}

void cpu_watch_no_stores(struct code_cache *cache)
{
	phys_watch_none(cache->mem);
	drop_soft_tlbs(cache);
}

/* --- building --- */

const struct block block_unknown = {.count = UINT32_MAX};

struct code_page *code_page_get(struct code_cache *cache, uint32_t page)
{
	struct code_page *code = cache->pages[page];

	if (code == NULL) {
		code = calloc(1, sizeof(*code));
		SIM_ASSERT(code != NULL);
		code->page = page;
		cache->pages[page] = code;
	}
	return code;
}

/* From now on stores to the page must be announced: no core may keep it as plain. */
static void mark_code(struct code_cache *cache, struct code_page *code)
{
	if (!code->listed) {
		code->listed = true;
		code->next = cache->active;
		cache->active = code;
	}
	if (cache->mem->flags[code->page] & PHYS_CODE)
		return;
	cache->mem->flags[code->page] |= PHYS_CODE;
	drop_soft_tlbs(cache);
}

static void cover(struct code_page *code, unsigned offset, unsigned size)
{
	for (unsigned i = offset; i < offset + size; i++)
		code->covered[i / 64] |= BIT(i % 64);
}

static bool is_conditional_branch(const struct row *row)
{
	return (row->attributes & (CONDITION | BRANCH)) == (CONDITION | BRANCH);
}

struct block_builder {
	struct code_cache *cache;
	const struct code_page *code;
	const uint8_t *bytes;
	unsigned offset; /* of the block in the page */
	unsigned size;   /* bytes decoded */
	enum code_mode mode;
	enum flags_effect effect;
	struct block *block;
};

/* A direct branch within the page, in 64-bit mode. */
static bool is_linked(const struct block_builder *b, const struct row *row, const struct insn *in)
{
	return b->mode == CODE_64 && b->cache->block_insns > 1 &&
	       (row->op == &op_jcc || row->op == &op_jmp64 || row->op == &op_call64) &&
	       b->offset + in->imm < PAGE_SIZE;
}

/* Adds an instruction; true if the block ends with it. In 64-bit mode a conditional branch does
 * not: where it is not taken the block goes on. */
static bool block_add(struct block_builder *b, struct insn *in)
{
	const struct row *row = decoder_row(b->cache->decoder, in->row);
	bool goes_on = is_conditional_branch(row) && b->mode == CODE_64;
	bool linked = is_linked(b, row, in);

	if (goes_on)
		in->run = branch_handler(b->effect, in->opcode & 15, linked);
	else if (linked)
		in->run = linked_handler(in);
	if (linked) {
		in->target = &block_unknown;
		in->steps = (uint8_t)(b->block->count + 1);
	}
	if (row->attributes & ROW_FLAGS)
		b->effect = (enum flags_effect)bits_get(row->attributes, ROW_FLAGS);
	b->block->insns[b->block->count++] = *in;
	b->size += in->len;
	return !goes_on && (row->attributes & (BRANCH | ENDS | REPEATS));
}

struct insn block_end_after(struct code_cache *cache, const struct insn *last)
{
	bool ends = insn_attributes(cache->decoder, last) & ENDS;

	return (struct insn){
		.run = ends ? exec_stop_after : exec_fall_through,
		.start = (uint16_t)(last->start + last->len),
	};
}

struct insn insn_undecodable(enum decode_end end)
{
	return (struct insn){.run = end == DECODE_TOO_LONG ? exec_too_long : op_ud.any};
}

static enum decode_end fill(struct block_builder *b)
{
	while (b->block->count < b->cache->block_insns) {
		unsigned at = b->offset + b->size;
		struct insn in;
		enum decode_end end;

		if (b->block->count != 0 && at < PAGE_SIZE && bit_test(b->code->marked, at))
			return DECODE_OK;
		end = decode(b->cache->decoder, b->mode, b->bytes + at, (unsigned)PAGE_SIZE - at,
			b->size, &in);

		if (end == DECODE_MORE)
			return end;
		if (end != DECODE_OK) {
			if (b->block->count != 0)
				return DECODE_OK;
			b->block->insns[b->block->count++] = insn_undecodable(end);
			b->size += (unsigned)min_u64(INSN_MAX, PAGE_SIZE - at);
			return DECODE_OK;
		}
		if (b->block->count != 0 && (insn_attributes(b->cache->decoder, &in) & REPEATS))
			return DECODE_OK;
		if (block_add(b, &in))
			return DECODE_OK;
	}
	return DECODE_OK;
}

struct block *block_build(struct code_cache *cache, struct code_page *code, unsigned offset,
	enum code_mode mode, enum decode_end *end)
{
	struct block_builder b = {
		.cache = cache,
		.code = code,
		.bytes = phys_host(cache->mem, code->page),
		.offset = offset,
		.mode = mode,
		.effect = FLAGS_OTHER,
	};
	uint64_t most = sizeof(struct block) + (BLOCK_INSNS + 1) * sizeof(struct insn);

	if (cache->used + most > ARENA_SIZE) {
		cache->full = true;
		*end = DECODE_OK;
		return NULL;
	}
	b.block = (struct block *)(void *)(cache->arena + cache->used);
	*b.block = (struct block){.mode = mode, .offset = offset};
	if (bit_test(code->marked, offset))
		b.block->mode |= BLOCK_MARKED;
	*end = fill(&b);
	if (b.block->count == 0)
		return NULL;
	*end = DECODE_OK;
	b.block->insns[b.block->count] =
		block_end_after(cache, &b.block->insns[b.block->count - 1]);
	cache->used += sizeof(struct block) + (b.block->count + 1) * sizeof(struct insn);
	mark_code(cache, code);
	cover(code, offset, b.size);
	b.block->next = code->blocks;
	code->blocks = b.block;
	code->at[offset] = b.block;
	return b.block;
}
