/* vcore.h - the vcores of a process: which are online, on which pcores, and the ROUTINE messages
 * that start and stop them there.
 *
 * Each vcore is on one of three lists, which change only under proc_lock. What senders of events
 * need is the first of a list, which anybody may read at any time: it may be stale when it is
 * used, but it is a vcore, for the links are never freed before the process (thesis 5.3).
 *
 * The maps in procinfo change under proc_lock too, while coremap_seqctr is odd. The messages that
 * follow from a change are sent with the lock still held: so each core gets them in the order in
 * which the maps changed. A core may hence believe for some time (owning_vcoreid) that it runs a
 * vcore which the map has taken away already; the message that tells it is in its queue.
 */
#ifndef KERNEL_VCORE_H
#define KERNEL_VCORE_H

#include "sim/abi/procinfo.h"
#include "sim/kernel/lib/list.h"

#include <stdbool.h>
#include <stdint.h>

struct per_cpu_info;
struct proc;

struct vcore_lists {
	struct list online;         /* mapped, whether their pcore has heard of it or not */
	struct list bulk_preempted; /* preempted all at once, and not yet restarted */
	struct list inactive;       /* the others; the first is the next to start */
	struct list link[ABI_MAX_NUM_CORES]; /* vcore n is link[n] */
};

#define NO_VCORE 0xffffffffu

void vcore_lists_init(struct vcore_lists *vl, uint32_t max_vcores);

/* First vcore of `list`, which is one of vl's; NO_VCORE if it is empty. Without any lock. */
uint32_t vcore_first(const struct vcore_lists *vl, const struct list *list);

/* The kernel's view of what it shares with the user. */
static inline struct preempt_data *vcpd_of(struct procdata *pd, uint32_t vcoreid)
{
	return &pd->vcore_preempt_data[vcoreid];
}

/* Both sides change flags, with atomic operations. */
static inline void vcpd_set(struct preempt_data *vcpd, unsigned flag)
{
	__atomic_fetch_or(&vcpd->flags, flag, __ATOMIC_SEQ_CST);
}

static inline void vcpd_clear(struct preempt_data *vcpd, unsigned flag)
{
	__atomic_fetch_and(&vcpd->flags, ~flag, __ATOMIC_SEQ_CST);
}

/* Around changes of the maps; proc_lock held. */
void proc_seq_start(struct proc *p);
void proc_seq_end(struct proc *p);

/* proc_lock held, between the two above. Mapping puts a vcore at the end of the
 * online list; unmapping at the head of `to`.
 */
void vcore_map(struct proc *p, uint32_t vcoreid, uint32_t pcoreid);
void vcore_unmap(struct proc *p, uint32_t vcoreid, struct list *to);

/* A moment ago. */
bool vcore_is_mapped(const struct proc *p, uint32_t vcoreid);

/* This core's floating-point state to the vcore's preempt_anc. */
void vcore_save_fpu(struct preempt_data *vcpd);

/* Copies this core's cur_ctx to `to`, which lies in p's procdata. */
void vcore_save_ctx(struct proc *p, uint32_t vcoreid, struct user_context *to);

/* Makes cur_ctx a fresh context at vcore_entry, notifications disabled. */
void vcore_enter_fresh(struct per_cpu_info *pcpui, struct proc *p, uint32_t vcoreid);

/* Makes what a user has had its hands on harmless to pop. */
void secure_ctx(struct user_context *ctx);

/* --- the messages; proc_lock held, except for notify. Each carries a reference to p --- */

void send_startcore(struct proc *p, uint32_t vcoreid);  /* to its pcore, which is free */
void send_set_curctx(struct proc *p, uint32_t vcoreid); /* to this pcore, which p owns */
void send_preempt(struct proc *p, uint32_t vcoreid);
void send_death(struct proc *p, uint32_t pcoreid);
void send_notify(struct proc *p, uint32_t pcoreid);

#endif
