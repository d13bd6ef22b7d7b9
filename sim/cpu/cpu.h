/* cpu.h - one core that executes instructions: what the rest of ringv may know of it.
 *
 * A core runs until a clock limit, a number of steps, or something that only the machine can
 * decide. How instructions are executed is nobody's business outside sim/cpu.
 *
 * Time: what reads the time, sends an IPI or touches a device does so only in
 * cpu_step_exclusive, which the machine calls when the core is the lowest (cycle, id); before
 * that cpu_run stops in front of such an instruction, or a PAUSE, with CPU_EXCLUSIVE.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "sim/apic/lapic.h"
#include "sim/base/core.h"
#include "sim/base/fault.h"
#include "sim/cpu/model.h"
#include "sim/mmu/mmu.h"

struct vcpu;
struct insn;
struct code_cache;
struct decoder;

/* What lies behind the core: the board. Called only within cpu_step_exclusive. size is 1, 2, 4
 * or 8. A read of nothing gives all ones. */
struct cpu_bus {
	void *context;
	uint64_t (*mmio_read)(void *context, uint64_t pa, unsigned size);
	void (*mmio_write)(void *context, uint64_t pa, unsigned size, uint64_t value);
	uint64_t (*port_read)(void *context, uint16_t port, unsigned size);
	void (*port_write)(void *context, uint16_t port, unsigned size, uint64_t value);
	/* FERR# is active, and was not before if it is new: whether IGNNE# is. NULL: there are no
	 * such lines. */
	bool (*fpu_error)(void *context, bool is_new);
};

/* What an observer may be told; arch is true then. A NULL member costs nothing, a set one puts the
 * core on the slow path. Each call is made after the fact, except insn, which comes before the
 * instruction. */
struct cpu_watch {
	void *context;
	void (*insn)(void *context, struct vcpu *c);
	void (*access)(void *context, struct vcpu *c, enum access how, uint64_t la, uint64_t pa,
		unsigned size, uint64_t value);
	void (*interrupt)(void *context, struct vcpu *c, unsigned vector);
	void (*exception)(void *context, struct vcpu *c, unsigned vector, uint32_t error);
};

/* What a step has done to RAM, to bytes of one page. An access that crosses a page end is two, the
 * lower part first. */
enum mem_kind {
	MEM_LOAD,
	MEM_STORE,
	MEM_UPDATE, /* read and written by an instruction, not in one */
	MEM_LOCKED, /* read and written in one: LOCK, or XCHG */
};

struct mem_access {
	uint64_t step, cycle; /* of the core: the number of the step, and when it began */
	uint64_t rip;         /* of the instruction; of the one that is interrupted */
	uint64_t la, pa;
	uint64_t value; /* its first 8 bytes: that were read by a load, else written */
	uint32_t size;
	uint8_t core;
	uint8_t kind; /* enum mem_kind */
	bool user;
	bool buffered; /* a store that others do not see yet (memory model tso) */
};

/* Who is told of each access that instructions, and deliveries of exceptions and interrupts to the
 * stack, make to RAM; not of page walks, fetches and descriptors. In the order in which they take
 * effect; each once, whatever had to be tried again; also those of an instruction that then faults.
 * While somebody listens, each instruction goes alone and each access takes the slow path. */
struct cpu_accesses {
	void *context;
	void (*told)(void *context, const struct mem_access *a); /* NULL: nobody */
	/* An interrupt or NMI was delivered; the accesses before it have been told. */
	void (*taken)(void *context, unsigned core, unsigned vector);
};

/* Those of the step under way. Of a step with more the first are told early. */
#define ACCESSES_PENDING 64

struct access_list {
	unsigned count;
	struct mem_access at[ACCESSES_PENDING];
};

/* Who is asked before something happens; true: it does not, and the core stops before it. arch is
 * true then, except that it must not be changed. A core may ask several times about the same step.
 */
struct cpu_guard {
	void *context;
	/* Before each step at a marked address (cpu_mark): its instruction, or an iteration of a
	 * repeated one. Elsewhere the core runs at full speed. */
	bool (*mark)(void *context, struct vcpu *c);
	/* Before a store that does not fault and touches a range that cpu_watch_stores named;
	 * those that deliver exceptions and interrupts are not asked about. */
	bool (*store)(void *context, struct vcpu *c, uint64_t la, uint64_t pa, unsigned size);
};

#define PARKS_MAX     16
#define PARK_ANY_CORE UINT64_MAX

/* A context that does not go on: a core that is about to execute it only takes interrupts. Truth,
 * of the machine. */
