/* ioapic.h - the I/O APIC: 24 pins, each with a redirection table entry that turns its level into
 * messages (Intel "82093AA I/O Advanced Programmable Interrupt Controller", and the EOI register
 * of version 0x20).
 *
 * A pin is an electrical level; the entry's polarity says which one is active. An edge, or a
 * level, at a masked pin is ignored; a level that is still active when its entry is unmasked, or
 * at the EOI, sends (again). A level interrupt that no local APIC accepts is tried again when the
 * pin, the entry or an EOI gives a reason.
 */
#ifndef APIC_IOAPIC_H
#define APIC_IOAPIC_H

#include "sim/apic/apic.h"

#define IOAPIC_PINS    24
#define IOAPIC_ADDRESS UINT64_C(0xfec00000)
#define IOAPIC_SIZE    0x1000

struct ioapic_state {
	uint64_t entry[IOAPIC_PINS];
	uint32_t levels; /* of the pins, a bit each */
	uint32_t index;  /* IOREGSEL */
	uint32_t id;     /* bits 24..27 */
	uint32_t zero;
};

_Static_assert(sizeof(struct ioapic_state) == 8 * IOAPIC_PINS + 16,
	"no padding: the digest sees every byte");

struct ioapic {
	struct ioapic_state state;
	struct apic_bus *bus;
};

extern const struct device_ops ioapic_ops; /* 32-bit accesses at offsets 0x00, 0x10 and 0x40 */

void ioapic_init(struct ioapic *io, struct apic_bus *bus);

/* The function of every struct irq_line that ends here. */
void ioapic_drive(void *ioapic, unsigned pin, bool level);

/* A local APIC ended the level-triggered interrupt of that vector. */
void ioapic_eoi(struct ioapic *io, uint8_t vector);

#endif
