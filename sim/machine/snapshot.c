#include "sim/machine/snapshot.h"

#include <stdlib.h>

/* A RAM page as it once was; NULL in a table is a page of zeros. */
struct saved_page {
	uint64_t users; /* tables that point here */
	uint8_t bytes[PAGE_SIZE];
};

struct snapshot {
	uint8_t *parts;            /* all state parts, one after the other */
	struct saved_page **pages; /* by RAM page number */
	struct attachment attached[ATTACHED_MAX];
	uint8_t *copies[ATTACHED_MAX]; /* of what was attached */
	struct blocks_saved *stores[STATE_STORES_MAX];
};

/* last: what RAM was when a snapshot was last taken or restored; the pages written since are
 * those dirty for PHYS_SNAPSHOT. */
struct snapshot_store {
	struct machine *machine;
	size_t page_count;
	struct saved_page **last;
	const struct snapshot *same; /* its pages are those of last; NULL: it is not known whose */
};

static void page_release(struct saved_page *page)
{
	if (page != NULL && --page->users == 0)
		free(page);
}

static void table_set(struct saved_page **entry, struct saved_page *page)
{
	if (page != NULL)
		page->users++;
	page_release(*entry);
	*entry = page;
}

static void table_free(struct saved_page **table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		page_release(table[i]);
	free(table);
}

static void forget_dirty(struct machine *m)
{
	phys_clean(&m->mem, PHYS_SNAPSHOT);
	for (unsigned i = 0; i < m->cpu_count; i++)
		mmu_drop_cache(&m->cores[i].mmu);
}

struct snapshot_store *snapshot_store_create(struct machine *m)
{
	struct snapshot_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->machine = m;
	store->page_count = m->mem.size >> PAGE_SHIFT;
	store->last = calloc(store->page_count, sizeof(struct saved_page *));
	if (store->last == NULL) {
		free(store);
		return NULL;
	}
	return store;
}

void snapshot_store_destroy(struct snapshot_store *store)
{
	if (store == NULL)
		return;
	table_free(store->last, store->page_count);
	free(store);
}

/* --- taking --- */

/* Brings store->last up to date with RAM: every page written since is copied. */
static bool save_dirty_pages(struct snapshot_store *store)
{
	struct machine *m = store->machine;
	const struct phys_dirty *dirty = &m->mem.dirty[PHYS_SNAPSHOT];

	store->same = NULL;
	for (uint32_t i = 0; i < dirty->count; i++) {
		struct saved_page *page = malloc(sizeof(*page));

		if (page == NULL)
			return false;
		page->users = 0;
		memcpy(page->bytes, phys_host(&m->mem, dirty->pages[i]), PAGE_SIZE);
		table_set(&store->last[dirty->pages[i]], page);
	}
	forget_dirty(m);
	return true;
}

static size_t parts_size(const struct machine *m)
{
	size_t size = 0;

	for (unsigned i = 0; i < m->state.count; i++)
		size += m->state.at[i].size;
	return size;
}

static void save_parts(const struct machine *m, uint8_t *to)
{
	for (unsigned i = 0; i < m->state.count; i++) {
		memcpy(to, m->state.at[i].data, m->state.at[i].size);
		to += m->state.at[i].size;
	}
}

static bool save_attached(const struct machine *m, struct snapshot *s)
{
	for (unsigned i = 0; i < ATTACHED_MAX; i++) {
		s->attached[i] = m->attached[i];
		if (s->attached[i].data == NULL)
			continue;
		s->copies[i] = malloc(s->attached[i].size);
		if (s->copies[i] == NULL)
			return false;
		memcpy(s->copies[i], s->attached[i].data, s->attached[i].size);
	}
	return true;
}

static bool save_stores(const struct machine *m, struct snapshot *s)
{
	for (unsigned i = 0; i < m->stores.count; i++) {
		s->stores[i] = blocks_save(m->stores.at[i].blocks);
		if (s->stores[i] == NULL)
			return false;
	}
	return true;
}

struct snapshot *snapshot_take(struct snapshot_store *store)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->parts = malloc(parts_size(store->machine));
	s->pages = calloc(store->page_count, sizeof(struct saved_page *));
	if (s->parts == NULL || s->pages == NULL || !save_attached(store->machine, s) ||
		!save_stores(store->machine, s) || !save_dirty_pages(store)) {
		snapshot_drop(store, s);
		return NULL;
	}
	save_parts(store->machine, s->parts);
	for (size_t i = 0; i < store->page_count; i++)
		table_set(&s->pages[i], store->last[i]);
	store->same = s;
	return s;
}

void snapshot_drop(struct snapshot_store *store, struct snapshot *s)
{
	if (s == NULL)
		return;
	if (store->same == s)
		store->same = NULL;
	if (s->pages != NULL)
		table_free(s->pages, store->page_count);
	for (unsigned i = 0; i < ATTACHED_MAX; i++)
		free(s->copies[i]);
	for (unsigned i = 0; i < STATE_STORES_MAX; i++)
		blocks_saved_free(s->stores[i]);
	free(s->parts);
	free(s);
}

/* --- restoring --- */

static void restore_page(struct machine *m, uint32_t number, const struct saved_page *page)
{
	phys_will_write(&m->mem, number, 0, PAGE_SIZE);
	if (page != NULL)
		memcpy(phys_host(&m->mem, number), page->bytes, PAGE_SIZE);
	else
		memset(phys_host(&m->mem, number), 0, PAGE_SIZE);
}

static void restore_pages(struct snapshot_store *store, const struct snapshot *s)
{
	struct machine *m = store->machine;
	const struct phys_dirty *dirty = &m->mem.dirty[PHYS_SNAPSHOT];
	uint32_t written = dirty->count; /* restoring other pages makes the list longer */

	for (uint32_t i = 0; i < written; i++)
		restore_page(m, dirty->pages[i], s->pages[dirty->pages[i]]);
	for (uint32_t i = 0; store->same != s && i < store->page_count; i++) {
		if (store->last[i] == s->pages[i])
			continue;
		restore_page(m, i, s->pages[i]);
		table_set(&store->last[i], s->pages[i]);
	}
	store->same = s;
	forget_dirty(m);
}

static void restore_parts(struct machine *m, const uint8_t *from)
{
	for (unsigned i = 0; i < m->state.count; i++) {
		memcpy(m->state.at[i].data, from, m->state.at[i].size);
		from += m->state.at[i].size;
	}
}

/* What is still there of what was attached. */
static void restore_attached(struct machine *m, const struct snapshot *s)
{
	for (unsigned i = 0; i < ATTACHED_MAX; i++)
		for (unsigned k = 0; k < ATTACHED_MAX && s->attached[i].data != NULL; k++)
			if (m->attached[k].data == s->attached[i].data)
				memcpy(m->attached[k].data, s->copies[i], s->attached[i].size);
}

void snapshot_restore(struct snapshot_store *store, const struct snapshot *s)
{
	struct machine *m = store->machine;

	restore_pages(store, s);
	restore_parts(m, s->parts);
	restore_attached(m, s);
	for (unsigned i = 0; i < m->stores.count; i++)
		blocks_restore(m->stores.at[i].blocks, s->stores[i]);
	machine_state_changed(m);
}
