/* vcore.c - see vcore.h. Messages: thesis 3.4 and 4.2; the waiting for preemptions: Akaros
 * f1089334.
 */
#include "sim/kernel/vcore.h"
#include "sim/abi/fault_point.h"
#include "sim/abi/probe.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/seqctr.h"
#include "sim/kernel/syscall.h"
#include "sim/kernel/x86.h"

/* what a user may have in its flags: CF to OF without IF, AC and ID */
#define RFLAGS_OF_USER 0x240dd5ul

void vcore_lists_init(struct vcore_lists *vl, uint32_t max_vcores)
{
	list_init(&vl->online);
	list_init(&vl->bulk_preempted);
	list_init(&vl->inactive);
	for (uint32_t i = 0; i < max_vcores; i++)
		list_insert_tail(&vl->inactive, &vl->link[i]);
}

uint32_t vcore_first(const struct vcore_lists *vl, const struct list *list)
{
	/* once: the next read may already give another one */
	const struct list *first = *(struct list *const volatile *)&list->next;

	return first == list ? NO_VCORE : (uint32_t)(first - vl->link);
}

void proc_seq_start(struct proc *p)
{
	seq_start_write(&p->procinfo->coremap_seqctr);
	PROBE(seq_write_begin, p->pid);
}

void proc_seq_end(struct proc *p)
{
	PROBE(seq_write_end, p->pid);
	seq_end_write(&p->procinfo->coremap_seqctr);
}

void vcore_map(struct proc *p, uint32_t vcoreid, uint32_t pcoreid)
{
	struct procinfo *pi = p->procinfo;

	list_remove(&p->vcores.link[vcoreid]);
	list_insert_tail(&p->vcores.online, &p->vcores.link[vcoreid]);
	pi->vcoremap[vcoreid].pcoreid = pcoreid;
	pi->vcoremap[vcoreid].valid = true;
	pi->vcoremap[vcoreid].resume_ticks = rdtsc();
	pi->pcoremap[pcoreid] = (struct pcore){vcoreid, true};
	pi->num_vcores++;
	PROBE(vcore_mapped, p->pid, vcoreid, pcoreid);
}

void vcore_unmap(struct proc *p, uint32_t vcoreid, struct list *to)
{
	struct procinfo *pi = p->procinfo;
	struct vcore *v = &pi->vcoremap[vcoreid];

	list_remove(&p->vcores.link[vcoreid]);
	list_insert_head(to, &p->vcores.link[vcoreid]);
	v->valid = false;
	v->total_ticks += rdtsc() - v->resume_ticks;
	pi->pcoremap[v->pcoreid].valid = false;
	pi->num_vcores--;
	PROBE(vcore_unmapped, p->pid, vcoreid, v->pcoreid);
}

bool vcore_is_mapped(const struct proc *p, uint32_t vcoreid)
{
	return *(const volatile unsigned *)&p->procinfo->vcoremap[vcoreid].valid;
}

void vcore_save_fpu(struct preempt_data *vcpd)
{
	fpu_save(&vcpd->preempt_anc);
	vcpd->rflags |= VC_FPU_SAVED;
}

/* The state may be the user's work: loaded from a copy, so that it is not changed after the check.
 * preempt_anc stays as it is: another vcore may be taking the uthread.
 */
static void restore_fpu(struct preempt_data *vcpd)
{
	struct ancillary_state anc;

	if (vcpd->rflags & VC_FPU_SAVED) {
		anc = vcpd->preempt_anc;
		fpu_secure(&anc);
		vcpd->rflags &= ~VC_FPU_SAVED;
	} else {
		fpu_init_state(&anc);
	}
	fpu_restore(&anc);
}

void vcore_save_ctx(struct proc *p, uint32_t vcoreid, struct user_context *to)
{
	*to = *this_pcpui()->cur_ctx;
	PROBE(ctx_saved, p->pid, vcoreid, to, sizeof(*to));
}

void secure_ctx(struct user_context *ctx)
{
	struct hw_trapframe *hw = &ctx->hw_tf;

	/* an address of 0 faults when it is used, in user mode, and the process is its own victim
	 */
	if (hw->fsbase >= ULIM)
		hw->fsbase = 0;
	if (hw->gsbase >= ULIM)
		hw->gsbase = 0;
	if (ctx->type == ROS_SW_CTX) {
		ctx->sw_tf.mxcsr = mxcsr_secure(ctx->sw_tf.mxcsr);
		if (ctx->sw_tf.rip >= ULIM)
			ctx->sw_tf.rip = 0;
		return;
	}
	ctx->type = ROS_HW_CTX;
	hw->cs = GD_UT;
	hw->ss = GD_UD;
	hw->rflags = (hw->rflags & RFLAGS_OF_USER) | RFLAGS_IF | BIT(1);
	if (hw->rip >= ULIM)
		hw->rip = 0;
}

