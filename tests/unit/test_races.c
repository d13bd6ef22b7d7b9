/* test_races.c - the race detector on random traces against a reference that keeps every access and
 * draws every edge; and each kind of edge, there and not there. */
#include "sim/base/rng.h"
#include "sim/replay/races.h"
#include "tests/unit/unit.h"

#define CORES     4
#define EVENTS    60
#define TRACES    30000
#define DATA      0x1000u /* bytes that are data: 64 of them */
#define DATA_SIZE 64
#define LOCKS     0x2000u /* words that synchronise */
#define LOCK_MAX  3
#define END       0x4000u

enum what { ACCESS, SEND, TAKE, START };

struct item {
	enum what event;
	struct mem_access access;
	unsigned to, number; /* of a message */
};

/* --- the reference: before[i][k], event k is ordered before event i --- */

struct reference {
	unsigned count;
	struct item item[EVENTS];
	bool before[EVENTS][EVENTS];
};

static void order(struct reference *r, unsigned first, unsigned second)
{
	r->before[second][first] = true;
	for (unsigned k = 0; k < first; k++)
		r->before[second][k] |= r->before[first][k];
}

static bool is_sync(const struct item *i)
{
	return i->event == ACCESS && i->access.pa >= LOCKS;
}

static bool stores(const struct item *i)
{
	return i->access.kind != MEM_LOAD;
}

/* The events whose effect this one takes over. */
static void draw_edges(struct reference *r, unsigned n)
{
	const struct item *i = &r->item[n];
	unsigned core = i->access.core;

	for (unsigned k = n; k-- > 0;) /* program order */
		if (r->item[k].access.core == core) {
			order(r, k, n);
			break;
		}
	for (unsigned k = n; k-- > 0 && is_sync(i) && i->access.kind != MEM_STORE;)
		if (is_sync(&r->item[k]) && r->item[k].access.pa == i->access.pa &&
			stores(&r->item[k])) {
			order(r, k, n); /* it reads from this store */
			break;
		}
	for (unsigned k = n; k-- > 0 && i->event == TAKE;) {
		const struct item *m = &r->item[k];

		if (m->event == TAKE && m->access.core == core && m->number == i->number)
			break;
		if (m->event == SEND && m->to == core && m->number == i->number)
			order(r, k, n);
	}
	for (unsigned k = 0; k < n; k++)
		if (r->item[k].event == START && r->item[k].to == core)
			order(r, k, n);
}

static bool conflict(const struct item *a, const struct item *b)
{
	return a->event == ACCESS && b->event == ACCESS && !is_sync(a) && !is_sync(b) &&
	       a->access.core != b->access.core && (stores(a) || stores(b)) &&
	       a->access.pa < b->access.pa + b->access.size &&
	       b->access.pa < a->access.pa + a->access.size;
}

/* Does event n race with k? */
static bool races_with(const struct reference *r, unsigned n, unsigned k)
{
	return conflict(&r->item[n], &r->item[k]) && !r->before[n][k];
}

static bool races_at(const struct reference *r, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (races_with(r, n, k))
			return true;
	return false;
}

/* --- random traces --- */

static struct item random_item(struct rng *rng, unsigned n)
{
	struct item i = {.event = ACCESS,
		.access = {.step = n, .rip = n, .core = (uint8_t)rng_below(rng, CORES)}};
	unsigned size = 1u << rng_below(rng, 4);

	switch (rng_below(rng, 12)) {
	case 0:
		i.event = (enum what)(SEND + rng_below(rng, 2));
		i.number = (unsigned)rng_below(rng, 2);
		i.to = (unsigned)rng_below(rng, CORES);
		break;
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		i.access.pa = LOCKS + 4 * rng_below(rng, LOCK_MAX);
		i.access.size = 4;
		i.access.kind = (uint8_t)rng_below(rng, 4);
		break;
	default:
		if (rng_below(rng, 8) == 0)
			size = 3 + (unsigned)rng_below(rng, 14);
		i.access.size = size;
		i.access.pa = DATA + rng_below(rng, DATA_SIZE - size + 1);
		i.access.kind = (uint8_t)rng_below(rng, 3);
	}
	return i;
}

