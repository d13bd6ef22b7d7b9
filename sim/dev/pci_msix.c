/* pci_msix.c - MSI-X of a PCI function ("PCI Local Bus Specification" 3.0, "MSI-X Capability and
 * Table Structures"), and what a message means on a PC (SDM "Message Signalled Interrupts"). */
#include "sim/dev/pci.h"

#define CAPABILITY_MSIX 0x11
#define CONTROL_ENABLE  0x80 /* of the high byte of message control */
#define CONTROL_MASK    0x40
#define PENDING_BITS    0x800 /* their offset; the table is at 0 */
#define ENTRY_MASKED    1u

#define MESSAGE_BASE    UINT64_C(0xfee00000) /* these addresses reach the local APICs */
#define MESSAGE_SIZE    0x100000
#define MESSAGE_LOGICAL BIT(2)

void pci_msix_fill(struct pci_function *f)
{
	uint8_t *at = &f->state->config[PCI_MSIX];
	const struct pci_class *class = f->class;

	SIM_ASSERT(class->msix_vectors <= PCI_MSIX_MAX);
	if (class->msix_vectors == 0)
		return;
	pci_add_capability(f->state->config, PCI_MSIX, CAPABILITY_MSIX);
	at[2] = (uint8_t)(class->msix_vectors - 1);
	at[4] = class->msix_bar;
	at[8] = class->msix_bar;
	at[9] = PENDING_BITS >> 8;
	for (unsigned i = 0; i < class->msix_vectors; i++)
		f->state->msix[i].control = ENTRY_MASKED;
}

static uint8_t control(const struct pci_function *f)
{
	return f->class->msix_vectors != 0 ? f->state->config[PCI_MSIX + 3] : 0;
}

bool pci_msix_enabled(const struct pci_function *f)
{
	return control(f) & CONTROL_ENABLE;
}

/* A message is a write of a doubleword: to the local APICs, or else to memory. */
static void send(struct pci_function *f, const struct pci_msix_entry *entry)
{
	const struct pci_setup *to = &f->bus->setup;
	struct apic_message m = {
		.mode = (enum delivery_mode)bits_get(entry->data, APIC_DELIVERY),
		.vector = (uint8_t)entry->data,
	};

	if (!pci_is_master(f))
		return;
	if (entry->address - MESSAGE_BASE >= MESSAGE_SIZE) {
		if (!phys_write(to->mem, entry->address & ~UINT64_C(3), &entry->data, 4))
			return; /* nothing is there */
		return;
	}
	if (m.mode == DELIVER_RESERVED || m.mode == DELIVER_STARTUP)
		return;
	apic_destination8(&m, entry->address & MESSAGE_LOGICAL, (uint8_t)(entry->address >> 12));
	apic_send(to->apic_bus, &m);
}

void pci_msix_flush(struct pci_function *f)
{
	if (!pci_msix_enabled(f) || (control(f) & CONTROL_MASK))
		return;
	for (unsigned i = 0; i < f->class->msix_vectors; i++) {
		if (!(f->state->msix_pending >> i & 1) ||
			(f->state->msix[i].control & ENTRY_MASKED))
			continue;
		f->state->msix_pending &= ~(1u << i);
		send(f, &f->state->msix[i]);
	}
}

void pci_msix_notify(struct pci_function *f, unsigned vector)
{
	if (!pci_msix_enabled(f) || vector >= f->class->msix_vectors)
		return;
	f->state->msix_pending |= 1u << vector;
	pci_msix_flush(f);
}

/* Doublewords and quadwords, naturally aligned, as the specification demands of software. */
static bool well_formed(uint64_t offset, unsigned size)
{
	return (size == 4 || size == 8) && offset % size == 0;
}

uint64_t pci_msix_read(struct pci_function *f, uint64_t offset, unsigned size)
{
	uint64_t value = 0, pending = f->state->msix_pending;

	if (!well_formed(offset, size))
		return UINT64_MAX;
	if (offset < f->class->msix_vectors * sizeof(struct pci_msix_entry))
		memcpy(&value, (const uint8_t *)f->state->msix + offset, size);
	else if (offset - PENDING_BITS < sizeof(pending))
		memcpy(&value, (const uint8_t *)&pending + (offset - PENDING_BITS), size);
	return value;
}

void pci_msix_write(struct pci_function *f, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci_msix_entry *entry = &f->state->msix[offset / sizeof(*entry) % PCI_MSIX_MAX];

	if (!well_formed(offset, size) ||
		offset >= f->class->msix_vectors * sizeof(struct pci_msix_entry))
		return;
	memcpy((uint8_t *)f->state->msix + offset, &value, size);
	entry->address &= ~UINT64_C(3);
	entry->control &= ENTRY_MASKED;
	pci_msix_flush(f);
}
