/* kmsg.c - see kmsg.h. */
#include "sim/kernel/kmsg.h"
#include "sim/abi/probe.h"
#include "sim/kernel/apic.h"
#include "sim/kernel/console.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

struct kernel_message {
	struct list link;
	kmsg_fn fn;
	long args[3];
	uint32_t src;
};

static void post(spinlock_t *lock, struct list *queue, struct kernel_message *msg)
{
	bool irqs = spin_lock_irqsave(lock);

	list_insert_tail(queue, &msg->link);
	spin_unlock_irqsave(lock, irqs);
}

/* Takes the first message, copies it to *msg and frees it. */
static bool fetch(spinlock_t *lock, struct list *queue, struct kernel_message *msg)
{
	struct list *e;
	bool irqs;

	irqs = spin_lock_irqsave(lock);
	e = list_pop(queue);
	spin_unlock_irqsave(lock, irqs);
	if (e == NULL)
		return false;
	*msg = *container_of(e, struct kernel_message, link);
	kfree(container_of(e, struct kernel_message, link));
	return true;
}

void send_kernel_message(uint32_t dst, kmsg_fn fn, long a0, long a1, long a2, enum kmsg_type type)
{
	struct per_cpu_info *target = &per_cpu_info[dst];
	struct kernel_message *msg = kmalloc(sizeof(*msg));

	assert(dst < num_cores);
	*msg = (struct kernel_message){{NULL, NULL}, fn, {a0, a1, a2}, core_id()};
	if (type == KMSG_IMMEDIATE)
		post(&target->immed_lock, &target->immed_msgs, msg);
	else
		post(&target->routine_lock, &target->routine_msgs, msg);
	PROBE(kmsg_sent, dst, fn, type);
	/* a local ROUTINE message is found on the way out of the kernel, without an interrupt */
	if (type == KMSG_ROUTINE && dst == core_id())
		return;
	send_ipi(dst, VECTOR_KERNEL_MSG);
}

/* The interrupt of either type: for ROUTINE ones it only ends user mode or a HLT. */
static void kernel_msg_irq(void *arg)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct kernel_message msg;

	(void)arg;
	while (fetch(&pcpui->immed_lock, &pcpui->immed_msgs, &msg)) {
		PROBE(kmsg_run, msg.fn, KMSG_IMMEDIATE);
		msg.fn(msg.src, msg.args[0], msg.args[1], msg.args[2]);
	}
}

bool process_routine_kmsg(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct kernel_message msg;

	assert(!irq_is_enabled());
	if (!fetch(&pcpui->routine_lock, &pcpui->routine_msgs, &msg))
		return false;
	/* A message works for nobody: if it blocks, its kthread must not keep the address space
	 * that happens to be loaded.
	 */
	pcpui->cur_kthread->flags = 0;
	pcpui->cur_kthread->name = "kmsg";
	PROBE(kmsg_run, msg.fn, KMSG_ROUTINE);
	msg.fn(msg.src, msg.args[0], msg.args[1], msg.args[2]);
	irq_disable(); /* a kthread that blocked and came back returns here, on another core maybe
			*/
	return true;
}

void kmsg_init_core(struct per_cpu_info *pcpui)
{
	spinlock_init(&pcpui->immed_lock);
	spinlock_init(&pcpui->routine_lock);
	list_init(&pcpui->immed_msgs);
	list_init(&pcpui->routine_msgs);
}

void kmsg_init(void)
{
	register_irq(VECTOR_KERNEL_MSG, kernel_msg_irq, NULL);
}
