/* The event queue against a list that is searched from end to end. */
#include "sim/base/event.h"

#include "sim/base/rng.h"
#include "tests/unit/unit.h"

struct reference {
	struct event at[EVENT_MAX];
	bool used[EVENT_MAX];
	uint64_t seq;
};

static size_t reference_find(const struct reference *r, uint32_t owner, uint32_t what)
{
	size_t i = 0;

	while (i < EVENT_MAX && !(r->used[i] && r->at[i].owner == owner && r->at[i].what == what))
		i++;
	return i;
}

static void reference_schedule(struct reference *r, uint32_t owner, uint32_t what, uint64_t due)
{
	size_t i = reference_find(r, owner, what);

	for (size_t j = 0; i == EVENT_MAX && j < EVENT_MAX; j++)
		if (!r->used[j])
			i = j;
	r->at[i] = (struct event){due, r->seq++, owner, what};
	r->used[i] = true;
}

static size_t reference_soonest(const struct reference *r)
{
	size_t best = EVENT_MAX;

	for (size_t i = 0; i < EVENT_MAX; i++) {
		if (!r->used[i])
			continue;
		if (best == EVENT_MAX || r->at[i].due < r->at[best].due ||
			(r->at[i].due == r->at[best].due && r->at[i].seq < r->at[best].seq))
			best = i;
	}
	return best;
}

static void agree_on_next(const struct event_queue *q, const struct reference *r)
{
	size_t best = reference_soonest(r);

	if (best == EVENT_MAX)
		ck_assert_uint_eq(event_next_due(q), EVENT_NEVER);
	else
		ck_assert_uint_eq(event_next_due(q), r->at[best].due);
}

static void one_operation(struct event_queue *q, struct reference *r, struct rng *rng)
{
	uint32_t owner = (uint32_t)rng_below(rng, 8), what = (uint32_t)rng_below(rng, 5);
	size_t i;

	switch (rng_below(rng, 4)) {
	case 0:
	case 1: {
		uint64_t due = rng_below(rng, 20); /* few values: many ties */

		event_schedule(q, owner, what, due);
		reference_schedule(r, owner, what, due);
		break;
	}
	case 2:
		event_cancel(q, owner, what);
		i = reference_find(r, owner, what);
		if (i < EVENT_MAX)
			r->used[i] = false;
		break;
	default:
		i = reference_soonest(r);
		if (i == EVENT_MAX)
			break;
		struct event e = event_take(q);
		ck_assert_mem_eq(&e, &r->at[i], sizeof(e));
		r->used[i] = false;
	}
	i = reference_find(r, owner, what);
	ck_assert_uint_eq(event_due(q, owner, what), i < EVENT_MAX ? r->at[i].due : EVENT_NEVER);
}

START_TEST(agrees_with_reference)
{
	static struct event_queue q;
	static struct reference r;
	struct rng rng = rng_from(stream_seed(1, "test_event"));

	for (int i = 0; i < 20000; i++) {
		one_operation(&q, &r, &rng);
		agree_on_next(&q, &r);
	}
}
END_TEST

START_TEST(equal_dues_keep_order)
{
	static struct event_queue q;

	event_schedule(&q, 1, 0, 5);
	event_schedule(&q, 2, 0, 5);
	event_schedule(&q, 1, 0, 5); /* scheduled again: now behind */
	ck_assert_uint_eq(event_take(&q).owner, 2);
	ck_assert_uint_eq(event_take(&q).owner, 1);
	ck_assert_uint_eq(q.count, 0);
}
END_TEST

START_TEST(unused_places_are_zero)
{
	static struct event_queue q, empty;

	event_schedule(&q, 1, 0, 5);
	event_schedule(&q, 2, 0, 4);
	event_take(&q);
	event_cancel(&q, 1, 0);
	ck_assert_mem_eq(q.at, empty.at, sizeof(q.at));
}
END_TEST

/* A full queue takes a move, but one more name is a bug of ringv. */
START_TEST(overflow_is_a_bug)
{
	static struct event_queue q;

	for (uint32_t i = 0; i < EVENT_MAX; i++)
		event_schedule(&q, i, 0, 1000 - i);
	event_schedule(&q, 0, 0, 2);
	ck_assert_uint_eq(q.count, EVENT_MAX);
	ck_assert_uint_eq(event_due(&q, 0, 0), 2);
	event_schedule(&q, EVENT_MAX, 0, 1); /* ends the process with SIM_BUG */
}
END_TEST

START_TEST(taking_from_nothing_is_a_bug)
{
	static struct event_queue q;

	event_take(&q);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		agrees_with_reference, equal_dues_keep_order, unused_places_are_zero};

	const TTest *const bugs[] = {overflow_is_a_bug, taking_from_nothing_is_a_bug};

	return unit_run("event", tests, ARRAY_LEN(tests)) |
	       unit_run_bugs("event bugs", bugs, ARRAY_LEN(bugs));
}
