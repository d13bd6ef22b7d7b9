/* run.c - the dispatch core: runs blocks as long as nothing else calls for attention. */
#include "sim/cpu/access.h"
#include "sim/cpu/code_cache.h"
#include "sim/cpu/debug.h"
#include "sim/cpu/exception.h"
#include "sim/cpu/flags.h"
#include "sim/cpu/memory.h"
#include "sim/cpu/monitor.h"
#include "sim/cpu/pmu.h"

/* --- accounting --- */

/* Brings step, insns and cycle up to date. The flat profile: a step is a cycle. */
static void count_steps(struct vcpu *c)
{
	uint64_t made = (uint64_t)(c->begin - c->left);

	c->arch.step += made;
	c->arch.insns += made - c->uncounted;
	c->arch.cycle += made;
	c->begin = c->left;
	c->uncounted = 0;
}

static void count_uncounted_step(struct vcpu *c)
{
	c->left--;
	c->uncounted++;
}

/* Makes a run of so many steps at most, when arch is up to date; who called for more calls again.
 */
static void shorten_run(struct vcpu *c, uint64_t steps)
{
	if ((uint64_t)c->left > steps)
		c->begin = c->left = (int64_t)steps;
}

static void settle_pmu(struct vcpu *c)
{
	count_steps(c);
	shorten_run(c, pmu_settle(c));
}

/* --- pseudo-instructions --- */

static void advance_rip(struct vcpu *c, unsigned by)
{
	c->arch.rip += by;
	if (c->mode != CODE_64)
		c->arch.rip = (uint32_t)c->arch.rip;
}

struct fault exec_fall_through(struct vcpu *c, const struct insn *in)
{
	advance_rip(c, in->start);
	c->at = in - 1; /* the last that was a step */
	return fault_end;
}

struct fault exec_stop_after(struct vcpu *c, const struct insn *in)
{
	advance_rip(c, in->start);
	c->at = in - 1;
	return fault_stop;
}

struct fault exec_stale(struct vcpu *c, const struct insn *in)
{
	c->at = in;
	return fault_make(FAULT_BLOCK_STALE);
}

/* Stands for a moment where a run's steps end within a block. */
static struct fault exec_part_end(struct vcpu *c, const struct insn *in)
{
	c->at = in;
	return fault_make(FAULT_BLOCK_PART);
}

struct fault exec_too_long(struct vcpu *c, const struct insn *in)
{
	c->at = in;
	return fault_gp(0);
}

/* --- finding blocks --- */

static ALWAYS_INLINE uint64_t code_address(const struct vcpu *c)
{
	if (likely(c->mode == CODE_64))
		return c->arch.rip;
	return (uint32_t)(c->arch.seg[CS].base + c->arch.rip);
}

/* The RAM page of a code address. */
MUST_CHECK static struct fault fetch_page(struct vcpu *c, uint64_t la, uint32_t *page)
{
	enum privilege who = c->user ? PRIVILEGE_USER : PRIVILEGE_SUPERVISOR;
	uint64_t pa;

	if (!is_canonical(la))
		return fault_gp(0);
	TRY(mmu_translate(&c->mmu, la, ACCESS_FETCH, who, &pa));
	*page = phys_fetch_page(c->mmu.mem, pa);
	return no_fault;
}

/* The code page that la lies on, by way of the TLB. */
MUST_CHECK static struct fault code_page_at(struct vcpu *c, uint64_t la, struct code_page **code)
{
	struct fetch_entry *e = &c->fetch[(la >> PAGE_SHIFT) & (FETCH_ENTRIES - 1)];
	uint32_t page;

	if (unlikely(e->page != (la & ~PAGE_MASK))) {
		TRY(fetch_page(c, la, &page));
		if (page == PHYS_NO_PAGE) /* nobody answers: FF FF is no instruction */
			return fault_ud;
		*e = (struct fetch_entry){la & ~PAGE_MASK, code_page_get(c->code, page)};
		code_page_fetched(c->code, e->code, la);
	}
	*code = e->code;
	return no_fault;
}

