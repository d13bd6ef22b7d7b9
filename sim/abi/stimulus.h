/* stimulus.h - the stimulus device: how a schedule asks the kernel for something from outside.
 *
 * A schedule's `do` forcing posts a request into the device's mailbox (a FIFO); the device holds
 * its level-triggered interrupt line up while requests wait. The driver reads the head request,
 * acts, and acknowledges it, which pops it. All ports are 32 bits wide. On a machine without the
 * device STIMULUS_PORT_ID reads as something else (all ones on a PC).
 */
#ifndef ABI_STIMULUS_H
#define ABI_STIMULUS_H

#define STIMULUS_PORT         0x5c0
#define STIMULUS_PORT_ID      (STIMULUS_PORT + 0x00) /* R: STIMULUS_ID */
#define STIMULUS_PORT_WAITING (STIMULUS_PORT + 0x04) /* R: requests in the mailbox */
#define STIMULUS_PORT_OP      (STIMULUS_PORT + 0x08) /* R: enum stimulus_op of the head, or 0 */
#define STIMULUS_PORT_ARG0    (STIMULUS_PORT + 0x0c) /* R: arguments of the head */
#define STIMULUS_PORT_ARG1    (STIMULUS_PORT + 0x10)
#define STIMULUS_PORT_ARG2    (STIMULUS_PORT + 0x14)
#define STIMULUS_PORT_ACK     (STIMULUS_PORT + 0x18) /* W: any value pops the head */
#define STIMULUS_PORTS        0x1c

#define STIMULUS_ID  0x56676e52u /* "RngV" */
#define STIMULUS_GSI 11          /* I/O APIC pin, active high, level */

#define STIMULUS_FOR_EVER   0xffffffffu
#define STIMULUS_ALL_VCORES 0xffffffffu

enum stimulus_op {
	STIMULUS_NONE,
	STIMULUS_NOP,           /* acknowledged, nothing else: tests the path */
	STIMULUS_PREEMPT_VCORE, /* arg0 pid, arg1 vcoreid, arg2 microseconds that its core stays
				 * away from all processes, as if the machine's owner used it;
				 * STIMULUS_FOR_EVER: until STIMULUS_RETURN_CORES. Nothing if the
				 * vcore is not mapped, or a preemption of it is under way. With
				 * arg1 STIMULUS_ALL_VCORES all of them at once. */
	STIMULUS_PROVISION,     /* arg0 pid, arg1 number of cores */
	STIMULUS_RETURN_CORES,  /* all cores that are away come back */
};

#endif
