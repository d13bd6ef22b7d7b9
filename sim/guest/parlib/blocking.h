/* blocking.h - system calls of uthreads that the kernel does not finish at once (thesis 4.4).
 *
 * The uthread stops, the vcore runs others; the kernel's event makes it runnable again. Vcore
 * context and uthreads with notifications disabled spin until the call is done.
 */
#ifndef PARLIB_BLOCKING_H
#define PARLIB_BLOCKING_H

void blocking_init(void);

/* SYS_change_to_m. From then on system calls of this process wait as said above. 0, or -1 with
 * errno.
 */
int blocking_change_to_m(void);

#endif
