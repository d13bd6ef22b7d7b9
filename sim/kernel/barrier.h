/* barrier.h - all of n cores arrive before any leaves. Reusable at once; spins. */
#ifndef KERNEL_BARRIER_H
#define KERNEL_BARRIER_H

#include "sim/kernel/atomic.h"

struct barrier {
	long cores;
	atomic_t arrived;
	volatile long round;
};

void barrier_init(struct barrier *b, long cores);
void barrier_wait(struct barrier *b);

#endif
