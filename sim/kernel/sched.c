/* sched.c - see sched.h. */
#include "sim/kernel/sched.h"
#include "sim/kernel/alarm.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/process.h"
#include "sim/kernel/time.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

#define MANAGEMENT_CORE 0
#define TICK_USEC       10000

static spinlock_t sched_lock = SPINLOCK_INIT;
static struct list runnable_scps = LIST_INIT(runnable_scps);
static bool tick_is_set;
static struct alarm_waiter tick_waiter;

/* Lock held. */
static void set_tick(void)
{
	if (tick_is_set)
		return;
	tick_is_set = true;
	alarm_set_rel(&per_cpu_info[MANAGEMENT_CORE].tchain, &tick_waiter, TICK_USEC);
}

static struct proc *pop_runnable(void)
{
	struct list *e;

	spin_lock(&sched_lock);
	e = list_pop(&runnable_scps);
	spin_unlock(&sched_lock);
	return e == NULL ? NULL : container_of(e, struct proc, sched_link);
}

/* Gives core 0 to the first process that can take it. A process in the list has a reference there,
 * and may have died since it was put in.
 */
static bool schedule_scp(void)
{
	struct proc *p;

	while ((p = pop_runnable()) != NULL) {
		bool runs = proc_run_s(p);

		proc_decref(p);
		if (runs)
			return true;
	}
	return false;
}

/* Alarm handler, on core 0: takes the core from the process that has it if another one waits. The
 * idle loop then finds the core free and the other one first in the list.
 */
static void tick(struct alarm_waiter *w)
{
	bool others_wait;

	(void)w;
	spin_lock(&sched_lock);
	tick_is_set = false;
	others_wait = !list_empty(&runnable_scps);
	if (others_wait)
		set_tick();
	spin_unlock(&sched_lock);
	if (others_wait && this_pcpui()->owning_proc != NULL)
		proc_preempt_scp();
}

void sched_init(void)
{
	alarm_init(&tick_waiter, tick);
}

void sched_scp_runnable(struct proc *p)
{
	proc_incref(p);
	spin_lock(&sched_lock);
	list_insert_tail(&runnable_scps, &p->sched_link);
	/* the core may be busy with another process, which then needs a tick to be taken off */
	set_tick();
	spin_unlock(&sched_lock);
	/* it may as well have looked at the list already and be about to halt */
	if (core_id() != MANAGEMENT_CORE)
		send_ipi(MANAGEMENT_CORE, VECTOR_POKE_CORE);
}

void sched_forget(struct proc *p)
{
	bool listed;

	spin_lock(&sched_lock);
	listed = !list_empty(&p->sched_link);
	if (listed)
		list_remove(&p->sched_link);
	spin_unlock(&sched_lock);
	if (listed)
		proc_decref(p);
}

bool cpu_bored(void)
{
	return core_id() == MANAGEMENT_CORE && schedule_scp();
}
