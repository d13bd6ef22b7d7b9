/* oracle_story.c - keeps the story that the oracles refer to: which vcore runs where, what it waits
 * for, who holds which lock, and when anything last showed a sign of life.
 */
#include "sim/replay/oracle_parts.h"

#include <stdio.h>

struct process_story *story_process(struct story *s, int pid)
{
	for (unsigned i = 0; pid != 0 && i < ORACLE_PROCESSES; i++)
		if (s->processes[i].pid == pid)
			return &s->processes[i];
	return NULL;
}

struct vcore_story *story_vcore(struct story *s, int pid, int64_t vcoreid)
{
	struct process_story *p = story_process(s, pid);

	return p != NULL && vcoreid >= 0 && vcoreid < ORACLE_VCORES ? &p->vcores[vcoreid] : NULL;
}

unsigned story_slot(const struct story *s, const struct process_story *p)
{
	return (unsigned)(p - s->processes);
}

static void process_begins(struct oracles *o, int pid)
{
	struct story *s = &o->state.story;
	struct process_story *p = story_process(s, pid);

	if (p == NULL)
		for (unsigned i = 0; i < ORACLE_PROCESSES && p == NULL; i++)
			if (s->processes[i].pid == 0 || s->processes[i].ended)
				p = &s->processes[i];
	if (p == NULL) {
		snprintf(o->state.overflow, sizeof(o->state.overflow), "processes");
		return;
	}
	memset(p, 0, sizeof(*p));
	memset(o->state.context.contexts[story_slot(s, p)], 0,
		sizeof(o->state.context.contexts[0]));
	p->pid = pid;
	for (unsigned i = 0; i < ORACLE_VCORES; i++)
		p->vcores[i].core = p->vcores[i].left_core = p->vcores[i].mapped_to = -1;
}

/* --- locks --- */

static struct lock_story *lock_find(struct story *s, int pid, uint64_t lock)
{
	for (unsigned i = 0; i < ORACLE_LOCKS; i++)
		if (s->locks[i].pid == pid && (pid == 0 || s->locks[i].lock == lock))
			return &s->locks[i];
	return NULL;
}

static void lock_taken(struct oracles *o, const struct probe_hit *hit)
{
	struct story *s = &o->state.story;
	struct vcore_story *v = story_vcore(s, hit->pid, hit->args[1]);
	struct lock_story *l = lock_find(s, hit->pid, (uint64_t)hit->args[0]);

	if (l == NULL)
		l = lock_find(s, 0, 0);
	if (l == NULL)
		snprintf(o->state.overflow, sizeof(o->state.overflow), "locks");
	else
		*l = (struct lock_story){hit->pid, (int32_t)hit->args[1], (uint64_t)hit->args[0],
			v != NULL ? v->uthread : 0};
	if (v != NULL)
		v->waits_lock = 0;
}

static void lock_released(struct story *s, const struct probe_hit *hit)
{
	struct lock_story *l = lock_find(s, hit->pid, (uint64_t)hit->args[0]);

	if (l != NULL)
		memset(l, 0, sizeof(*l));
}

static void lock_hit(struct oracles *o, const struct oracle_hit *h)
{
	struct story *s = &o->state.story;
	struct vcore_story *v = story_vcore(s, h->hit->pid, h->hit->vcoreid);

	switch (h->kind) {
	case PROBE_lock_wait:
		if (v != NULL) {
			v->waits_lock = (uint64_t)h->hit->args[0];
			v->waits_for = (int32_t)h->hit->args[1];
			v->waits_since = h->hit->cycle;
			v->waits_step = h->hit->core_step;
		}
		break;
	case PROBE_lock_taken:
		lock_taken(o, h->hit);
		break;
	case PROBE_lock_released:
		lock_released(s, h->hit);
		break;
	default:
		break;
	}
}

/* --- vcores --- */

/* A fresh vcore context, or another uthread, does not wait for what ran there before. */
static void runs_something_new(struct vcore_story *v, uint64_t uthread)
{
	v->uthread = uthread;
	v->waits_lock = 0;
}

static void leaves(struct vcore_story *v, const struct probe_hit *hit)
{
	if (v->core != (int32_t)hit->core)
		return; /* it has been started elsewhere since */
	v->core = -1;
	v->left_at = hit->cycle;
	v->left_core = (int32_t)hit->core;
	v->preempted = v->preempts_sent != v->preempts_done;
}

static void vcore_hit(struct story *s, const struct oracle_hit *h)
{
	const int64_t *args = h->hit->args;
	struct vcore_story *v = story_vcore(s, (int)args[0], args[1]);

	if (v == NULL)
		return;
	switch (h->kind) {
	case PROBE_vcore_enter:
		v->core = (int32_t)h->hit->core;
		v->preempted = 0;
		if (args[2] == 1)
			runs_something_new(v, 0);
		break;
	case PROBE_vcore_leave:
		leaves(v, h->hit);
		break;
	case PROBE_notify:
		if (args[2] == 1)
			runs_something_new(v, 0);
		break;
	case PROBE_preempt_sent:
		v->preempts_sent = (uint32_t)args[2];
		break;
	case PROBE_preempt_done:
		v->preempts_done = (uint32_t)args[2];
		break;
	default:
		break;
	}
}

