/* poke.c - see poke.h. */
#include "sim/kernel/poke.h"
#include "sim/abi/fault_point.h"
#include "sim/abi/probe.h"
#include "sim/kernel/x86.h"

/* One at a time. The exchange is a fence: need_to_run is down before the function looks, or the
 * store could undo the poke of somebody whose work it has missed.
 */
static void run_once(struct poke_tracker *t)
{
	atomic_swap(&t->need_to_run, false);
	PROBE(poke_run, t->run);
	t->run();
	wmb();
	PROBE(poke_ran, t->run);
	atomic_set(&t->running, false);
}

/* A poker sets need_to_run, then looks at `running`; a runner clears `running`, then looks at
 * need_to_run: one of the two sees the other. On both sides the store must be out before the load:
 * the poker's exchange sees to it, the runner needs a fence.
 */
void poke(struct poke_tracker *t)
{
	atomic_set(&t->need_to_run, true);
	do {
		if (atomic_swap(&t->running, true)) {
			PROBE(poke_left, t->run);
			return;
		}
		run_once(t);
		if (!fault_point("poke.fence"))
			wrmb();
	} while (atomic_read(&t->need_to_run));
	PROBE(poke_done, t->run);
}
