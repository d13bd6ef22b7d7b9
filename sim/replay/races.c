#include "sim/replay/races.h"

#include <stdlib.h>

#define RECORDS_MAX (UINT32_C(1) << 22)
#define SYNCS_MAX   (UINT32_C(1) << 16)
#define CELLS       (PAGE_SIZE / 8)

/* A vector clock: entries beyond the cores are 0. */
struct clock {
	uint32_t at[MACHINE_CPUS_MAX];
};

/* An access that counts for the bytes of a cell in the mask; clock is its core's own entry. */
struct record {
	uint64_t step, rip;
	uint32_t clock, tag;
	uint32_t next;
	uint8_t mask, core, kind, user;
};

/* Eight bytes of RAM. Each of its halves may synchronise, as far as the mask says. */
struct cell {
	uint32_t records; /* a list; 0: none */
	uint32_t sync[2]; /* numbers of clocks; 0: none */
	uint8_t synchronises;
};

struct shadow_page {
	struct cell cells[CELLS];
};

struct core_clock {
	struct clock clock;
	struct race_sync released, acquired;
	uint32_t released_at; /* the core's entry when it released */
	struct clock *messages[RACE_MESSAGES];
};

struct races {
	unsigned cores;
	struct core_clock *core;
	uint64_t page_count;
	struct shadow_page **pages;
	uint32_t record_count, record_room, record_free;
	struct record *records; /* number 0 is not used */
	uint32_t sync_count, sync_room;
	struct clock *syncs; /* the same */
	bool overflow;
};

/* --- clocks --- */

static void join(const struct races *r, struct clock *to, const struct clock *from)
{
	for (unsigned i = 0; i < r->cores; i++)
		if (from->at[i] > to->at[i])
			to->at[i] = from->at[i];
}

static void tick(struct races *r, unsigned core)
{
	r->core[core].clock.at[core]++;
}

/* --- life --- */

static void begin(struct races *r)
{
	for (unsigned i = 0; i < r->cores; i++) {
		struct core_clock *c = &r->core[i];

		for (unsigned k = 0; k < RACE_MESSAGES; k++)
			free(c->messages[k]);
		*c = (struct core_clock){0};
		c->clock.at[i] = 1;
	}
	r->record_count = r->sync_count = 1;
	r->record_free = 0;
}

struct races *races_create(unsigned cores, uint64_t end)
{
	struct races *r = calloc(1, sizeof(*r));

	SIM_ASSERT(r != NULL);
	r->cores = cores;
	r->core = calloc(cores, sizeof(r->core[0]));
	r->page_count = (end + PAGE_SIZE - 1) / PAGE_SIZE;
	r->pages = calloc(r->page_count, sizeof(struct shadow_page *));
	SIM_ASSERT(r->core != NULL);
	SIM_ASSERT(r->pages != NULL);
	begin(r);
	return r;
}

void races_destroy(struct races *r)
{
	if (r == NULL)
		return;
	begin(r);
	for (uint64_t i = 0; i < r->page_count; i++)
		free(r->pages[i]);
	free(r->pages);
	free(r->records);
	free(r->syncs);
	free(r->core);
	free(r);
}

void races_forget(struct races *r)
{
	begin(r);
	for (uint64_t i = 0; i < r->page_count; i++) {
		for (unsigned k = 0; r->pages[i] != NULL && k < CELLS; k++) {
			struct cell *cell = &r->pages[i]->cells[k];

			*cell = (struct cell){.synchronises = cell->synchronises};
		}
	}
}

bool races_overflow(const struct races *r)
{
	return r->overflow;
}

/* --- what is remembered of bytes --- */

static struct cell *cell_at(struct races *r, uint64_t pa)
{
	struct shadow_page **page = &r->pages[pa / PAGE_SIZE];

	if (*page == NULL) {
		*page = calloc(1, sizeof(**page));
		SIM_ASSERT(*page != NULL);
	}
	return &(*page)->cells[pa % PAGE_SIZE / 8];
}

/* The array with room for one more. */
static void *grown(void *array, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room != 0 ? 2 * *room : 1024;
	array = realloc(array, *room * size);
	SIM_ASSERT(array != NULL);
	return array;
}

/* The number of a free record; 0: there is no room. */
static uint32_t new_record(struct races *r)
{
	uint32_t n = r->record_free;

	if (n != 0) {
		r->record_free = r->records[n].next;
		return n;
	}
	if (r->record_count == RECORDS_MAX) {
		r->overflow = true;
		return 0;
	}
	r->records = grown(r->records, r->record_count, &r->record_room, sizeof(r->records[0]));
	return r->record_count++;
}

