#include "sim/replay/oracle_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The order is that of judgement: where several could speak at once, what explains more is first.
 */
static const struct {
	struct oracle_row row;
	void (*hit)(struct oracles *o, const struct oracle_hit *h);
	void (*look)(struct oracles *o);
	void (*rest)(struct oracles *o);
} table[] = {
	{{"panic", VERDICT_PANIC, "",
		 "the kernel panicked, or a pcore shut down in a triple fault"},
		panic_hit, NULL, NULL},
	{{"context-corrupt", VERDICT_CONTEXT_CORRUPT, "ctx_saved ctx_restored",
		 "a vcore's context was restored before its save was done, or other bytes than "
		 "those saved"},
		context_hit, NULL, NULL},
	{{"double-run", VERDICT_DOUBLE_RUN, "vcore_enter vcore_leave",
		 "a vcore or a uthread runs on two pcores"},
		double_run_hit, NULL, NULL},
	{{"vcoremap", VERDICT_INVARIANT, "seq_write_end",
		 "when the seqctr becomes even, vcoremap and pcoremap say the same"},
		maps_hit, NULL, NULL},
	{{"preempt-count", VERDICT_INVARIANT, "preempt_sent preempt_done",
		 "no more preemptions of a vcore are done than were sent"},
		preempt_count_hit, NULL, NULL},
	{{"one-pcore", VERDICT_INVARIANT, "vcore_mapped vcore_unmapped",
		 "a vcore is mapped to one pcore, a pcore runs one vcore"},
		one_pcore_hit, NULL, NULL},
	{{"page-pairs", VERDICT_INVARIANT, "proc_created",
		 "kernel page tables and extended ones map alike"},
		NULL, pages_look, pages_rest},
	{{"deadlock", VERDICT_DEADLOCK, "",
		 "pcores wait for each other in a cycle, or all vcores of a process for locks"},
		NULL, wait_look, NULL},
	{{"lost-wakeup", VERDICT_LOST_WAKEUP, "kmsg_sent kmsg_run idle_halt",
		 "a pcore sleeps for ever while a kernel message waits for it"},
		NULL, wakeup_look, wakeup_rest},
	{{"lost-event", VERDICT_LOST_EVENT, "event_posted event_handled",
		 "an event whose delivery was guaranteed is never handled"},
		event_hit, event_look, event_rest},
	{{"repetition", VERDICT_DEADLOCK, "",
		 "every stream is halted or repeats itself while work is pending"},
		NULL, quiet_look, wait_rest},
	{{"race", VERDICT_RACE, "",
		 "nothing orders two accesses to the same bytes, one of them a store "
		 "(oracle.races)"},
		NULL, NULL, NULL},
	{{"livelock", VERDICT_LIVELOCK, "progress",
		 "the program is busy for oracle.livelock steps without progress"},
		NULL, livelock_look, NULL},
};

unsigned oracles_count(void)
{
	return ARRAY_LEN(table);
}

struct oracle_row oracles_row(unsigned number)
{
	return table[number].row;
}

/* --- what is watched --- */

void oracles_hit(struct oracles *o, const struct probe_hit *hit)
{
	struct oracle_hit h = {hit, PROBE_UNKNOWN};

	if (hit->probe == NULL || o->state.finding.verdict != VERDICT_PASS)
		return;
	h.kind = probe_kind_find(hit->probe->name);
	if (h.kind == PROBE_UNKNOWN || hit->arg_count < probe_kind_row(h.kind)->arg_count)
		return;
	for (unsigned i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].hit != NULL)
			table[i].hit(o, &h);
	story_hit(o, &h);
}

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	(void)m;
	oracles_hit(context, hit);
}

struct oracles *oracles_create(struct machine *m, struct watch *w, struct oracle_limits limits)
{
	struct oracles *o = calloc(1, sizeof(*o));

	SIM_ASSERT(o != NULL);
	o->machine = m;
	o->watch = w;
	o->limits = limits;
	watch_add(w, (struct watch_listener){o, take_hit});
	return o;
}

void oracles_destroy(struct oracles *o)
{
	if (o == NULL)
		return;
	quiet_end(o);
	race_end(o);
	free(o);
}

size_t oracles_state_size(void)
{
	return sizeof(struct oracle_state);
}

void oracles_save(const struct oracles *o, void *state)
{
	memcpy(state, &o->state, sizeof(o->state));
}

void oracles_restore(struct oracles *o, const void *state)
{
	quiet_end(o);
	memcpy(&o->state, state, sizeof(o->state));
	race_forget(o);
}

/* Now, or since the last look: while all others are idle, no look may come in between. */
static bool anything_held(const struct oracles *o)
{
	const struct machine *m = o->machine;

	if (m->run.released_at > o->state.story.held_at)
		return true;
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (machine_is_paused(m, i))
			return true;
	return m->parks.count != 0;
}

