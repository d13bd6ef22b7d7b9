/* Parlib's consumer of unbounded concurrent queues, against a producer that does what the kernel's
 * does, by its own lock. Locks and pauses of parlib are replaced by the host's.
 */
#include "sim/guest/parlib/ucq.c"
#undef BIT /* the target has its own */

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "sim/base/rng.h"
#include "tests/unit/unit.h"

#define MESSAGES 100000
#define THREADS  3

static _Atomic int pages; /* that exist and were not freed */
static pthread_mutex_t producers = PTHREAD_MUTEX_INITIALIZER;

void spin_pdr_lock(struct spin_pdr_lock *l)
{
	while (!__sync_bool_compare_and_swap(&l->holder, SPIN_PDR_UNLOCKED, 1))
		sched_yield();
}

void spin_pdr_unlock(struct spin_pdr_lock *l)
{
	__atomic_store_n(&l->holder, SPIN_PDR_UNLOCKED, __ATOMIC_SEQ_CST);
}

void cpu_relax_vc(unsigned int vcoreid)
{
	ck_assert_uint_eq(vcoreid, ANY_VCORE);
	sched_yield();
}

void ucq_free_page(void *page)
{
	pages--;
	free(page);
}

static struct ucq_page *new_page(void)
{
	struct ucq_page *page = aligned_alloc(UCQ_PAGE_SIZE, UCQ_PAGE_SIZE);

	ck_assert_ptr_nonnull(page);
	*page = (struct ucq_page){0};
	pages++;
	return page;
}

static void start(struct ucq *q)
{
	struct ucq_page *first = new_page();

	ucq_init(q, first, new_page());
}

static unsigned long draw(struct ucq *q)
{
	return __atomic_fetch_add(&q->prod_idx, 1, __ATOMIC_SEQ_CST);
}

/* The kernel's order of stores. */
static unsigned long turn_producers_page(struct ucq *q, unsigned long full)
{
	unsigned long spare = __atomic_exchange_n(&q->spare_pg, 0, __ATOMIC_SEQ_CST);
	struct ucq_page *page = spare != 0 ? (struct ucq_page *)spare : new_page();

	page->cons_next_pg = 0;
	page->nr_cons = 0;
	__atomic_store_n(&PAGE_OF(full)->cons_next_pg, (unsigned long)page, __ATOMIC_SEQ_CST);
	__atomic_store_n(&q->prod_idx, (unsigned long)page + 1, __ATOMIC_SEQ_CST);
	return (unsigned long)page;
}

static unsigned long draw_locked(struct ucq *q)
{
	unsigned long idx;

	pthread_mutex_lock(&producers);
	idx = draw(q);
	if (!slot_is_good(idx))
		idx = turn_producers_page(q, idx);
	q->prod_overflow = 0;
	pthread_mutex_unlock(&producers);
	return idx;
}

static unsigned long post(struct ucq *q, unsigned long number)
{
	unsigned long idx = q->prod_overflow ? ~0ul : draw(q);
	struct ucq_slot *s;

	if (idx == ~0ul || !slot_is_good(idx)) {
		q->prod_overflow = 1;
		idx = draw_locked(q);
	}
	s = &PAGE_OF(idx)->slot[NUMBER_OF(idx)];
	s->msg = (struct event_msg){.ev_type = EV_USER_IPI, .ev_arg4 = number};
	__atomic_store_n(&s->ready, 1, __ATOMIC_SEQ_CST);
	return idx;
}

START_TEST(first_in_first_out)
{
	static struct ucq q;
	struct rng rng = rng_from(stream_seed(1, "test_parlib_ucq"));
	static unsigned long slots[MESSAGES];
	unsigned long posted = 0, got = 0, slot;
	struct event_msg msg;

	start(&q);
	while (got < MESSAGES) {
		for (uint64_t n = rng_below(&rng, 600); n > 0 && posted < MESSAGES; n--, posted++)
			slots[posted] = post(&q, posted);
		for (uint64_t n = rng_below(&rng, 600); n > 0 && got < posted; n--, got++) {
			ck_assert(!ucq_is_empty(&q));
			ck_assert(ucq_get(&q, &msg, &slot));
			ck_assert_uint_eq(msg.ev_arg4, got);
			ck_assert_uint_eq(slot, slots[got]);
		}
		if (got < posted)
			continue;
		ck_assert(ucq_is_empty(&q));
		ck_assert(!ucq_get(&q, &msg, &slot));
		ck_assert_int_le(pages, 3); /* in use, its successor, spare */
	}
}
END_TEST

