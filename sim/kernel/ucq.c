/* ucq.c - see ucq.h. Everything that a user address leads to may lie, change or fault at any time.
 */
#include "sim/kernel/ucq.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/process.h"

#define SLOT_OF(index) ((index) & (UCQ_PAGE_SIZE - 1))
#define PAGE_OF(index) ((index) & ~(uint64_t)(UCQ_PAGE_SIZE - 1))

/* 0 or EFAULT. All of it at once: copy_to_user goes byte by byte, and consumers and other producers
 * look at these words at any time.
 */
static int put_u64(volatile uint64_t *uaddr, uint64_t v)
{
	if (!user_range_ok((const void *)uaddr, sizeof(v)) ||
		user_xchg_u64((uint64_t *)uaddr, &v) != 0)
		return EFAULT;
	return 0;
}

/* The next index: a slot of one's own, if it is below UCQ_SLOTS. */
static int draw(struct ucq *uucq, uint64_t *index)
{
	*index = 1;
	return user_xadd_u64((uint64_t *)&uucq->prod_idx, index) == 0 ? 0 : EFAULT;
}

/* ucq_lock held. A page for the queue: the spare one, or a new one. It is the user's own loss if a
 * spare page is none.
 */
static int take_page(struct proc *p, struct ucq *uucq, uint64_t *page)
{
	*page = 0;
	if (user_xchg_u64((uint64_t *)&uucq->spare_pg, page) != 0)
		return EFAULT;
	if (*page != 0)
		return PGOFF(*page) == 0 ? 0 : EFAULT;
	return mm_map(p, 0, UCQ_PAGE_SIZE, PROT_READ | PROT_WRITE, page);
}

/* ucq_lock held, `full` an index of the page that is full. The page is made ready, then linked
 * behind the full one, and only then do producers see it: a consumer that follows prod_idx finds
 * its way. Slot 0 of it is ours, so that we are served however many others come.
 */
static int turn_page(struct proc *p, struct ucq *uucq, uint64_t full, uint64_t *index)
{
	uint64_t page;
	int err = take_page(p, uucq, &page);
	struct ucq_page *next = (struct ucq_page *)page;
	struct ucq_page *last = (struct ucq_page *)PAGE_OF(full);

	if (err != 0)
		return err;
	if (put_u64(&next->cons_next_pg, 0) != 0 || put_u64(&next->nr_cons, 0) != 0 ||
		put_u64(&last->cons_next_pg, page) != 0 || put_u64(&uucq->prod_idx, page + 1) != 0)
		return EFAULT;
	*index = page;
	return 0;
}

/* Under the lock once more: who comes second finds the page turned. If there is no page to be had,
 * the queue is full and no more: prod_idx goes back to where the last slot left it. Consumers that
 * get there find the queue empty, and failed posts do not add up until they carry into the
 * address. Whoever draws without the lock meanwhile has no slot either, and comes here next.
 */
static int draw_locked(struct proc *p, struct ucq *uucq, uint64_t *index)
{
	int err = draw(uucq, index);

	if (err != 0 || SLOT_OF(*index) < UCQ_SLOTS)
		return err;
	err = turn_page(p, uucq, *index, index);
	if (err != 0)
		put_u64(&uucq->prod_idx, PAGE_OF(*index) | UCQ_SLOTS);
	return err;
}

/* prod_overflow keeps others from counting prod_idx up while the page is being turned: it is a
 * number of 12 bits in front of an address.
 */
static int draw_slow(struct proc *p, struct ucq *uucq, uint64_t *index)
{
	spinlock_t *lock = &p->ucq_locks[(uint64_t)uucq / sizeof(struct event_mbox) % UCQ_LOCKS];
	uint32_t on = 1, off = 0;
	int err;

	copy_to_user((void *)&uucq->prod_overflow, &on, sizeof(on));
	spin_lock(lock);
	err = draw_locked(p, uucq, index);
	copy_to_user((void *)&uucq->prod_overflow, &off, sizeof(off));
	spin_unlock(lock);
	return err;
}

static int draw_index(struct proc *p, struct ucq *uucq, uint64_t *index)
{
	uint32_t overflow;
	int err = copy_from_user(&overflow, (void *)&uucq->prod_overflow, sizeof(overflow));

	if (err == 0 && !overflow) {
		err = draw(uucq, index);
		if (err != 0 || SLOT_OF(*index) < UCQ_SLOTS)
			return err;
	}
	return err != 0 ? err : draw_slow(p, uucq, index);
}

int ucq_post(struct proc *p, struct ucq *uucq, const struct event_msg *msg, uint64_t *slot)
{
	struct ucq_slot *s;
	uint8_t ready = true;
	int err;

	if (!user_range_ok(uucq, sizeof(*uucq)))
		return EFAULT;
	err = draw_index(p, uucq, slot);
	if (err != 0)
		return err;
	s = &((struct ucq_page *)PAGE_OF(*slot))->slot[SLOT_OF(*slot)];
	if (copy_to_user(&s->msg, msg, sizeof(*msg)) != 0)
		return EFAULT;
	/* second: a consumer takes the message as soon as it sees this */
	return copy_to_user((void *)&s->ready, &ready, sizeof(ready));
}
