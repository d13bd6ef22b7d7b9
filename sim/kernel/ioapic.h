/* ioapic.h - the I/O APIC: brings device interrupts to core 0. Also silences the old 8259s. */
#ifndef KERNEL_IOAPIC_H
#define KERNEL_IOAPIC_H

#include "sim/kernel/trap.h"

/* Masks every input. */
void ioapic_init(void);

/* Lets ISA interrupt `irq` through, by the route that the MADT gives it. */
void ioapic_enable_isa(unsigned irq, irq_handler_t handler, void *arg);

/* Lets a level-triggered, active-high input through. */
void ioapic_enable_level(unsigned gsi, irq_handler_t handler, void *arg);

#endif
