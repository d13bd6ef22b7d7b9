/* oracle_wait.c - deadlock: who waits for whom, followed from stream to stream.
 *
 * Three kinds of waiting are known from probes: for a lock that somebody holds, for a pcore (a
 * vcore that was preempted), and for an earlier preemption to be done (startcore_wait, in the
 * kernel).
 */
#include "sim/replay/abi_view.h"
#include "sim/replay/oracle_parts.h"

#include <stdarg.h>
#include <stdio.h>

struct writing {
	char *at;
	size_t size, length;
};

static void PRINTF(2, 3) say(struct writing *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (w->length < w->size)
		w->length +=
			(size_t)vsnprintf(w->at + w->length, w->size - w->length, format, args);
	va_end(args);
}

/* --- locks of a process --- */

static const struct lock_story *lock_of(const struct story *s, int pid, uint64_t lock)
{
	for (unsigned i = 0; i < ORACLE_LOCKS; i++)
		if (s->locks[i].pid == pid && s->locks[i].lock == lock)
			return &s->locks[i];
	return NULL;
}

/* The vcore that runs what holds the lock, or ran it last; -1: none. */
static int holder(const struct process_story *p, const struct lock_story *l)
{
	if (l->uthread == 0)
		return l->vcoreid;
	for (int running = 1; running >= 0; running--)
		for (int i = 0; i < ORACLE_VCORES; i++)
			if (p->vcores[i].uthread == l->uthread &&
				(p->vcores[i].core >= 0) == (running != 0))
				return i;
	return -1;
}

/* What has become of the vcore that holds a lock. */
static void say_holder(struct writing *w, const struct process_story *p, int vcoreid)
{
	const struct vcore_story *v = &p->vcores[vcoreid];

	say(w, "vcore %d", vcoreid);
	if (v->core >= 0)
		say(w, " (c%d)", v->core);
	else if (v->left_core >= 0)
		say(w, ", which %s c%d at cycle %" PRIu64 " and has no pcore",
			v->preempted ? "was preempted on" : "gave up", v->left_core, v->left_at);
	else
		say(w, ", which has no pcore");
}

/* Who holds the lock that this vcore waits for; l may be NULL, then the lock itself said. */
static int waits_for(
	const struct process_story *p, const struct vcore_story *v, const struct lock_story *l)
{
	int vcoreid = l != NULL ? holder(p, l) : v->waits_for;

	return vcoreid < ORACLE_VCORES ? vcoreid : -1;
}

/* From a waiting vcore to the holder, and on if that waits as well. */
static void say_chain(
	struct writing *w, const struct story *s, const struct process_story *p, int vcoreid)
{
	uint64_t seen = 0;

	say(w, "vcore %d (c%d)", vcoreid, p->vcores[vcoreid].core);
	while (vcoreid >= 0 && p->vcores[vcoreid].waits_lock != 0 && !(seen >> vcoreid & 1)) {
		const struct vcore_story *v = &p->vcores[vcoreid];
		const struct lock_story *l = lock_of(s, p->pid, v->waits_lock);

		seen |= BIT(vcoreid);
		say(w, " waits since cycle %" PRIu64 " for lock %#" PRIx64 ", held by ",
			v->waits_since, v->waits_lock);
		if (l != NULL && l->uthread != 0)
			say(w, "uthread %#" PRIx64 " of ", l->uthread);
		vcoreid = waits_for(p, v, l);
		if (vcoreid >= 0)
			say_holder(w, p, vcoreid);
		else
			say(w, "nobody");
	}
}

static void say_process(struct writing *w, const struct oracles *o, const struct process_story *p)
{
	bool any = false;

	for (int i = 0; i < ORACLE_VCORES; i++) {
		if (p->vcores[i].core < 0 || p->vcores[i].waits_lock == 0)
			continue;
		say(w, any ? "; " : "%s: ", oracle_process(o, p->pid).at);
		say_chain(w, &o->state.story, p, i);
		any = true;
	}
}

/* --- pcores that wait for a preemption to be done --- */

static const struct vcore_story *awaited(const struct story *s, unsigned core)
{
	const struct core_story *c = &s->cores[core];

	return c->wait_pid == 0 ? NULL
				: story_vcore((struct story *)s, c->wait_pid, c->wait_vcoreid);
}

/* The pcore that must act before this one can go on: the one that still runs the vcore. -1: none.
 */
static int waits_for_core(const struct story *s, unsigned core)
{
	const struct vcore_story *v = awaited(s, core);

	if (v == NULL || (int32_t)(v->preempts_done - s->cores[core].start_needs) >= 0)
		return -1;
	return v->core;
}

/* The cycle that core is in, as bits; 0: it is in none. */
static uint64_t core_cycle(const struct story *s, unsigned core)
{
	uint64_t seen = 0;
	int at = (int)core;

	do {
		if (at < 0 || (seen >> at & 1))
			return 0;
		seen |= BIT(at);
		at = waits_for_core(s, (unsigned)at);
	} while (at != (int)core);
	return seen;
}