struct park {
	uint64_t on;
	uint64_t core; /* that it is tied to, or PARK_ANY_CORE */
	uint64_t la, rsp, cr3, cpl;
};

struct parks {
	uint64_t count; /* of those that are on */
	struct park at[PARKS_MAX];
};

enum cpu_stop {
	CPU_LIMIT,         /* the clock limit or the number of steps was reached */
	CPU_EXCLUSIVE,     /* next is an instruction for cpu_step_exclusive */
	CPU_IDLE,          /* halted or waiting for SIPI, and nothing is pending */
	CPU_SHUTDOWN,      /* triple fault */
	CPU_UNIMPLEMENTED, /* the next instruction needs what ringv does not have yet */
	CPU_BREAKPOINT,    /* the next instruction is at a breakpoint */
	CPU_MARK,          /* the guard wants it to stop here */
	CPU_PARKED,        /* the next instruction is that of a parked context */
};

#define CPU_BREAKPOINTS 64

/* Lazily kept status flags; see flags.h. Empty whenever the core is not inside cpu_run. */
struct lazy_flags {
	int64_t a;
	uint32_t kind;
	uint32_t carry_in;
	int64_t b; /* not beside a: two plain stores are faster than one vector */
};

/* A window in front of the code cache: a linear page and the code page it maps to. */
struct fetch_entry {
	uint64_t page; /* linear address, or SOFT_NONE */
	struct code_page *code;
};

#define FETCH_ENTRIES 128

/* How long stores stay in the store buffer, cycles: drain, and up to spread more, drawn. */
struct store_timing {
	uint64_t drain, spread, seed;
};

struct vcpu {
	struct core_state arch; /* truth; first, since decoded operands are offsets into it */

	/* hot cache and scratch: dead or rebuilt between cpu_run calls */
	struct lazy_flags lazy;
	struct soft_tlb *soft; /* of the current privilege; see cpu_select_soft */
	struct fetch_entry *fetch;
	int64_t left;          /* steps that this run may still make */
	int64_t begin;         /* left, when arch.step was last brought up to date */
	int64_t floor;         /* what left must not fall below before the run loop has a look */
	struct insn *block;    /* the first of the block under way */
	const struct insn *at; /* which instruction stopped it */
	enum cpu_stop held;    /* what FAULT_HELD means */
	uint64_t uncounted;    /* steps made that retired no instruction */
	uint32_t mode;         /* enum code_mode that the current CS and CR0 ask for */
	bool exclusive;
	bool user;           /* CPL is 3 */
	struct fault vector; /* what SSE instructions end in as CR0 and CR4 are; mostly none */
	bool watched;        /* every step is to be looked at: by a watch, or for breakpoints */
	bool no_trap;     /* the instruction under way settled RFLAGS.TF itself; see run_careful */
	bool moved;       /* rip is already where the fault under way belongs */
	bool alone;       /* the instruction under way is a step of its own, and arch was settled */
	bool delivering;  /* an exception or interrupt */
	bool counted;     /* the step under way is counted in left already */
	bool slow_access; /* no access may take the fast path: soft is mmu.none */
	bool pmu_stale;   /* what the performance counters count may be something else now */
	bool pmu_on;      /* one of them counts, at least at some CPL */
	bool pmu_branches;   /* one of them counts branches, which is done step by step */
	uint64_t slow_flags; /* bits of RFLAGS that ask for a careful step */
	uint64_t shadow;     /* what arch.shadow was before the instruction under way */
	uint64_t resume;     /* the same of RFLAGS.RF */
	uint64_t met;        /* breakpoints, as bits of DR6, that it has met */
	struct {
		uint64_t pa[2]; /* where the bounce buffer's first and second part go */
		unsigned size, first;
		bool uncached;
		uint64_t la;
		union {
			uint8_t data[16];
			uint64_t q[2];
		};
	} bounce;                   /* a store that the fast path cannot serve; see memory.h */
	struct access_list pending; /* accesses that were not told yet */
	struct fetch_entry fetch_entries[2][FETCH_ENTRIES];

	struct mmu mmu; /* truth and cache, see there */

	/* wiring */
	unsigned id;
	struct store_timing stores;
	struct lapic *lapic;
	struct code_cache *code;   /* shared by the cores of a machine */
	const struct parks *parks; /* the same */
	struct cpu_bus bus;
	struct cpu_watch watch;
	struct cpu_guard guard;
	struct cpu_accesses accesses;
	unsigned breakpoint_count;
	uint64_t breakpoints[CPU_BREAKPOINTS]; /* linear addresses */
	uint64_t skip_breakpoint;              /* the step, plus 1, that none shall stop */
	uint64_t told;   /* the step, plus 1, whose instruction watch.insn was told */
	uint64_t tsc_hz; /* for CPUID */
	uint64_t pause_more;
	unsigned cpu_count;
	const struct cpu_model *model;
	char refused[128]; /* why CPU_UNIMPLEMENTED */
};

