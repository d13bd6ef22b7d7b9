#include "sim/apic/ioapic.h"

#define OFFSET_INDEX 0x00 /* IOREGSEL */
#define OFFSET_DATA  0x10 /* IOWIN */
#define OFFSET_EOI   0x40

enum ioapic_register {
	IOAPIC_ID = 0,
	IOAPIC_VERSION = 1,
	IOAPIC_ARBITRATION = 2,
	IOAPIC_TABLE = 0x10, /* two registers a pin */
};

#define VERSION        (0x20 | (IOAPIC_PINS - 1) << 16)
#define ID_BITS        0x0f000000
#define ENTRY_READONLY (APIC_STATUS | APIC_REMOTE_IRR)
#define ENTRY_BITS     UINT64_C(0xff0000000001ffff)

void ioapic_init(struct ioapic *io, struct apic_bus *bus)
{
	memset(io, 0, sizeof(*io));
	io->bus = bus;
	ioapic_ops.reset(io);
}

/* The wires are not the I/O APIC's to reset: their levels stay. */
static void ioapic_reset(void *device)
{
	struct ioapic *io = device;

	io->state.index = 0;
	io->state.id = 0;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		io->state.entry[pin] = APIC_MASKED;
}

static bool pin_active(const struct ioapic *io, unsigned pin)
{
	bool high = io->state.levels >> pin & 1;

	return high != !!(io->state.entry[pin] & APIC_ACTIVE_LOW);
}

/* NMI, INIT and the like are always edges. */
static bool is_level(uint64_t entry)
{
	return (entry & APIC_LEVEL) && bits_get(entry, APIC_DELIVERY) <= DELIVER_LOWEST;
}

/* Sends what the entry says; false when nobody has accepted. */
static bool entry_send(struct ioapic *io, unsigned pin)
{
	uint64_t entry = io->state.entry[pin];
	struct apic_message m = {
		.mode = (enum delivery_mode)bits_get(entry, APIC_DELIVERY),
		.vector = (uint8_t)entry,
		.level = is_level(entry),
	};

	if (m.mode == DELIVER_STARTUP) /* reserved in the redirection table */
		return false;
	apic_destination8(&m, entry & APIC_LOGICAL, (uint8_t)(entry >> 56));
	return apic_send(io->bus, &m);
}

/* Sends a level-triggered interrupt whose pin is active, unless one is in service already. */
static void level_service(struct ioapic *io, unsigned pin)
{
	uint64_t *entry = &io->state.entry[pin];

	if (!is_level(*entry) || (*entry & (APIC_MASKED | APIC_REMOTE_IRR)))
		return;
	if (pin_active(io, pin) && entry_send(io, pin))
		*entry |= APIC_REMOTE_IRR;
}

void ioapic_drive(void *ioapic, unsigned pin, bool level)
{
	struct ioapic *io = ioapic;
	bool was_active;

	SIM_ASSERT(pin < IOAPIC_PINS);
	was_active = pin_active(io, pin);
	io->state.levels = (io->state.levels & ~(UINT32_C(1) << pin)) | (uint32_t)level << pin;
	if (is_level(io->state.entry[pin]))
		level_service(io, pin);
	else if (!was_active && pin_active(io, pin) && !(io->state.entry[pin] & APIC_MASKED))
		entry_send(io, pin);
}

void ioapic_eoi(struct ioapic *io, uint8_t vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *entry = &io->state.entry[pin];

		if (!(*entry & APIC_REMOTE_IRR) || (uint8_t)*entry != vector)
			continue;
		*entry &= ~APIC_REMOTE_IRR;
		level_service(io, pin);
	}
}

/* Half 0 or 1 of an entry. An edge-triggered entry has no remote IRR. */
static void entry_write(struct ioapic *io, unsigned pin, unsigned half, uint32_t value)
{
	uint64_t *entry = &io->state.entry[pin];
	uint64_t half_mask = (uint64_t)UINT32_MAX << (32 * half);
	uint64_t mask = half_mask & ENTRY_BITS & ~ENTRY_READONLY;

	*entry = (*entry & ~mask) | ((uint64_t)value << (32 * half) & mask);
	if (!is_level(*entry))
		*entry &= ~APIC_REMOTE_IRR;
	level_service(io, pin);
}

static uint32_t register_read(const struct ioapic *io, uint32_t index)
{
	uint32_t place = index - IOAPIC_TABLE;

	switch (index) {
	case IOAPIC_ID:
	case IOAPIC_ARBITRATION:
		return io->state.id;
	case IOAPIC_VERSION:
		return VERSION;
	}
	if (index >= IOAPIC_TABLE && place < 2 * IOAPIC_PINS)
		return (uint32_t)(io->state.entry[place / 2] >> (32 * (place % 2)));
	return 0;
}

static void register_write(struct ioapic *io, uint32_t index, uint32_t value)
{
	uint32_t place = index - IOAPIC_TABLE;

	if (index == IOAPIC_ID)
		io->state.id = value & ID_BITS;
	else if (index >= IOAPIC_TABLE && place < 2 * IOAPIC_PINS)
		entry_write(io, place / 2, place % 2, value);
}

static uint64_t ioapic_read(void *device, uint64_t offset, unsigned size)
{
	struct ioapic *io = device;

	(void)size;
	switch (offset) {
	case OFFSET_INDEX:
		return io->state.index;
	case OFFSET_DATA:
		return register_read(io, io->state.index);
	}
	return 0;
}

static void ioapic_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct ioapic *io = device;

	(void)size;
	switch (offset) {
	case OFFSET_INDEX:
		io->state.index = value & 0xff;
		break;
	case OFFSET_DATA:
		register_write(io, io->state.index, (uint32_t)value);
		break;
	case OFFSET_EOI:
		ioapic_eoi(io, (uint8_t)value);
		break;
	}
}

const struct device_ops ioapic_ops = {
	.name = "ioapic",
	.state_size = sizeof(struct ioapic_state),
	.reset = ioapic_reset,
	.read = ioapic_read,
	.write = ioapic_write,
};
