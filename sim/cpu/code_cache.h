/* code_cache.h - decoded code: basic blocks by physical address, shared by the cores of a machine.
 *
 * Blocks never cross a page. A store into bytes that a block was decoded from retires the page's
 * blocks: their instructions become exec_stale, so that a core in the middle of one leaves it
 * before the next instruction. Memory of retired blocks is reused only at code_cache_settle, when
 * no core is inside a block.
 *
 * A page knows at which offsets an instruction may be marked, from the linear addresses at which it
 * was fetched. A block begins there, and its mode says so: it is no mode that a core runs in.
 *
 * Direct branches within a page of 64-bit code are linked: they go on in the block that they lead
 * to, without the run loop. All blocks of a page are retired together, so that no link outlives its
 * target; and within a page nothing has to be fetched. A branch whose target is not known yet has
 * block_unknown, which no budget covers.
 */
#ifndef CPU_CODE_CACHE_H
#define CPU_CODE_CACHE_H

#include "sim/cpu/decode.h"
#include "sim/cpu/marks.h"

#define BLOCK_INSNS 64 /* at most, in a block */

#define BLOCK_MARKED 0x100 /* in its mode: look at the marks before it runs */

struct block {
	struct block *next;  /* of the same page */
	uint32_t count;      /* instructions, and so steps */
	uint16_t mode;       /* enum code_mode it was decoded in, and BLOCK_MARKED */
	uint16_t offset;     /* of its first byte in the page */
	struct insn insns[]; /* count of them, then one that ends the block */
};

struct code_page {
	uint32_t page;          /* of RAM */
	bool listed;            /* in the list of pages that have blocks */
	struct code_page *next; /* in that list */
	struct block *blocks;
	uint64_t covered[PAGE_SIZE / 64]; /* a bit a byte: some block was decoded from it */
	uint64_t marked[PAGE_SIZE / 64];  /* an instruction that begins there may be marked */
	struct block *at[PAGE_SIZE];      /* by offset of the first instruction */
};

extern const struct block block_unknown;

/* The code page for RAM page page. */
struct code_page *code_page_get(struct code_cache *cache, uint32_t page);

/* The page is fetched at la: takes over the marks that lie there. Retires its blocks if that is
 * news, so no core may be inside one. */
void code_page_fetched(struct code_cache *cache, struct code_page *code, uint64_t la);

const struct marks *code_cache_marks(const struct code_cache *cache);

/* Decodes the block at offset of a code page. *end says why there is none: DECODE_MORE when the
 * first instruction crosses the page's end. */
struct block *block_build(struct code_cache *cache, struct code_page *code, unsigned offset,
	enum code_mode mode, enum decode_end *end);

/* What follows an instruction that does not end the block itself. */
struct insn block_end_after(struct code_cache *cache, const struct insn *last);

/* The cores that it belongs to. */
struct vcpu *code_cache_cores(const struct code_cache *cache, unsigned *count);

/* Whether from now on each block is one instruction, and no branch is linked: whoever is called by
 * an instruction knows at which step that is. Costs what is decoded so far. */
void code_cache_one_by_one(struct code_cache *cache, bool on);

const struct decoder *code_cache_decoder(const struct code_cache *cache);

/* No core is inside a block now: frees what was retired if it has become much. */
void code_cache_settle(struct code_cache *cache);

/* Pseudo-instructions. The end of a block that goes on, of one after which interrupts and mode
 * must be looked at, and what a retired block's instructions become (run.c). */
struct fault exec_fall_through(struct vcpu *c, const struct insn *in);
struct fault exec_stop_after(struct vcpu *c, const struct insn *in);
struct fault exec_stale(struct vcpu *c, const struct insn *in);
struct fault exec_too_long(struct vcpu *c, const struct insn *in);

/* The instruction that stands for bytes which decode to none: it faults. */
struct insn insn_undecodable(enum decode_end end);

#endif