/* The block that begins at la; NULL if its first instruction crosses the page's end. */
static struct block *block_at(struct vcpu *c, struct code_page *code, uint64_t la)
{
	struct block *b = code->at[la & PAGE_MASK];
	enum decode_end end;

	if (b != NULL && (b->mode & ~BLOCK_MARKED) == c->mode)
		return b;
	b = block_build(c->code, code, la & PAGE_MASK, c->mode, &end);
	if (b == NULL && end == DECODE_OK) { /* the cache is full, and we are between blocks */
		code_cache_settle(c->code);
		b = block_build(c->code, code, la & PAGE_MASK, c->mode, &end);
	}
	return b;
}

/* The core's own stores to code are seen by its own fetches (SDM "Handling Self- and
 * Cross-Modifying Code"). */
static void see_own_code(struct vcpu *c, uint32_t page)
{
	uint64_t pa = phys_page_address(c->mmu.mem, page);

	if (unlikely(c->mmu.stores.count != 0) && stores_touch(&c->mmu.stores, pa, PAGE_SIZE))
		mem_fence(c);
}

/* An instruction that crosses a page end is decoded each time, into a block of one. */
MUST_CHECK static struct fault fetch_crossing(struct vcpu *c, struct insn insns[2])
{
	uint64_t la = code_address(c);
	unsigned first = (unsigned)(PAGE_SIZE - (la & PAGE_MASK));
	uint8_t bytes[2 * INSN_MAX];
	enum decode_end end;
	uint32_t page;

	TRY(fetch_page(c, la, &page));
	SIM_ASSERT(first < INSN_MAX);
	see_own_code(c, page);
	memcpy(bytes, phys_host(c->mmu.mem, page) + (la & PAGE_MASK), first);
	TRY(fetch_page(c, la + first, &page));
	if (page != PHYS_NO_PAGE)
		see_own_code(c, page);
	if (page != PHYS_NO_PAGE)
		memcpy(bytes + first, phys_host(c->mmu.mem, page), INSN_MAX);
	else
		memset(bytes + first, 0xff, INSN_MAX);
	end = decode(code_cache_decoder(c->code), c->mode, bytes, first + INSN_MAX, 0, &insns[0]);
	if (end == DECODE_OK)
		insns[1] = block_end_after(c->code, &insns[0]);
	else
		insns[0] = insns[1] = insn_undecodable(end);
	return no_fault;
}

/* --- asking --- */

/* arch as it is between two instructions, for whoever is to look at it. */
static void settle(struct vcpu *c)
{
	accesses_tell(c);
	count_steps(c);
	flags_settle(c);
}

static bool at_breakpoint(const struct vcpu *c, uint64_t la)
{
	if (c->skip_breakpoint == c->arch.step + 1)
		return false;
	for (unsigned i = 0; i < c->breakpoint_count; i++)
		if (c->breakpoints[i] == la)
			return true;
	return false;
}

struct park cpu_context(const struct vcpu *c)
{
	return (struct park){
		.on = 1,
		.core = c->id,
		.la = code_address(c),
		.rsp = c->arch.gpr[RSP],
		.cr3 = c->arch.cr3,
		.cpl = cpu_cpl(c),
	};
}

bool park_holds(const struct park *p, const struct vcpu *c)
{
	return p->on && (p->core == c->id || p->core == PARK_ANY_CORE) &&
	       p->la == code_address(c) && p->rsp == c->arch.gpr[RSP] && p->cr3 == c->arch.cr3 &&
	       p->cpl == cpu_cpl(c);
}

bool cpu_is_parked(const struct vcpu *c)
{
	if (c->parks->count == 0 || c->arch.activity != ACTIVITY_RUNNING)
		return false;
	for (unsigned i = 0; i < PARKS_MAX; i++)
		if (park_holds(&c->parks->at[i], c))
			return true;
	return false;
}

