/* state.h - the list of all that software can observe, and its digest.
 *
 * The list names plain structs, made once for a machine; RAM comes on top, page by page. A digest
 * of it is incremental: only RAM pages written since the last digest are hashed again.
 */
#ifndef MACHINE_STATE_H
#define MACHINE_STATE_H

#include "sim/base/blocks.h"
#include "sim/base/hash.h"
#include "sim/mmu/phys.h"

struct machine;

#define STATE_NAME 24

struct state_part {
	char name[STATE_NAME]; /* "c2.core", "ioapic" */
	void *data;
	size_t size;
};

#define STATE_PARTS_MAX (64 * 5 + 64)

struct state_list {
	unsigned count;
	struct state_part at[STATE_PARTS_MAX];
};

void state_list_make(struct machine *m);

/* What is too large for a part and digests and saves itself. */
struct state_store {
	char name[STATE_NAME]; /* "disk0.data" */
	struct blocks *blocks;
};

#define STATE_STORES_MAX 8

struct store_list {
	unsigned count;
	struct state_store at[STATE_STORES_MAX];
};

void state_add_store(struct machine *m, const char *device, struct blocks *blocks);

/* The sum over all RAM pages of a hash of number and content, pages of zeros counting nothing. */
struct ram_digest {
	uint64_t *pages;
	uint64_t sum;
};

MUST_CHECK bool ram_digest_init(struct ram_digest *d, const struct phys_mem *mem);
void ram_digest_destroy(struct ram_digest *d);

/* The digest of the machine's whole state. Drops the soft-TLBs. */
struct digest machine_digest(struct machine *m);

/* digest_n of a chain, from digest_(n-1) and the state. */
struct digest digest_chain(struct digest previous, struct digest state);

/* The first byte in which two machines differ: part and offset, for RAM the physical address. */
struct state_difference {
	bool any;
	char part[STATE_NAME];
	uint64_t offset;
};
struct state_difference state_compare(const struct machine *a, const struct machine *b);

#endif
