/* virtio_driver.h - a machine, and a small driver that reaches a virtio device of it by
 * either transport, as software would: through registers and rings in memory. For tests and fuzzers
 * alike. */
#ifndef UNIT_VIRTIO_DRIVER_H
#define UNIT_VIRTIO_DRIVER_H

#include "sim/machine/board.h"
#include "sim/machine/machine.h"

#define DRIVER_PCI    0xe0000000u /* where the BARs go */
#define DRIVER_RINGS  0x10000u    /* 0x4000 a queue: table, available ring, used ring */
#define DRIVER_DATA   0x20000u
#define DRIVER_QUEUE  64
#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4

struct driver {
	struct machine *m;
	struct cpu_bus bus;
	unsigned devfn;
	uint64_t registers; /* of the BAR, or of MMIO */
	bool mmio;
	uint16_t available[VIRTIO_QUEUES], seen[VIRTIO_QUEUES];
	uint64_t features; /* asked for, besides version 1 */
};

struct buffer {
	uint64_t pa;
	uint32_t size;
	bool write;
};

/* No core runs: just events happen, for so many cycles. */
static inline void machine_wait(struct machine *m, uint64_t cycles)
{
	uint64_t until = m->run.now + cycles;

	while (event_next_due(&m->events) <= until) {
		struct event e = event_take(&m->events);

		m->run.now = max_u64(m->run.now, e.due);
		board_event(m, &e);
	}
	m->run.now = until;
}

static inline struct machine *driver_machine(bool mmio, uint64_t seed)
{
	static const struct byte_sink nowhere = {.put = NULL};
	struct config config;
	struct machine *m;

	config_defaults(&config);
	config.machine.cpus = 2;
	config.machine.memory_mib = 2;
	config.machine.seed = seed;
	config.board.framebuffer = 1;
	config.board.virtio = mmio ? VIRTIO_TRANSPORT_MMIO : VIRTIO_TRANSPORT_PCI;
	m = machine_create(&config, &nowhere, NULL);
	SIM_ASSERT(m != NULL);
	return m;
}

static inline uint64_t driver_read(struct driver *d, uint64_t offset, unsigned size)
{
	return d->bus.mmio_read(d->bus.context, d->registers + offset, size);
}

static inline void driver_write(struct driver *d, uint64_t offset, unsigned size, uint64_t value)
{
	d->bus.mmio_write(d->bus.context, d->registers + offset, size, value);
}

static inline uint32_t memory32(struct machine *m, uint64_t pa)
{
	uint32_t value;

	SIM_ASSERT(phys_read(&m->mem, pa, &value, sizeof(value)));
	return value;
}

static inline void set_memory(struct machine *m, uint64_t pa, const void *data, uint64_t size)
{
	SIM_ASSERT(phys_write(&m->mem, pa, data, size));
}

static inline uint8_t driver_status(struct driver *d)
{
	return (uint8_t)driver_read(d, d->mmio ? 0x70 : 0x14, d->mmio ? 4 : 1);
}

static inline void driver_set_status(struct driver *d, uint8_t status)
{
	driver_write(d, d->mmio ? 0x70 : 0x14, d->mmio ? 4 : 1, status);
}

static inline uint64_t driver_offered(struct driver *d)
{
	uint64_t features = 0;

	for (unsigned half = 0; half < 2; half++) {
		driver_write(d, d->mmio ? 0x14 : 0x00, 4, half);
		features |= driver_read(d, d->mmio ? 0x10 : 0x04, 4) << (32 * half);
	}
	return features;
}

static inline void driver_accept(struct driver *d, uint64_t features)
{
	for (unsigned half = 0; half < 2; half++) {
		driver_write(d, d->mmio ? 0x24 : 0x08, 4, half);
		driver_write(d, d->mmio ? 0x20 : 0x0c, 4, (uint32_t)(features >> (32 * half)));
	}
}

static inline uint64_t ring(unsigned queue, unsigned which)
{
	return DRIVER_RINGS + 0x4000u * queue + 0x1000u * which;
}

static inline void driver_queue(struct driver *d, unsigned queue)
{
	static const uint16_t pci[3] = {0x20, 0x28, 0x30}, mmio[3] = {0x80, 0x90, 0xa0};
	static const uint8_t zeros[0x4000];

	set_memory(d->m, ring(queue, 0), zeros, sizeof(zeros));
	d->available[queue] = d->seen[queue] = 0;
	driver_write(d, d->mmio ? 0x30 : 0x16, d->mmio ? 4 : 2, queue);
	driver_write(d, d->mmio ? 0x38 : 0x18, d->mmio ? 4 : 2, DRIVER_QUEUE);
	for (unsigned i = 0; i < 3; i++) {
		driver_write(d, d->mmio ? mmio[i] : pci[i], 4, ring(queue, i));
		driver_write(d, (d->mmio ? mmio[i] : pci[i]) + 4u, 4, 0);
	}
	if (!d->mmio)
		driver_write(d, 0x1a, 2, queue + 1); /* MSI-X vector, if that is on */
	driver_write(d, d->mmio ? 0x44 : 0x1c, d->mmio ? 4 : 2, 1);
}

