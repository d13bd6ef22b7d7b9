/* virtio_pci.c - virtio over PCI ("Virtio Over PCI Bus"), modern devices only: the capabilities
 * that say where the registers are, and the registers. */
#include "sim/dev/virtio.h"

#define VENDOR          0x1af4
#define DEVICE_BASE     0x1040
#define SUBSYSTEM       0x1100
#define CAPABILITY      0x09 /* vendor-specific */
#define CAPABILITY_SIZE 16
#define BAR_MSIX        1
#define BAR_REGISTERS   4
#define NOTIFY_STRIDE   4

/* The structures: type, place in configuration space, offset in the BAR; each has REGION bytes. */
enum { TYPE_COMMON = 1, TYPE_NOTIFY, TYPE_ISR, TYPE_DEVICE, TYPE_ACCESS };

#define REGION        0x1000
#define REGIONS       4
#define AT_ACCESS     0x98 /* the capability through which configuration space reaches BARs */
#define ACCESS_BAR    (AT_ACCESS + 4)
#define ACCESS_OFFSET (AT_ACCESS + 8)
#define ACCESS_SIZE   (AT_ACCESS + 12)
#define ACCESS_DATA   (AT_ACCESS + 16)

static const struct {
	uint8_t at, type;
} regions[REGIONS] = {
	{0x50, TYPE_COMMON},
	{0x60, TYPE_ISR},
	{0x70, TYPE_DEVICE},
	{0x80, TYPE_NOTIFY},
};

static const struct pci_writable pci_writable[] = {
	{ACCESS_BAR, 1, 0xff},
	{ACCESS_OFFSET, 12, 0xff}, /* size and data too */
	{0, 0, 0},
};

/* The common configuration structure, as it is laid out. */
struct common {
	uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
	uint16_t config_vector, num_queues;
	uint8_t status, config_generation;
	uint16_t queue_select, queue_size, queue_vector, queue_enable, queue_notify_off;
	uint64_t queue_descriptors, queue_driver, queue_device;
};

#define COMMON(field) offsetof(struct common, field)

_Static_assert(sizeof(struct common) == 0x38, "as the standard lays it out");

/* --- capabilities --- */

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void add_capability(uint8_t *config, unsigned at, uint8_t type, uint8_t size)
{
	pci_add_capability(config, at, CAPABILITY);
	config[at + 2] = size;
	config[at + 3] = type;
}

static void fill(void *device, uint8_t *config)
{
	(void)device;
	add_capability(config, AT_ACCESS, TYPE_ACCESS, CAPABILITY_SIZE + 4);
	for (unsigned i = REGIONS; i-- > 0;) {
		unsigned at = regions[i].at;
		bool notify = regions[i].type == TYPE_NOTIFY;

		add_capability(config, at, regions[i].type, CAPABILITY_SIZE + (notify ? 4 : 0));
		config[at + 4] = BAR_REGISTERS;
		put32(&config[at + 8], i * REGION);
		put32(&config[at + 12], REGION);
		if (notify)
			put32(&config[at + 16], NOTIFY_STRIDE);
	}
}

/* --- common configuration --- */

static uint16_t known_vector(const struct virtio *v, uint64_t vector)
{
	return vector < v->class->queues + 1u ? (uint16_t)vector : 0xffff;
}

static uint64_t common_read(struct virtio *v, uint64_t offset, unsigned size)
{
	const struct virtio_queue none = {0}, *q = virtio_selected(v);
	const struct virtio_state *s = &v->state;
	struct common c = {
		.device_feature_select = s->device_select,
		.device_feature = virtio_offered(v),
		.driver_feature_select = s->driver_select,
		.driver_feature = virtio_accepted(v),
		.config_vector = (uint16_t)s->config_vector,
		.num_queues = (uint16_t)v->class->queues,
		.status = (uint8_t)s->status,
		.queue_select = (uint16_t)s->queue_select,
	};
	uint64_t value = 0;

	q = q != NULL ? q : &none;
	c.queue_size = q->size;
	c.queue_vector = q->vector;
	c.queue_enable = q->enabled;
	c.queue_notify_off = (uint16_t)s->queue_select;
	c.queue_descriptors = q->descriptors;
	c.queue_driver = q->driver;
	c.queue_device = q->device;
	if (offset + size <= sizeof(c))
		memcpy(&value, (const uint8_t *)&c + offset, size);
	return value;
}

static void address_write(struct virtio *v, uint64_t offset, unsigned size, uint64_t value)
{
	unsigned which = (unsigned)(offset - COMMON(queue_descriptors)) / 8;
	unsigned half = offset % 8 / 4;

	if (offset + size > sizeof(struct common) || offset % 4 != 0 || size < 4)
		return;
	virtio_set_queue_address(v, which, half, (uint32_t)value);
	if (size == 8 && half == 0)
		virtio_set_queue_address(v, which, 1, (uint32_t)(value >> 32));
}

