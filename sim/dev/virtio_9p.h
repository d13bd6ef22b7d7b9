/* virtio_9p.h - a folder of the host as it was when the run began, by the protocol 9P2000.L over
 * virtio ("9P Transport Device"); Linux mounts it with
 * `mount -t 9p -o trans=virtio,version=9p2000.L,ro share /mnt`.
 *
 * Nothing can be written: what tries is told that the file system is read-only. Files belong to
 * root, and all their times are 0. There are no extended attributes and no locks.
 */
#ifndef DEV_VIRTIO_9P_H
#define DEV_VIRTIO_9P_H

#include "sim/dev/share.h"
#include "sim/dev/virtio.h"

#define VIRTIO_9P_TAG  "share"
#define VIRTIO_9P_FIDS 512 /* files that a client has in hand at a time */

struct virtio_9p_fid {
	uint32_t fid;
	uint32_t node;
	uint32_t used; /* 0 or 1 */
	uint32_t open;
};

struct virtio_9p_fids {
	struct virtio_9p_fid at[VIRTIO_9P_FIDS]; /* unused ones are zero */
};

_Static_assert(sizeof(struct virtio_9p_fids) == 16 * VIRTIO_9P_FIDS,
	"no padding: the digest sees every byte");

struct virtio_9p {
	struct virtio virtio;
	struct virtio_9p_fids fids;
	const struct share *share;
};

extern const struct device_ops virtio_9p_ops;
extern const struct device_ops virtio_9p_fids_ops; /* of the member fids */

void virtio_9p_init(
	struct virtio_9p *d, const struct virtio_setup *setup, const struct share *share);

#endif
