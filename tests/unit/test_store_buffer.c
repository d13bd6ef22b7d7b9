/* The store buffer against a reference that keeps every store in a list and looks byte by byte. */
#include "sim/base/rng.h"
#include "sim/mmu/store_buffer.h"
#include "tests/unit/unit.h"

#define RAM_SIZE  (4 * PAGE_SIZE)
#define LISTED    1000
#define OPERATION 2000

struct listed {
	uint64_t pa, due;
	unsigned size;
	uint8_t data[STORE_BYTES];
};

/* Those from `first` on have not left. */
struct reference {
	uint8_t ram[RAM_SIZE];
	unsigned first, count;
	bool held;
	struct listed at[LISTED];
};

static void reference_leave(struct reference *r)
{
	const struct listed *s = &r->at[r->first++];

	memcpy(r->ram + s->pa, s->data, s->size);
}

static void reference_push(
	struct reference *r, uint64_t pa, const void *data, unsigned size, uint64_t due)
{
	struct listed *s = &r->at[r->count++];

	if (r->count - r->first > STORE_ENTRIES)
		reference_leave(r);
	*s = (struct listed){.pa = pa, .due = due, .size = size};
	memcpy(s->data, data, size);
}

static bool has_byte(const struct listed *s, uint64_t pa)
{
	return pa >= s->pa && pa < s->pa + s->size;
}

/* Number of the newest store with that byte; -1 if it is in RAM only. */
static int newest_of_byte(const struct reference *r, uint64_t pa)
{
	for (unsigned i = r->count; i-- > r->first;)
		if (has_byte(&r->at[i], pa))
			return (int)i;
	return -1;
}

/* What the load gets, and which stores it makes leave. */
static void reference_load(struct reference *r, uint64_t pa, uint8_t *data, unsigned size)
{
	int newest = -1;
	bool all = true;

	for (unsigned i = 0; i < size; i++)
		if (newest_of_byte(r, pa + i) > newest)
			newest = newest_of_byte(r, pa + i);
	for (unsigned i = 0; i < size; i++)
		all &= newest >= 0 && has_byte(&r->at[newest], pa + i);
	while (!all && newest >= (int)r->first)
		reference_leave(r);
	for (unsigned i = 0; i < size; i++)
		data[i] = all ? r->at[newest].data[pa + i - r->at[newest].pa] : r->ram[pa + i];
}

struct both {
	struct phys_mem mem;
	struct store_buffer b;
	struct reference r;
};

static void both_agree(const struct both *t)
{
	ck_assert_uint_eq(t->b.count, t->r.count - t->r.first);
	ck_assert_mem_eq(t->mem.ram, t->r.ram, RAM_SIZE);
}

/* Within 200 bytes, often the same ones, at the end of one page or the begin of another. */
static uint64_t any_place(struct rng *rng, unsigned size)
{
	uint64_t pa = rng_below(rng, 2) * PAGE_SIZE + rng_below(rng, 200);

	return (pa & PAGE_MASK) + size > PAGE_SIZE ? pa - size : pa;
}

static void check_load(struct both *t, struct rng *rng)
{
	unsigned size = 1 + (unsigned)rng_below(rng, 16);
	uint64_t pa = any_place(rng, size);
	uint8_t seen[16], loaded[16], expected[16];
	bool touched = stores_touch(&t->b, pa, size);

	ck_assert(phys_read(&t->mem, pa, seen, size));
	stores_overlay(&t->b, pa, seen, size);
	for (unsigned i = 0; i < size; i++) {
		int n = newest_of_byte(&t->r, pa + i);

		ck_assert_uint_eq(seen[i],
			n < 0 ? t->r.ram[pa + i] : t->r.at[n].data[pa + i - t->r.at[n].pa]);
		ck_assert(n < 0 || touched);
	}
	stores_load(&t->b, &t->mem, pa, loaded, size);
	reference_load(&t->r, pa, expected, size);
	ck_assert_mem_eq(loaded, expected, size);
	ck_assert_mem_eq(loaded, seen, size);
}

static void check_push(struct both *t, struct rng *rng, uint64_t now)
{
	unsigned size = 1 + (unsigned)rng_below(rng, 16);
	uint64_t pa = any_place(rng, size), due = now + rng_below(rng, 300);
	uint8_t data[16];

	for (unsigned i = 0; i < size; i++)
		data[i] = (uint8_t)rng_next(rng);
	stores_push(&t->b, &t->mem, pa, data, size, due);
	reference_push(&t->r, pa, data, size, due);
}

static void check_age(struct both *t, uint64_t now)
{
	stores_age(&t->b, &t->mem, now);
	while (!t->r.held && t->r.first < t->r.count && t->r.at[t->r.first].due <= now)
		reference_leave(&t->r);
}

static void check_drain(struct both *t)
{
	stores_drain(&t->b, &t->mem);
	while (t->r.first < t->r.count)
		reference_leave(&t->r);
	t->r.held = false;
	ck_assert_uint_eq(t->b.held, 0);
}

static void operate(struct both *t, struct rng *rng, uint64_t now)
{
	switch (rng_below(rng, 20)) {
	case 0:
		check_drain(t);
		break;
	case 1:
		t->b.held = t->r.held = rng_below(rng, 2);
		break;
	case 2:
	case 3:
		check_age(t, now);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		check_load(t, rng);
		break;
	default:
		if (t->r.count < LISTED)
			check_push(t, rng, now);
		break;
	}
}

START_TEST(as_the_reference)
{
	struct rng rng = rng_from((uint64_t)_i + 1);
	struct both *t = calloc(1, sizeof(*t));

	ck_assert(t != NULL && phys_init(&t->mem, RAM_SIZE));
	for (uint64_t now = 0; now < OPERATION; now++) {
		operate(t, &rng, now);
		both_agree(t);
	}
	phys_destroy(&t->mem);
	free(t);
}
END_TEST

/* What has left leaves nothing behind: the state is that of a buffer which never had it. */
START_TEST(empty_is_zero)
{
	static const struct store_entry zero;
	struct both *t = calloc(1, sizeof(*t));

	ck_assert(t != NULL && phys_init(&t->mem, RAM_SIZE));
	for (unsigned i = 0; i < 3 * STORE_ENTRIES; i++)
		stores_push(&t->b, &t->mem, i, &i, 4, 0);
	ck_assert_uint_eq(t->b.count, STORE_ENTRIES);
	stores_drain(&t->b, &t->mem);
	for (unsigned i = 0; i < STORE_ENTRIES; i++)
		ck_assert_mem_eq(&t->b.entry[i], &zero, sizeof(zero));
	ck_assert_uint_eq(t->b.pages, 0);
	phys_destroy(&t->mem);
	free(t);
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {{as_the_reference, 20}, {empty_is_zero, 1}};

	return unit_run_repeated("store buffer", tests, ARRAY_LEN(tests));
}
