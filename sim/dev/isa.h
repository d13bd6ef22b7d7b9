/* isa.h - the sixteen ISA interrupt lines, each the OR of the device that it belongs to and of the
 * PCI interrupts that are routed to it; they go to the 8259s and to the I/O APIC, which has line 0
 * at its pin 2.
 */
#ifndef DEV_ISA_H
#define DEV_ISA_H

#include "sim/base/bus.h"

#define ISA_LINES      16
#define ISA_LINE_0_PIN 2 /* of the I/O APIC */
#define ISA_CASCADE    2 /* that line is none: it joins the 8259s */

struct isa_state {
	uint16_t device, pci; /* levels, a bit a line */
	uint32_t zero;
};

_Static_assert(sizeof(struct isa_state) == 8, "no padding: the digest sees every byte");

struct isa {
	struct isa_state state;
	struct irq_line pic, ioapic;
};

extern const struct device_ops isa_ops; /* no ports */

void isa_init(struct isa *i, const struct irq_line *pic, const struct irq_line *ioapic);

/* Functions of the irq_lines that end here; pin is the line. */
void isa_drive(void *isa, unsigned pin, bool level);
void isa_drive_pci(void *isa, unsigned pin, bool level);

#endif
