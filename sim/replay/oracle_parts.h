/* oracle_parts.h - what the oracles share and what each remembers. Only for sim/replay/oracle*.c.
 */
#ifndef REPLAY_ORACLE_PARTS_H
#define REPLAY_ORACLE_PARTS_H

#include "sim/replay/oracle.h"
#include "sim/replay/probe_kinds.h"

#define ORACLE_PROCESSES 8 /* watched at a time; of more, the oldest that has ended makes room */
#define ORACLE_VCORES    MACHINE_CPUS_MAX
#define ORACLE_EVENTS    512
#define ORACLE_LOCKS     64

/* --- the story so far: what several oracles need to know --- */

struct vcore_story {
	int32_t core;           /* that runs it, from vcore_enter to vcore_leave; -1 */
	uint32_t preempts_sent; /* as the probes say */
	uint32_t preempts_done;
	uint64_t uthread; /* that it runs, or ran when it was given up; 0: vcore context */
	uint64_t left_at; /* the cycle of the last vcore_leave */
	int32_t left_core;
	int32_t mapped_to;   /* the pcore, as vcore_mapped said; -1 */
	uint32_t preempted;  /* the last vcore_leave was a preemption */
	uint64_t waits_lock; /* it spins for this lock since waits_since; 0: for none */
	uint64_t waits_since, waits_step; /* in cycles; in steps of the core it had then */
	int32_t waits_for; /* the vcore that held it when it began to wait, as the lock said; -1 */
};

struct process_story {
	int32_t pid; /* 0: free */
	uint32_t state;
	uint32_t ended;
	uint32_t in_program;  /* between program_begin and program_end */
	uint64_t alive_at;    /* the cycle of its last sign of life */
	uint64_t moved_at;    /* ... and of the last that was more than changing places */
	uint64_t progress_at; /* the machine's step of the last progress probe; 0: none yet */
	struct vcore_story vcores[ORACLE_VCORES];
};

/* A lock of a process that somebody holds. */
struct lock_story {
	int32_t pid; /* 0: free */
	int32_t vcoreid;
	uint64_t lock;
	uint64_t uthread; /* that took it, or 0: vcore context */
};

struct core_story {
	int64_t messages;       /* kernel messages sent to it and not yet run */
	uint64_t last_function; /* of the last one sent */
	int32_t wait_pid;       /* it spins for a preemption of this vcore to be done; 0: no */
	int32_t wait_vcoreid;
	int32_t start_pid; /* the vcore that it started, or went on with, last */
	int32_t start_vcoreid;
	uint32_t start_needs; /* the preemptions sent before that was decided: done by then */
};

struct story {
	struct process_story processes[ORACLE_PROCESSES];
	struct lock_story locks[ORACLE_LOCKS];
	struct core_story cores[MACHINE_CPUS_MAX];
	uint64_t alive_at; /* the cycle of the last sign of life of anybody */
	uint64_t alive_steps;
	uint64_t held_at; /* the cycle when the schedule was last seen to hold something back */
};

/* --- what single oracles remember --- */

struct saved_context {
	uint64_t address, size, hash, saved_at;
	uint32_t saved; /* 0: none, or it has been restored since */
	uint32_t ever;
};

struct context_oracle {
	struct saved_context contexts[ORACLE_PROCESSES][ORACLE_VCORES];
};

struct pending_event {
	int32_t pid; /* 0: free */
	int32_t vcoreid;
	uint32_t type, core;
	uint32_t guaranteed; /* 0: a try, which may be made good */
	uint64_t mailbox, slot;
	uint64_t steps, core_step, cycle, rip; /* of the posting */
};

struct event_oracle {
	struct pending_event pending[ORACLE_EVENTS];
};

/* A disagreement that may be an update under way: it must outlive a look. */
struct page_oracle {
	uint64_t suspect; /* physical address of the entry; 0: none */
	uint64_t value;
};

