/* virtio_mmio.c - virtio over MMIO ("Virtio Over MMIO"), version 2. Registers are doublewords. */
#include "sim/dev/virtio.h"

enum mmio_register {
	MMIO_MAGIC = 0x000,
	MMIO_VERSION = 0x004,
	MMIO_DEVICE_ID = 0x008,
	MMIO_VENDOR_ID = 0x00c,
	MMIO_DEVICE_FEATURES = 0x010,
	MMIO_DEVICE_SELECT = 0x014,
	MMIO_DRIVER_FEATURES = 0x020,
	MMIO_DRIVER_SELECT = 0x024,
	MMIO_QUEUE_SELECT = 0x030,
	MMIO_QUEUE_MAX = 0x034,
	MMIO_QUEUE_SIZE = 0x038,
	MMIO_QUEUE_READY = 0x044,
	MMIO_QUEUE_NOTIFY = 0x050,
	MMIO_INTERRUPTS = 0x060,
	MMIO_ACKNOWLEDGE = 0x064,
	MMIO_STATUS = 0x070,
	MMIO_QUEUE_DESCRIPTORS = 0x080, /* low half, high half; so the next two */
	MMIO_QUEUE_DRIVER = 0x090,
	MMIO_QUEUE_DEVICE = 0x0a0,
	MMIO_SHARED_LENGTH = 0x0b0, /* two halves: all ones, there is no shared memory */
	MMIO_GENERATION = 0x0fc,
	MMIO_CONFIG = 0x100,
};

#define MAGIC     0x74726976 /* "virt" */
#define VENDOR_ID 0x474e4952 /* "RING" */

static uint32_t register_read(struct virtio *v, uint64_t offset)
{
	const struct virtio_queue *q = virtio_selected(v);

	switch (offset) {
	case MMIO_MAGIC:
		return MAGIC;
	case MMIO_VERSION:
		return 2;
	case MMIO_DEVICE_ID:
		return v->class->id;
	case MMIO_VENDOR_ID:
		return VENDOR_ID;
	case MMIO_DEVICE_FEATURES:
		return virtio_offered(v);
	case MMIO_QUEUE_MAX:
		return q != NULL ? VIRTIO_QUEUE_MAX : 0;
	case MMIO_QUEUE_READY:
		return q != NULL ? q->enabled : 0;
	case MMIO_INTERRUPTS:
		return v->state.interrupts;
	case MMIO_STATUS:
		return v->state.status;
	case MMIO_SHARED_LENGTH:
	case MMIO_SHARED_LENGTH + 4:
		return UINT32_MAX;
	}
	return 0;
}

/* A device that is reached otherwise, or is not on the board, leaves this place empty. */
static bool is_here(const struct virtio *v)
{
	return v->class != NULL && v->mmio;
}

static uint64_t mmio_read(void *virtio, uint64_t offset, unsigned size)
{
	struct virtio *v = virtio;

	if (!is_here(v))
		return UINT64_MAX;
	if (offset >= MMIO_CONFIG)
		return virtio_config_read(v, offset - MMIO_CONFIG, size);
	return size == 4 ? register_read(v, offset) : 0;
}

static void register_write(struct virtio *v, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case MMIO_DEVICE_SELECT:
		v->state.device_select = value;
		break;
	case MMIO_DRIVER_FEATURES:
		virtio_accept(v, value);
		break;
	case MMIO_DRIVER_SELECT:
		v->state.driver_select = value;
		break;
	case MMIO_QUEUE_SELECT:
		v->state.queue_select = value;
		break;
	case MMIO_QUEUE_SIZE:
		virtio_set_queue_size(v, value);
		break;
	case MMIO_QUEUE_READY:
		virtio_enable_queue(v, value & 1);
		break;
	case MMIO_QUEUE_NOTIFY:
		virtio_notify(v, value);
		break;
	case MMIO_ACKNOWLEDGE:
		virtio_acknowledge(v, value);
		break;
	case MMIO_STATUS:
		virtio_set_status(v, value);
		break;
	}
	if (offset >= MMIO_QUEUE_DESCRIPTORS && offset < MMIO_SHARED_LENGTH && offset % 16 < 8)
		virtio_set_queue_address(v, (unsigned)(offset - MMIO_QUEUE_DESCRIPTORS) / 16,
			offset % 16 / 4, value);
}

static void mmio_write(void *virtio, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio *v = virtio;

	if (is_here(v) && size == 4 && offset % 4 == 0 && offset < MMIO_CONFIG)
		register_write(v, offset, (uint32_t)value);
}

const struct device_ops virtio_mmio_ops = {
	.name = "virtio-mmio",
	.read = mmio_read,
	.write = mmio_write,
};