static bool feed(struct races *races, const struct item *i, struct race *race)
{
	switch (i->event) {
	case ACCESS:
		return races_access(races, &i->access, RACE_DATA, i->access.core, race);
	case SEND:
		races_send(races, i->access.core, i->to, i->number);
		return false;
	case TAKE:
		races_take(races, i->access.core, i->number);
		return false;
	case START:
		races_start(races, i->access.core, i->to);
	}
	return false;
}

/* To the first race, which both must see in the same access; whom it is with, too. True: there was
 * one. */
static bool same_trace(struct rng *rng)
{
	struct races *races = races_create(CORES, END);
	struct reference r = {0};
	struct race race;
	bool found = false;

	races_mark(races, LOCKS, 4 * LOCK_MAX);
	while (r.count < EVENTS && !found) {
		unsigned n = r.count++;

		r.item[n] = random_item(rng, n);
		draw_edges(&r, n);
		found = feed(races, &r.item[n], &race);
		ck_assert(found == races_at(&r, n));
		if (found) {
			unsigned k = (unsigned)race.first.step;

			ck_assert(races_with(&r, n, k));
			ck_assert_uint_eq(race.first.core, r.item[k].access.core);
			ck_assert_uint_eq(race.first.tag, r.item[k].access.core);
			ck_assert_int_eq((int)race.first.kind, r.item[k].access.kind);
			ck_assert_uint_lt(race.pa - r.item[k].access.pa, r.item[k].access.size);
			ck_assert_uint_lt(race.pa - r.item[n].access.pa, r.item[n].access.size);
			ck_assert_uint_eq(race.second.step, n);
		}
	}
	ck_assert(!races_overflow(races));
	races_destroy(races);
	return found;
}

START_TEST(as_the_reference_says)
{
	struct rng rng = rng_from(stream_seed(1, "races"));
	unsigned with = 0;

	for (unsigned i = 0; i < TRACES; i++)
		with += same_trace(&rng);
	ck_assert_uint_gt(with, TRACES / 4);
	ck_assert_uint_lt(with, TRACES - TRACES / 100);
}
END_TEST

/* --- each kind of edge: with it there is no race, without it there is --- */

static struct item at(unsigned core, enum mem_kind kind, uint64_t pa)
{
	static const struct item zero;
	struct item i = zero;

	i.access = (struct mem_access){.core = (uint8_t)core, .kind = kind, .pa = pa, .size = 4};
	return i;
}

static struct item message(enum what event, unsigned core, unsigned to)
{
	struct item i = at(core, MEM_LOAD, 0);

	i.event = event;
	i.to = to;
	i.number = 0x20;
	return i;
}

#define PIECES 6

/* Core 0 stores, the pieces happen, core 1 loads. Does it race? */
static bool with_between(const struct item pieces[PIECES], bool mark)
{
	struct races *races = races_create(CORES, END);
	const struct item first = at(0, MEM_STORE, DATA), last = at(1, MEM_LOAD, DATA);
	struct race race;
	bool found;

	if (mark)
		races_mark(races, LOCKS, 4);
	found = feed(races, &first, &race);
	for (unsigned i = 0; i < PIECES && pieces[i].access.size != 0; i++)
		found |= feed(races, &pieces[i], &race);
	ck_assert(!found);
	found = feed(races, &last, &race);
	races_destroy(races);
	return found;
}

START_TEST(each_edge_orders)
{
	const struct item lock[PIECES] = {at(0, MEM_LOCKED, LOCKS), at(1, MEM_LOCKED, LOCKS)};
	const struct item unlock[PIECES] = {
		at(0, MEM_LOCKED, LOCKS), at(0, MEM_STORE, LOCKS), at(1, MEM_LOCKED, LOCKS)};
	const struct item polled[PIECES] = {at(0, MEM_LOCKED, LOCKS), at(1, MEM_LOAD, LOCKS)};
	const struct item flag[PIECES] = {at(0, MEM_STORE, LOCKS), at(1, MEM_LOAD, LOCKS)};
	const struct item ipi[PIECES] = {message(SEND, 0, 1), message(TAKE, 1, 0)};
	const struct item start[PIECES] = {message(START, 0, 1)};
	const struct item chain[PIECES] = {at(0, MEM_LOCKED, LOCKS), at(2, MEM_LOCKED, LOCKS),
		message(SEND, 2, 1), message(TAKE, 1, 0)};

	ck_assert(!with_between(lock, false));
	ck_assert(!with_between(unlock, false));
	ck_assert(!with_between(polled, false));
	ck_assert(!with_between(flag, true));
	ck_assert(!with_between(ipi, false));
	ck_assert(!with_between(start, false));
	ck_assert(!with_between(chain, false));
}
END_TEST

