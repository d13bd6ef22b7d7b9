/* event.h - tells a process something: a message to one of its mailboxes, and an interrupt to a
 * vcore that will look (abi/event.h; thesis, chapter 5).
 *
 * Queues and mailboxes lie in user memory. None of it is believed: a queue that cannot be read or a
 * mailbox that cannot be written loses the message, and nobody but its process is worse off.
 * No spinlock may be held, for the last resort of a spammed message is proc_lock; nothing blocks.
 */
#ifndef KERNEL_EVENT_H
#define KERNEL_EVENT_H

#include "sim/abi/event.h"

#include <stdbool.h>
#include <stdint.h>

struct proc;

/* To the event queue at that user address; nothing if it is NULL. vcoreid: where the kernel finds
 * it appropriate to go, for queues that ask.
 */
void send_event(
	struct proc *p, struct event_queue *uq, const struct event_msg *msg, uint32_t vcoreid);

/* To the queue that the process has registered for the message's type. */
void send_kernel_event(struct proc *p, const struct event_msg *msg, uint32_t vcoreid);

/* To that vcore's own mailbox, whether somebody will look there or not. */
void post_vcore_event(
	struct proc *p, uint32_t vcoreid, const struct event_msg *msg, bool private_mbox);

#endif
