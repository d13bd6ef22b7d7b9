/* apic.h - interrupt messages, and the bus that carries them between the APICs of a machine.
 *
 * A message is what the SDM's "Interrupt Distribution Mechanisms" sends over the system bus: from a
 * local APIC's ICR or from the I/O APIC to the local APICs that its destination names. Delivery is
 * immediate. Whoever sends must be allowed to (the sender is the lowest pcore, or an event runs);
 * that is the caller's business.
 */
#ifndef APIC_APIC_H
#define APIC_APIC_H

#include "sim/base/bus.h"

struct lapic;
struct ioapic;

/* Bits 8..10 of the ICR, the LVT entries and the redirection table entries. */
enum delivery_mode {
	DELIVER_FIXED,
	DELIVER_LOWEST,
	DELIVER_SMI,
	DELIVER_RESERVED,
	DELIVER_NMI,
	DELIVER_INIT,
	DELIVER_STARTUP,
	DELIVER_EXTINT,
};

#define APIC_VECTOR       0x000000ff
#define APIC_DELIVERY     0x00000700
#define APIC_LOGICAL      BIT(11)
#define APIC_STATUS       BIT(12) /* delivery status: always idle here */
#define APIC_ACTIVE_LOW   BIT(13)
#define APIC_REMOTE_IRR   BIT(14)
#define APIC_LEVEL        BIT(15)
#define APIC_MASKED       BIT(16)
#define APIC_VECTOR_FIRST 16 /* the vectors below are illegal */

#define DESTINATION_ALL_XAPIC  0xffu
#define DESTINATION_ALL_X2APIC 0xffffffffu

/* Whom a message is for. */
enum destination_kind {
	DESTINATION_PHYSICAL,
	DESTINATION_LOGICAL,
	DESTINATION_ALL,
	DESTINATION_ALL_BUT_SENDER,
};

struct apic_message {
	enum delivery_mode mode;
	enum destination_kind kind;
	uint32_t destination; /* of the first two kinds */
	uint8_t vector;
	bool level;
	unsigned sender; /* core, of the last kind */
};

/* The 8259 pair as the cores see it. Its INTR output goes to LINT0 of every local APIC
 * (apic_drive_lint); the core that takes the interrupt asks for the vector, once, in a step of its
 * own as the lowest pcore. */
struct apic_pic {
	uint8_t (*acknowledge)(void *context);
	void *context;
};

/* The pins of the local APICs, which all are driven alike. */
enum lint_pin { LINT_INTR, LINT_NMI };

struct apic_bus {
	struct lapic *lapics; /* [count]; the APIC ID is the index */
	unsigned count;
	struct ioapic *ioapic;
	bool x2apic; /* the local APICs have the x2APIC mode */
	struct apic_pic
		pic; /* acknowledge is NULL where there is none: INTR is never driven then */

	/* Something has arrived for the core that could wake or interrupt it. */
	void (*kick)(void *context, unsigned core);
	/* A message was accepted for the core. NULL: nobody wants to know. */
	void (*accepted)(void *context, unsigned core, const struct apic_message *m);
	/* The guest used a part of the APIC that ringv does not have. NULL: a bug of ringv. */
	void (*absent)(void *context, const char *what);
	void *context;
};

/* Delivers to every local APIC that is meant; false when none has accepted. */
bool apic_send(struct apic_bus *bus, const struct apic_message *message);

/* A level at LINT0 (INTR of the 8259 pair) or LINT1 (NMI) of all local APICs; bus is a struct
 * apic_bus, pin an enum lint_pin, so that it can stand in a struct irq_line. */
void apic_drive_lint(void *bus, unsigned pin, bool level);

/* Reports a part that ringv lacks. */
void apic_absent(struct apic_bus *bus, const char *what);

/* A destination as the 8 bits of xAPIC messages write it: 0xff is everyone. */
void apic_destination8(struct apic_message *m, bool logical, uint8_t destination);

#endif