static void uthread_hit(struct story *s, const struct oracle_hit *h)
{
	struct vcore_story *v = story_vcore(s, h->hit->pid, h->hit->args[1]);

	if (v == NULL)
		return;
	if (h->kind == PROBE_uthread_run)
		runs_something_new(v, (uint64_t)h->hit->args[0]);
	else if (h->kind == PROBE_uthread_stop)
		runs_something_new(v, 0);
}

/* --- processes and pcores --- */

static void process_hit(struct oracles *o, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	struct process_story *p = story_process(&o->state.story, (int)hit->args[0]);

	if (h->kind == PROBE_proc_created)
		process_begins(o, (int)hit->args[0]);
	if (p == NULL)
		return;
	if (h->kind == PROBE_proc_state)
		p->state = (uint32_t)hit->args[2];
	if (h->kind == PROBE_proc_ended)
		p->ended = 1;
	if (h->kind == PROBE_proc_freed)
		memset(p, 0, sizeof(*p));
}

static void program_hit(struct oracles *o, const struct oracle_hit *h)
{
	struct process_story *p = story_process(&o->state.story, h->hit->pid);

	if (p == NULL)
		return;
	if (h->kind == PROBE_program_begin || h->kind == PROBE_program_end)
		p->in_program = h->kind == PROBE_program_begin;
	p->progress_at = h->hit->steps;
}

static void core_hit(struct story *s, const struct oracle_hit *h)
{
	const struct probe_hit *hit = h->hit;
	struct core_story *here = &s->cores[hit->core];

	if (h->kind == PROBE_kmsg_sent && hit->args[0] >= 0 && hit->args[0] < MACHINE_CPUS_MAX) {
		s->cores[hit->args[0]].messages++;
		s->cores[hit->args[0]].last_function = (uint64_t)hit->args[1];
	}
	if (h->kind == PROBE_kmsg_run)
		here->messages--;
	if (h->kind == PROBE_startcore_wait) {
		here->wait_pid = (int32_t)hit->args[0];
		here->wait_vcoreid = (int32_t)hit->args[1];
		here->start_pid = here->wait_pid;
		here->start_vcoreid = here->wait_vcoreid;
		here->start_needs = (uint32_t)hit->args[2];
	} else if (h->kind == PROBE_startcore_go) {
		here->wait_pid = 0;
	}
}

/* Signs of life. That a vcore waits, is notified, yields in vain or halts is none. */
enum life { NO_LIFE, CHANGES_PLACES, MOVES };

/* Vcores, uthreads and locks can change hands for ever: only the other kind gets anywhere. */
static enum life sign_of_life(enum probe_kind kind)
{
	switch (kind) {
	case PROBE_progress:
	case PROBE_program_begin:
	case PROBE_program_end:
	case PROBE_event_handled:
	case PROBE_syscall_done:
	case PROBE_kthread_woken:
	case PROBE_proc_created:
	case PROBE_proc_ended:
	case PROBE_stimulus:
		return MOVES;
	case PROBE_lock_taken:
	case PROBE_lock_released:
	case PROBE_uthread_run:
	case PROBE_uthread_stop:
	case PROBE_syscall_start:
	case PROBE_ctx_restored:
	case PROBE_vcore_enter:
		return CHANGES_PLACES;
	default:
		return NO_LIFE;
	}
}

static void note_life(struct story *s, const struct probe_hit *hit, enum life life)
{
	struct process_story *p = story_process(s, hit->pid);

	if (life == NO_LIFE)
		return;
	s->alive_at = max_u64(s->alive_at, hit->cycle);
	s->alive_steps = hit->steps;
	if (p == NULL)
		return;
	p->alive_at = max_u64(p->alive_at, hit->cycle);
	if (life == MOVES)
		p->moved_at = p->alive_at;
}

void story_hit(struct oracles *o, const struct oracle_hit *h)
{
	struct story *s = &o->state.story;

	core_hit(s, h);
	note_life(s, h->hit, sign_of_life(h->kind));
	switch (h->kind) {
	case PROBE_lock_wait:
	case PROBE_lock_taken:
	case PROBE_lock_released:
		lock_hit(o, h);
		break;
	case PROBE_uthread_run:
	case PROBE_uthread_stop:
		uthread_hit(s, h);
		break;
	case PROBE_progress:
	case PROBE_program_begin:
	case PROBE_program_end:
		program_hit(o, h);
		break;
	case PROBE_proc_created:
	case PROBE_proc_state:
	case PROBE_proc_ended:
	case PROBE_proc_freed:
		process_hit(o, h);
		break;
	default:
		if (h->hit->arg_count >= 2 && !h->hit->user)
			vcore_hit(s, h);
	}
}

uint64_t oracle_now(const struct oracles *o)
{
	return machine_cycles(o->machine);
}
