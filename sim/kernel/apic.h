/* apic.h - the local APIC of this core: IPIs, end of interrupt, the timer. xAPIC or x2APIC. */
#ifndef KERNEL_APIC_H
#define KERNEL_APIC_H

#include <stdbool.h>
#include <stdint.h>

/* Chooses the mode: x2APIC if the CPU has it, unless the command line says apic=xapic. */
void lapic_init(void);
void lapic_init_core(void);
bool lapic_is_x2apic(void);
uint32_t lapic_id(void);
void lapic_send_eoi(void);

/* By our core id. */
void send_ipi(uint32_t core, unsigned vector);

/* By the hardware's id, for cores that have none of ours yet. page: physical, below 1 MiB. */
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, uint32_t page_pa);

/* Chooses TSC-deadline mode if the CPU has it, unless the command line says timer=count; then
 * counting is calibrated against the TSC (0.5 ms, again when disturbed).
 */
void lapic_timer_init(void);
void lapic_timer_init_core(void);
bool lapic_timer_is_deadline(void);

/* One interrupt (VECTOR_TIMER) at the TSC value, at once if that is past. Replaces the last one. */
void lapic_timer_set(uint64_t tsc);
void lapic_timer_stop(void);

#endif
