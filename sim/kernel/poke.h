/* poke.h - post and poke: work that one core at a time does, on behalf of all.
 *
 * Who has posted something pokes. If nobody is at it, the caller runs the function, on its own core
 * and until nothing new is posted; else whoever runs it will run it once more, and the caller goes
 * its way. The function sees all that was posted before the last poke.
 */
#ifndef KERNEL_POKE_H
#define KERNEL_POKE_H

#include "sim/kernel/atomic.h"

struct poke_tracker {
	atomic_t need_to_run; /* something was posted since the function was last called */
	atomic_t running;     /* somebody is at it */
	void (*run)(void);
};

#define POKE_INIT(fn)                                                                              \
	{                                                                                          \
		.run = (fn)                                                                        \
	}

/* The function must not wait for a poker. It may poke: it will be called again. */
void poke(struct poke_tracker *t);

#endif