/* The clock of a half of a cell; NULL: no room. */
static struct clock *sync_clock(struct races *r, struct cell *cell, unsigned half)
{
	if (cell->sync[half] == 0 && r->sync_count == SYNCS_MAX) {
		r->overflow = true;
		return NULL;
	}
	if (cell->sync[half] == 0) {
		r->syncs = grown(r->syncs, r->sync_count, &r->sync_room, sizeof(r->syncs[0]));
		r->syncs[r->sync_count] = (struct clock){{0}};
		cell->sync[half] = r->sync_count++;
	}
	return &r->syncs[cell->sync[half]];
}

static void forget_bytes(struct races *r, struct cell *cell, uint8_t mask)
{
	uint32_t *link = &cell->records;

	while (*link != 0) {
		struct record *old = &r->records[*link];
		uint32_t n = *link;

		old->mask &= (uint8_t)~mask;
		if (old->mask != 0) {
			link = &old->next;
			continue;
		}
		*link = old->next;
		old->next = r->record_free;
		r->record_free = n;
	}
}

/* --- data --- */

static bool is_store(unsigned kind)
{
	return kind != MEM_LOAD;
}

static bool is_before(const struct races *r, const struct record *old, unsigned core)
{
	return old->clock <= r->core[core].clock.at[old->core];
}

/* A piece of an access that lies in one cell. */
struct piece {
	const struct mem_access *access;
	struct cell *cell;
	uint64_t base; /* of the cell */
	uint8_t mask;
	enum race_use use;
	uint32_t tag;
};

static void describe(
	struct races *r, const struct piece *p, const struct record *old, struct race *race)
{
	const struct mem_access *a = p->access;
	const struct core_clock *first = &r->core[old->core];

	*race = (struct race){
		.pa = p->base + (unsigned)__builtin_ctz(old->mask & p->mask),
		.first = {old->step, old->rip, old->core, (enum mem_kind)old->kind, old->user,
			old->tag},
		.second = {a->step, a->rip, a->core, (enum mem_kind)a->kind, a->user, p->tag},
		.acquired = r->core[a->core].acquired,
	};
	if (first->released.any && first->released_at >= old->clock)
		race->released = first->released;
}

static bool find_race(struct races *r, const struct piece *p, struct race *race)
{
	const struct mem_access *a = p->access;

	for (uint32_t n = p->cell->records; n != 0; n = r->records[n].next) {
		const struct record *old = &r->records[n];

		if ((old->mask & p->mask) == 0 || old->core == a->core ||
			(!is_store(a->kind) && !is_store(old->kind)) || is_before(r, old, a->core))
			continue;
		describe(r, p, old, race);
		return true;
	}
	return false;
}

/* A load takes the place of earlier loads that come before it; a store, of all. */
static void remember(struct races *r, const struct piece *p)
{
	const struct mem_access *a = p->access;
	uint32_t n;

	if (is_store(a->kind)) {
		forget_bytes(r, p->cell, p->mask);
	} else {
		for (n = p->cell->records; n != 0; n = r->records[n].next) {
			struct record *old = &r->records[n];

			if (!is_store(old->kind) && is_before(r, old, a->core))
				old->mask &= (uint8_t)~p->mask;
		}
		forget_bytes(r, p->cell, 0);
	}
	n = new_record(r);
	if (n == 0)
		return;
	r->records[n] = (struct record){
		.step = a->step,
		.rip = a->rip,
		.clock = r->core[a->core].clock.at[a->core],
		.tag = p->tag,
		.next = p->cell->records,
		.mask = p->mask,
		.core = a->core,
		.kind = a->kind,
		.user = a->user,
	};
	p->cell->records = n;
}

/* The core has done the same since its clock last moved, and nobody since. */
static bool is_known(const struct races *r, const struct piece *p)
{
	const struct mem_access *a = p->access;
	const struct record *last;

	if (p->cell->records == 0)
		return false;
	last = &r->records[p->cell->records];
	return last->core == a->core && (last->mask & p->mask) == p->mask &&
	       last->clock == r->core[a->core].clock.at[a->core] &&
	       (is_store(last->kind) || !is_store(a->kind));
}

static bool data_access(struct races *r, const struct piece *p, struct race *race)
{
	bool found;

	if (is_known(r, p))
		return false;
	found = find_race(r, p, race);
	if (p->use != RACE_READ)
		remember(r, p);
	return found;
}

/* --- synchronisation --- */

