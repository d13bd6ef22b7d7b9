/* lapic_pins.c - LINT0 and LINT1: what the 8259 pair and the board say to a core past all messages
 * (SDM "Local Vector Table", "Disabling the Local APIC"; MP Specification, "Interrupt Modes").
 */
#include "sim/apic/lapic_parts.h"

static enum delivery_mode pin_mode(uint32_t entry)
{
	return (enum delivery_mode)bits_get(entry, APIC_DELIVERY);
}

static bool pin_level(const struct lapic *l, enum lint_pin pin)
{
	return l->state.lint >> pin & 1;
}

static bool intr_waits(const struct lapic *l)
{
	uint32_t entry = l->state.lvt[LVT_LINT0];

	if (l->state.extint)
		return true;
	if (!pin_level(l, LINT_INTR))
		return false;
	if (lapic_mode(l) == LAPIC_DISABLED)
		return true;
	return !(entry & APIC_MASKED) && pin_mode(entry) == DELIVER_EXTINT;
}

void lapic_update_intr(struct lapic *l)
{
	bool before = l->intr;

	l->intr = intr_waits(l);
	if (l->intr && !before)
		lapic_kick(l);
}

uint8_t lapic_acknowledge_intr(struct lapic *l)
{
	uint8_t vector;

	SIM_ASSERT(l->intr);
	SIM_ASSERT(l->bus->pic.acknowledge != NULL);
	l->state.extint = 0;
	vector = l->bus->pic.acknowledge(l->bus->pic.context); /* which may drive the pin */
	lapic_update_intr(l);
	return vector;
}

static bool is_level(uint32_t entry)
{
	return pin_mode(entry) == DELIVER_FIXED && (entry & APIC_LEVEL);
}

/* The pin has become active, or still is after an EOI; ExtINT is a level, looked at elsewhere. */
static void pin_active(struct lapic *l, enum lint_pin pin)
{
	enum lapic_lvt which = pin == LINT_INTR ? LVT_LINT0 : LVT_LINT1;
	uint32_t *entry = &l->state.lvt[which];

	if (lapic_mode(l) == LAPIC_DISABLED) {
		if (pin == LINT_NMI) {
			l->state.nmi_pending = 1;
			lapic_kick(l);
		}
		return;
	}
	if ((*entry & APIC_MASKED) || pin_mode(*entry) == DELIVER_EXTINT)
		return;
	if (is_level(*entry)) {
		if (*entry & APIC_REMOTE_IRR)
			return;
		*entry |= APIC_REMOTE_IRR;
	}
	lapic_raise(l, which);
}

void lapic_drive_lint(struct lapic *l, enum lint_pin pin, bool level)
{
	uint32_t before = l->state.lint;

	l->state.lint = (before & ~(UINT32_C(1) << pin)) | (uint32_t)level << pin;
	if (level && !(before >> pin & 1))
		pin_active(l, pin);
	if (pin == LINT_INTR)
		lapic_update_intr(l);
}

void lapic_lint_eoi(struct lapic *l, uint8_t vector)
{
	for (unsigned pin = LINT_INTR; pin <= LINT_NMI; pin++) {
		uint32_t *entry = &l->state.lvt[pin == LINT_INTR ? LVT_LINT0 : LVT_LINT1];

		if (!(*entry & APIC_REMOTE_IRR) || (uint8_t)*entry != vector)
			continue;
		*entry &= ~(uint32_t)APIC_REMOTE_IRR;
		if (pin_level(l, (enum lint_pin)pin))
			pin_active(l, (enum lint_pin)pin);
	}
}

#define SVR_BIOS 0x10f /* on, spurious vector 0fh */

void lapic_virtual_wire(struct lapic *l)
{
	l->state.svr = SVR_BIOS;
	l->state.lvt[LVT_LINT0] = DELIVER_EXTINT << 8;
	l->state.lvt[LVT_LINT1] = DELIVER_NMI << 8;
	lapic_update_intr(l);
}