/* Who is held back by the schedule cannot go on, and those who wait for it are patient: all begin
 * to wait anew. */
static void be_patient(struct oracles *o)
{
	struct story *s = &o->state.story;

	quiet_end(o);
	s->alive_at = s->held_at = oracle_now(o);
	s->alive_steps = o->machine->run.steps;
	for (unsigned i = 0; i < ORACLE_PROCESSES; i++) {
		s->processes[i].alive_at = s->processes[i].moved_at = s->alive_at;
		s->processes[i].progress_at = s->alive_steps;
	}
}

void oracles_look(struct oracles *o)
{
	if (anything_held(o)) {
		be_patient(o);
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].look != NULL && o->state.finding.verdict == VERDICT_PASS)
			table[i].look(o);
}

void oracles_rest(struct oracles *o, struct stop stop)
{
	if (stop.why == STOP_SHUTDOWN)
		oracle_found(o, "panic", VERDICT_PANIC, NULL, stop.core,
			"pcore %u shut down: a triple fault", stop.core);
	for (unsigned i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].rest != NULL && o->state.finding.verdict == VERDICT_PASS &&
			(stop.why == STOP_IDLE || table[i].rest == pages_rest))
			table[i].rest(o);
}

/* --- findings --- */

const struct finding *oracles_finding(const struct oracles *o)
{
	return o->state.finding.verdict != VERDICT_PASS ? &o->state.finding : NULL;
}

const char *oracles_overflow(const struct oracles *o)
{
	if (o->state.overflow[0] != '\0')
		return o->state.overflow;
	return race_overflow(o) ? "accesses" : NULL;
}

static void set_place(struct oracles *o, const struct probe_hit *hit, unsigned core)
{
	struct finding *f = &o->state.finding;
	const struct core_state *arch = &o->machine->cores[core].arch;

	f->core = core;
	f->steps = hit != NULL ? hit->steps : o->machine->run.steps;
	f->core_step = hit != NULL ? hit->core_step : arch->step;
	f->cycle = hit != NULL ? hit->cycle : arch->cycle;
	f->rip = hit != NULL ? hit->rip : arch->rip;
}

bool oracle_found(struct oracles *o, const char *oracle, enum verdict v,
	const struct probe_hit *hit, unsigned core, const char *reason, ...)
{
	struct finding *f = &o->state.finding;
	va_list args;

	if (f->verdict != VERDICT_PASS)
		return false;
	f->verdict = v;
	snprintf(f->oracle, sizeof(f->oracle), "%s", oracle);
	set_place(o, hit, hit != NULL ? hit->core : core);
	f->cores = BIT(f->core);
	va_start(args, reason);
	vsnprintf(f->reason, sizeof(f->reason), reason, args);
	va_end(args);
	run_please_stop(o->machine);
	return true;
}

struct oracle_name oracle_process(const struct oracles *o, int pid)
{
	const char *name = identity_name(watch_identity(o->watch), pid);
	struct oracle_name text;

	if (name != NULL)
		snprintf(text.at, sizeof(text.at), "%s (pid %d)", name, pid);
	else
		snprintf(text.at, sizeof(text.at), "process %d", pid);
	return text;
}

struct oracle_place oracle_place(const struct oracles *o, unsigned core, uint64_t rip)
{
	struct oracle_place text = {""};
	char place[sizeof(text.at) - sizeof(" at ")];

	watch_place(o->watch, core, rip, true, place, sizeof(place));
	if (place[0] != '\0')
		snprintf(text.at, sizeof(text.at), " at %s", place);
	return text;
}

struct oracle_name oracle_function(const struct oracles *o, uint64_t address)
{
	const struct elf_image *kernel = images_kernel(watch_images(o->watch));
	struct oracle_name text;

	snprintf(text.at, sizeof(text.at), "%#" PRIx64, address);
	symbols_print(kernel->symbols, address, false, text.at, sizeof(text.at));
	text.at[strcspn(text.at, "+")] = '\0';
	return text;
}

/* --- what can be found --- */

static bool has_probes(const struct images *images, const char *probes, char *missing, size_t size)
{
	char name[40];
	int length;
	size_t n = 0;

	missing[0] = '\0';
	for (; sscanf(probes, "%39s%n", name, &length) == 1; probes += length)
		if (!images_have_probe(images, name) && n < size)
			n += (size_t)snprintf(missing + n, size - n, " %s", name);
	return n == 0;
}

bool oracles_can_find(const struct images *images, enum verdict verdict, struct error *e)
{
	char missing[200] = "";
	bool judged = false;

	for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].row.verdict != verdict)
			continue;
		if (has_probes(images, table[i].row.probes, missing, sizeof(missing)))
			return true;
		judged = true;
	}
	if (!judged) /* not an oracle's: any run can end so */
		return true;
	return fail(e, "%s cannot be found: the images lack the probes%s", verdict_name(verdict),
		missing);
}
