#include "sim/machine/state.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/machine/board.h"
#include "sim/machine/machine.h"

/* --- the list --- */

static void add(struct state_list *list, const char *name, void *data, size_t size)
{
	struct state_part *part = &list->at[list->count++];

	SIM_ASSERT(list->count <= STATE_PARTS_MAX);
	snprintf(part->name, sizeof(part->name), "%s", name);
	part->data = data;
	part->size = size;
}

static void add_core(struct machine *m, unsigned core)
{
	struct vcpu *c = &m->cores[core];
	char name[STATE_NAME];

	snprintf(name, sizeof(name), "c%u.core", core);
	add(&m->state, name, &c->arch, sizeof(c->arch));
	snprintf(name, sizeof(name), "c%u.lapic", core);
	add(&m->state, name, &m->lapics[core].state, sizeof(m->lapics[core].state));
	snprintf(name, sizeof(name), "c%u.dtlb", core);
	add(&m->state, name, &c->mmu.data, sizeof(c->mmu.data));
	snprintf(name, sizeof(name), "c%u.itlb", core);
	add(&m->state, name, &c->mmu.fetch, sizeof(c->mmu.fetch));
	if (!c->mmu.tso)
		return;
	snprintf(name, sizeof(name), "c%u.stores", core);
	add(&m->state, name, &c->mmu.stores, sizeof(c->mmu.stores));
}

void state_list_make(struct machine *m)
{
	m->state.count = 0;
	for (unsigned i = 0; i < m->cpu_count; i++)
		add_core(m, i);
	for (unsigned slot = 0; slot < board_slot_count(); slot++) {
		struct board_device d = board_device(m, slot);

		if (d.ops->state_size != 0)
			add(&m->state, d.ops->name, d.device, d.ops->state_size);
	}
	add(&m->state, "events", &m->events, sizeof(m->events));
	add(&m->state, "run", &m->run, sizeof(m->run));
	add(&m->state, "parks", &m->parks, sizeof(m->parks));
}

void state_add_store(struct machine *m, const char *device, struct blocks *blocks)
{
	struct state_store *store = &m->stores.at[m->stores.count++];

	SIM_ASSERT(m->stores.count <= STATE_STORES_MAX);
	snprintf(store->name, sizeof(store->name), "%s.data", device);
	store->blocks = blocks;
}

/* --- RAM --- */

bool ram_digest_init(struct ram_digest *d, const struct phys_mem *mem)
{
	d->sum = 0;
	d->pages = calloc(mem->size >> PAGE_SHIFT, sizeof(uint64_t));
	return d->pages != NULL;
}

void ram_digest_destroy(struct ram_digest *d)
{
	free(d->pages);
}

static bool page_is_zero(const uint8_t *page)
{
	uint64_t first;

	memcpy(&first, page, sizeof(first));
	return first == 0 && memcmp(page, page + sizeof(first), PAGE_SIZE - sizeof(first)) == 0;
}

static void ram_digest_update(struct ram_digest *d, struct phys_mem *mem)
{
	const struct phys_dirty *dirty = &mem->dirty[PHYS_DIGEST];

	for (uint32_t i = 0; i < dirty->count; i++) {
		uint32_t page = dirty->pages[i];
		const uint8_t *bytes = phys_host(mem, page);
		uint64_t hash = page_is_zero(bytes) ? 0 : hash_bytes(bytes, PAGE_SIZE, page);

		d->sum += hash - d->pages[page];
		d->pages[page] = hash;
	}
	phys_clean(mem, PHYS_DIGEST);
}

/* --- digests --- */

struct digest machine_digest(struct machine *m)
{
	uint64_t hashes[STATE_PARTS_MAX + 1 + STATE_STORES_MAX];
	unsigned count = 0;

	ram_digest_update(&m->ram_digest, &m->mem);
	for (unsigned i = 0; i < m->cpu_count; i++)
		mmu_drop_cache(&m->cores[i].mmu);
	for (; count < m->state.count; count++)
		hashes[count] = hash_bytes(m->state.at[count].data, m->state.at[count].size, count);
	hashes[count++] = m->ram_digest.sum;
	for (unsigned i = 0; i < m->stores.count; i++)
		hashes[count++] = blocks_digest(m->stores.at[i].blocks);
	return digest_bytes(hashes, count * sizeof(hashes[0]), m->mem.size);
}

struct digest digest_chain(struct digest previous, struct digest state)
{
	struct digest pair[2] = {previous, state};

	return digest_bytes(pair, sizeof(pair), 0);
}

/* --- comparison --- */

static bool first_difference(const void *a, const void *b, size_t size, uint64_t *offset)
{
	const uint8_t *x = a, *y = b;

	if (memcmp(a, b, size) == 0)
		return false;
	for (*offset = 0; x[*offset] == y[*offset];)
		++*offset;
	return true;
}

static struct state_difference difference(const char *part, uint64_t offset)
{
	struct state_difference d = {.any = true, .offset = offset};

	snprintf(d.part, sizeof(d.part), "%s", part);
	return d;
}

struct state_difference state_compare(const struct machine *a, const struct machine *b)
{
	uint64_t offset;

	if (a->state.count != b->state.count || a->mem.size != b->mem.size ||
		a->stores.count != b->stores.count)
		return difference("machine", 0);
	for (unsigned i = 0; i < a->state.count; i++)
		if (first_difference(
			    a->state.at[i].data, b->state.at[i].data, a->state.at[i].size, &offset))
			return difference(a->state.at[i].name, offset);
	for (uint32_t page = 0; page < a->mem.size >> PAGE_SHIFT; page++)
		if (first_difference(
			    phys_host(&a->mem, page), phys_host(&b->mem, page), PAGE_SIZE, &offset))
			return difference("ram", phys_page_address(&a->mem, page) + offset);
	for (unsigned i = 0; i < a->stores.count; i++)
		if (blocks_difference(a->stores.at[i].blocks, b->stores.at[i].blocks, &offset))
			return difference(a->stores.at[i].name, offset);
	return (struct state_difference){.any = false};
}
