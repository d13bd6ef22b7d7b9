#include "sim/apic/apic.h"

#include "sim/apic/lapic_parts.h"

void apic_absent(struct apic_bus *bus, const char *what)
{
	if (bus->absent == NULL)
		sim_bug(__FILE__, __LINE__, what);
	bus->absent(bus->context, what);
}

void apic_drive_lint(void *bus, unsigned pin, bool level)
{
	struct apic_bus *b = bus;

	for (unsigned i = 0; i < b->count; i++)
		lapic_drive_lint(&b->lapics[i], (enum lint_pin)pin, level);
}

void apic_destination8(struct apic_message *m, bool logical, uint8_t destination)
{
	m->kind = logical ? DESTINATION_LOGICAL : DESTINATION_PHYSICAL;
	if (destination == DESTINATION_ALL_XAPIC)
		m->kind = DESTINATION_ALL;
	m->destination = destination;
}

/* Of the targets that would accept, the one with the lowest priority, then with the lowest ID. */
static struct lapic *lowest_target(struct apic_bus *bus, const struct apic_message *m)
{
	struct lapic *best = NULL;

	for (unsigned i = 0; i < bus->count; i++) {
		struct lapic *l = &bus->lapics[i];

		if (!lapic_is_target(l, m) || !lapic_is_enabled(l))
			continue;
		if (best == NULL || lapic_ppr(l) < lapic_ppr(best))
			best = l;
	}
	return best;
}

static bool accept(struct apic_bus *bus, struct lapic *l, const struct apic_message *m)
{
	if (!lapic_accept(l, m))
		return false;
	if (bus->accepted != NULL)
		bus->accepted(bus->context, l->state.id, m);
	return true;
}

bool apic_send(struct apic_bus *bus, const struct apic_message *m)
{
	bool accepted = false;
	struct lapic *l;

	if (m->mode == DELIVER_LOWEST) {
		l = lowest_target(bus, m);
		return l != NULL && accept(bus, l, m);
	}
	for (unsigned i = 0; i < bus->count; i++)
		if (lapic_is_target(&bus->lapics[i], m))
			accepted |= accept(bus, &bus->lapics[i], m);
	return accepted;
}
