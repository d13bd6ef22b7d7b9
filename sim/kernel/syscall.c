/* syscall.c - see syscall.h. One function a call, one row a number. */
#include "sim/kernel/syscall.h"
#include "sim/abi/errno.h"
#include "sim/abi/probe.h"
#include "sim/abi/syscall.h"
#include "sim/kernel/console.h"
#include "sim/kernel/event.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/kmsg.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/x86.h"

#define IO_CHUNK     256
#define MAX_PATH     64
#define MAX_ARGS_LEN 1024
#define MAX_BLOCK    1000000000000ul /* microseconds; more would overflow in TSC ticks */

/* Returns retval, or -errno. p is cur_proc. */
typedef long (*syscall_fn)(struct proc *p, struct syscall *s);

static long sys_null(struct proc *p, struct syscall *s)
{
	(void)p;
	(void)s;
	return 0;
}

static long sys_write(struct proc *p, struct syscall *s)
{
	const char *ubuf = (const char *)s->arg1;
	char chunk[IO_CHUNK];

	(void)p;
	if (s->arg0 != 1 && s->arg0 != 2)
		return -EBADF;
	if ((long)s->arg2 < 0)
		return -EINVAL;
	for (size_t done = 0; done < s->arg2;) {
		size_t n = s->arg2 - done < sizeof(chunk) ? s->arg2 - done : sizeof(chunk);

		if (copy_from_user(chunk, ubuf + done, n) != 0)
			return -EFAULT;
		console_write(chunk, n);
		done += n;
	}
	return (long)s->arg2;
}

static long sys_read(struct proc *p, struct syscall *s)
{
	char chunk[IO_CHUNK];
	size_t n = s->arg2 < sizeof(chunk) ? s->arg2 : sizeof(chunk);

	(void)p;
	if (s->arg0 != 0)
		return -EBADF;
	if (n == 0)
		return -EINVAL;
	n = console_read(chunk, n);
	return copy_to_user((void *)s->arg1, chunk, n) != 0 ? -EFAULT : (long)n;
}

static long sys_getpid(struct proc *p, struct syscall *s)
{
	(void)s;
	return p->pid;
}

static long sys_getpcoreid(struct proc *p, struct syscall *s)
{
	(void)p;
	(void)s;
	return core_id();
}

/* The two buffers of proc_create, in one allocation. */
struct create_args {
	char path[MAX_PATH];
	char args[MAX_ARGS_LEN];
};

static long create_from(struct proc *p, struct syscall *s, struct create_args *c)
{
	struct proc *child;
	int err;

	if (s->arg1 >= sizeof(c->path) || s->arg3 > sizeof(c->args))
		return -E2BIG;
	if (copy_from_user(c->path, (void *)s->arg0, s->arg1) != 0 ||
		copy_from_user(c->args, (void *)s->arg2, s->arg3) != 0)
		return -EFAULT;
	c->path[s->arg1] = 0;
	err = proc_create(c->path, c->args, s->arg3, p, &child);
	return err != 0 ? -err : child->pid;
}

static long sys_proc_create(struct proc *p, struct syscall *s)
{
	struct create_args *c = kmalloc(sizeof(*c));
	long ret = create_from(p, s, c);

	kfree(c);
	return ret;
}

static long sys_proc_run(struct proc *p, struct syscall *s)
{
	struct proc *child = pid2proc((int)s->arg0);
	long ret = -ESRCH;

	if (child == NULL)
		return ret;
	if (family_is_child(p, child))
		ret = proc_run(child) ? 0 : -EINVAL;
	proc_decref(child);
	return ret;
}

static long sys_waitpid(struct proc *p, struct syscall *s)
{
	return family_wait(p, (int)s->arg0);
}

static long sys_proc_destroy(struct proc *p, struct syscall *s)
{
	struct proc *victim = pid2proc((int)s->arg0);
	long ret = -EPERM;

	if (victim == NULL)
		return -ESRCH;
	if (victim == p || family_is_child(p, victim)) {
		proc_destroy(victim, (int)(s->arg1 & 0xff));
		ret = 0;
	}
	proc_decref(victim);
	return ret;
}

static long sys_block(struct proc *p, struct syscall *s)
{
	(void)p;
	if (s->arg0 > MAX_BLOCK)
		return -EINVAL;
	kthread_usleep(s->arg0);
	return 0;
}

