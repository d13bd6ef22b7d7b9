/* procinfo.h - what the kernel tells a process (procinfo, at UINFO, read-only) and what the two
 * share (procdata, at UDATA).
 */
#ifndef ABI_PROCINFO_H
#define ABI_PROCINFO_H

#include "sim/abi/context.h"
#include "sim/abi/event.h"
#include "sim/abi/memlayout.h"

struct vcore {
	unsigned int pcoreid;
	unsigned int valid; /* mapped to pcoreid */
	unsigned int nr_preempts_sent;
	unsigned int nr_preempts_done;
	unsigned long preempt_pending; /* deadline; 0: none */
	unsigned long resume_ticks;    /* TSC when it was mapped */
	unsigned long total_ticks;     /* TSC ticks that it has been mapped, before that */
};

struct pcore {
	unsigned int vcoreid;
	unsigned int valid;
};

/* coremap_seqctr is odd while the kernel changes the maps: read again (kernel/seqctr.h). */
struct procinfo {
	int pid, ppid;
	unsigned int max_vcores;
	unsigned int is_mcp;
	unsigned long tsc_freq; /* ticks a second */
	unsigned long program_end;
	unsigned int num_vcores;
	volatile unsigned long coremap_seqctr;
	struct vcore vcoremap[ABI_MAX_NUM_CORES];
	struct pcore pcoremap[ABI_MAX_NUM_CORES];
};

/* --- what a vcore and the kernel share: its virtual core preemption data --- */

/* flags; both sides change them with atomic operations */
#define VC_K_LOCK           0x01 /* the kernel is about to write flags: wait before you do */
#define VC_PREEMPTED        0x02 /* its context lies here, and somebody has to recover it */
#define VC_CAN_RCV_MSG      0x04 /* somebody will read its public mailbox; a yield clears it */
#define VC_UTHREAD_STEALING 0x08 /* another vcore is taking its uthread away */
#define VC_SCP_NOVCCTX      0x10 /* vcore 0 of an SCP that has no vcore context yet */

/* rflags: preempt_anc holds the FPU state of the vcore, which is what starting it loads, whichever
 * context runs then. Every preemption saves it, also under VC_UTHREAD_STEALING: vcore context does
 * not touch the FPU, so that what is written over a copy in progress are the same bytes. Starting a
 * vcore clears the flag, but leaves preempt_anc as it is, for the same copy's sake.
 */
#define VC_FPU_SAVED 0x1000

struct preempt_data {
	struct user_context vcore_ctx;      /* of a vcore preempted in vcore context */
	struct ancillary_state preempt_anc; /* goes with either */
	struct user_context uthread_ctx;    /* what ran when it was notified or preempted */
	unsigned long vcore_entry;          /* rip, rsp and FS base of a fresh vcore context */
	unsigned long vcore_stack;
	unsigned long vcore_tls_desc;
	volatile unsigned int flags;  /* VC_, atomic */
	volatile unsigned int rflags; /* VC_FPU_SAVED; only whoever owns the context */
	volatile unsigned int notif_disabled;
	volatile unsigned int notif_pending;
	struct event_mbox ev_mbox_public, ev_mbox_private;
};

/* max_vcores entries of vcore_preempt_data are mapped, no more. */
struct procdata {
	/* Of cores. The kernel only reads it: at SYS_poke_ksched, and whenever cores become free.
	 * 0 and more than max_vcores count as 1. A vcore can yield only while more are mapped.
	 */
	volatile unsigned long amt_wanted;
	struct event_queue *volatile kernel_evts[NR_EVENT_TYPES];
	struct preempt_data vcore_preempt_data[ABI_MAX_NUM_CORES] __attribute__((aligned(64)));
};

#endif
