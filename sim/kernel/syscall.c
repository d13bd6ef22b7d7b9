/* syscall.c - see syscall.h. One function a call, one row a number. */
#include "sim/kernel/syscall.h"
#include "sim/abi/errno.h"
#include "sim/abi/syscall.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/smp.h"

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
	syscall_fn fn; /* NULL: proc_yield, which finishes itself */
} syscalls[NUM_SYSCALLS] = {
	[SYS_null] = {"null", sys_null},
	[SYS_write] = {"write", sys_write},
	[SYS_read] = {"read", sys_read},
	[SYS_getpid] = {"getpid", sys_getpid},
	[SYS_getpcoreid] = {"getpcoreid", sys_getpcoreid},
	[SYS_proc_create] = {"proc_create", sys_proc_create},
	[SYS_proc_run] = {"proc_run", sys_proc_run},
	[SYS_waitpid] = {"waitpid", sys_waitpid},
	[SYS_proc_destroy] = {"proc_destroy", sys_proc_destroy},
	[SYS_proc_yield] = {"proc_yield", NULL},
	[SYS_block] = {"block", sys_block},
	[SYS_mmap] = {"mmap", sys_mmap},
	[SYS_munmap] = {"munmap", sys_munmap},
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
	default:
		return "bad file descriptor";
	}
}

/* Writes the results where the user will look for them, and lets p go on if it waits for this.
 * After SC_DONE the struct is the user's again: no access follows.
 */
static void finish_syscall(struct proc *p, struct syscall *usysc, struct syscall *s, long ret)
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
		user_or_u32(&usysc->flags, SC_DONE);
	if (!atomic_dec_and_test(&p->nr_pending_syscs))
		return;
	if (p->state == PROC_WAITING) /* after the count: see scp_wait() */
		proc_wakeup(p);
}

/* The core is no longer p's when the call has been finished, so p must not be on it in the midst of
 * one: finish first, and never return to the code that would finish it again.
 */
static _Noreturn void do_proc_yield(struct proc *p, struct syscall *usysc, struct syscall *s)
{
	finish_syscall(p, usysc, s, 0);
	proc_preempt_scp();
	smp_idle();
}

static long dispatch(struct proc *p, struct syscall *usysc, struct syscall *s)
{
	if (s->num >= NUM_SYSCALLS)
		return -ENOSYS;
	if (s->flags & SC_UEVENT)
		return -ENOSYS;
	if (s->num == SYS_proc_yield)
		do_proc_yield(p, usysc, s);
	return syscalls[s->num].fn(p, s);
}

void run_next_syscall(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct proc *p = pcpui->cur_proc;
	struct syscall *usysc = pcpui->syscs, s;

	pcpui->syscs++;
	pcpui->nr_syscs--;
	if (copy_from_user(&s, usysc, sizeof(s)) != 0) {
		printk("process %d (%s) killed: system call struct at %p\n", p->pid, p->progname,
			(void *)usysc);
		pcpui->nr_syscs = 0;
		proc_destroy(p, EXIT_CODE_FAULT);
		return;
	}
	atomic_inc(&p->nr_pending_syscs);
	pcpui->cur_kthread->flags = KTH_SAVE_ADDR_SPACE;
	pcpui->cur_kthread->name = s.num < NUM_SYSCALLS ? syscalls[s.num].name : "syscall";
	finish_syscall(p, usysc, &s, dispatch(p, usysc, &s));
}
