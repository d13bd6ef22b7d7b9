/* uthread.c - see uthread.h. */
#include "sim/guest/parlib/uthread.h"
#include "assert.h"
#include "sim/abi/probe.h"
#include "sim/guest/parlib/blocking.h"
#include "sim/guest/parlib/context.h"
#include "sim/guest/parlib/event.h"
#include "sim/guest/parlib/preempt.h"
#include "sim/guest/parlib/sched.h"
#include "sim/guest/parlib/vcore.h"
#include "stdlib.h"
#include "string.h"

#define MXCSR_DEFAULT 0x1f80
#define FPUCW_DEFAULT 0x37f

_Static_assert(offsetof(struct hw_trapframe, rax) == HW_RAX &&
		       offsetof(struct hw_trapframe, r15) == HW_R15 &&
		       offsetof(struct hw_trapframe, rip) == HW_RIP &&
		       offsetof(struct hw_trapframe, rflags) == HW_RFLAGS &&
		       offsetof(struct hw_trapframe, rsp) == HW_RSP,
	"context.h");
_Static_assert(offsetof(struct sw_trapframe, rbx) == SW_RBX &&
		       offsetof(struct sw_trapframe, r15) == SW_R15 &&
		       offsetof(struct sw_trapframe, rip) == SW_RIP &&
		       offsetof(struct sw_trapframe, rsp) == SW_RSP &&
		       offsetof(struct sw_trapframe, mxcsr) == SW_MXCSR &&
		       offsetof(struct sw_trapframe, fpucw) == SW_FPUCW,
	"context.h");
_Static_assert(offsetof(struct user_context, type) == CTX_TYPE, "context.h");
_Static_assert(sizeof(struct syscall) == SYSC_SIZE && SYS_vc_entry == SYS_VC_ENTRY_NUM &&
		       offsetof(struct syscall, num) == 0 &&
		       sizeof(struct ancillary_state) == FXSAVE_SIZE,
	"context.h");

static struct uthread thread0;
static const unsigned int never_pending;

/* --- vcore context: running and stopping uthreads --- */

/* Once the context is being popped, nobody looks at where it was: `saved` goes first. */
static _Noreturn void pop_current(const volatile unsigned int *notif_pending)
{
	struct vcore_local *v = this_vcore();
	struct uthread *t = v->current_uthread;
	const struct user_context *ctx = t->saved ? &t->ctx : &v->vcpd->uthread_ctx;

	if (t->fp_saved)
		fpu_load(&t->fpu);
	t->fp_saved = false;
	t->saved = false;
	PROBE(uthread_run, t, v->vcoreid);
	v->in_vcore_context = false;
	if (ctx->type == ROS_HW_CTX)
		pop_hw_ctx(&ctx->hw_tf, &v->vcpd->notif_disabled, notif_pending);
	pop_sw_ctx(&ctx->sw_tf, &v->vcpd->notif_disabled, notif_pending);
}

/* The early look saves more than time: each context that is interrupted while it is being popped
 * takes a frame more of the uthread's stack (akaros 7506964a).
 */
void uthread_run_current(void)
{
	struct preempt_data *vcpd = this_vcore()->vcpd;

	if (vcpd->notif_pending)
		vcore_reenter();
	pop_current(&vcpd->notif_pending);
}

void uthread_run(struct uthread *t)
{
	struct vcore_local *v = this_vcore();

	assert(v->current_uthread == NULL && t->saved);
	v->current_uthread = t;
	uthread_run_current();
}

void uthread_pause_current(void)
{
	struct vcore_local *v = this_vcore();
	struct uthread *t = v->current_uthread;

	assert(!t->dont_migrate);
	if (!t->saved) {
		t->ctx = v->vcpd->uthread_ctx;
		if (t->ctx.type == ROS_HW_CTX) {
			fpu_save(&t->fpu);
			t->fp_saved = true;
		}
		t->saved = true;
		PROBE(uthread_stop, t, v->vcoreid);
	}
	v->current_uthread = NULL;
	sched_runnable(t);
}

void uthread_pause_remote(struct uthread *t, const struct preempt_data *vcpd, unsigned int vcoreid)
{
	assert(!t->saved && !t->fp_saved);
	t->ctx = vcpd->uthread_ctx;
	if (t->ctx.type == ROS_HW_CTX) {
		t->fpu = vcpd->preempt_anc;
		t->fp_saved = true;
	}
	t->saved = true;
	PROBE(uthread_stop, t, vcoreid);
	sched_runnable(t);
}

/* Whoever steals our uthread holds it until STEALING is clear: it must not be touched (akaros
 * 68c786f3). We may be the only vcore that runs, and the thief one of those to be recovered, so
 * events are handled meanwhile; one at a time, or two recoverers chase each other (372dc591).
 */
static void wait_while_stolen(struct vcore_local *v)
{
	while (v->vcpd->flags & VC_UTHREAD_STEALING) {
		handle_one_public();
		cpu_relax();
	}
}

