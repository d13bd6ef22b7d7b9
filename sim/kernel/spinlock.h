/* spinlock.h - ticket spinlocks, first come first served.
 *
 * A lock that an interrupt handler or an IMMEDIATE message may take must be taken with the irqsave
 * variants everywhere, or the handler spins for ever on its own core. Whoever holds a spinlock may
 * not block, and may not wait for a ROUTINE message.
 */
#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	volatile uint32_t next, owner; /* tickets */
	volatile uint32_t holder;      /* core id + 1; 0 when free: to catch self-deadlock */
} spinlock_t;

#define SPINLOCK_INIT                                                                              \
	{                                                                                          \
		0, 0, 0                                                                            \
	}

static inline void spinlock_init(spinlock_t *l)
{
	*l = (spinlock_t)SPINLOCK_INIT;
}

void spin_lock(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
bool spin_locked(const spinlock_t *l);

/* Returns whether interrupts were on, for spin_unlock_irqsave. */
bool spin_lock_irqsave(spinlock_t *l);
void spin_unlock_irqsave(spinlock_t *l, bool irqs_were_on);

#endif
