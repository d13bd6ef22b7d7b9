/* oracle_quiet.c - repetition: every stream is halted, or does the same for ever.
 *
 * Between two looks in which nothing shows a sign of life, all cores are watched at each access.
 * The machine can never change again if
 * - no interrupt or exception was taken, and nothing but the CMOS clock is due;
 * - no memory that changed was touched by more than one core: the rest is constant, so that each
 *   core depends on its registers and on what it alone changes;
 * - each core that made a step came back to registers and private memory that it had before.
 * That is exact but for reads of devices and of the time, and who reads the time does not repeat.
 */
#include "sim/replay/oracle_parts.h"

#include "sim/base/hash.h"
#include "sim/machine/board.h"

#include <stdlib.h>

#define CELLS 8192u /* 8-byte cells of memory that are remembered, a power of two */

struct cell {
	uint64_t pa; /* of 8 bytes, plus 1; 0: free */
	uint64_t value;
	uint64_t users; /* cores, a bit each */
	bool changed;
};

struct quiet_core {
	bool stepped, marked, repeated;
	uint64_t memory, marked_memory; /* of the cells that it changed: a sum of hashes */
	struct core_state mark;
	struct cpu_watch before;
};

struct quiet {
	struct oracles *o;
	bool disturbed;
	uint64_t reference_at; /* the machine's step from which on it counts */
	bool referenced;
	unsigned cells_used;
	struct cell cells[CELLS];
	struct quiet_core cores[];
};

static uint64_t cell_hash(uint64_t pa, uint64_t value)
{
	uint64_t both[2] = {pa, value};

	return hash_bytes(both, sizeof(both), 0);
}

/* NULL: there is no room. */
static struct cell *cell_find(struct quiet *q, uint64_t pa)
{
	uint64_t at = cell_hash(pa, 0) & (CELLS - 1);

	while (q->cells[at].pa != 0 && q->cells[at].pa != pa + 1)
		at = (at + 1) & (CELLS - 1);
	if (q->cells[at].pa == 0 && ++q->cells_used > CELLS / 2) {
		q->disturbed = true;
		return NULL;
	}
	return &q->cells[at];
}

/* An access to the cell has been made. What it held before the first one is not known. */
static void cell_touch(struct quiet *q, unsigned core, uint64_t pa, bool written)
{
	struct cell *c = cell_find(q, pa);
	bool first = c != NULL && c->pa == 0;
	uint64_t value;

	if (c == NULL || !machine_peek(q->o->machine, pa, &value, 8))
		return;
	c->pa = pa + 1;
	c->users |= BIT(core);
	if (first ? written : value != c->value) {
		q->cores[core].memory +=
			cell_hash(pa, value) - cell_hash(pa, first ? ~value : c->value);
		c->changed = true;
	}
	c->value = value;
}

/* --- what the cores tell --- */

static void told_access(void *context, struct vcpu *c, enum access how, uint64_t la, uint64_t pa,
	unsigned size, uint64_t value)
{
	struct quiet *q = context;
	const struct cpu_watch *before = &q->cores[c->id].before;

	if (before->access != NULL)
		before->access(before->context, c, how, la, pa, size, value);
	for (uint64_t at = pa & ~UINT64_C(7); at < pa + size; at += 8)
		cell_touch(q, c->id, at, how == ACCESS_WRITE);
}

/* From here on what changes counts; what was learnt of memory before stays. */
static void take_reference(struct quiet *q)
{
	q->referenced = true;
	for (unsigned i = 0; i < CELLS; i++) {
		q->cells[i].users = 0;
		q->cells[i].changed = false;
	}
}

static void told_insn(void *context, struct vcpu *c)
{
	struct quiet *q = context;
	struct quiet_core *core = &q->cores[c->id];

	if (core->before.insn != NULL)
		core->before.insn(core->before.context, c);
	if (!q->referenced && machine_steps_now(q->o->machine, c->id) >= q->reference_at)
		take_reference(q);
	if (!q->referenced)
		return;
	core->stepped = true;
	if (!core->marked) {
		core->marked = true;
		core->mark = c->arch;
		core->marked_memory = core->memory;
	} else if (!core->repeated && core->memory == core->marked_memory) {
		core->repeated =
			memcmp(&core->mark, &c->arch, offsetof(struct core_state, step)) == 0;
	}
}

