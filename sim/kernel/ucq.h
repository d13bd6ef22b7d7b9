/* ucq.h - the producer's side of an unbounded concurrent queue (abi/event.h, thesis 5.3). */
#ifndef KERNEL_UCQ_H
#define KERNEL_UCQ_H

#include "sim/abi/event.h"

#include <stdint.h>

struct proc;

/* Puts msg into the queue at that user address; p's address space is loaded. *slot becomes the
 * index that it drew. 0, or an errno: the queue is not usable, or there is no memory for a page.
 */
int ucq_post(struct proc *p, struct ucq *uucq, const struct event_msg *msg, uint64_t *slot);

#endif