void vcore_enter_fresh(struct per_cpu_info *pcpui, struct proc *p, uint32_t vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);

	vcpd->notif_disabled = true;
	pcpui->actual_ctx = (struct user_context){.hw_tf = {.rip = vcpd->vcore_entry,
							  .rsp = vcpd->vcore_stack,
							  .rdi = vcoreid,
							  .fsbase = vcpd->vcore_tls_desc},
		.type = ROS_HW_CTX};
	secure_ctx(&pcpui->actual_ctx);
	pcpui->cur_ctx = &pcpui->actual_ctx;
}

/* The vcore goes on in the vcore context that it was preempted in. */
static void enter_saved(struct per_cpu_info *pcpui, struct proc *p, uint32_t vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);

	PROBE(ctx_restored, p->pid, vcoreid, &vcpd->vcore_ctx, sizeof(vcpd->vcore_ctx));
	pcpui->actual_ctx = vcpd->vcore_ctx;
	secure_ctx(&pcpui->actual_ctx);
	pcpui->cur_ctx = &pcpui->actual_ctx;
}

/* Until the preemptions of this vcore that were sent before it was mapped here are done, its
 * context is still on another core, or half written (Akaros f1089334). It must be the count of
 * then: whether the vcore is mapped now says nothing, it may have been taken and mapped again.
 *
 * A message waits for messages here, which is safe because it waits only for ones sent earlier. The
 * core that it waits for may itself be waiting for this one to answer an IMMEDIATE message, so
 * interrupts are on meanwhile.
 */
static void wait_for_preempts(struct proc *p, uint32_t vcoreid, uint32_t sent)
{
	const volatile unsigned *done = &p->procinfo->vcoremap[vcoreid].nr_preempts_done;

	PROBE(startcore_wait, p->pid, vcoreid, sent);
	if (!fault_point("startcore.wait")) {
		irq_enable();
		while (*done != sent)
			cpu_relax();
		irq_disable();
	}
	cmb(); /* the count is read before all that it stands for */
	PROBE(startcore_go, p->pid, vcoreid);
}

static void set_curctx(struct proc *p, uint32_t vcoreid, uint32_t nr_preempts_sent)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);
	struct per_cpu_info *pcpui = this_pcpui();
	bool fresh;

	wait_for_preempts(p, vcoreid, nr_preempts_sent);
	/* as soon as possible: it saves others a recovery */
	vcpd_clear(vcpd, VC_PREEMPTED);
	/* it will look at its mailbox, as every vcore does that starts or was preempted */
	vcpd_set(vcpd, VC_CAN_RCV_MSG);
	restore_fpu(vcpd);
	fresh = !vcpd->notif_disabled;
	PROBE(vcore_enter, p->pid, vcoreid, fresh);
	if (fresh)
		vcore_enter_fresh(pcpui, p, vcoreid);
	else
		enter_saved(pcpui, p, vcoreid);
}

static void __startcore(uint32_t src, long a0, long vcoreid, long nr_preempts_sent)
{
	struct proc *p = (struct proc *)a0;

	(void)src;
	core_own(p, (uint32_t)vcoreid); /* panics if the core is not free */
	proc_decref(p);
	set_curctx(p, (uint32_t)vcoreid, (uint32_t)nr_preempts_sent);
}

static void __set_curctx(uint32_t src, long a0, long vcoreid, long nr_preempts_sent)
{
	struct proc *p = (struct proc *)a0;
	struct per_cpu_info *pcpui = this_pcpui();

	(void)src;
	assert(pcpui->owning_proc == p && pcpui->owning_vcoreid == vcoreid);
	proc_decref(p); /* the core has one */
	set_curctx(p, (uint32_t)vcoreid, (uint32_t)nr_preempts_sent);
}

/* Where the context goes says what it is: of vcore context when notifications are disabled, else of
 * the uthread that the vcore will find in its place as if it had been notified.
 */
static void save_preempted(struct proc *p, uint32_t vcoreid)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);

	/* Also while somebody seems to take the uthread, when Akaros does not: that one may have
	 * come too late, and this vcore may be running it. One that waits writes the same bytes.
	 */
	vcore_save_fpu(vcpd);
	vcore_save_ctx(p, vcoreid, vcpd->notif_disabled ? &vcpd->vcore_ctx : &vcpd->uthread_ctx);
}

/* The user waits for VC_K_LOCK to go before it looks at VC_PREEMPTED. If the vcore has been started
 * elsewhere and preempted again, the lock is the next __preempt's: dropping it here would show
 * others a vcore that is not preempted while its last notice says that it is. Akaros drops it.
 */