/* Whoever is asked sees the shadow and RF that the instruction under way began with. */
static void look_back(struct vcpu *c)
{
	c->arch.shadow = c->shadow;
	c->arch.rflags |= c->resume;
}

/* What a guard's answer means, after look_back. */
static struct fault answer(struct vcpu *c, bool stops, uint64_t shadow)
{
	c->arch.shadow = shadow;
	c->arch.rflags &= ~c->resume;
	c->held = CPU_MARK;
	return stops ? fault_make(FAULT_HELD) : no_fault;
}

/* Before the instruction at la, where one may be marked. */
MUST_CHECK static struct fault heed_mark(struct vcpu *c, uint64_t la)
{
	uint64_t shadow = c->arch.shadow;

	if (!marks_has(code_cache_marks(c->code), la))
		return no_fault;
	settle(c);
	c->held = CPU_BREAKPOINT;
	if (at_breakpoint(c, la))
		return fault_make(FAULT_HELD);
	c->held = CPU_PARKED;
	if (cpu_is_parked(c))
		return fault_make(FAULT_HELD);
	if (c->guard.mark == NULL)
		return no_fault;
	look_back(c);
	return answer(c, c->guard.mark(c->guard.context, c), shadow);
}

struct fault mem_heed_store(struct vcpu *c, uint64_t la, uint64_t pa, unsigned size)
{
	uint64_t shadow = c->arch.shadow;

	if (!c->alone)
		return fault_make(FAULT_ALONE);
	look_back(c);
	return answer(c, c->guard.store(c->guard.context, c, la, pa, size), shadow);
}

/* --- running --- */

MUST_CHECK static ALWAYS_INLINE struct fault enter_block(struct vcpu *c, struct insn *insns)
{
	c->block = insns;
	return insns->run(c, insns);
}

/* When performance counters count branches, each step goes alone: it was the first of its block. */
static __attribute__((noinline)) void count_branch(struct vcpu *c, struct fault f)
{
	bool within = fault_kind(f) == FAULT_BLOCK_PART && c->at != c->block;
	bool ended = fault_kind(f) >= FAULT_BLOCK_END && fault_kind(f) <= FAULT_BLOCK_STOP;

	if ((within || ended) && (insn_attributes(code_cache_decoder(c->code), c->block) & BRANCH))
		c->arch.pmu.branches++;
}

/* After a block was left at c->at because of f. */
static struct fault leave_block(struct vcpu *c, struct fault f)
{
	if (unlikely(c->pmu_branches))
		count_branch(c, f);
	c->left -= c->at - c->block;
	if (fault_kind(f) >= FAULT_BLOCK_END && fault_kind(f) <= FAULT_BLOCK_STOP) {
		c->left--;
		return no_fault;
	}
	if (unlikely(c->moved))
		c->moved = false;
	else
		advance_rip(c, c->at->start);
	if (fault_kind(f) == FAULT_BLOCK_STALE || fault_kind(f) == FAULT_BLOCK_PART)
		return no_fault;
	if (fault_kind(f) != FAULT_EXCEPTION)
		accesses_forget(c);
	return f;
}

/* The first steps of a block that has more: the instruction after them becomes its end meanwhile,
 * unless the block is retired under way. */
static struct fault run_part(struct vcpu *c, struct block *b, unsigned steps)
{
	exec_fn run = b->insns[steps].run;
	struct fault f;

	b->insns[steps].run = exec_part_end;
	f = enter_block(c, b->insns);
	if (b->insns[steps].run == exec_part_end)
		b->insns[steps].run = run;
	return leave_block(c, f);
}

static struct fault run_crossing(struct vcpu *c)
{
	struct insn insns[2];

	TRY(fetch_crossing(c, insns));
	TRY(heed_mark(c, code_address(c)));
	return leave_block(c, enter_block(c, insns));
}

