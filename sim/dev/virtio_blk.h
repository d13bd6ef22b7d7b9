/* virtio_blk.h - a disk ("Block Device" of virtio): read, write, flush, its name, discard and write
 * zeroes, in sectors of 512 bytes. What was discarded reads as zeros. A write has reached the disk
 * when it is answered, so that a flush has nothing to do.
 */
#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "sim/base/blocks.h"
#include "sim/dev/virtio.h"

#define VIRTIO_BLK_SECTOR 512
#define VIRTIO_BLK_MAX    4

struct virtio_blk {
	struct virtio virtio;
	struct blocks *disk;
	unsigned number; /* "ringv-disk0" is the name of the first */
};

extern const struct device_ops virtio_blk_ops[VIRTIO_BLK_MAX]; /* by number */

/* The size of disk is a multiple of VIRTIO_BLK_SECTOR. */
void virtio_blk_init(struct virtio_blk *d, const struct virtio_setup *setup, struct blocks *disk,
	unsigned number, bool read_only);

#endif
