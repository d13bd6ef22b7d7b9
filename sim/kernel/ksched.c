/* ksched.c - see ksched.h. */
#include "sim/kernel/ksched.h"
#include "sim/abi/stimulus.h"
#include "sim/kernel/alarm.h"
#include "sim/kernel/mcp.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/poke.h"
#include "sim/kernel/process.h"
#include "sim/kernel/x86.h"

#define FIRST_CORE 1 /* for MCPs */

/* ksched_lock; the processes are compared, and followed only where that says so */
struct alloc_core {
	struct proc *alloc;       /* whose it is, from the decision to give it on */
	struct proc *prov;        /* whose share it is */
	bool away;                /* nobody's, for a time */
	struct alarm_waiter back; /* of core 0's timer chain, which alone touches it */
};

static spinlock_t ksched_lock = SPINLOCK_INIT;
static struct alloc_core cores[MAX_NUM_CORES];
static struct list mcps = LIST_INIT(mcps); /* by age; each with a reference */
static uint32_t num_mcps;

static void core_back(struct alarm_waiter *w);

void ksched_init(void)
{
	for (uint32_t i = FIRST_CORE; i < num_cores; i++)
		alarm_init(&cores[i].back, core_back);
}

bool ksched_has_cores(void)
{
	return num_cores > FIRST_CORE;
}

void ksched_add(struct proc *p)
{
	bool dying;

	spin_lock(&ksched_lock);
	/* then ksched_forget() has been here already, or will not find it */
	dying = p->state & (PROC_DYING | PROC_DYING_ABORT);
	if (!dying) {
		proc_incref(p);
		list_insert_tail(&mcps, &p->mcp_link);
		num_mcps++;
	}
	spin_unlock(&ksched_lock);
}

void ksched_forget(struct proc *p)
{
	bool listed;

	spin_lock(&ksched_lock);
	listed = !list_empty(&p->mcp_link);
	if (listed) {
		list_remove(&p->mcp_link);
		num_mcps--;
	}
	for (uint32_t i = FIRST_CORE; i < num_cores; i++)
		if (cores[i].prov == p)
			cores[i].prov = NULL;
	spin_unlock(&ksched_lock);
	if (listed)
		proc_decref(p);
}

struct proc *ksched_nth_mcp(uint32_t n)
{
	struct proc *p = NULL;
	struct list *l = &mcps;

	spin_lock(&ksched_lock);
	if (num_mcps > 0) {
		for (n = n % num_mcps + 1; n > 0; n--)
			l = l->next;
		p = container_of(l, struct proc, mcp_link);
		proc_incref(p);
	}
	spin_unlock(&ksched_lock);
	return p;
}

/* --- giving --- */

/* How many more cores p wants; a hint, for it may change at any time. */
static uint32_t cores_needed(const struct proc *p)
{
	uint64_t wanted = p->procdata->amt_wanted;
	uint32_t has = p->procinfo->num_vcores;

	if (!(p->state & (PROC_RUNNABLE_M | PROC_RUNNING_M)))
		return 0;
	/* a process that is not waiting has something to do: the user's races must not starve it
	 * (Akaros 432eb217)
	 */
	if (wanted == 0 || wanted > p->procinfo->max_vcores)
		wanted = 1;
	return wanted > has ? (uint32_t)wanted - has : 0;
}

/* Lock held. An idle core for p, its own share first and that of others last; or 0. */
static uint32_t find_idle(const struct proc *p)
{
	uint32_t found = 0;

	for (uint32_t i = num_cores - 1; i >= FIRST_CORE; i--) {
		if (cores[i].alloc != NULL || cores[i].away)
			continue;
		if (cores[i].prov == p)
			return i;
		if (found == 0 || cores[i].prov == NULL || cores[found].prov != NULL)
			found = i;
	}
	return found;
}

/* A core of p's share, above `after`, that another process has, and that process with a reference;
 * or 0. The process is alive: its cores are given back before its end.
 */
static uint32_t find_lent(const struct proc *p, uint32_t after, struct proc **holder)
{
	uint32_t found = 0;

	spin_lock(&ksched_lock);
	for (uint32_t i = after + 1; i < num_cores && found == 0; i++)
		if (cores[i].prov == p && cores[i].alloc != NULL && cores[i].alloc != p)
			found = i;
	if (found != 0) {
		*holder = cores[found].alloc;
		proc_incref(*holder);
	}
	spin_unlock(&ksched_lock);
	return found;
}

static void set_alloc(uint32_t core, struct proc *p)
{
	spin_lock(&ksched_lock);
	cores[core].alloc = p;
	spin_unlock(&ksched_lock);
}

/* Takes back cores of p's share, at most as many as there is room for. A core that its process is
 * just giving up itself is left alone: when that is done, somebody looks again.
 */
