/* fuzz_virtio.c - any bytes as what a guest does to virtio devices, the display and the PCI bus:
 * registers, configuration space, rings and time. Nothing crashes; and a run that goes back to a
 * snapshot in its middle ends as one that does not. */
#include <stdlib.h>

#include "sim/machine/snapshot.h"
#include "tests/unit/virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOT_FIRST 3
#define SLOTS      6 /* rng, console, four disks */
#define DISK_SIZE  8192

struct input {
	const uint8_t *at, *end;
};

enum action {
	WRITE_REGISTER,
	READ_REGISTER,
	WRITE_MEMORY,
	START,
	CONFIGURE,
	WAIT,
	POST,
	NOTIFY,
	ACTIONS
};

/* Little-endian; zeros after the end. */
static uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && in->at < in->end; i++)
		value |= (uint64_t)*in->at++ << (8 * i);
	return value;
}

static unsigned take_size(struct input *in)
{
	return 1u << (take(in, 1) & 3);
}

/* Near the registers of PCI functions, or of MMIO. */
static uint64_t take_address(struct driver *d, struct input *in)
{
	uint64_t offset = take(in, 3);

	return d->mmio ? BOARD_VIRTIO_MMIO + offset % 0x8000 : DRIVER_PCI + offset * 2;
}

static void start(struct driver *d, struct input *in)
{
	struct machine *m = d->m;

	driver_find(d, m, SLOT_FIRST + take(in, 1) % SLOTS);
	d->features = driver_offered(d) & (take(in, 1) << 28 | take(in, 2)) & ~VIRTIO_F_VERSION_1;
	driver_set_status(d, 0);
	driver_set_status(d, 3);
	driver_accept(d, VIRTIO_F_VERSION_1 | d->features);
	driver_set_status(d, 3 | VIRTIO_STATUS_FEATURES_OK);
	driver_queue(d, 0);
	driver_queue(d, 1);
	driver_set_status(d, 7 | VIRTIO_STATUS_FEATURES_OK);
}

static void post(struct driver *d, struct input *in)
{
	unsigned count = 1 + take(in, 1) % 6, queue = take(in, 1) % 2;

	for (unsigned i = 0; i < count; i++) {
		unsigned shape = (unsigned)take(in, 1);
		uint32_t size = (uint32_t)take(in, shape & 0x10 ? 4 : 2);

		set_descriptor(d->m, ring(queue, 0), i,
			DRIVER_DATA + take(in, shape & 8 ? 3 : 1) * 16, shape & 0x20 ? 16 : size,
			(shape & (DESC_WRITE | DESC_INDIRECT)) | (i + 1 < count ? DESC_NEXT : 0));
	}
	make_available(d, queue, (uint16_t)(take(in, 1) % 80));
	driver_notify(d, queue);
}

static void configure(struct driver *d, struct input *in)
{
	struct pci_function *f = pci_function_at(&d->m->pci, (unsigned)take(in, 1) % 80);
	unsigned size = take_size(in) % 8, offset = (unsigned)take(in, 1) & ~(size - 1);

	if (f == NULL || size == 0)
		return;
	if (take(in, 1) & 1)
		pci_config_write(f, offset, size, (uint32_t)take(in, size));
	else
		pci_config_read(f, offset, size);
}

static void write_memory(struct driver *d, struct input *in)
{
	uint64_t pa = DRIVER_RINGS + take(in, 2) * 2, value = take(in, 8);

	set_memory(d->m, pa, &value, 1 + take(in, 1) % 8);
}

static void act(struct driver *d, struct input *in)
{
	uint64_t address;
	unsigned size;

	switch ((enum action)(take(in, 1) % ACTIONS)) {
	case WRITE_REGISTER:
		size = take_size(in);
		address = take_address(d, in);
		d->bus.mmio_write(d->bus.context, address, size, take(in, size));
		break;
	case READ_REGISTER:
		size = take_size(in);
		d->bus.mmio_read(d->bus.context, take_address(d, in), size);
		break;
	case WRITE_MEMORY:
		write_memory(d, in);
		break;
	case START:
		start(d, in);
		break;
	case CONFIGURE:
		configure(d, in);
		break;
	case WAIT:
		machine_wait(d->m, take(in, 2));
		break;
	case POST:
		post(d, in);
		break;
	default:
		driver_notify(d, (unsigned)take(in, 1));
	}
}

static void play(struct driver *d, const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};

	while (in.at < in.end)
		act(d, &in);
	machine_wait(d->m, 100000);
}

static struct machine *make(bool mmio)
{
	static const uint8_t image[DISK_SIZE] = {1, 2, 3};
	struct machine *m = driver_machine(mmio, 1);

	for (unsigned i = 0; i < VIRTIO_BLK_MAX; i++)
		if (!machine_add_disk(m, image, sizeof(image), i == 3, NULL))
			abort();
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool mmio = size != 0 && (data[0] & 1);
	struct machine *m = make(mmio);
	struct snapshot_store *store = snapshot_store_create(m);
	struct driver d, middle;
	struct snapshot *s;
	struct digest first;

	driver_find(&d, m, SLOT_FIRST);
	play(&d, data, size / 2);
	s = snapshot_take(store);
	middle = d;
	play(&d, data + size / 2, size - size / 2);
	first = machine_digest(m);
	snapshot_restore(store, s);
	play(&middle, data + size / 2, size - size / 2);
	SIM_ASSERT(digest_equal(machine_digest(m), first));
	snapshot_drop(store, s);
	snapshot_store_destroy(store);
	machine_destroy(m);
	return 0;
}
