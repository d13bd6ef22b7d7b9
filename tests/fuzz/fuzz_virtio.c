/* fuzz_virtio.c - what a driver does, done wrong: registers of virtio devices, rings and requests,
 * configuration space, and time. */
#include "tests/fuzz/any_devices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOT_FIRST 3
#define SLOTS      7 /* rng, console, four disks, share */

enum action {
	WRITE_REGISTER,
	READ_REGISTER,
	WRITE_MEMORY,
	START,
	CONFIGURE,
	WAIT,
	POST,
	NOTIFY,
	MESSAGE,
	ACTIONS
};

/* Near the registers of PCI functions, or of MMIO. */
static uint64_t take_address(struct driver *d, struct input *in)
{
	uint64_t offset = input_take(in, 3);

	return d->mmio ? BOARD_VIRTIO_MMIO + offset % 0x8000 : DRIVER_PCI + offset * 2;
}

static void find(struct driver *d, struct machine *m, unsigned slot)
{
	driver_find(d, m, slot);
	d->bus = counting_bus(m, 0);
}

static void start(struct driver *d, struct input *in)
{
	struct machine *m = d->m;

	find(d, m, SLOT_FIRST + (unsigned)input_take(in, 1) % SLOTS);
	d->features = driver_offered(d) & (input_take(in, 1) << 28 | input_take(in, 2)) &
		      ~VIRTIO_F_VERSION_1;
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
	unsigned count = 1 + input_take(in, 1) % 6, queue = input_take(in, 1) % 2;

	for (unsigned i = 0; i < count; i++) {
		unsigned shape = (unsigned)input_take(in, 1);
		uint32_t size = (uint32_t)input_take(in, shape & 0x10 ? 4 : 2);

		set_descriptor(d->m, ring(queue, 0), i,
			DRIVER_DATA + input_take(in, shape & 8 ? 3 : 1) * 16,
			shape & 0x20 ? 16 : size,
			(shape & (DESC_WRITE | DESC_INDIRECT)) | (i + 1 < count ? DESC_NEXT : 0));
	}
	make_available(d, queue, (uint16_t)(input_take(in, 1) % 80));
	driver_notify(d, queue);
}

/* A request of 9P, with room for its answer; its numbers are small, as those of real ones are. */
static void message(struct driver *d, struct input *in)
{
	uint8_t text[64] = {sizeof(text), 0, 0, 0};
	unsigned fields = 5 + (unsigned)input_take(in, 1) % 40;

	for (unsigned i = 4; i < fields; i++)
		text[i] = (uint8_t)input_take(in, 1);
	set_memory(d->m, DRIVER_DATA, text, sizeof(text));
	set_descriptor(d->m, ring(0, 0), 0, DRIVER_DATA, sizeof(text), DESC_NEXT);
	set_descriptor(d->m, ring(0, 0), 1, DRIVER_DATA + sizeof(text),
		16 * (uint32_t)input_take(in, 1), DESC_WRITE);
	make_available(d, 0, 0);
	driver_notify(d, 0);
}

static void configure(struct driver *d, struct input *in)
{
	struct pci_function *f = pci_function_at(&d->m->pci, (unsigned)input_take(in, 1) % 80);
	unsigned size = input_take_size(in) % 8, offset = (unsigned)input_take(in, 1) & ~(size - 1);

	if (f == NULL || size == 0)
		return;
	if (input_take(in, 1) & 1)
		pci_config_write(f, offset, size, (uint32_t)input_take(in, size));
	else
		pci_config_read(f, offset, size);
}

static void write_memory(struct driver *d, struct input *in)
{
	uint64_t pa = DRIVER_RINGS + input_take(in, 2) * 2, value = input_take(in, 8);

	set_memory(d->m, pa, &value, 1 + input_take(in, 1) % 8);
}

static void act(struct driver *d, struct input *in)
{
	uint64_t address;
	unsigned size;

	switch ((enum action)(input_take(in, 1) % ACTIONS)) {
	case WRITE_REGISTER:
		size = input_take_size(in);
		address = take_address(d, in);
		d->bus.mmio_write(d->bus.context, address, size, input_take(in, size));
		break;
	case READ_REGISTER:
		size = input_take_size(in);
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
		machine_wait(d->m, input_take(in, 2));
		break;
	case MESSAGE:
		message(d, in);
		break;
	case POST:
		post(d, in);
		break;
	default:
		driver_notify(d, (unsigned)input_take(in, 1));
	}
}

static void play(void *context, struct input *in)
{
	struct driver *d = context;

	while (in->left != 0)
		act(d, in);
	machine_wait(d->m, 100000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct any_devices both[2]; /* transports */
	bool mmio = size != 0 && (data[size - 1] & 1);
	struct any_devices *a = &both[mmio];
	struct driver d;

	if (a->m == NULL)
		any_devices_make(a, mmio);
	tally_begin("fuzz_virtio");
	find(&d, a->m, SLOT_FIRST);
	any_devices_play(a, play, &d, sizeof(d), data, size);
	return 0;
}