/* Outside 64-bit mode the limit of CS counts: a block that reaches beyond it goes one by one. */
MUST_CHECK static struct fault run_block_of_legacy_mode(struct vcpu *c, struct block *b)
{
	uint64_t last = c->arch.rip + b->insns[b->count].start;
	unsigned steps = last > c->arch.seg[CS].limit ? 1 : b->count;

	if (c->left < steps)
		steps = (unsigned)c->left;
	if (steps < b->count)
		return run_part(c, b, steps);
	return leave_block(c, enter_block(c, b->insns));
}

/* A block, or so much of it as the budget allows, whatever the mode. */
MUST_CHECK static struct fault run_block(struct vcpu *c, struct block *b)
{
	if (c->mode != CODE_64)
		return run_block_of_legacy_mode(c, b);
	if (c->left < b->count)
		return run_part(c, b, (unsigned)c->left);
	return leave_block(c, enter_block(c, b->insns));
}

/* One block of one step. */
MUST_CHECK static struct fault run_step(struct vcpu *c, struct block *b)
{
	int64_t others;
	struct fault f;

	count_steps(c);
	others = c->left - 1;
	c->left = c->begin = 1;
	f = run_block(c, b);
	count_steps(c);
	c->left += others;
	c->begin = c->left;
	return f;
}

MUST_CHECK static struct fault run_marked(struct vcpu *c, struct block *b, uint64_t la)
{
	TRY(heed_mark(c, la));
	return b->count == 1 ? run_step(c, b) : run_block(c, b);
}

MUST_CHECK static struct fault run_one_block(struct vcpu *c)
{
	uint64_t la = code_address(c);
	struct code_page *code;
	struct block *b;

	if (c->mode != CODE_64 && c->arch.rip > c->arch.seg[CS].limit)
		return fault_gp(0);
	TRY(code_page_at(c, la, &code));
	see_own_code(c, code->page);
	b = block_at(c, code, la);
	if (b == NULL)
		return run_crossing(c);
	return b->mode & BLOCK_MARKED ? run_marked(c, b, la) : run_block(c, b);
}

/* So many steps at most in one go from link to link. A compiler that does not make jumps of the
 * handlers' calls nests as many of them. */
#define LINKED_STEPS 2048

static void set_floor(struct vcpu *c)
{
	c->floor = c->left > LINKED_STEPS ? c->left - LINKED_STEPS : 0;
}

/* The branch at c->at, which has gone to arch.rip, in the same page. */
static void link_branch(struct vcpu *c, const struct code_page *code)
{
	const struct block *target = code->at[c->arch.rip & PAGE_MASK];
	struct insn *branch = c->block + (c->at - c->block);

	if (target != NULL && target->mode == CODE_64)
		branch->target = target;
	set_floor(c);
}

/* Blocks of 64-bit mode, whole ones while the budget covers them. no_fault: look around, then go
 * on. Mode and mappings stay as they are from block to block: what changes them stops. */
MUST_CHECK static struct fault run_blocks(struct vcpu *c)
{
	uint64_t page = SOFT_NONE;
	struct code_page *code = NULL;

	set_floor(c);
	for (;;) {
		uint64_t la = c->arch.rip;
		struct block *b;
		struct fault f;

		if (unlikely((la & ~PAGE_MASK) != page)) {
			if (c->left == 0) /* a fetch is part of the next step */
				return no_fault;
			TRY(code_page_at(c, la, &code));
			page = la & ~PAGE_MASK;
		}
		b = code->at[la & PAGE_MASK];
		if (unlikely(b == NULL || b->mode != CODE_64))
			return c->left == 0 ? no_fault : run_one_block(c);
		if (unlikely(c->left < b->count))
			return c->left == 0 ? no_fault : run_part(c, b, (unsigned)c->left);
		f = enter_block(c, b->insns);
		if (unlikely(f.raw != FAULT_BLOCK_END)) {
			if (f.raw != FAULT_BLOCK_LINK)
				return leave_block(c, f);
			link_branch(c, code);
		}
		c->left -= c->at - c->block + 1;
	}
}

