/* blocking.c - see blocking.h. */
#include "sim/guest/parlib/blocking.h"
#include "sim/guest/parlib/atomic32.h"
#include "sim/guest/parlib/event.h"
#include "sim/guest/parlib/sched.h"
#include "sim/guest/parlib/spin_pdr.h"
#include "sim/guest/parlib/uthread.h"

static struct spin_pdr_lock malloc_lock = SPIN_PDR_INIT;

/* Asks for an event at the end of the call. False: it is done already, and there will be none. The
 * kernel marks the end and looks for SC_UEVENT in one step; while it has K_LOCK, it is between that
 * and the event (akaros 6aa8067d).
 */
static bool register_event(struct syscall *s, struct event_queue *q)
{
	unsigned int old;

	s->ev_q = q;
	do {
		while ((old = s->flags) & SC_K_LOCK)
			cpu_relax();
		if (old & SC_DONE)
			return false;
	} while (!cas32(&s->flags, old, old | SC_UEVENT));
	return true;
}

/* In vcore context; t stopped in wait_for_syscall. Once registered it may run elsewhere. */
static void block_on_syscall(struct uthread *t, void *arg)
{
	struct syscall *s = arg;

	s->u_data = t;
	if (!register_event(s, event_syscall_queue(vcore_id())))
		sched_runnable(t);
}

static void handle_syscall_done(struct event_msg *msg, void *data)
{
	struct syscall *s = msg->ev_arg3;

	(void)data;
	sched_runnable(s->u_data);
}

static unsigned int flags_of(const struct syscall *s)
{
	return *(const volatile unsigned int *)&s->flags;
}

/* The struct is the caller's only when the kernel has let go of it. */
static void wait_for_syscall(struct syscall *s)
{
	if (!in_vcore_context() && current_uthread()->notif_disabled_depth == 0)
		while (!(flags_of(s) & SC_DONE))
			uthread_yield(block_on_syscall, s);
	while ((flags_of(s) & (SC_DONE | SC_K_LOCK)) != SC_DONE)
		cpu_relax();
}

static int *errno_here(void)
{
	return in_vcore_context() ? &this_vcore()->err : &current_uthread()->err;
}

static void lock_malloc(void)
{
	spin_pdr_lock(&malloc_lock);
}

static void unlock_malloc(void)
{
	spin_pdr_unlock(&malloc_lock);
}

static const struct thread_hooks hooks = {.wait_for_syscall = wait_for_syscall,
	.errno_location = errno_here,
	.lock_malloc = lock_malloc,
	.unlock_malloc = unlock_malloc};

void blocking_init(void)
{
	event_set_handler(EV_SYSCALL, handle_syscall_done, NULL);
}

/* The hooks use the vcore that FS points at: there is one only if this succeeds, and then at once.
 */
int blocking_change_to_m(void)
{
	const struct thread_hooks *before = thread_hooks;
	struct syscall s = {.num = SYS_change_to_m};

	thread_hooks = &hooks;
	sys_submit(&s, 1);
	if (s.retval == 0)
		return 0;
	thread_hooks = before;
	errno = s.err;
	return -1;
}
