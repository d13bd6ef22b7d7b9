/* family.c - parents wait for their children; see process.h.
 *
 * One lock and one condition variable for all families: few wait at any time. A child keeps its
 * existence reference until its parent has waited for it; an orphan gives it up itself.
 */
#include "sim/kernel/console.h"
#include "sim/kernel/process.h"
#include "sim/kernel/storm.h"
#include "sim/kernel/sync.h"

static struct cond_var family_cv = {SPINLOCK_INIT, LIST_INIT(family_cv.waiters)};
static struct proc *init_proc;

void family_add(struct proc *parent, struct proc *child)
{
	bool irqs = cv_lock(&family_cv);

	child->parent = parent;
	child->procinfo->ppid = parent == NULL ? 0 : parent->pid;
	if (parent != NULL)
		list_insert_tail(&parent->children, &child->sibling);
	cv_unlock(&family_cv, irqs);
}

void proc_set_init(struct proc *p)
{
	init_proc = p;
}

/* Lock held. The children that have ended already are moved to `dead`. */
static void orphan_children(struct proc *p, struct list *dead)
{
	struct list *l;

	while ((l = list_pop(&p->children)) != NULL) {
		struct proc *child = container_of(l, struct proc, sibling);

		child->parent = NULL;
		if (child->ended)
			list_insert_tail(dead, l);
	}
}

void family_end(struct proc *p)
{
	struct list dead = LIST_INIT(dead), *l;
	bool irqs = cv_lock(&family_cv), orphan = p->parent == NULL;

	p->ended = true;
	orphan_children(p, &dead);
	cv_broadcast(&family_cv);
	cv_unlock(&family_cv, irqs);
	while ((l = list_pop(&dead)) != NULL)
		proc_decref(container_of(l, struct proc, sibling));
	if (p == init_proc) {
		storm_report();
		printk("init exited with status %d\n", p->exit_code);
		machine_exit((unsigned)p->exit_code);
	}
	if (orphan)
		proc_decref(p);
}

/* Lock held. */
static struct proc *find_child(struct proc *p, int pid)
{
	for (struct list *l = p->children.next; l != &p->children; l = l->next) {
		struct proc *child = container_of(l, struct proc, sibling);

		if (child->pid == pid)
			return child;
	}
	return NULL;
}

bool family_is_child(struct proc *p, struct proc *child)
{
	bool irqs = cv_lock(&family_cv);
	bool is = child->parent == p;

	cv_unlock(&family_cv, irqs);
	return is;
}

long family_wait(struct proc *p, int pid)
{
	bool irqs = cv_lock(&family_cv);
	struct proc *child;
	long code;

	/* looked up again after each wait: somebody else may have waited for it meanwhile */
	while ((child = find_child(p, pid)) != NULL && !child->ended)
		cv_wait(&family_cv);
	if (child != NULL)
		list_remove(&child->sibling);
	cv_unlock(&family_cv, irqs);
	if (child == NULL)
		return -ECHILD;
	code = child->exit_code;
	proc_decref(child);
	return code;
}
