/* ucq.c - see ucq.h. */
#include "sim/guest/parlib/ucq.h"
#include "sim/guest/parlib/relax.h"
#include "sim/guest/parlib/spin_pdr.h"
#include "sim/kernel/x86.h"

#define PAGE_OF(idx)   ((struct ucq_page *)((idx) & ~(UCQ_PAGE_SIZE - 1ul)))
#define NUMBER_OF(idx) ((idx) & (UCQ_PAGE_SIZE - 1))

_Static_assert(sizeof(struct ucq_page) == UCQ_PAGE_SIZE, "pages are filled");
_Static_assert(sizeof(struct spin_pdr_lock) == sizeof(((struct ucq *)0)->cons_lock),
	"cons_lock is a spin-PDR lock");

void ucq_init(struct ucq *q, void *page, void *spare)
{
	*q = (struct ucq){.prod_idx = (unsigned long)page,
		.cons_idx = (unsigned long)page,
		.spare_pg = (unsigned long)spare,
		.cons_lock = SPIN_PDR_UNLOCKED};
}

static bool slot_is_good(unsigned long idx)
{
	return NUMBER_OF(idx) < UCQ_SLOTS;
}

/* Lock held, and the slots of `old` are all claimed: leads consumers to the next page and makes the
 * old one the spare. The consumers who have claimed its last slots may still be reading them.
 *
 * The producer, in the kernel, links the next page before it moves prod_idx there. As long as that
 * is to come, the queue would not look empty when all of the next page that there is has been
 * taken.
 */
static void turn_page(struct ucq *q, struct ucq_page *old)
{
	unsigned long surplus;

	while (old->cons_next_pg == 0 || PAGE_OF(q->prod_idx) == old) {
		if (q->prod_idx == q->cons_idx)
			return;
		cpu_relax();
	}
	q->cons_idx = old->cons_next_pg;
	while (old->nr_cons < UCQ_SLOTS)
		cpu_relax_vc(ANY_VCORE);
	old->cons_next_pg = 0;
	old->nr_cons = 0;
	surplus = __atomic_exchange_n(&q->spare_pg, (unsigned long)old, __ATOMIC_SEQ_CST);
	if (surplus != 0)
		ucq_free_page((void *)surplus);
}

/* Claims a slot that the producer has drawn. After a page was turned the queue may be empty again:
 * a slot claimed then would be ahead of the producer (akaros 185dee00).
 *
 * Thesis 5.1 claims with a compare-and-swap, and takes the lock for the page only. A consumer that
 * is held up in front of it while pages go round, which they do within UCQ_SLOTS * 2 messages, can
 * find the same index and succeed though the queue is empty. So it is the lock for both; the slots
 * are still read side by side.
 */
static bool claim(struct ucq *q, unsigned long *slot)
{
	struct spin_pdr_lock *lock = (struct spin_pdr_lock *)&q->cons_lock;
	bool claimed = false;

	spin_pdr_lock(lock);
	if (q->cons_idx != q->prod_idx && !slot_is_good(q->cons_idx))
		turn_page(q, PAGE_OF(q->cons_idx));
	if (q->cons_idx != q->prod_idx) {
		*slot = q->cons_idx++;
		claimed = true;
	}
	spin_pdr_unlock(lock);
	return claimed;
}

bool ucq_get(struct ucq *q, struct event_msg *msg, unsigned long *slot)
{
	struct ucq_page *page;
	struct ucq_slot *s;

	if (ucq_is_empty(q) || !claim(q, slot))
		return false;
	page = PAGE_OF(*slot);
	s = &page->slot[NUMBER_OF(*slot)];
	while (!s->ready)
		cpu_relax(); /* the kernel is writing it */
	rmb();
	*msg = s->msg;
	s->ready = 0;
	wmb();
	__atomic_fetch_add(&page->nr_cons, 1, __ATOMIC_SEQ_CST); /* the page may go now */
	return true;
}
