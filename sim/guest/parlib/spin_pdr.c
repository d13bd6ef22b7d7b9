/* spin_pdr.c - see spin_pdr.h. */
#include "sim/guest/parlib/spin_pdr.h"
#include "assert.h"
#include "sim/abi/fault_point.h"
#include "sim/abi/probe.h"
#include "sim/guest/parlib/atomic32.h"
#include "sim/guest/parlib/relax.h"
#include "sim/guest/parlib/uthread.h"
#include "sim/guest/parlib/vcore.h"

static void wait_for_holder(struct spin_pdr_lock *l)
{
	unsigned int holder = l->holder;

	if (holder == SPIN_PDR_UNLOCKED)
		return;
	PROBE(lock_wait, l, (int)holder);
	while ((holder = l->holder) != SPIN_PDR_UNLOCKED) {
		if (!fault_point("spinpdr.plain"))
			ensure_vcore_runs(holder);
		cpu_relax();
	}
}

/* Taken and marked with the holder in one step: there is no moment at which nobody knows it. */
void spin_pdr_lock(struct spin_pdr_lock *l)
{
	unsigned int me;

	uth_disable_notifs();
	me = vcore_id();
	assert(l->holder != me);
	do
		wait_for_holder(l);
	while (!cas32(&l->holder, SPIN_PDR_UNLOCKED, me));
	PROBE(lock_taken, l, me);
}

void spin_pdr_unlock(struct spin_pdr_lock *l)
{
	assert(l->holder == vcore_id());
	PROBE(lock_released, l, vcore_id());
	cmb(); /* x86 keeps the stores of the critical section before this one */
	l->holder = SPIN_PDR_UNLOCKED;
	uth_enable_notifs();
}
