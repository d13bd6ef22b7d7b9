/* mcp.c - ktests of vcores, of the core allocator and of mailboxes. */
#include "sim/kernel/mcp.h"
#include "sim/abi/stimulus.h"
#include "sim/kernel/barrier.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/ktest/ktest.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/seqctr.h"
#include "sim/kernel/time.h"
#include "sim/kernel/ucq.h"
#include "sim/kernel/x86.h"

#define ROUNDS   100
#define MESSAGES 100 /* a core */

#define CODE_VA     BRK_START
#define CODE_OFFSET 256 /* beyond what the page allocator writes into a free page */

static struct barrier gate;

static struct proc *new_proc(void)
{
	struct proc *p;

	if (proc_create("/bin/hello", "hello", 6, NULL, &p) != 0)
		return NULL;
	proc_incref(p);
	return p;
}

static void end_proc(struct proc *p)
{
	proc_destroy(p, 0);
	proc_decref(p);
}

/* An MCP that has no core yet and whose vcores do nothing but read the first byte of their code. */
static struct proc *new_mcp(void)
{
	/* lea -7(%rip), %rax; mov (%rax), %cl; jmp back to that */
	static const uint8_t code[] = {
		0x48, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff, 0x8a, 0x08, 0xeb, 0xfc};
	struct proc *p = new_proc();
	uint64_t va;

	if (p == NULL || mm_map(p, CODE_VA, PGSIZE, PROT_READ | PROT_EXEC, &va) != 0)
		return NULL;
	va += CODE_OFFSET;
	mm_poke(p, va, code, sizeof(code));
	for (uint32_t i = 0; i < p->procinfo->max_vcores; i++)
		vcpd_of(p->procdata, i)->vcore_entry = va;
	p->procinfo->is_mcp = true;
	proc_set_state(p, PROC_RUNNABLE_S);
	proc_set_state(p, PROC_RUNNABLE_M);
	ksched_add(p);
	return p;
}

static void want(struct proc *p, uint64_t cores)
{
	p->procdata->amt_wanted = cores;
	ksched_poke();
}

static bool has(const struct proc *p, uint32_t cores)
{
	return p->procinfo->num_vcores == cores;
}

/* Whether the core is p's and in that state, now or within a second. */
static bool core_comes_to(uint32_t core, const struct proc *p, enum core_state state)
{
	const volatile struct per_cpu_info *pcpui = &per_cpu_info[core];
	uint64_t end = rdtsc() + tsc_freq;

	while (pcpui->owning_proc != p || pcpui->state != state) {
		if (rdtsc() > end)
			return false;
		kthread_usleep(20);
	}
	return true;
}

static bool core_runs(uint32_t core, const struct proc *p)
{
	return core_comes_to(core, p, CORE_USER);
}

static bool all_run(const struct proc *p)
{
	for (uint32_t i = 0; i < p->procinfo->max_vcores; i++)
		if (p->procinfo->vcoremap[i].valid &&
			!core_runs(p->procinfo->vcoremap[i].pcoreid, p))
			return false;
	return true;
}

void ktest_vcore_lists(void)
{
	struct proc *p = new_proc();
	struct vcore_lists *vl;
	uint32_t max;

	KT_ASSERT(p != NULL);
	vl = &p->vcores;
	max = p->procinfo->max_vcores;
	KT_CHECK(vcore_first(vl, &vl->online) == NO_VCORE && vcore_first(vl, &vl->inactive) == 0);
	for (uint32_t i = 0; i < max; i++)
		vcore_map(p, i, i);
	KT_CHECK(vcore_first(vl, &vl->online) == 0 && vcore_first(vl, &vl->inactive) == NO_VCORE);
	KT_CHECK(p->procinfo->num_vcores == max && p->procinfo->pcoremap[max - 1].valid);
	for (uint32_t i = 0; i < max; i++)
		vcore_unmap(p, i, &vl->inactive);
	/* who left last is the next to start */
	KT_CHECK(vcore_first(vl, &vl->inactive) == max - 1);
	KT_CHECK(p->procinfo->num_vcores == 0 && !p->procinfo->pcoremap[max - 1].valid);
	end_proc(p);
}

/* The last core moves vcore 0 from pcore to pcore; the others see it on one, or on none. */
static void move_or_look(void *arg)
{
	struct proc *p = arg;
	struct procinfo *pi = p->procinfo;

	barrier_wait(&gate);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t on = 0, pcoreid;
		uint64_t start;

		if (core_id() == num_cores - 1) {
			spin_lock(&p->proc_lock);
			proc_seq_start(p);
			if (pi->vcoremap[0].valid)
				vcore_unmap(p, 0, &p->vcores.inactive);
			vcore_map(p, 0, i % num_cores);
			proc_seq_end(p);
			spin_unlock(&p->proc_lock);
			continue;
		}
		do {
			start = seq_start_read(&pi->coremap_seqctr);
			pcoreid = *(volatile unsigned *)&pi->vcoremap[0].pcoreid;
			for (uint32_t c = on = 0; c < num_cores; c++)
				if (*(volatile unsigned *)&pi->pcoremap[c].valid)
					on |= c == pcoreid ? 1 : 2;
		} while (seq_retry_read(&pi->coremap_seqctr, start));
		KT_CHECK(on < 2);
	}
}

