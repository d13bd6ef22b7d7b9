/* spinlock.c - see spinlock.h. */
#include "sim/kernel/spinlock.h"
#include "sim/kernel/console.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/x86.h"

static void note_locked(spinlock_t *l)
{
	struct per_cpu_info *pcpui = this_pcpui();

	l->holder = pcpui->core_id + 1;
	pcpui->lock_depth++;
}

void spin_lock(spinlock_t *l)
{
	uint32_t ticket;

	if (l->holder == core_id() + 1)
		panic("core %u takes a spinlock that it holds", core_id());
	ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_SEQ_CST);
	while (l->owner != ticket)
		cpu_relax();
	cmb();
	note_locked(l);
}

bool spin_trylock(spinlock_t *l)
{
	uint32_t ticket = l->owner;

	if (!__atomic_compare_exchange_n(
		    &l->next, &ticket, ticket + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	note_locked(l);
	return true;
}

void spin_unlock(spinlock_t *l)
{
	this_pcpui()->lock_depth--;
	l->holder = 0;
	wmb(); /* the critical section's stores leave before the lock's: x86 keeps the order */
	l->owner = l->owner + 1;
}

bool spin_locked(const spinlock_t *l)
{
	return l->next != l->owner;
}

bool spin_lock_irqsave(spinlock_t *l)
{
	bool irqs_were_on = irq_save();

	spin_lock(l);
	return irqs_were_on;
}

void spin_unlock_irqsave(spinlock_t *l, bool irqs_were_on)
{
	spin_unlock(l);
	irq_restore(irqs_were_on);
}