struct oracle_state {
	struct finding finding;
	struct story story;
	struct context_oracle context;
	struct event_oracle event;
	struct page_oracle page;
	uint64_t quiet_at; /* the step at which quiet states were last looked for */
	char overflow[24]; /* see oracles_overflow; "" */
};

struct oracles {
	struct machine *machine;
	struct watch *watch;
	struct oracle_limits limits;
	struct oracle_state state;
	struct race_oracle *race; /* NULL: nobody looks for races (oracle_race.c) */
	struct quiet *quiet; /* watches closely since the last look; or NULL (oracle_quiet.c) */
};

/* A hit, and what it is. */
struct oracle_hit {
	const struct probe_hit *hit;
	enum probe_kind kind;
};

/* --- for all of them --- */

/* The first finding wins; returns whether this is it. Its place is the hit's, or (hit is NULL)
 * where that pcore stands now. The caller adds whom it concerns to the finding. */
bool oracle_found(struct oracles *o, const char *oracle, enum verdict v,
	const struct probe_hit *hit, unsigned core, const char *reason, ...) PRINTF(6, 7);

/* "block_test (pid 2)"; in rotating buffers of the caller. */
struct oracle_name {
	char at[64];
};
struct oracle_name oracle_process(const struct oracles *o, int pid);

/* " at proc_yield+0x3c (sim/kernel/yield.c:71)" */
struct oracle_place {
	char at[160];
};
struct oracle_place oracle_place(const struct oracles *o, unsigned core, uint64_t rip);

/* The kernel function at an address. */
struct oracle_name oracle_function(const struct oracles *o, uint64_t address);

/* NULL where pid or vcoreid are none of those watched. */
struct process_story *story_process(struct story *s, int pid);
struct vcore_story *story_vcore(struct story *s, int pid, int64_t vcoreid);
unsigned story_slot(const struct story *s, const struct process_story *p);

void story_hit(struct oracles *o, const struct oracle_hit *h);

/* The highest clock: "now", for who has waited for how long. */
uint64_t oracle_now(const struct oracles *o);

/* By IA-32e page tables, as they are in memory. False: not mapped. */
MUST_CHECK bool oracle_translate(const struct oracles *o, uint64_t cr3, uint64_t la, uint64_t *pa);

/* Memory of a process, by its own page tables, wherever it runs. False: not mapped. */
MUST_CHECK bool oracle_read(
	const struct oracles *o, int pid, uint64_t la, void *data, uint64_t size);

/* The same as a callback: context is a struct oracle_memory. */
struct oracle_memory {
	const struct oracles *oracles;
	int pid;
};
bool oracle_read_of(void *context, uint64_t la, void *data, uint64_t size);

/* --- the oracles: on a hit; in a look; at rest --- */

void double_run_hit(struct oracles *o, const struct oracle_hit *h);
void context_hit(struct oracles *o, const struct oracle_hit *h);
void event_hit(struct oracles *o, const struct oracle_hit *h);
void event_look(struct oracles *o);
void event_rest(struct oracles *o);
void wakeup_look(struct oracles *o);
void wakeup_rest(struct oracles *o);
void wait_judge(struct oracles *o, uint64_t patience);
void wait_look(struct oracles *o);
void wait_rest(struct oracles *o);
void quiet_look(struct oracles *o);
void quiet_end(struct oracles *o);
void panic_hit(struct oracles *o, const struct oracle_hit *h);
void livelock_look(struct oracles *o);
void maps_hit(struct oracles *o, const struct oracle_hit *h);
void preempt_count_hit(struct oracles *o, const struct oracle_hit *h);
void one_pcore_hit(struct oracles *o, const struct oracle_hit *h);
void pages_look(struct oracles *o);
void pages_rest(struct oracles *o);
void race_forget(struct oracles *o);
void race_end(struct oracles *o);
bool race_overflow(const struct oracles *o);

#endif