/* Wires a zeroed core up and resets it. model, lapic, mem, code and bus must outlive it. */
struct cpu_setup {
	unsigned id, cpu_count;
	uint64_t tsc_hz;
	uint64_t pause_more; /* cycles that PAUSE takes beyond its step's one */
	const struct cpu_model *model;
	uint64_t seed; /* of the core's random numbers */
	struct lapic *lapic;
	struct phys_mem *mem;
	struct code_cache *code;
	const struct parks *parks;
	struct cpu_bus bus;
	bool tso; /* memory model tso */
	struct store_timing stores;
};
void cpu_init(struct vcpu *c, const struct cpu_setup *setup);

/* The state after power-on or INIT (SDM "Processor State After Reset"); step, insns and cycle go
 * on counting. The bootstrap processor starts at the reset vector, the others wait for SIPI. */
void cpu_reset(struct vcpu *c, bool init_signal);

/* Runs until arch.cycle reaches limit, max_steps are made, or one of enum cpu_stop. */
enum cpu_stop cpu_run(struct vcpu *c, uint64_t limit, uint64_t max_steps);

/* Makes exactly one step, with access to time and devices. The core must be the lowest. */
enum cpu_stop cpu_step_exclusive(struct vcpu *c);

/* Whether the core would do anything if it ran: it is running and not parked, or something pending
 * wakes it. */
bool cpu_is_runnable(const struct vcpu *c);

/* What the core executes next, as a park that is tied to it. */
struct park cpu_context(const struct vcpu *c);
bool park_holds(const struct park *p, const struct vcpu *c);

/* Is that parked? Each parked address needs a mark. */
bool cpu_is_parked(const struct vcpu *c);

/* Drops everything that is cache, in this core. Nothing that software can see changes. */
void cpu_drop_cache(struct vcpu *c);

/* Drops what is known about which pages code comes from. */
void cpu_drop_fetch(struct vcpu *c);

/* Rebuilds what follows from arch after somebody wrote to it (restore, debugger). */
void cpu_state_changed(struct vcpu *c);

/* After watch changed. */
void cpu_watch_changed(struct vcpu *c);

/* Makes the next step the instruction at rip, whatever interrupts wait: who stopped the core here,
 * knowing that it was about to execute it, can rely on that. */
void cpu_commit(struct vcpu *c);

/* Marks a linear address for all cores of a machine; it stays so until it is unmarked as often.
 * May be called by a guard. Costs what is decoded so far. */
void cpu_mark(struct code_cache *cache, uint64_t la);
void cpu_unmark(struct code_cache *cache, uint64_t la);

/* Names a physical range whose stores the guards of all cores of a machine are asked about. Other
 * stores to its pages become slower, nothing else. May be called by a guard. */
void cpu_watch_stores(struct code_cache *cache, uint64_t pa, uint64_t size);
void cpu_watch_no_stores(struct code_cache *cache);

/* Who listens to the accesses of all cores of a machine from now on. May be called by a guard.
 * Costs what is decoded so far. */
void cpu_watch_accesses(struct code_cache *cache, struct cpu_accesses listener);

MUST_CHECK bool cpu_breakpoint_add(struct vcpu *c, uint64_t la);
void cpu_breakpoint_remove(struct vcpu *c, uint64_t la);

/* The names and rows of the instruction set, for disassembly and tests: decode.h. */
const struct decoder *cpu_decoder(const struct vcpu *c);

/* Memory as the core's software sees it now, without side effects; false where not mapped. */
MUST_CHECK bool cpu_peek(const struct vcpu *c, uint64_t la, void *data, unsigned size);
MUST_CHECK bool cpu_poke(struct vcpu *c, uint64_t la, const void *data, unsigned size);

static inline unsigned cpu_cpl(const struct vcpu *c)
{
	return c->arch.seg[SS].attr >> 5 & 3;
}

/* Code decoded so far, shared by all cores of a machine (code_cache.c). */
struct code_cache *code_cache_create(
	struct phys_mem *mem, const struct cpu_model *model, struct vcpu *cores, unsigned count);
void code_cache_destroy(struct code_cache *cache);
void code_cache_drop(struct code_cache *cache);

#endif
