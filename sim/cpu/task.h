/* task.h - hardware task switching: the state of the old task goes into its TSS, that of the new
 * one comes from its own (SDM "Task Switching").
 */
#ifndef CPU_TASK_H
#define CPU_TASK_H

#include "sim/cpu/segment.h"

enum task_cause { TASK_JUMP, TASK_CALL, TASK_INTERRUPT, TASK_RETURN };

struct task_request {
	enum task_cause cause;
	uint16_t selector;   /* of the new TSS */
	uint64_t return_rip; /* what the old task goes on at */
	bool fault;          /* RF is set in the old task's flags */
	uint32_t ext;        /* the EXT bit of error codes, or 0 */
};

/* Outside IA-32e mode. A fault that is found late is one of the new task: arch is that task's then,
 * and c->moved is set. */
MUST_CHECK struct fault task_switch(struct vcpu *c, const struct task_request *r);

#endif