static long sys_mmap(struct proc *p, struct syscall *s)
{
	uint64_t size = ROUNDUP(s->arg1, PGSIZE), va;
	int err;

	if (s->arg1 == 0 || size < s->arg1)
		return -EINVAL;
	err = mm_map(p, s->arg0, size, (int)s->arg2, &va);
	return err != 0 ? -err : (long)va;
}

static long sys_munmap(struct proc *p, struct syscall *s)
{
	return -mm_unmap(p, s->arg0, ROUNDUP(s->arg1, PGSIZE));
}

static const struct {
	const char *name;
	syscall_fn fn;
	/* instead: finishes itself (syscall.h) */
	void (*control)(struct proc *p, struct syscall *usysc, struct syscall *s);
} syscalls[NUM_SYSCALLS] = {
	[SYS_null] = {"null", sys_null, NULL},
	[SYS_write] = {"write", sys_write, NULL},
	[SYS_read] = {"read", sys_read, NULL},
	[SYS_getpid] = {"getpid", sys_getpid, NULL},
	[SYS_getpcoreid] = {"getpcoreid", sys_getpcoreid, NULL},
	[SYS_proc_create] = {"proc_create", sys_proc_create, NULL},
	[SYS_proc_run] = {"proc_run", sys_proc_run, NULL},
	[SYS_waitpid] = {"waitpid", sys_waitpid, NULL},
	[SYS_proc_destroy] = {"proc_destroy", sys_proc_destroy, NULL},
	[SYS_proc_yield] = {"proc_yield", NULL, sys_proc_yield},
	[SYS_block] = {"block", sys_block, NULL},
	[SYS_mmap] = {"mmap", sys_mmap, NULL},
	[SYS_munmap] = {"munmap", sys_munmap, NULL},
	[SYS_change_to_m] = {"change_to_m", NULL, sys_change_to_m},
	[SYS_poke_ksched] = {"poke_ksched", sys_poke_ksched, NULL},
	[SYS_change_vcore] = {"change_vcore", NULL, sys_change_vcore},
	[SYS_notify] = {"notify", sys_notify, NULL},
	[SYS_self_notify] = {"self_notify", sys_self_notify, NULL},
	[SYS_vc_entry] = {"vc_entry", NULL, sys_vc_entry},
	[SYS_halt_core] = {"halt_core", sys_halt_core, NULL},
};

static const char *error_text(int err)
{
	switch (err) {
	case EFAULT:
		return "bad address";
	case EINVAL:
		return "invalid argument";
	case ENOSYS:
		return "not implemented";
	case ENOENT:
		return "no such file in the initrd";
	case ENOEXEC:
		return "not a static ELF64 program";
	case ENOMEM:
		return "out of memory or address space";
	case E2BIG:
		return "arguments too long";
	case ESRCH:
		return "no such process";
	case ECHILD:
		return "no such child";
	case EPERM:
		return "neither this process nor a child";
	case EBUSY:
		return "busy";
	case EAGAIN:
		return "try again";
	default:
		return "bad file descriptor";
	}
}

/* The user of an MCP sets ev_q and then, atomically, SC_UEVENT, unless it finds SC_DONE; so we set
 * SC_DONE and look for SC_UEVENT then. SC_K_LOCK, which comes with SC_DONE, keeps it from believing
 * that there will be no event until we have looked, and sent one (Akaros 6aa8067d).
 */
static void set_done(struct proc *p, struct syscall *usysc)
{
	struct event_msg msg = {.ev_type = EV_SYSCALL, .ev_arg3 = usysc};
	bool mcp = p->procinfo->is_mcp;
	struct syscall now;

	if (user_or_u32(&usysc->flags, mcp ? SC_DONE | SC_K_LOCK : SC_DONE) != 0)
		return;
	PROBE(syscall_done, p->pid, usysc);
	if (!mcp)
		return;
	if (copy_from_user(&now, usysc, sizeof(now)) == 0 && (now.flags & SC_UEVENT))
		send_event(p, now.ev_q, &msg, 0);
	user_and_u32(&usysc->flags, ~(uint32_t)SC_K_LOCK);
}

