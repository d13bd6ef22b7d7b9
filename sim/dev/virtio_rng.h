/* virtio_rng.h - a source of entropy ("Entropy Device" of virtio). Its bytes are a stream of the
 * run's seed, and begin anew at a power reset: no host randomness.
 */
#ifndef DEV_VIRTIO_RNG_H
#define DEV_VIRTIO_RNG_H

#include "sim/dev/virtio.h"

struct virtio_rng {
	struct virtio virtio;
	uint64_t seed;
};

extern const struct device_ops virtio_rng_ops;

void virtio_rng_init(struct virtio_rng *d, const struct virtio_setup *setup, uint64_t seed);

#endif
