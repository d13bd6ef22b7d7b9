/* event.h - the user's end of event delivery: mailboxes, queues, handlers by type (thesis 5.2).
 *
 * handle_events runs, in vcore context, the handlers of all messages in the two mailboxes of this
 * vcore. A handler may not return, and so handle_events may not: preemption handling changes to
 * another vcore for good. Such a handler says so first (event_might_not_return), for the sake of a
 * mailbox of another vcore that may be being emptied. An event queue whose mailbox gets messages
 * with such a handler has to be EVENT_NOTHROTTLE: the rest of the mailbox is left behind.
 */
#ifndef PARLIB_EVENT_H
#define PARLIB_EVENT_H

#include "sim/abi/event.h"
#include "sim/guest/parlib/vcore.h"

/* msg: only the type is known of one that came as a bit. */
typedef void (*event_handler)(struct event_msg *msg, void *data);

/* One handler a type. Set before the type is asked for. */
void event_set_handler(unsigned int ev_type, event_handler handler, void *data);

/* Mailboxes for every vcore, the handlers of this file, and the queues of blocked system calls.
 * 0, or -1 with errno.
 */
int event_init_vcores(void);

/* Makes mailboxes of zeroed memory; the UCQ takes two pages of it. */
void event_mbox_init_ucq(struct event_mbox *m, void *two_pages);
void event_mbox_init_bitmap(struct event_mbox *m);

/* Vcore context: clears notif_pending, then looks at this vcore's mailboxes. Number of messages
 * handled.
 */
unsigned int handle_events(void);

/* Vcore context: handles the next message of the public mailbox, if there is one. */
void handle_one_public(void);

/* All messages of a mailbox. Their number. */
unsigned int handle_mbox(struct event_mbox *m);

/* Handles the public mailbox of another vcore if that one is preempted still, and takes it off the
 * list of those whom messages can be sent to.
 */
void handle_remote_mbox(unsigned int vcoreid);

/* Around a change of vcores in a handler. */
bool event_might_not_return(void);
void event_we_returned(bool were_handling_remote);

/* The queue for the end of system calls made on this vcore. */
struct event_queue *event_syscall_queue(unsigned int vcoreid);

#endif