static void common_write(struct virtio *v, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio_queue *q = virtio_selected(v);

	switch (offset) {
	case COMMON(device_feature_select):
		v->state.device_select = (uint32_t)value;
		break;
	case COMMON(driver_feature_select):
		v->state.driver_select = (uint32_t)value;
		break;
	case COMMON(driver_feature):
		virtio_accept(v, (uint32_t)value);
		break;
	case COMMON(config_vector):
		v->state.config_vector = known_vector(v, value & 0xffff);
		break;
	case COMMON(status):
		virtio_set_status(v, (uint8_t)value);
		break;
	case COMMON(queue_select):
		v->state.queue_select = (uint16_t)value;
		break;
	case COMMON(queue_size):
		virtio_set_queue_size(v, (uint16_t)value);
		break;
	case COMMON(queue_vector):
		if (q != NULL)
			q->vector = known_vector(v, value & 0xffff);
		break;
	case COMMON(queue_enable):
		if ((value & 0xffff) == 1)
			virtio_enable_queue(v, true);
		break;
	default:
		if (offset >= COMMON(queue_descriptors))
			address_write(v, offset, size, value);
	}
}

/* --- the BAR --- */

static uint64_t isr_read(struct virtio *v)
{
	uint32_t causes = v->state.interrupts;

	virtio_acknowledge(v, causes);
	return causes;
}

static uint64_t bar_read(void *device, unsigned bar, uint64_t offset, unsigned size)
{
	struct virtio *v = device;
	uint64_t at = offset % REGION;

	(void)bar;
	switch (regions[offset / REGION].type) {
	case TYPE_COMMON:
		return common_read(v, at, size);
	case TYPE_ISR:
		return at == 0 ? isr_read(v) : 0;
	case TYPE_DEVICE:
		return virtio_config_read(v, at, size);
	}
	return 0;
}

/* No device has configuration that its driver may write. */
static void bar_write(void *device, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio *v = device;
	uint64_t at = offset % REGION;

	(void)bar;
	if (regions[offset / REGION].type == TYPE_COMMON)
		common_write(v, at, size, value);
	else if (regions[offset / REGION].type == TYPE_NOTIFY && at % NOTIFY_STRIDE == 0)
		virtio_notify(v, (uint32_t)(at / NOTIFY_STRIDE));
}

/* --- access to the BARs through configuration space --- */

/* The register that the capability names; false: none does. */
static bool accessed(struct virtio *v, struct pci_place *p, unsigned *size)
{
	const uint8_t *config = v->state.pci.config;
	uint32_t offset, length;

	memcpy(&offset, &config[ACCESS_OFFSET], sizeof(offset));
	memcpy(&length, &config[ACCESS_SIZE], sizeof(length));
	*p = (struct pci_place){&v->function, config[ACCESS_BAR], offset};
	*size = length;
	return (length == 1 || length == 2 || length == 4) && offset % length == 0 &&
	       p->bar < PCI_BARS && v->pci_class.bars[p->bar].kind != PCI_BAR_NONE;
}

static bool touches_data(unsigned offset, unsigned size)
{
	return offset < ACCESS_DATA + 4 && offset + size > ACCESS_DATA;
}

static void config_reads(void *device, unsigned offset, unsigned size)
{
	struct virtio *v = device;
	struct pci_place place;
	unsigned length;

	if (touches_data(offset, size) && accessed(v, &place, &length))
		put32(&v->state.pci.config[ACCESS_DATA], (uint32_t)pci_place_read(&place, length));
}

static void config_written(void *device, unsigned offset, unsigned size)
{
	struct virtio *v = device;
	struct pci_place place;
	unsigned length;
	uint32_t value;

	if (!touches_data(offset, size) || !accessed(v, &place, &length))
		return;
	memcpy(&value, &v->state.pci.config[ACCESS_DATA], sizeof(value));
	pci_place_write(&place, length, bits_get(value, BIT(8 * length) - 1));
}

void virtio_pci_connect(struct virtio *v, struct pci_bus *bus, unsigned devfn)
{
	v->pci_class = (struct pci_class){
		.vendor = VENDOR,
		.device = (uint16_t)(DEVICE_BASE + v->class->id),
		.subsystem_vendor = VENDOR,
		.subsystem = SUBSYSTEM,
		.code = v->class->pci_code,
		.revision = 1,
		.pin = 1,
		.msix_bar = BAR_MSIX,
		.msix_vectors = (uint8_t)(v->class->queues + 1),
		.bars = {[BAR_MSIX] = {PCI_BAR_MEMORY, 0x1000},
			[BAR_REGISTERS] = {PCI_BAR_MEMORY64, REGIONS * REGION}},
		.writable = pci_writable,
		.fill = fill,
		.config_reads = config_reads,
		.config_written = config_written,
		.read = bar_read,
		.write = bar_write,
	};
	v->function =
		(struct pci_function){.class = &v->pci_class, .state = &v->state.pci, .device = v};
	pci_attach(bus, &v->function, devfn);
}