void ktest_vcore_map(void)
{
	struct proc *p = new_proc();

	KT_ASSERT(p != NULL);
	barrier_init(&gate, num_cores);
	run_everywhere(move_or_look, p);
	KT_CHECK(p->procinfo->coremap_seqctr == 2 * ROUNDS);
	vcore_unmap(p, 0, &p->vcores.inactive);
	end_proc(p);
}

struct producers {
	struct proc *p;
	struct ucq *ucq;
};

static void produce(void *arg)
{
	const struct producers *pr = arg;
	struct event_msg msg = {.ev_type = EV_USER_IPI, .ev_arg2 = core_id()};
	struct proc *before;
	uint64_t slot;

	barrier_wait(&gate);
	before = proc_switch_to(pr->p);
	for (uint64_t i = 0; i < MESSAGES; i++) {
		msg.ev_arg4 = i;
		KT_CHECK(ucq_post(pr->p, pr->ucq, &msg, &slot) == 0);
	}
	proc_switch_back(before);
}

/* p's address space is loaded, and nobody posts: each core's messages must be there once, in order.
 */
static long consume(const struct ucq *ucq)
{
	uint64_t page = ucq->cons_idx, next[MAX_NUM_CORES] = {0};
	long n = 0;

	for (; page != 0; page = ((struct ucq_page *)page)->cons_next_pg)
		for (int i = 0; i < UCQ_SLOTS; i++) {
			const struct ucq_slot *s = &((struct ucq_page *)page)->slot[i];

			if (!s->ready)
				continue;
			KT_CHECK(s->msg.ev_arg2 < num_cores);
			KT_CHECK(s->msg.ev_arg4 == next[s->msg.ev_arg2 % num_cores]++);
			n++;
		}
	return n;
}

void ktest_ucq(void)
{
	struct producers pr = {.p = new_proc()};
	struct proc *before;
	uint64_t va, slot;

	KT_ASSERT(pr.p != NULL);
	KT_ASSERT(mm_map(pr.p, 0, 3 * PGSIZE, PROT_READ | PROT_WRITE, &va) == 0);
	pr.ucq = (struct ucq *)va;
	before = proc_switch_to(pr.p);
	pr.ucq->prod_idx = pr.ucq->cons_idx = va + PGSIZE;
	pr.ucq->spare_pg = va + 2 * PGSIZE;
	proc_switch_back(before);
	barrier_init(&gate, num_cores);
	run_everywhere(produce, &pr);
	before = proc_switch_to(pr.p);
	KT_CHECK(consume(pr.ucq) == (long)num_cores * MESSAGES);
	KT_CHECK(pr.ucq->spare_pg == 0 || num_cores == 1);
	KT_CHECK(ucq_post(pr.p, (struct ucq *)UINFO, &(struct event_msg){0}, &slot) != 0);
	KT_CHECK(ucq_post(pr.p, (struct ucq *)-8ul, &(struct event_msg){0}, &slot) != 0);
	/* full, and no next page: posts fail, and leave it so */
	pr.ucq->prod_idx = (va + PGSIZE) | UCQ_SLOTS;
	for (int i = 0; i < 2; i++) {
		pr.ucq->spare_pg = 1;
		KT_CHECK(ucq_post(pr.p, pr.ucq, &(struct event_msg){0}, &slot) != 0);
		KT_CHECK(pr.ucq->prod_idx == ((va + PGSIZE) | UCQ_SLOTS));
	}
	proc_switch_back(before);
	end_proc(pr.p);
}

void ktest_secure_ctx(void)
{
	struct user_context c = {.hw_tf = {.fsbase = KERNBASE,
					 .gsbase = ULIM,
					 .rip = ULIM,
					 .cs = GD_KT,
					 .ss = GD_KD,
					 .rflags = RFLAGS_IOPL | RFLAGS_NT | BIT(0)},
		.type = 77};

	secure_ctx(&c);
	KT_CHECK(c.type == ROS_HW_CTX && c.hw_tf.cs == GD_UT && c.hw_tf.ss == GD_UD);
	KT_CHECK(c.hw_tf.rflags == (RFLAGS_IF | BIT(1) | BIT(0)));
	KT_CHECK(c.hw_tf.rip == 0 && c.hw_tf.fsbase == 0 && c.hw_tf.gsbase == 0);
	c = (struct user_context){
		.sw_tf = {.rip = KERNBASE, .fsbase = ULIM, .mxcsr = -1u}, .type = ROS_SW_CTX};
	secure_ctx(&c);
	KT_CHECK(c.sw_tf.rip == 0 && c.sw_tf.fsbase == 0 && c.sw_tf.mxcsr == 0xffbf);
	c.sw_tf.rip = ULIM - 1;
	c.sw_tf.mxcsr = 0x1f80;
	secure_ctx(&c);
	KT_CHECK(c.sw_tf.rip == ULIM - 1 && c.sw_tf.mxcsr == 0x1f80);
}