static uint32_t take_lent(struct proc *p, uint32_t *pcoreids, uint32_t room)
{
	uint32_t n = 0, core = 0;
	struct proc *holder;

	while (n < room && (core = find_lent(p, core, &holder)) != 0) {
		if (proc_preempt_core(holder, core)) {
			set_alloc(core, p);
			pcoreids[n++] = core;
		}
		proc_decref(holder);
	}
	return n;
}

static uint32_t take_idle(struct proc *p, uint32_t *pcoreids, uint32_t room)
{
	uint32_t n = 0, core;

	spin_lock(&ksched_lock);
	while (n < room && (core = find_idle(p)) != 0) {
		cores[core].alloc = p;
		pcoreids[n++] = core;
	}
	spin_unlock(&ksched_lock);
	return n;
}

static void put_cores(const uint32_t *pcoreids, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		set_alloc(pcoreids[i], NULL);
}

/* Only in a poke. Own idle cores come before lent ones, so that nobody is preempted without need.
 */
static void serve(struct proc *p)
{
	uint32_t pcoreids[MAX_NUM_CORES], needed = cores_needed(p), n, given;

	if (needed == 0)
		return;
	n = take_idle(p, pcoreids, needed);
	n += take_lent(p, pcoreids + n, needed - n);
	if (n == 0)
		return;
	given = proc_give_cores(p, pcoreids, n);
	if (given == n)
		return;
	put_cores(pcoreids + given, n - given); /* it is waiting or dying by now */
	ksched_poke();                          /* others may be waiting for them */
}

/* The next MCP, with a reference, that has not been looked at in this round; NULL. */
static struct proc *next_in_round(uint64_t round)
{
	struct proc *p = NULL;

	spin_lock(&ksched_lock);
	for (struct list *l = mcps.next; l != &mcps && p == NULL; l = l->next) {
		p = container_of(l, struct proc, mcp_link);
		if (p->mcp_round == round)
			p = NULL;
	}
	if (p != NULL) {
		p->mcp_round = round;
		proc_incref(p);
	}
	spin_unlock(&ksched_lock);
	return p;
}

/* Only in a poke. */
static void look_around(void)
{
	static uint64_t round;
	struct proc *p;

	round++;
	while ((p = next_in_round(round)) != NULL) {
		serve(p);
		proc_decref(p);
	}
}

static struct poke_tracker mcp_ksched = POKE_INIT(look_around);

void ksched_poke(void)
{
	poke(&mcp_ksched);
}

void ksched_cores_idle(const uint32_t *pcoreids, uint32_t count)
{
	if (count == 0)
		return;
	put_cores(pcoreids, count);
	ksched_poke();
}

void ksched_provision(struct proc *p, uint32_t count)
{
	uint32_t n = 0;

	spin_lock(&ksched_lock);
	/* a process that is no MCP, or no more, would never give its share back */
	if (list_empty(&p->mcp_link))
		count = 0;
	for (uint32_t i = FIRST_CORE; i < num_cores; i++)
		if (cores[i].prov == p && n++ >= count)
			cores[i].prov = NULL;
	for (uint32_t i = FIRST_CORE; i < num_cores && n < count; i++)
		if (cores[i].prov == NULL) {
			cores[i].prov = p;
			n++;
		}
	spin_unlock(&ksched_lock);
	ksched_poke();
}

/* --- cores that are away --- */

static void core_back(struct alarm_waiter *w)
{
	struct alloc_core *c = container_of(w, struct alloc_core, back);

	spin_lock(&ksched_lock);
	c->away = false;
	spin_unlock(&ksched_lock);
	ksched_poke();
}

/* The core is still p's as far as others know, but p has been preempted from it. */
static void send_away(uint32_t core, uint32_t usec)
{
	spin_lock(&ksched_lock);
	cores[core].alloc = NULL;
	cores[core].away = true;
	spin_unlock(&ksched_lock);
	if (usec != STIMULUS_FOR_EVER)
		alarm_set_rel(this_timer_chain(), &cores[core].back, usec);
}

uint32_t ksched_take_away(struct proc *p, uint32_t vcoreid, uint32_t usec)
{
	uint32_t pcoreids[MAX_NUM_CORES], n;

	assert(core_id() == 0);
	if (vcoreid == STIMULUS_ALL_VCORES) {
		n = proc_preempt_all(p, pcoreids);
	} else {
		pcoreids[0] = proc_preempt_vcore(p, vcoreid);
		n = pcoreids[0] != NO_PCORE;
	}
	for (uint32_t i = 0; i < n; i++)
		send_away(pcoreids[i], usec);
	ksched_poke();
	return n;
}

void ksched_return_cores(void)
{
	assert(core_id() == 0);
	for (uint32_t i = FIRST_CORE; i < num_cores; i++) {
		/* on the chain's own core, between handlers: this does not block */
		alarm_unset(&per_cpu_info[0].tchain, &cores[i].back);
		spin_lock(&ksched_lock);
		cores[i].away = false;
		spin_unlock(&ksched_lock);
	}
	ksched_poke();
}
