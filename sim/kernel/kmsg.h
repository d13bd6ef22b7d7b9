/* kmsg.h - kernel messages: functions that one core sends to another, or to itself, to run.
 *
 * Messages of one type from one core to another run in the order they were sent, exactly once.
 * IMMEDIATE ones run in the interrupt handler, interrupts off, and may not block. ROUTINE ones run
 * one at a time when their core is about to idle or to enter user mode (smp_idle), with interrupts
 * off; they may block and need not return. Nobody may hold a spinlock and wait for a ROUTINE one.
 */
#ifndef KERNEL_KMSG_H
#define KERNEL_KMSG_H

#include <stdbool.h>
#include <stdint.h>

enum kmsg_type { KMSG_IMMEDIATE, KMSG_ROUTINE };

typedef void (*kmsg_fn)(uint32_t src_core, long a0, long a1, long a2);

struct per_cpu_info;

void kmsg_init_core(struct per_cpu_info *pcpui);
void kmsg_init(void); /* registers the interrupt */

void send_kernel_message(uint32_t dst, kmsg_fn fn, long a0, long a1, long a2, enum kmsg_type type);

/* Runs this core's next ROUTINE message, if there is one; returns whether there was. May not
 * return. Interrupts are off. Only smp_idle calls it.
 */
bool process_routine_kmsg(void);

#endif