/* --- one step at a time: when somebody watches, or something is tied to the next boundary --- */

/* After a load of SS neither interrupt nor #DB is taken, after STI no interrupt; an instruction in
 * such a shadow casts none of its own, but for a load of SS after STI. */
static void settle_shadow(struct vcpu *c, uint64_t before)
{
	if (before == SHADOW_MOV_SS || before == c->arch.shadow)
		c->arch.shadow = SHADOW_NONE;
}

/* Tells of the coming instruction, once, even if it has to be tried again as an exclusive step. */
static void tell_insn(struct vcpu *c)
{
	settle(c);
	if (c->watch.insn != NULL && c->told != c->arch.step + 1)
		c->watch.insn(c->watch.context, c);
	c->told = c->arch.step + 1;
}

/* Whether an attempt that began with so many steps left is to be made again as if it had not been:
 * alone, later, or in a block that was retired while a guard was asked. */
static bool nothing_done(const struct vcpu *c, int64_t left, struct fault f)
{
	return c->left == left && fault_kind(f) != FAULT_EXCEPTION;
}

static void set_slow_access(struct vcpu *c, bool slow)
{
	c->slow_access = slow || c->mmu.tso || c->accesses.told != NULL;
	cpu_select_soft(c);
}

/* Takes from arch what holds for this one instruction only. */
static void begin_alone(struct vcpu *c)
{
	c->shadow = c->arch.shadow;
	c->resume = c->arch.rflags & RFLAGS_RF;
	c->arch.shadow = SHADOW_NONE;
	c->arch.rflags &= ~RFLAGS_RF;
	c->no_trap = false;
	c->met = 0;
	c->left = c->begin = 1; /* a repeated string instruction makes one iteration */
	c->alone = true;
	set_slow_access(c, cpu_checks_alignment(c) || debug_sees_data(c));
}

static void end_alone(struct vcpu *c, bool nothing)
{
	c->alone = false;
	set_slow_access(c, false);
	if (nothing)
		look_back(c);
	c->shadow = SHADOW_NONE;
	c->resume = 0;
}

static struct fault run_careful(struct vcpu *c)
{
	uint64_t shadow = c->arch.shadow;
	bool trap = c->arch.rflags & RFLAGS_TF;
	int64_t others = c->left - 1;
	struct fault f;
	bool nothing;

	if (debug_is_on(c) && shadow != SHADOW_MOV_SS)
		TRY(debug_before(c, code_address(c)));
	tell_insn(c);
	begin_alone(c);
	f = run_one_block(c);
	nothing = nothing_done(c, 1, f);
	count_steps(c);
	c->left += others;
	c->begin = c->left;
	end_alone(c, nothing);
	if (f.raw || nothing)
		return f;
	settle_shadow(c, shadow);
	return debug_after(c, code_address(c), trap && !c->no_trap);
}

/* With RF, which the first instruction clears: a whole block, since there may be many iterations
 * of a string instruction in it. */
static struct fault run_resumed(struct vcpu *c)
{
	int64_t left = c->left;
	struct fault f;

	c->resume = RFLAGS_RF;
	c->arch.rflags &= ~RFLAGS_RF;
	f = run_one_block(c);
	if (nothing_done(c, left, f))
		c->arch.rflags |= RFLAGS_RF;
	c->resume = 0;
	return f;
}

/* --- what interrupts --- */

static void start_up(struct vcpu *c, unsigned vector)
{
	struct segment *cs = &c->arch.seg[CS];

	cs->selector = (uint16_t)(vector << 8);
	cs->base = (uint64_t)vector << 12;
	c->arch.rip = 0;
	c->arch.activity = ACTIVITY_RUNNING;
	cpu_state_changed(c);
}