static void say_core(struct writing *w, const struct oracles *o, unsigned core)
{
	const struct core_story *c = &o->state.story.cores[core];

	say(w, "c%u waits for the preemption of vcore %d of %s to be done, which c%d must do", core,
		c->wait_vcoreid, oracle_process(o, c->wait_pid).at,
		waits_for_core(&o->state.story, core));
}

void oracles_describe_waits(const struct oracles *o, char *text, size_t size)
{
	struct writing w = {text, size, 0};
	const struct story *s = &o->state.story;

	text[0] = '\0';
	for (unsigned i = 0; i < o->machine->cpu_count; i++) {
		if (waits_for_core(s, i) < 0)
			continue;
		if (w.length != 0)
			say(&w, "; ");
		say_core(&w, o, i);
	}
	for (unsigned i = 0; i < ORACLE_PROCESSES; i++) {
		if (s->processes[i].pid == 0 || s->processes[i].ended)
			continue;
		if (w.length != 0)
			say(&w, "; ");
		say_process(&w, o, &s->processes[i]);
	}
}

/* --- judgement --- */

/* Whom a wait for locks concerns: those that wait, and those that hold. Its place is where the last
 * one began to wait. */
static void concerns(struct oracles *o, const struct process_story *p)
{
	struct finding *f = &o->state.finding;
	uint64_t latest = 0;

	for (int i = 0; i < ORACLE_VCORES; i++) {
		const struct vcore_story *v = &p->vcores[i];
		int of = waits_for(p, v, lock_of(&o->state.story, p->pid, v->waits_lock));

		if (v->core < 0 || v->waits_lock == 0)
			continue;
		f->vcores |= BIT(i) | (of >= 0 ? BIT(of) : 0);
		if (v->waits_since < latest)
			continue;
		latest = f->cycle = v->waits_since;
		f->core = (unsigned)v->core;
		f->core_step = v->waits_step;
		f->object = v->waits_lock;
	}
}

static void found(struct oracles *o, unsigned core, int pid, uint64_t cores, const char *what)
{
	struct finding *f = &o->state.finding;
	char waits[480];

	oracles_describe_waits(o, waits, sizeof(waits));
	if (!oracle_found(o, "deadlock", VERDICT_DEADLOCK, NULL, core, "%s%s%s", what,
		    waits[0] != '\0' ? ": " : "", waits))
		return;
	f->pid = pid;
	f->cores |= cores;
	if (story_process(&o->state.story, pid) != NULL)
		concerns(o, story_process(&o->state.story, pid));
}

/* All vcores that have a pcore spin for locks, since so long ago, and nothing of the process lives.
 */
static bool all_spin(
	const struct oracles *o, const struct process_story *p, uint64_t patience, uint64_t *cores)
{
	uint64_t now = oracle_now(o);

	*cores = 0;
	for (unsigned i = 0; i < ORACLE_VCORES; i++) {
		const struct vcore_story *v = &p->vcores[i];

		if (v->core < 0)
			continue;
		if (v->waits_lock == 0 || now - min_u64(now, v->waits_since) < patience)
			return false;
		*cores |= BIT(v->core);
	}
	return *cores != 0 && now - min_u64(now, p->alive_at) >= patience;
}

void wait_judge(struct oracles *o, uint64_t patience)
{
	const struct story *s = &o->state.story;
	uint64_t cores;

	for (unsigned i = 0; i < o->machine->cpu_count; i++) {
		cores = core_cycle(s, i); /* each spins in the kernel with interrupts off */
		if (cores != 0)
			found(o, i, s->cores[i].wait_pid, cores,
				"pcores wait for each other in a cycle");
	}
	for (unsigned i = 0; i < ORACLE_PROCESSES; i++) {
		const struct process_story *p = &s->processes[i];

		if (p->pid != 0 && !p->ended && all_spin(o, p, patience, &cores))
			found(o, (unsigned)__builtin_ctzll(cores), p->pid, cores,
				"every vcore that has a pcore spins for a lock");
	}
}

void wait_look(struct oracles *o)
{
	wait_judge(o, o->limits.patience);
}

/* Every pcore is halted and nothing is due. Who has not ended by now never will. */
void wait_rest(struct oracles *o)
{
	const struct story *s = &o->state.story;
	char what[200] = "every pcore is halted, and nothing is due that would wake one";
	struct writing w = {what, sizeof(what), strlen(what)};
	int pid = 0;

	for (unsigned i = 0; i < ORACLE_PROCESSES; i++) {
		const struct process_story *p = &s->processes[i];

		if (p->pid == 0 || p->ended)
			continue;
		say(&w, "; %s has not ended", oracle_process(o, p->pid).at);
		if (p->state != 0)
			say(&w, " (%s)", abi_state_name(p->state));
		pid = p->pid;
	}
	found(o, 0, pid, 0, what);
}