void syscall_finish(struct proc *p, struct syscall *usysc, struct syscall *s, long ret)
{
	bool failed = ret < 0;

	s->err = failed ? (int)-ret : 0;
	s->retval = failed ? -1 : ret;
	if (failed) {
		strlcpy(s->errstr, error_text(s->err), sizeof(s->errstr));
		copy_to_user(usysc->errstr, s->errstr, sizeof(s->errstr));
	}
	/* a user that has unmapped its own struct does not hear of the result: its own loss */
	if (copy_to_user(&usysc->err, &s->err, sizeof(s->err)) == 0 &&
		copy_to_user(&usysc->retval, &s->retval, sizeof(s->retval)) == 0)
		set_done(p, usysc);
	if (!atomic_dec_and_test(&p->nr_pending_syscs))
		return;
	/* after the count: see scp_wait(). An MCP waits for events. */
	if (proc_state_hint(p) == PROC_WAITING && !p->procinfo->is_mcp)
		proc_wakeup(p);
}

static long dispatch(struct proc *p, struct syscall *s)
{
	if (s->num >= NUM_SYSCALLS)
		return -ENOSYS;
	if ((s->flags & SC_UEVENT) && !p->procinfo->is_mcp)
		return -ENOSYS;
	return syscalls[s->num].fn(p, s);
}

static bool is_control(const struct syscall *s)
{
	return s->num < NUM_SYSCALLS && syscalls[s->num].control != NULL;
}

/* on_vcore: this core's owner has submitted it, and waits in cur_ctx. */
static void control(struct proc *p, struct syscall *usysc, struct syscall *s, bool on_vcore)
{
	bool event = s->flags & SC_UEVENT, last = this_pcpui()->nr_syscs == 0;

	if (!p->procinfo->is_mcp && event)
		syscall_finish(p, usysc, s, -ENOSYS);
	else if (p->procinfo->is_mcp && (event || !last || !on_vcore))
		syscall_finish(p, usysc, s, -EINVAL);
	else
		syscalls[s->num].control(p, usysc, s);
}

/* p is cur_proc. */
static void run_syscall(struct proc *p, struct syscall *usysc, bool on_vcore)
{
	struct kthread *k = this_pcpui()->cur_kthread;
	struct syscall s;

	if (copy_from_user(&s, usysc, sizeof(s)) != 0) {
		printk("process %d (%s) killed: system call struct at %p\n", p->pid, p->progname,
			(void *)usysc);
		this_pcpui()->nr_syscs = 0;
		proc_destroy(p, EXIT_CODE_FAULT);
		return;
	}
	atomic_inc(&p->nr_pending_syscs);
	k->flags = KTH_SAVE_ADDR_SPACE;
	k->name = s.num < NUM_SYSCALLS ? syscalls[s.num].name : "syscall";
	k->usysc = usysc;
	PROBE(syscall_start, p->pid, usysc, s.num);
	if (is_control(&s))
		control(p, usysc, &s, on_vcore);
	else
		syscall_finish(p, usysc, &s, dispatch(p, &s));
}

void run_next_syscall(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct syscall *usysc = pcpui->syscs++;

	pcpui->nr_syscs--;
	run_syscall(pcpui->cur_proc, usysc, true);
}

static void leave(struct proc *p, struct syscall *usyscs, uint64_t count);

/* ROUTINE message: one call, and the rest are left to the next message. */
static void __late_syscalls(uint32_t src, long a0, long a1, long count)
{
	struct proc *p = (struct proc *)a0;
	struct syscall *usyscs = (struct syscall *)a1;

	(void)src;
	if (!(p->state & (PROC_DYING | PROC_DYING_ABORT))) {
		proc_switch_addr_space(p);
		if (count > 1)
			leave(p, usyscs + 1, (uint64_t)count - 1);
		irq_enable();
		run_syscall(p, usyscs, false);
	}
	proc_decref(p);
	smp_idle(); /* the call may have blocked: what called us is no more */
}

static void leave(struct proc *p, struct syscall *usyscs, uint64_t count)
{
	proc_incref(p);
	send_kernel_message(
		core_id(), __late_syscalls, (long)p, (long)usyscs, (long)count, KMSG_ROUTINE);
}

void syscall_leave_rest(void)
{
	struct per_cpu_info *pcpui = this_pcpui();

	if (pcpui->nr_syscs > 0)
		leave(pcpui->owning_proc, pcpui->syscs, pcpui->nr_syscs);
	pcpui->nr_syscs = 0;
}