static bool takes_nmi(const struct vcpu *c)
{
	return c->lapic->state.nmi_pending && !c->arch.nmi_blocked && c->arch.shadow == SHADOW_NONE;
}

static bool takes_interrupt(const struct vcpu *c)
{
	return (lapic_pending_vector(c->lapic) >= 0 || lapic_intr(c->lapic)) &&
	       (c->arch.rflags & RFLAGS_IF) && c->arch.shadow == SHADOW_NONE;
}

/* INIT and SIPI; true if one was a step. */
static bool heed_signals(struct vcpu *c)
{
	struct lapic_state *l = &c->lapic->state;

	if (l->init_pending) {
		cpu_reset(c, true);
		count_uncounted_step(c);
		return true;
	}
	if (l->sipi_pending) {
		l->sipi_pending = 0;
		if (c->arch.activity != ACTIVITY_WAIT_SIPI)
			return false;
		start_up(c, l->sipi_vector);
		count_uncounted_step(c);
		return true;
	}
	return false;
}

/* The vector of the interrupt that the core takes; the 8259 pair is asked like a device. */
MUST_CHECK static struct fault acknowledge_interrupt(struct vcpu *c, unsigned *vector)
{
	int pending = lapic_pending_vector(c->lapic);

	if (pending >= 0) {
		*vector = (unsigned)pending;
		lapic_acknowledge(c->lapic, pending);
		return no_fault;
	}
	if (!c->exclusive)
		return fault_retry;
	*vector = lapic_acknowledge_intr(c->lapic);
	return no_fault;
}

/* Delivers an NMI or interrupt. *taken tells whether there was one. */
MUST_CHECK static struct fault heed_interrupts(struct vcpu *c, bool *taken)
{
	unsigned vector = VECTOR_NMI;

	*taken = false;
	if (c->arch.activity == ACTIVITY_WAIT_SIPI)
		return no_fault;
	if (takes_nmi(c)) {
		c->lapic->state.nmi_pending = 0;
		c->arch.nmi_blocked = 1;
	} else if (takes_interrupt(c)) {
		TRY(acknowledge_interrupt(c, &vector));
	} else {
		return no_fault;
	}
	*taken = true;
	monitor_wake(c);
	count_steps(c);
	count_uncounted_step(c);
	return interrupt_deliver(c, vector);
}

bool cpu_is_runnable(const struct vcpu *c)
{
	if (c->arch.activity == ACTIVITY_SHUTDOWN)
		return false;
	if (c->lapic->state.init_pending || c->lapic->state.sipi_pending)
		return true;
	if (c->arch.activity == ACTIVITY_RUNNING && !cpu_is_parked(c))
		return true;
	if (c->arch.activity == ACTIVITY_WAIT_SIPI)
		return false;
	return takes_nmi(c) || takes_interrupt(c) || monitor_breaks(c);
}

/* --- the loop --- */

/* What a fault means for the run: true, go on. */
static bool handle_fault(struct vcpu *c, struct fault f, enum cpu_stop *stop)
{
	if (fault_kind(f) == FAULT_EXCEPTION) {
		count_uncounted_step(c);
		f = exception_deliver(c, f);
	}
	switch (fault_kind(f)) {
	case FAULT_NONE:
		return true;
	case FAULT_EXCLUSIVE:
		*stop = CPU_EXCLUSIVE;
		return false;
	case FAULT_HELD:
		*stop = c->held;
		return false;
	case FAULT_TRIPLE:
		c->arch.activity = ACTIVITY_SHUTDOWN;
		*stop = CPU_SHUTDOWN;
		return false;
	case FAULT_UNIMPLEMENTED:
		if (c->refused[0] == '\0') /* the MMU does not know the core */
			f = cpu_refuse(c, "an instruction that ringv does not have");
		*stop = CPU_UNIMPLEMENTED;
		return false;
	default:
		SIM_ASSERT(!"a fault that leaves a block");
		return false;
	}
}

