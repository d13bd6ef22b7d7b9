/* syscall.h - the kernel's side of abi/syscall.h. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

struct proc;
struct syscall;

/* Starts the next of the system calls that this core's owner has submitted (pcpui->syscs). The call
 * may block: then this returns later, on another core maybe, and the caller may rely on nothing but
 * its own stack. Interrupts are on.
 */
void run_next_syscall(void);

/* This core's owner is being preempted: what it has submitted and is not yet started will run all
 * the same.
 */
void syscall_leave_rest(void);

/* Writes the results of s where the user will look for them: usysc. ret: retval, or -errno. Once
 * for each call; afterwards the struct is the user's again.
 */
void syscall_finish(struct proc *p, struct syscall *usysc, struct syscall *s, long ret);

/* syscall_mcp.c: calls as in syscall.c... */
long sys_poke_ksched(struct proc *p, struct syscall *s);
long sys_notify(struct proc *p, struct syscall *s);
long sys_self_notify(struct proc *p, struct syscall *s);
long sys_halt_core(struct proc *p, struct syscall *s);

/* ...and those after which this core may have another owner, or its owner another context. They
 * finish themselves, before that happens: the struct may lie on a stack that is used anew elsewhere
 * at once, and nobody may write there a second time (Akaros e9052a46, 93ccf065).
 */
void sys_proc_yield(struct proc *p, struct syscall *usysc, struct syscall *s);
void sys_change_to_m(struct proc *p, struct syscall *usysc, struct syscall *s);
void sys_change_vcore(struct proc *p, struct syscall *usysc, struct syscall *s);
void sys_vc_entry(struct proc *p, struct syscall *usysc, struct syscall *s);

#endif
