/* monitor.h - MONITOR and MWAIT: a core sleeps until a line of memory is written (SDM MONITOR,
 * MWAIT, "MONITOR/MWAIT Instruction").
 *
 * Any store to the line ends the watch, the core's own too. A page with such a line is flagged in
 * struct phys_mem; the flag may outlive the watch, and goes at the next write.
 */
#ifndef CPU_MONITOR_H
#define CPU_MONITOR_H

#include "sim/cpu/cpu.h"

#define MONITOR_LINE 64
#define MONITOR_ON   BIT(0) /* in arch.monitor */

#define MWAIT_BREAKS BIT(0) /* in ECX */

/* The page of what arch.monitor says is flagged. */
void monitor_watch(struct vcpu *c);

/* Would a store wake another core? Then it is made when this core is the lowest. */
bool monitor_wakes_another(const struct vcpu *c, uint64_t pa, unsigned size);

/* Such a page is written: phys_mem's monitored_written. */
void monitor_written(void *code_cache, uint32_t page, unsigned offset, unsigned size);

/* Sleeps the core in MWAIT, and an interrupt waits that wakes it though it is masked? */
bool monitor_breaks(const struct vcpu *c);

/* Far transfers, events delivered, and writes to control registers: MWAIT after them does not wait.
 */
static inline void monitor_disarm(struct vcpu *c)
{
	c->arch.monitor = 0;
}

/* The core sleeps no more, because of an interrupt. */
static inline void monitor_wake(struct vcpu *c)
{
	if (c->arch.activity == ACTIVITY_MWAIT)
		c->arch.monitor = 0;
	c->arch.activity = ACTIVITY_RUNNING;
}

#endif
