#include "sim/dev/virtio_rng.h"

#include "sim/base/rng.h"

#define BYTES_MAX 4096 /* that one request gets */

_Static_assert(sizeof(struct rng) == 8 * VIRTIO_OWN, "the stream is what the device keeps");

static void power_reset(void *device)
{
	struct virtio_rng *d = device;
	struct rng r = rng_from(d->seed);

	memcpy(d->virtio.state.own, &r, sizeof(r));
}

static uint32_t serve(void *device, unsigned queue, const struct virtio_chain *c)
{
	struct virtio_rng *d = device;
	uint64_t size = min_u64(c->writable_bytes, BYTES_MAX), word;
	struct rng r;

	(void)queue;
	memcpy(&r, d->virtio.state.own, sizeof(r));
	for (uint64_t done = 0; done < size; done += sizeof(word)) {
		word = rng_next(&r);
		virtio_write(&d->virtio, c, done, &word, min_u64(sizeof(word), size - done));
	}
	memcpy(d->virtio.state.own, &r, sizeof(r));
	return (uint32_t)size;
}

static const struct virtio_class class = {
	.id = 4,
	.pci_code = 0x00ff00,
	.queues = 1,
	.serve = serve,
	.power_reset = power_reset,
};

void virtio_rng_init(struct virtio_rng *d, const struct virtio_setup *setup, uint64_t seed)
{
	d->seed = stream_seed(seed, "virtio-rng");
	virtio_connect(&d->virtio, &class, d, setup, 0);
}

const struct device_ops virtio_rng_ops = VIRTIO_OPS("rng");