/* What a half's clock becomes: that of the core alone if the store covers all of it that
 * synchronises, since whoever reads it reads from this store. */
static void release_half(struct races *r, const struct piece *p, unsigned half)
{
	const struct clock *own = &r->core[p->access->core].clock;
	uint8_t bytes = p->cell->synchronises & (uint8_t)(0xf << 4 * half);
	struct clock *c = sync_clock(r, p->cell, half);

	if (c == NULL)
		return;
	if ((bytes & ~p->mask) == 0)
		*c = *own;
	else
		join(r, c, own);
}

static void sync_access(struct races *r, const struct piece *p)
{
	const struct mem_access *a = p->access;
	struct core_clock *core = &r->core[a->core];
	const struct race_sync here = {true, a->pa, a->step, a->rip};

	for (unsigned half = 0; half < 2; half++) {
		if ((p->mask & 0xf << 4 * half) == 0)
			continue;
		if (a->kind != MEM_STORE && p->cell->sync[half] != 0)
			join(r, &core->clock, &r->syncs[p->cell->sync[half]]);
		if (is_store(a->kind))
			release_half(r, p, half);
	}
	if (a->kind != MEM_STORE)
		core->acquired = here;
	if (is_store(a->kind)) {
		core->released = here;
		core->released_at = core->clock.at[a->core];
	}
}

/* A place begins to synchronise with a load: it takes over at least what the core had done that
 * stored last. */
static void adopt(struct races *r, const struct piece *p)
{
	struct clock *own = &r->core[p->access->core].clock;

	for (uint32_t n = p->cell->records; n != 0; n = r->records[n].next) {
		const struct record *old = &r->records[n];

		if ((old->mask & p->mask) && is_store(old->kind) && old->clock > own->at[old->core])
			own->at[old->core] = old->clock;
	}
}

static bool piece_access(struct races *r, struct piece p, struct race *race)
{
	uint8_t all = p.mask;

	if (p.use == RACE_SYNC || p.access->kind == MEM_LOCKED) {
		if (p.access->kind != MEM_STORE)
			adopt(r, &p);
		p.cell->synchronises |= p.mask;
		forget_bytes(r, p.cell, p.mask);
	}
	p.mask = all & p.cell->synchronises;
	if (p.mask != 0)
		sync_access(r, &p);
	p.mask = all & (uint8_t)~p.cell->synchronises;
	return p.mask != 0 && data_access(r, &p, race);
}

void races_mark(struct races *r, uint64_t pa, uint64_t size)
{
	for (uint64_t at = pa; at < pa + size && at < r->page_count * PAGE_SIZE; at++) {
		struct cell *cell = cell_at(r, at);

		cell->synchronises |= (uint8_t)(1u << at % 8);
		forget_bytes(r, cell, (uint8_t)(1u << at % 8));
	}
}

static bool releases(const struct races *r, const struct mem_access *a)
{
	return r->core[a->core].released.any && r->core[a->core].released.step == a->step &&
	       r->core[a->core].released_at == r->core[a->core].clock.at[a->core];
}

bool races_access(struct races *r, const struct mem_access *a, enum race_use use, uint32_t tag,
	struct race *race)
{
	uint64_t end = a->pa + a->size;
	bool found = false;

	if (end > r->page_count * PAGE_SIZE)
		return false;
	for (uint64_t base = a->pa & ~UINT64_C(7); base < end; base += 8) {
		unsigned first = base < a->pa ? (unsigned)(a->pa - base) : 0;
		unsigned last = (unsigned)min_u64(8, end - base);
		struct piece p = {a, cell_at(r, base), base,
			(uint8_t)((1u << last) - (1u << first)), use, tag};
		struct race other;

		if (piece_access(r, p, found ? &other : race))
			found = true;
	}
	if (releases(r, a))
		tick(r, a->core);
	return found;
}

/* --- messages --- */

void races_send(struct races *r, unsigned from, unsigned to, unsigned number)
{
	struct clock **c = &r->core[to].messages[number];

	if (*c == NULL) {
		*c = calloc(1, sizeof(**c));
		SIM_ASSERT(*c != NULL);
	}
	join(r, *c, &r->core[from].clock);
	tick(r, from);
}

void races_take(struct races *r, unsigned core, unsigned number)
{
	struct clock **c = &r->core[core].messages[number];

	if (*c == NULL)
		return;
	join(r, &r->core[core].clock, *c);
	free(*c);
	*c = NULL;
}

void races_start(struct races *r, unsigned from, unsigned to)
{
	join(r, &r->core[to].clock, &r->core[from].clock);
	tick(r, from);
}