struct party {
	struct ucq q;
	_Atomic unsigned long posted, got;
	_Atomic unsigned char seen[MESSAGES];
};

static void *produce(void *arg)
{
	struct party *p = arg;
	unsigned long n;

	while ((n = p->posted++) < MESSAGES) {
		post(&p->q, n);
		if (n % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct party *p = arg;
	struct event_msg msg;
	unsigned long slot;

	while (p->got < MESSAGES) {
		if (!ucq_get(&p->q, &msg, &slot)) {
			sched_yield();
			continue;
		}
		p->seen[msg.ev_arg4]++;
		p->got++;
	}
	return NULL;
}

START_TEST(each_message_once)
{
	static struct party p;
	pthread_t threads[2 * THREADS];

	start(&p.q);
	for (int i = 0; i < 2 * THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, i % 2 ? consume : produce, &p), 0);
	for (int i = 0; i < 2 * THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < MESSAGES; i++)
		ck_assert_uint_eq(p.seen[i], 1);
	ck_assert(ucq_is_empty(&p.q));
}
END_TEST

/* --- a consumer that has to wait, in a thread of its own --- */

static void *get_one(void *arg)
{
	struct party *p = arg;
	struct event_msg msg;
	unsigned long slot;

	p->got = ucq_get(&p->q, &msg, &slot) ? 1 : 2;
	return NULL;
}

static pthread_t expect_waiting(struct party *p)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, get_one, p), 0);
	usleep(20000);
	ck_assert_uint_eq(p->got, 0);
	return thread;
}

static void expect_got(struct party *p, pthread_t thread)
{
	pthread_join(thread, NULL);
	ck_assert_uint_eq(p->got, 1);
}

static void post_and_get(struct ucq *q, unsigned long count)
{
	struct event_msg msg;
	unsigned long slot;

	for (unsigned long i = 0; i < count; i++) {
		post(q, i);
		ck_assert(ucq_get(q, &msg, &slot));
	}
}

START_TEST(waits_for_a_slot_to_be_written)
{
	static struct party p;
	pthread_t thread;
	unsigned long idx;

	start(&p.q);
	idx = draw(&p.q);
	thread = expect_waiting(&p);
	PAGE_OF(idx)->slot[NUMBER_OF(idx)].ready = 1;
	expect_got(&p, thread);
}
END_TEST

/* Another consumer has claimed the last slot of the page, and not yet read it. */
START_TEST(waits_for_the_last_reader_of_a_page)
{
	static struct party p;
	pthread_t thread;
	unsigned long last;

	start(&p.q);
	post_and_get(&p.q, UCQ_SLOTS - 1);
	last = post(&p.q, 0);
	p.q.cons_idx++;
	post(&p.q, 0);
	thread = expect_waiting(&p);
	PAGE_OF(last)->nr_cons++;
	expect_got(&p, thread);
}
END_TEST

/* The producer has linked the next page and filled its first slot, but prod_idx still shows the old
 * page: nobody may go on before it moves, or whoever comes second takes a slot ahead of it.
 */
START_TEST(waits_for_the_index_to_move)
{
	static struct party p;
	struct ucq_page *next;
	unsigned long full, slot;
	struct event_msg msg;
	pthread_t thread;

	start(&p.q);
	post_and_get(&p.q, UCQ_SLOTS);
	next = (struct ucq_page *)p.q.spare_pg;
	p.q.spare_pg = 0;
	full = draw(&p.q);
	next->slot[0].ready = 1;
	PAGE_OF(full)->cons_next_pg = (unsigned long)next;
	thread = expect_waiting(&p);
	p.q.prod_idx = (unsigned long)next + 1;
	expect_got(&p, thread);
	ck_assert(!ucq_get(&p.q, &msg, &slot));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {first_in_first_out, each_message_once,
		waits_for_a_slot_to_be_written, waits_for_the_last_reader_of_a_page,
		waits_for_the_index_to_move};

	return unit_run("parlib_ucq", tests, ARRAY_LEN(tests));
}