/* Two MCPs: first come first served, the rest when the first one is gone. */
void ktest_core_alloc(void)
{
	uint32_t cores = num_cores - 1;
	struct proc *a, *b;

	if (!ksched_has_cores())
		return;
	a = new_mcp();
	KT_ASSERT(a != NULL);
	want(a, 0); /* counts as 1 */
	KT_CHECK(has(a, 1));
	want(a, cores + 1); /* so does this */
	KT_CHECK(has(a, 1));
	want(a, cores);
	KT_CHECK(has(a, cores) && all_run(a));
	b = new_mcp();
	KT_ASSERT(b != NULL);
	want(b, cores);
	KT_CHECK(has(b, 0) && b->state == PROC_RUNNABLE_M);
	end_proc(a);
	KT_CHECK(has(b, cores) && b->state == PROC_RUNNING_M && all_run(b));
	end_proc(b);
}

/* A share is taken from whoever has it, and only that. */
void ktest_core_provision(void)
{
	uint32_t cores = num_cores - 1, share = (cores + 1) / 2;
	struct proc *a, *b;

	if (!ksched_has_cores())
		return;
	a = new_mcp();
	b = new_mcp();
	KT_ASSERT(a != NULL && b != NULL);
	want(a, cores);
	ksched_provision(b, share);
	want(b, cores);
	KT_CHECK(has(b, share) && has(a, cores - share));
	KT_CHECK(all_run(b) && all_run(a));
	ksched_provision(a, cores); /* what is left */
	ksched_provision(b, 0);
	KT_CHECK(has(b, share));
	end_proc(b);
	KT_CHECK(has(a, cores) && all_run(a));
	end_proc(a);
}

void ktest_core_away(void)
{
	uint32_t cores = num_cores - 1;
	struct proc *p;

	if (!ksched_has_cores())
		return;
	p = new_mcp();
	KT_ASSERT(p != NULL);
	want(p, cores);
	KT_CHECK(all_run(p));
	irq_disable(); /* as the callers have it: no alarm fires meanwhile */
	KT_CHECK(ksched_take_away(p, 0, 1000) == 1 && has(p, cores - 1));
	KT_CHECK(ksched_take_away(p, 0, 1000) == 0);
	KT_CHECK(ksched_take_away(p, cores, 1000) == 0);
	irq_enable();
	kthread_usleep(2000);
	KT_CHECK(has(p, cores) && all_run(p));
	KT_CHECK(ksched_take_away(p, STIMULUS_ALL_VCORES, STIMULUS_FOR_EVER) == cores);
	KT_CHECK(has(p, 0) && p->state == PROC_RUNNABLE_M);
	kthread_usleep(2000);
	KT_CHECK(has(p, 0));
	ksched_return_cores();
	KT_CHECK(has(p, cores) && all_run(p));
	end_proc(p);
}

/* A vcore does not start while a preemption of it, here a fictitious one, is still under way. */
void ktest_startcore_wait(void)
{
	struct proc *p;
	struct vcore *v;

	if (!ksched_has_cores())
		return;
	p = new_mcp();
	KT_ASSERT(p != NULL);
	v = &p->procinfo->vcoremap[0];
	v->nr_preempts_sent++;
	want(p, 1);
	KT_CHECK(has(p, 1));
	KT_CHECK(core_comes_to(v->pcoreid, p, CORE_KERNEL));
	kthread_usleep(500);
	KT_CHECK(per_cpu_info[v->pcoreid].state == CORE_KERNEL);
	KT_CHECK(per_cpu_info[v->pcoreid].cur_ctx == NULL);
	KT_CHECK(proc_preempt_vcore(p, 0) == NO_PCORE); /* one at a time */
	v->nr_preempts_done++;
	KT_CHECK(core_runs(v->pcoreid, p));
	end_proc(p);
}

/* munmap returns when no core that runs the process can reach the page any more: here the vcores
 * die of it, though they have the translation of their code in their TLBs.
 */
void ktest_unmap_shootdown(void)
{
	struct proc *p;
	uint64_t end;

	if (!ksched_has_cores())
		return;
	p = new_mcp();
	KT_ASSERT(p != NULL);
	want(p, num_cores - 1);
	KT_CHECK(all_run(p));
	KT_CHECK(mm_unmap(p, CODE_VA, PGSIZE) == 0);
	end = rdtsc() + tsc_freq;
	while (!(proc_state_hint(p) & PROC_DYING_ABORT) && rdtsc() < end)
		kthread_usleep(20);
	KT_CHECK(p->exit_code == EXIT_CODE_FAULT);
	end_proc(p);
}
