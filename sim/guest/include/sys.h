/* sys.h - system calls for C programs, synchronous: each returns when it is done.
 *
 * They return what abi/syscall.h says, or -1 with the reason in errno. What is submitted in one go
 * is up to sys_submit: see abi/syscall.h.
 */
#ifndef GUEST_SYS_H
#define GUEST_SYS_H

#include "sim/abi/errno.h"
#include "sim/abi/procinfo.h"
#include "sim/abi/syscall.h"

#include <stddef.h>
#include <stdint.h>

#define procinfo ((const volatile struct procinfo *)UINFO)

/* What a thread library puts in place of the defaults, which are for one thread. */
struct thread_hooks {
	void (*wait_for_syscall)(struct syscall *s); /* it has been submitted: until it is done */
	int *(*errno_location)(void);
	void (*lock_malloc)(void);
	void (*unlock_malloc)(void);
};

extern const struct thread_hooks *thread_hooks;

#define errno (*thread_hooks->errno_location())

/* crt0.S: the SYSCALL instruction. */
void sys_submit(struct syscall *calls, unsigned long count);

/* Any call, with up to four arguments. */
long sys_call(enum syscall_num num, unsigned long a0, unsigned long a1, unsigned long a2,
	unsigned long a3);

long write(int fd, const void *buf, size_t n);
long read(int fd, void *buf, size_t n);
int getpid(void);
int getpcoreid(void);
int usleep(unsigned long usec);
int yield(void);
void *mmap_anon(size_t size); /* NULL when it fails */
int munmap(void *p, size_t size);
_Noreturn void exit(int code);

/* Creates /bin/argv[0] with argv (ended by NULL) and lets it run. Its pid. */
int spawn(char *const argv[]);
int waitpid(int pid); /* its exit code */

/* Nanoseconds since the TSC started, at the rate that procinfo gives. */
uint64_t nanotime(void);

#endif