static bool is_committed(const struct vcpu *c)
{
	return c->arch.committed == c->arch.step + (uint64_t)(c->begin - c->left) + 1 &&
	       c->arch.activity == ACTIVITY_RUNNING && !cpu_is_parked(c);
}

/* Interrupts and activity; true if the next thing to do is to execute. */
static bool attend(struct vcpu *c, struct fault *f, bool *again)
{
	*f = no_fault;
	*again = true;
	if (c->arch.activity == ACTIVITY_SHUTDOWN) {
		*again = false;
		return false;
	}
	if (unlikely(is_committed(c)))
		return true;
	if (lapic_signalled(c->lapic) && heed_signals(c))
		return false;
	if (lapic_pending_vector(c->lapic) >= 0 || lapic_intr(c->lapic) ||
		c->lapic->state.nmi_pending) {
		bool taken;

		*f = heed_interrupts(c, &taken);
		if (taken || f->raw)
			return false;
		if (monitor_breaks(c)) {
			monitor_wake(c);
			count_uncounted_step(c);
			return false;
		}
	}
	*again = c->arch.activity == ACTIVITY_RUNNING;
	return *again;
}

/* Somebody watches, or something is tied to the next boundary. */
static bool is_slow(const struct vcpu *c)
{
	return c->watched || c->pmu_branches || c->arch.shadow != SHADOW_NONE ||
	       (c->arch.rflags & c->slow_flags);
}

MUST_CHECK static struct fault execute_slowly(struct vcpu *c)
{
	bool resumes = (c->arch.rflags & c->slow_flags) == RFLAGS_RF;

	if (resumes && !c->watched && !c->pmu_branches && c->arch.shadow == SHADOW_NONE)
		return run_resumed(c);
	return run_careful(c);
}

/* A step, or as many blocks as go without a look around. */
MUST_CHECK static struct fault execute(struct vcpu *c)
{
	struct fault f;

	if (is_slow(c))
		f = execute_slowly(c);
	else
		f = c->mode == CODE_64 && !c->mmu.tso ? run_blocks(c) : run_one_block(c);
	return unlikely(fault_kind(f) == FAULT_ALONE) ? run_careful(c) : f;
}

/* A committed step goes before interrupts, but what follows it does not. */
MUST_CHECK static struct fault execute_committed(struct vcpu *c)
{
	int64_t rest = c->left - 1;
	struct fault f;

	c->left -= rest;
	c->begin -= rest;
	f = execute(c);
	c->left += rest;
	c->begin += rest;
	return f;
}

static enum cpu_stop run_loop(struct vcpu *c)
{
	enum cpu_stop stop = CPU_LIMIT;
	struct fault f;
	bool again;

	while (c->left > 0) {
		if (unlikely(c->pmu_stale))
			settle_pmu(c);
		if (attend(c, &f, &again)) {
			f = unlikely(is_committed(c)) ? execute_committed(c) : execute(c);
		} else if (!again) {
			return c->arch.activity == ACTIVITY_SHUTDOWN ? CPU_SHUTDOWN : CPU_IDLE;
		}
		if (f.raw && !handle_fault(c, f, &stop))
			return stop;
	}
	return CPU_LIMIT;
}

enum cpu_stop cpu_run(struct vcpu *c, uint64_t limit, uint64_t max_steps)
{
	enum cpu_stop stop;

	if (c->arch.cycle >= limit)
		return CPU_LIMIT;
	c->left = (int64_t)min_u64(INT64_MAX, min_u64(limit - c->arch.cycle, max_steps));
	c->begin = c->left;
	if (unlikely(c->arch.pmu.counting != 0))
		shorten_run(c, pmu_steps(c));
	stop = run_loop(c);
	settle(c);
	if (unlikely(c->pmu_stale || c->arch.pmu.counting != 0))
		pmu_settle(c);
	code_cache_settle(c->code);
	return stop;
}