START_TEST(without_the_edge_it_is_a_race)
{
	const struct item none[PIECES] = {at(2, MEM_LOAD, LOCKS)};
	const struct item other_lock[PIECES] = {
		at(0, MEM_LOCKED, LOCKS), at(1, MEM_LOCKED, LOCKS + 4)};
	const struct item backwards[PIECES] = {at(1, MEM_LOCKED, LOCKS), at(0, MEM_LOCKED, LOCKS)};
	const struct item only_stored[PIECES] = {at(0, MEM_LOCKED, LOCKS), at(1, MEM_STORE, LOCKS)};
	const struct item not_taken[PIECES] = {message(SEND, 0, 1)};
	const struct item to_another[PIECES] = {message(SEND, 0, 2), message(TAKE, 1, 0)};
	const struct item overwritten[PIECES] = {
		at(0, MEM_STORE, LOCKS), at(2, MEM_STORE, LOCKS), at(1, MEM_LOAD, LOCKS)};

	ck_assert(with_between(none, true));
	ck_assert(with_between(other_lock, false));
	ck_assert(with_between(backwards, false));
	ck_assert(with_between(only_stored, false));
	ck_assert(with_between(not_taken, false));
	ck_assert(with_between(to_another, false));
	ck_assert(with_between(overwritten, true));
}
END_TEST

START_TEST(the_report_says_what_would_have_ordered_them)
{
	struct races *races = races_create(CORES, END);
	struct item events[] = {at(0, MEM_STORE, DATA), at(0, MEM_LOCKED, LOCKS),
		at(1, MEM_LOCKED, LOCKS + 8), at(1, MEM_UPDATE, DATA)};
	struct race race;

	for (unsigned i = 0; i < ARRAY_LEN(events); i++) {
		events[i].access.step = 100 + i;
		events[i].access.rip = 0x500 + i;
		ck_assert(feed(races, &events[i], &race) == (i == 3));
	}
	ck_assert(race.released.any);
	ck_assert_uint_eq(race.released.pa, LOCKS);
	ck_assert_uint_eq(race.released.step, 101);
	ck_assert_uint_eq(race.released.rip, 0x501);
	ck_assert(race.acquired.any);
	ck_assert_uint_eq(race.acquired.pa, LOCKS + 8);
	ck_assert_int_eq((int)race.second.kind, MEM_UPDATE);
	races_destroy(races);
}
END_TEST

/* What was before is forgotten, but not that a place synchronises. */
START_TEST(forgetting_keeps_what_synchronises)
{
	const struct item events[] = {
		at(0, MEM_STORE, LOCKS), at(1, MEM_LOAD, LOCKS), at(1, MEM_STORE, DATA)};
	const struct item lock = at(0, MEM_LOCKED, LOCKS), store = at(0, MEM_STORE, DATA);
	struct races *races = races_create(CORES, END);
	struct race race;

	ck_assert(!feed(races, &lock, &race));
	ck_assert(!feed(races, &store, &race));
	races_forget(races);
	for (unsigned i = 0; i < ARRAY_LEN(events); i++)
		ck_assert(!feed(races, &events[i], &race));
	ck_assert(feed(races, &store, &race));
	races_destroy(races);
}
END_TEST

/* A load that is not remembered is checked all the same. */
START_TEST(loads_that_may_be_torn)
{
	struct item store = at(0, MEM_STORE, DATA), load = at(1, MEM_LOAD, DATA);
	struct races *races = races_create(CORES, END);
	struct race race;

	ck_assert(!races_access(races, &load.access, RACE_READ, 0, &race));
	ck_assert(!races_access(races, &store.access, RACE_DATA, 0, &race));
	ck_assert(races_access(races, &load.access, RACE_READ, 0, &race));
	races_destroy(races);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {as_the_reference_says, each_edge_orders,
		without_the_edge_it_is_a_race, the_report_says_what_would_have_ordered_them,
		forgetting_keeps_what_synchronises, loads_that_may_be_torn};

	return unit_run("races", tests, ARRAY_LEN(tests));
}