void uthread_vcore_entry(void)
{
	struct vcore_local *v = this_vcore();

	assert(v->vcpd->notif_disabled && v->in_vcore_context);
	wait_while_stolen(v);
	if (v->current_uthread != NULL && v->current_uthread->dont_migrate) {
		/* It is about to disable notifications, and looks when it enables them again. */
		v->vcpd->notif_pending = 1;
		pop_current(&never_pending);
	}
	handle_events();
	if (procinfo->vcoremap[v->vcoreid].preempt_pending != 0) {
		if (v->current_uthread != NULL)
			uthread_pause_current();
		vcore_yield(true);
	}
	sched_entry();
}

/* --- uthreads: entering vcore context --- */

/* On the vcore's stack. After yield_fn the uthread may run elsewhere, or be gone. */
static void yield_bottom(void)
{
	struct vcore_local *v = this_vcore();
	struct uthread *t = v->current_uthread;

	PROBE(uthread_stop, t, v->vcoreid);
	t->dont_migrate = false;
	v->current_uthread = NULL;
	t->yield_fn(t, t->yield_arg);
	uthread_vcore_entry();
}

void uthread_yield(void (*fn)(struct uthread *t, void *arg), void *arg)
{
	struct uthread *t = current_uthread();
	struct vcore_local *v;

	assert(!in_vcore_context() && t->notif_disabled_depth == 0);
	t->yield_fn = fn;
	t->yield_arg = arg;
	t->dont_migrate = true;
	cmb(); /* tied to the vcore before it looks which one */
	v = this_vcore();
	v->vcpd->notif_disabled = 1;
	cmb(); /* from here on nothing comes in between */
	v->in_vcore_context = true;
	t->saved = true;
	switch_out(&t->ctx, v->vcpd->vcore_stack, yield_bottom);
}

void uth_disable_notifs(void)
{
	struct uthread *t = current_uthread();

	if (in_vcore_context() || t->notif_disabled_depth++ > 0)
		return;
	t->dont_migrate = true;
	cmb();
	this_vcore()->vcpd->notif_disabled = 1;
	cmb();
}

/* After notifications are enabled the uthread may be moved before it looks: then the vcore that it
 * was on has been in vcore context, and the notification of another one is spurious.
 */
void uth_enable_notifs(void)
{
	struct uthread *t = current_uthread();
	struct preempt_data *vcpd;

	if (in_vcore_context() || --t->notif_disabled_depth > 0)
		return;
	vcpd = this_vcore()->vcpd;
	cmb();
	t->dont_migrate = false; /* nothing can come in before the next store */
	cmb();
	vcpd->notif_disabled = 0;
	wrmb(); /* what the kernel sets after this it also sends (akaros 725b3043) */
	if (vcpd->notif_pending)
		sys_call(SYS_vc_entry, 0, 0, 0, 0);
}

/* --- life and death --- */

static void start_uthread(void)
{
	struct uthread *t = current_uthread();

	t->start(t->arg);
	uthread_exit();
}

/* The stack is below the struct, in one piece. On its top is a return address that is never used,
 * as after a call (System V ABI, "The Stack Frame").
 */
struct uthread *uthread_create(void (*start)(void *arg), void *arg)
{
	char *stack = malloc(UTHREAD_STACK_SIZE + sizeof(struct uthread));
	struct uthread *t = (struct uthread *)(stack + UTHREAD_STACK_SIZE);

	if (stack == NULL)
		return NULL;
	memset((char *)t - 8, 0, 8 + sizeof(*t));
	t->start = start;
	t->arg = arg;
	t->saved = true;
	t->ctx.type = ROS_SW_CTX;
	t->ctx.sw_tf.rip = (unsigned long)start_uthread;
	t->ctx.sw_tf.rsp = (unsigned long)t - 8;
	t->ctx.sw_tf.mxcsr = MXCSR_DEFAULT;
	t->ctx.sw_tf.fpucw = FPUCW_DEFAULT;
	sched_runnable_new(t);
	return t;
}

static void become_runnable(struct uthread *t, void *arg)
{
	(void)arg;
	sched_runnable(t);
}

void uthread_sched_yield(void)
{
	uthread_yield(become_runnable, NULL);
}

/* In vcore context, off the stack of t: whoever joins it may free that right after the exchange. */
static void end(struct uthread *t, void *arg)
{
	struct uthread *joiner;

	(void)arg;
	joiner = __atomic_exchange_n(&t->joiner, UTHREAD_EXITED, __ATOMIC_SEQ_CST);
	if (joiner != NULL)
		sched_runnable(joiner);
}

void uthread_exit(void)
{
	uthread_yield(end, NULL);
	__builtin_trap();
}

static void wait_for_end(struct uthread *self, void *arg)
{
	struct uthread *t = arg;

	if (!__sync_bool_compare_and_swap(&t->joiner, NULL, self))
		sched_runnable(self); /* it has ended just now */
}

void uthread_join(struct uthread *t)
{
	while (t->joiner != UTHREAD_EXITED)
		uthread_yield(wait_for_end, t);
	free((char *)t - UTHREAD_STACK_SIZE);
}

int uthread_lib_init(void)
{
	if (vcore_lib_init() != 0)
		return -1;
	preempt_init();
	blocking_init();
	vcore_local_of(0)->current_uthread = &thread0;
	return blocking_change_to_m();
}