/* As "Device Initialization" has it. */
static inline void driver_start(struct driver *d, unsigned queues)
{
	driver_set_status(d, 0);
	SIM_ASSERT(driver_status(d) == 0);
	driver_set_status(d, 1 | 2);
	SIM_ASSERT((driver_offered(d) & d->features) == d->features);
	driver_accept(d, VIRTIO_F_VERSION_1 | d->features);
	driver_set_status(d, 1 | 2 | VIRTIO_STATUS_FEATURES_OK);
	SIM_ASSERT(driver_status(d) == (1 | 2 | VIRTIO_STATUS_FEATURES_OK));
	for (unsigned i = 0; i < queues; i++)
		driver_queue(d, i);
	driver_set_status(d, 1 | 2 | VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
}

/* The device in that PCI slot, which is the n-th by MMIO too: 0 for slot 3. */
static inline void driver_find(struct driver *d, struct machine *m, unsigned slot)
{
	memset(d, 0, sizeof(*d));
	d->m = m;
	d->bus = board_cpu_bus(m, 0);
	d->mmio = m->config.board.virtio == VIRTIO_TRANSPORT_MMIO;
	d->devfn = PCI_DEVFN(slot, 0);
	d->registers = BOARD_VIRTIO_MMIO + 0x1000 * (slot - 3);
	if (d->mmio)
		return;
	pci_assign(&m->pci, DRIVER_PCI, 0xc000);
	d->registers = pci_config_read(pci_function_at(&m->pci, d->devfn), PCI_BAR + 16, 4) & ~15u;
}

static inline void set_descriptor(
	struct machine *m, uint64_t table, unsigned n, uint64_t pa, uint32_t size, unsigned flags)
{
	struct {
		uint64_t pa;
		uint32_t size;
		uint16_t flags, next;
	} d = {pa, size, (uint16_t)flags, (uint16_t)(n + 1)};

	set_memory(m, table + 16 * n, &d, sizeof(d));
}

static inline void make_available(struct driver *d, unsigned queue, uint16_t head)
{
	uint64_t base = ring(queue, 1);

	set_memory(d->m, base + 4 + 2 * (d->available[queue] % DRIVER_QUEUE), &head, 2);
	d->available[queue]++;
	set_memory(d->m, base + 2, &d->available[queue], 2);
}

static inline void driver_notify(struct driver *d, unsigned queue)
{
	driver_write(d, d->mmio ? 0x50 : 0x3000 + 4 * queue, d->mmio ? 4 : 2, queue);
}

/* Puts a chain that begins at that descriptor, and notifies. */
static inline void driver_post(struct driver *d, unsigned queue, unsigned first,
	const struct buffer *buffers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		set_descriptor(d->m, ring(queue, 0), first + i, buffers[i].pa, buffers[i].size,
			(buffers[i].write ? DESC_WRITE : 0) | (i + 1 < count ? DESC_NEXT : 0));
	make_available(d, queue, (uint16_t)first);
	driver_notify(d, queue);
}

/* What the device has given back next: its head and length; false: nothing. */
static inline bool driver_used(struct driver *d, unsigned queue, uint32_t *head, uint32_t *size)
{
	uint64_t base = ring(queue, 2), entry = base + 4 + 8 * (d->seen[queue] % DRIVER_QUEUE);

	if ((memory32(d->m, base) >> 16) == d->seen[queue])
		return false;
	d->seen[queue]++;
	*head = memory32(d->m, entry);
	*size = memory32(d->m, entry + 4);
	return true;
}

/* The interrupt causes, which are acknowledged. */
static inline uint32_t driver_interrupts(struct driver *d)
{
	uint32_t causes = (uint32_t)driver_read(d, d->mmio ? 0x60 : 0x1000, d->mmio ? 4 : 1);

	if (d->mmio)
		driver_write(d, 0x64, 4, causes);
	return causes;
}

/* Posts a chain at descriptor 0 and waits for the answer: its length. */
static inline uint32_t driver_ask(
	struct driver *d, unsigned queue, const struct buffer *buffers, unsigned count)
{
	uint32_t head, size;

	driver_post(d, queue, 0, buffers, count);
	machine_wait(d->m, d->m->config.board.virtio_latency);
	SIM_ASSERT(driver_used(d, queue, &head, &size));
	SIM_ASSERT(head == 0);
	return size;
}

#endif
