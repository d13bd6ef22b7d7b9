/* syscall.h - the kernel's side of abi/syscall.h. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

/* Starts the next of the system calls that this core's owner has submitted (pcpui->syscs). The call
 * may block: then this returns later, on another core maybe, and the caller may rely on nothing but
 * its own stack. Interrupts are on.
 */
void run_next_syscall(void);

#endif
