/* lapic_parts.h - what the parts of the local APIC (lapic.c, lapic_registers.c, lapic_timer.c) and
 * the bus (apic.c) share. Not for others.
 */
#ifndef APIC_LAPIC_PARTS_H
#define APIC_LAPIC_PARTS_H

#include "sim/apic/lapic.h"

enum lapic_mode { LAPIC_DISABLED, LAPIC_XAPIC, LAPIC_X2APIC };

enum lapic_mode lapic_mode(const struct lapic *l);

#define SVR_ENABLED BIT(8)

/* Bits of the error status register. */
#define ESR_REDIRECTABLE     BIT(4)
#define ESR_SEND_ILLEGAL     BIT(5)
#define ESR_RECEIVE_ILLEGAL  BIT(6)
#define ESR_ILLEGAL_REGISTER BIT(7)

/* Is this local APIC among the message's targets? */
bool lapic_is_target(const struct lapic *l, const struct apic_message *m);

/* Would it accept a fixed interrupt? */
bool lapic_is_enabled(const struct lapic *l);

/* Takes a message that is for it; false when it does not accept it. */
bool lapic_accept(struct lapic *l, const struct apic_message *m);

/* The processor priority register (SDM "Task and Processor Priorities"). */
uint8_t lapic_ppr(const struct lapic *l);

/* A delayed interrupt comes. */
void lapic_delay_over(struct lapic *l);

/* After a change of the pins, of their LVT entries or of the mode: decides anew whether INTR waits.
 */
void lapic_update_intr(struct lapic *l);

/* After an EOI: a pin that is level-triggered interrupts again if it is still active. */
void lapic_lint_eoi(struct lapic *l, uint8_t vector);

void lapic_error(struct lapic *l, uint32_t bits);
void lapic_eoi(struct lapic *l);

/* Something waits that could wake or interrupt the core. */
void lapic_kick(struct lapic *l);

/* After a change of IRR, ISR or TPR: decides anew what is pending. */
void lapic_update(struct lapic *l);

/* The highest vector in a 256-bit register, or -1. */
int lapic_highest(const uint32_t bits[8]);

uint32_t lapic_timer_current(const struct lapic *l);
void lapic_timer_set_initial(struct lapic *l, uint32_t count);
void lapic_timer_set_divide(struct lapic *l, uint32_t divide);
void lapic_timer_set_lvt(struct lapic *l, uint32_t entry);
void lapic_timer_stop(struct lapic *l);

#endif