static void told_interrupt(void *context, struct vcpu *c, unsigned vector)
{
	struct quiet *q = context;
	const struct cpu_watch *before = &q->cores[c->id].before;

	q->disturbed = true;
	if (before->interrupt != NULL)
		before->interrupt(before->context, c, vector);
}

static void told_exception(void *context, struct vcpu *c, unsigned vector, uint32_t error)
{
	struct quiet *q = context;
	const struct cpu_watch *before = &q->cores[c->id].before;

	q->disturbed = true;
	if (before->exception != NULL)
		before->exception(before->context, c, vector, error);
}

/* --- from one look to the next --- */

static void quiet_begin(struct oracles *o)
{
	struct machine *m = o->machine;
	struct quiet *q = calloc(1, sizeof(*q) + m->cpu_count * sizeof(q->cores[0]));

	SIM_ASSERT(q != NULL);
	q->o = o;
	q->reference_at = m->run.steps + o->limits.period / 2;
	for (unsigned i = 0; i < m->cpu_count; i++) {
		struct cpu_watch *w = &m->cores[i].watch;

		q->cores[i].before = *w;
		*w = (struct cpu_watch){q, told_insn, told_access, told_interrupt, told_exception};
		cpu_watch_changed(&m->cores[i]);
	}
	o->quiet = q;
}

void quiet_end(struct oracles *o)
{
	if (o->quiet == NULL)
		return;
	for (unsigned i = 0; i < o->machine->cpu_count; i++) {
		o->machine->cores[i].watch = o->quiet->cores[i].before;
		cpu_watch_changed(&o->machine->cores[i]);
	}
	free(o->quiet);
	o->quiet = NULL;
}

static bool only_the_clock_is_due(const struct machine *m)
{
	for (uint64_t i = 0; i < m->events.count; i++) {
		uint32_t owner = m->events.at[i].owner;

		if (owner < EVENT_OWNER_DEVICE ||
			owner - EVENT_OWNER_DEVICE >= board_slot_count() ||
			board_device((struct machine *)m, owner - EVENT_OWNER_DEVICE).device !=
				&m->rtc)
			return false;
	}
	return true;
}

static bool memory_is_private(const struct quiet *q)
{
	for (unsigned i = 0; i < CELLS; i++)
		if (q->cells[i].changed && (q->cells[i].users & (q->cells[i].users - 1)) != 0)
			return false;
	return true;
}

static bool repeats(const struct quiet *q)
{
	bool any = false;

	for (unsigned i = 0; i < q->o->machine->cpu_count; i++) {
		if (q->cores[i].stepped && !q->cores[i].repeated)
			return false;
		any = any || q->cores[i].repeated;
	}
	return any && memory_is_private(q);
}

static void found(struct oracles *o, const struct quiet *q)
{
	char waits[400];
	unsigned busy = 0, first = 0;

	for (unsigned i = o->machine->cpu_count; i-- > 0;)
		if (q->cores[i].repeated) {
			busy++;
			first = i;
		}
	oracles_describe_waits(o, waits, sizeof(waits));
	if (oracle_found(o, "repetition", VERDICT_DEADLOCK, NULL, first,
		    "nothing can change any more: %u pcore%s the same for ever (c%u%s), the others "
		    "are halted, no timer is set%s%s",
		    busy, busy == 1 ? " does" : "s do", first,
		    oracle_place(o, first, o->machine->cores[first].arch.rip).at,
		    waits[0] != '\0' ? "; " : "", waits))
		for (unsigned i = 0; i < o->machine->cpu_count; i++)
			if (q->cores[i].repeated)
				o->state.finding.cores |= BIT(i);
}

/* Watches from one look to the next while nothing is alive. */
void quiet_look(struct oracles *o)
{
	struct story *s = &o->state.story;
	bool alive = s->alive_steps > o->state.quiet_at;
	bool still = !alive && only_the_clock_is_due(o->machine);

	o->state.quiet_at = o->machine->run.steps;
	if (o->quiet != NULL && still && o->quiet->referenced && !o->quiet->disturbed &&
		repeats(o->quiet)) {
		wakeup_rest(o);
		wait_judge(o, 0);
		event_rest(o);
		found(o, o->quiet);
	}
	quiet_end(o);
	if (still && o->state.finding.verdict == VERDICT_PASS)
		quiet_begin(o);
}
