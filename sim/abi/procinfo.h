/* procinfo.h - what the kernel tells a process (procinfo, at UINFO, read-only) and what the two
 * share (procdata, at UDATA).
 */
#ifndef ABI_PROCINFO_H
#define ABI_PROCINFO_H

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

/* A page of its own so far: the resource requests and the vcores' preemption data of many-core
 * processes go here. Neither side reads or writes it yet.
 */
struct procdata {
	unsigned char reserved[4096];
};

#endif
