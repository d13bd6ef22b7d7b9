/* spin_pdr.h - a spinlock with preemption detection and recovery (thesis 6.2).
 *
 * The lock word is the vcoreid of its holder, so that whoever waits can see that the holder has
 * been preempted, and give it this core. Works in vcore context and in uthreads, whose
 * notifications are disabled while they hold it. Not recursive.
 */
#ifndef PARLIB_SPIN_PDR_H
#define PARLIB_SPIN_PDR_H

#define SPIN_PDR_UNLOCKED 0xffffffffu

struct spin_pdr_lock {
	volatile unsigned int holder; /* vcoreid or SPIN_PDR_UNLOCKED */
};

#define SPIN_PDR_INIT                                                                              \
	{                                                                                          \
		SPIN_PDR_UNLOCKED                                                                  \
	}

void spin_pdr_lock(struct spin_pdr_lock *l);
void spin_pdr_unlock(struct spin_pdr_lock *l);

#endif