static void mark_preempted(struct proc *p, uint32_t vcoreid, uint32_t nr_preempts_sent)
{
	struct preempt_data *vcpd = vcpd_of(p->procdata, vcoreid);

	vcpd_set(vcpd, VC_PREEMPTED);
	spin_lock(&p->proc_lock);
	if (p->procinfo->vcoremap[vcoreid].nr_preempts_sent == nr_preempts_sent)
		vcpd_clear(vcpd, VC_K_LOCK);
	spin_unlock(&p->proc_lock);
}

static void __preempt(uint32_t src, long a0, long a1, long nr_preempts_sent)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct proc *p = (struct proc *)a0;
	uint32_t vcoreid = (uint32_t)a1;
	struct vcore *v = &p->procinfo->vcoremap[vcoreid];
	bool early = false;

	(void)src;
	PROBE(preempt_run, p->pid, vcoreid);
	if (pcpui->owning_proc != p || pcpui->owning_vcoreid != vcoreid)
		panic("__preempt of process %d vcore %u finds another owner", p->pid, vcoreid);
	if (fault_point("preempt.done_early")) {
		v->nr_preempts_done++;
		early = true;
	}
	save_preempted(p, vcoreid);
	mark_preempted(p, vcoreid, (uint32_t)nr_preempts_sent);
	v->preempt_pending = 0;
	syscall_leave_rest();
	core_disown();
	/* Last: from here on the vcore may run elsewhere, so all of the above has to be out (Akaros
	 * 9f0b2d60).
	 */
	wmb();
	if (!early)
		v->nr_preempts_done++;
	PROBE(preempt_done, p->pid, vcoreid, v->nr_preempts_done);
	proc_decref(p);
}

/* The sender did not hold proc_lock, so the message may come late: to a core that has another
 * owner, that is between two vcores (no cur_ctx), or whose vcore has disabled notifications
 * meanwhile.
 */
static bool notify_here(struct per_cpu_info *pcpui, struct proc *p)
{
	struct preempt_data *vcpd;

	if (pcpui->owning_proc != p || pcpui->cur_ctx == NULL || !p->procinfo->is_mcp)
		return false;
	vcpd = vcpd_of(p->procdata, pcpui->owning_vcoreid);
	if (vcpd->notif_disabled)
		return false;
	vcore_save_ctx(p, pcpui->owning_vcoreid, &vcpd->uthread_ctx);
	vcore_enter_fresh(pcpui, p, pcpui->owning_vcoreid);
	return true;
}

static void __notify(uint32_t src, long a0, long a1, long a2)
{
	struct proc *p = (struct proc *)a0;
	bool done;

	(void)src;
	(void)a1;
	(void)a2;
	done = notify_here(this_pcpui(), p);
	PROBE(notify, p->pid, this_pcpui()->owning_vcoreid, done);
	(void)done;
	proc_decref(p);
}

/* It says which process it means: by now the core might have another owner, and that would be a bug
 * to find, not a process to kill (Akaros a44067a0).
 */
static void __death(uint32_t src, long a0, long a1, long a2)
{
	struct proc *p = (struct proc *)a0;

	(void)src;
	(void)a1;
	(void)a2;
	if (this_pcpui()->owning_proc != p)
		panic("__death of process %d finds another owner", p->pid);
	core_disown();
	proc_decref(p);
}

static void send(uint32_t dst, kmsg_fn fn, struct proc *p, long a1, long a2)
{
	proc_incref(p);
	send_kernel_message(dst, fn, (long)p, a1, a2, KMSG_ROUTINE);
}

void send_startcore(struct proc *p, uint32_t vcoreid)
{
	const struct vcore *v = &p->procinfo->vcoremap[vcoreid];

	send(v->pcoreid, __startcore, p, vcoreid, v->nr_preempts_sent);
	PROBE(startcore_sent, p->pid, vcoreid, v->pcoreid, v->nr_preempts_sent);
}

void send_set_curctx(struct proc *p, uint32_t vcoreid)
{
	send(core_id(), __set_curctx, p, vcoreid, p->procinfo->vcoremap[vcoreid].nr_preempts_sent);
}

void send_preempt(struct proc *p, uint32_t vcoreid)
{
	struct vcore *v = &p->procinfo->vcoremap[vcoreid];

	v->nr_preempts_sent++;
	vcpd_set(vcpd_of(p->procdata, vcoreid), VC_K_LOCK);
	send(v->pcoreid, __preempt, p, vcoreid, v->nr_preempts_sent);
}

void send_death(struct proc *p, uint32_t pcoreid)
{
	send(pcoreid, __death, p, 0, 0);
}

void send_notify(struct proc *p, uint32_t pcoreid)
{
	send(pcoreid, __notify, p, 0, 0);
}
