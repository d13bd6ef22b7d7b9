#include "sim/dev/virtio_console.h"

enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUES };

static uint32_t serve(void *device, unsigned queue, const struct virtio_chain *c)
{
	struct virtio_console *d = device;
	uint8_t buffer[512];

	(void)queue;
	for (uint64_t done = 0, part; done < c->readable_bytes; done += part) {
		part = virtio_read(&d->virtio, c, done, buffer, sizeof(buffer));
		for (uint64_t i = 0; i < part && d->sink.put != NULL; i++)
			d->sink.put(d->sink.context, buffer[i]);
	}
	return 0;
}

static const struct virtio_class class = {
	.id = 3,
	.pci_code = 0x078000,
	.queues = QUEUES,
	.config_size = 12, /* sizes and ports that features which are not there would use */
	.serve = serve,
	.deaf_queues = BIT(QUEUE_RECEIVE),
};

void virtio_console_init(
	struct virtio_console *d, const struct virtio_setup *setup, const struct byte_sink *sink)
{
	d->sink = *sink;
	virtio_connect(&d->virtio, &class, d, setup, 0);
}

const struct device_ops virtio_console_ops = VIRTIO_OPS("console");
