/* syscall.h - system calls: an array of struct syscall, submitted with one SYSCALL instruction.
 *
 *	rdi: address of the array	rsi: how many
 *
 * The struct is the whole contract, as in Akaros: the kernel writes retval and err into it and then
 * sets SC_DONE in flags. Nothing is returned in registers, and like after any function call only
 * callee-saved ones survive. A call that blocks does so in a kernel thread. A single-core process
 * runs on only when all that it has submitted is done; a vcore of a many-core process runs on when
 * each call is done or has blocked, and hears of the end by SC_DONE, or by an event if it set
 * SC_UEVENT and ev_q. An array that cannot be read kills.
 *
 * For an MCP, the calls that give up or replace the vcore's context (proc_yield, change_vcore,
 * vc_entry) must be the last of their array and may not ask for an event; they are done before the
 * context goes. So must change_to_m.
 */
#ifndef ABI_SYSCALL_H
#define ABI_SYSCALL_H

#define SC_DONE     0x01 /* the kernel has written its results */
#define SC_PROGRESS 0x02 /* reserved: it has blocked */
#define SC_UEVENT   0x04 /* EV_SYSCALL to ev_q when it is done */
#define SC_K_LOCK   0x08 /* the kernel is at work on it: do not touch it, done or not */
#define SC_ABORT    0x10 /* reserved */

#define MAX_ERRSTR_LEN 64

struct event_queue;

struct syscall {
	unsigned int num;
	int err; /* errno.h; 0: none */
	long retval;
	unsigned int flags; /* atomic */
	unsigned int reserved;
	struct event_queue *ev_q;
	void *u_data;
	unsigned long arg0, arg1, arg2, arg3, arg4, arg5;
	char errstr[MAX_ERRSTR_LEN];
};

/* Numbers, arguments -> retval (-1 with err when it failed). */
enum syscall_num {
	SYS_null,         /* -> 0 */
	SYS_write,        /* fd 1 or 2, buf, len -> len */
	SYS_read,         /* fd 0, buf, len -> bytes read, at least 1: blocks for them */
	SYS_getpid,       /* -> pid */
	SYS_getpcoreid,   /* -> core that the call runs on */
	SYS_proc_create,  /* path, path_len, args, args_len: 0-separated -> pid; not yet running */
	SYS_proc_run,     /* pid of a child -> 0 */
	SYS_waitpid,      /* pid of a child -> its exit code: blocks until it has ended */
	SYS_proc_destroy, /* pid of this process or a child, exit code -> 0 */
	SYS_proc_yield,   /* being_nice. SCP: -> 0 when the other runnable ones have had a turn;
			   * MCP: gives the pcore back, and this vcore's context up; returns (0) only
			   * if it could not: notif_pending, a preemption, or amt_wanted is not
			   * below num_vcores */
	SYS_block,        /* microseconds, at most 10^12 -> 0: blocks for them */
	SYS_mmap,         /* address or 0, length, PROT_ -> address of zeroed memory */
	SYS_munmap,       /* address, length -> 0 */
	SYS_change_to_m,  /* -> 0: the SCP is an MCP now (thesis 3.4.1). Notifications must be
			   * enabled: the caller's context is vcore 0's uthread_ctx (and
			   * preempt_anc),  and vcore 0 starts at vcore_entry. -EBUSY: there is no
			   * core for MCPs */
	SYS_poke_ksched,  /* -> 0 when the scheduler has looked at amt_wanted */
	SYS_change_vcore, /* vcoreid, enable_my_notif -> does not return if it worked; -EBUSY: is
			   * mapped, -EAGAIN: this vcore is being preempted, -EINVAL */
	SYS_notify,      /* pid of this process or a child, ev_type, &msg (0: none): sends msg, with
			  * that type, to kernel_evts[ev_type] -> 0 */
	SYS_self_notify, /* vcoreid, ev_type, &msg (0: none), private: posts msg, with that type, to
			  * the vcore's mailbox, unless there is none and it is EV_NONE; notifies
			  * the vcore -> 0 */
	SYS_vc_entry,    /* this vcore enters at vcore_entry anew, as if notified: the caller's
			  * context is uthread_ctx then, and the call returns 0 when somebody runs
			  * that. With notif_disabled set the caller's context is just dropped. */
	SYS_halt_core,   /* microseconds: halts this pcore; -> 0 when an interrupt came */
	NUM_SYSCALLS
};

#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4

#define EXIT_CODE_FAULT 139 /* of a process that the kernel killed for a fault */

#endif
