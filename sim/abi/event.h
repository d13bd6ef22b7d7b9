/* event.h - events: what the kernel tells a process, or a process itself, and through what.
 *
 * A message is delivered to a mailbox; an event queue says to which, and how its arrival is made
 * known. Numbers and flags are Akaros's; thesis, chapter 5. Everything here lies in memory that the
 * user can write: the kernel believes none of it.
 */
#ifndef ABI_EVENT_H
#define ABI_EVENT_H

/* --- messages --- */

struct event_msg {
	unsigned short ev_type; /* EV_ */
	unsigned short ev_arg1;
	unsigned int ev_arg2;
	void *ev_arg3;
	unsigned long ev_arg4;
};

#define EV_NONE            0
#define EV_PREEMPT_PENDING 1 /* a vcore is to be preempted at its deadline */
#define EV_VCORE_PREEMPT   3 /* arg2: the vcore that has been preempted */
#define EV_USER_IPI        5
#define EV_ALARM           7
#define EV_EVENT           8  /* arg3: an event queue whose mailbox has something (an INDIR) */
#define EV_SYSCALL         10 /* arg3: the struct syscall that is done */
#define EV_CHECK_MSGS      11 /* arg2: the vcore whose public mailbox wants a look */
#define NR_EVENT_TYPES     32 /* 0 to 31; the kernel sends no higher one */

/* --- mailboxes --- */

/* An unbounded concurrent queue (thesis 5.3): many producers, many consumers, never full. Slots
 * lie in pages that form a list; the kernel maps a new one when the last is full. An index is the
 * address of a page, or'ed with the number of a slot: a producer gets its own by an atomic
 * fetch-and-add of 1 on prod_idx. A number from UCQ_SLOTS on means that the page is full.
 */
#define UCQ_PAGE_SIZE 4096
#define UCQ_HEADER    32 /* bytes in front of slot 0 */
#define UCQ_SLOTS     ((UCQ_PAGE_SIZE - UCQ_HEADER) / 32)

struct ucq_slot {
	struct event_msg msg;
	volatile unsigned char ready; /* the producer has written msg */
	unsigned char pad[7];
};

struct ucq_page {
	volatile unsigned long cons_next_pg; /* page after this one; 0: none yet */
	volatile unsigned long nr_cons;      /* slots consumed: at UCQ_SLOTS the page is free */
	unsigned long pad[2];
	struct ucq_slot slot[UCQ_SLOTS];
};

struct ucq {
	volatile unsigned long prod_idx;
	volatile unsigned long spare_pg; /* 0, or a page that can be used next */
	volatile unsigned long cons_idx;
	volatile unsigned int prod_overflow; /* a producer is putting a new page in */
	volatile unsigned int cons_lock;     /* users: one consumer turns the page */
};

/* A bit a type: messages of one type merge, and their arguments are lost. */
struct evbitmap {
	volatile unsigned long bits; /* atomic: type n is bit n */
	volatile unsigned int check; /* set after a bit, cleared before they are looked at */
	unsigned int pad;
};

#define EV_MBOX_UCQ    1
#define EV_MBOX_BITMAP 2

struct event_mbox {
	unsigned int type; /* EV_MBOX_; 0: not set up, nothing can be posted */
	unsigned int pad;
	union {
		struct ucq ucq;
		struct evbitmap evbm;
	};
};

/* --- event queues --- */

#define EVENT_IPI            0x001 /* notify the vcore */
#define EVENT_SPAM_PUBLIC    0x002 /* to some public VCPD mailbox that will be read for sure */
#define EVENT_INDIR          0x004 /* to ev_mbox; and an EV_EVENT that names this queue */
#define EVENT_VCORE_PRIVATE  0x008 /* the VCPD's private mailbox */
#define EVENT_SPAM_INDIR     0x010 /* the EV_EVENT goes as with SPAM_PUBLIC */
#define EVENT_VCORE_MUST_RUN 0x020 /* only a vcore that is online will do */
#define EVENT_NOTHROTTLE     0x040 /* an EV_EVENT for every message */
#define EVENT_ROUNDROBIN     0x080 /* each time to the next vcore */
#define EVENT_VCORE_APPRO    0x100 /* to the vcore that the kernel finds appropriate */
#define EVENT_WAKEUP         0x200 /* and if the process is WAITING, wake it */

struct event_queue {
	struct event_mbox *ev_mbox; /* NULL: the VCPD's */
	unsigned int ev_flags;
	volatile unsigned int ev_alert_pending; /* throttles EV_EVENT: the user clears it first,
						 * then drains */
	unsigned int ev_vcore;
	unsigned int pad;
	void (*ev_handler)(struct event_queue *q); /* the user's own, like what follows */
	void *ev_udata;
};

#endif
