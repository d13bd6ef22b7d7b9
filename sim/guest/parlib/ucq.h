/* ucq.h - takes messages out of an unbounded concurrent queue, whose producer is the kernel
 * (abi/event.h; thesis 5.1).
 *
 * Any number of consumers. What the kernel has to do first is waited for in plain loops; what
 * another consumer has to, with an eye on preemption.
 */
#ifndef PARLIB_UCQ_H
#define PARLIB_UCQ_H

#include "sim/abi/event.h"

#include <stdbool.h>

/* Two pages of zeroed memory become the first one and the spare one. */
void ucq_init(struct ucq *q, void *page, void *spare);

/* False: empty. *slot is the index that the producer drew. */
bool ucq_get(struct ucq *q, struct event_msg *msg, unsigned long *slot);

static inline bool ucq_is_empty(const struct ucq *q)
{
	return q->cons_idx == q->prod_idx;
}

/* Where a page goes that is not needed any more. */
void ucq_free_page(void *page);

#endif
