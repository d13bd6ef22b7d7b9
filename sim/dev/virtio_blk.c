#include "sim/dev/virtio_blk.h"

#include <stdio.h>

#define F_SEG_MAX      BIT(2)
#define F_READ_ONLY    BIT(5)
#define F_BLOCK_SIZE   BIT(6)
#define F_FLUSH        BIT(9)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)
#define F_WRITES       (F_DISCARD | F_WRITE_ZEROES)

#define RANGE_SECTORS_MAX 0x8000 /* that one request discards or makes zero: 16 MiB */
#define NAME_SIZE         20

enum {
	TYPE_IN = 0,
	TYPE_OUT = 1,
	TYPE_FLUSH = 4,
	TYPE_NAME = 8,
	TYPE_DISCARD = 11,
	TYPE_WRITE_ZEROES = 13
};

enum status { STATUS_OK, STATUS_ERROR, STATUS_UNSUPPORTED };

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct range {
	uint64_t sector;
	uint32_t count, flags;
};

/* As the standard lays it out, up to what this device has. */
struct disk_config {
	uint64_t capacity; /* sectors */
	uint32_t size_max, segments_max;
	uint32_t geometry;
	uint32_t block_size;
	uint8_t topology[8], writeback, unused;
	uint16_t queues;
	uint32_t discard_sectors_max, discard_segments_max, discard_alignment;
	uint32_t zeroes_sectors_max, zeroes_segments_max;
	uint8_t zeroes_may_unmap, unused1[3];
};

_Static_assert(sizeof(struct disk_config) == 64, "60 bytes, and padding at the end");
_Static_assert(offsetof(struct disk_config, zeroes_may_unmap) == 56, "as the standard has it");

static void config(void *device, uint8_t *to)
{
	const struct virtio_blk *d = device;
	const struct disk_config c = {
		.capacity = d->disk->size / VIRTIO_BLK_SECTOR,
		.segments_max = VIRTIO_SEGMENTS - 2, /* beside header and status */
		.block_size = VIRTIO_BLK_SECTOR,
		.discard_sectors_max = RANGE_SECTORS_MAX,
		.discard_segments_max = 1,
		.discard_alignment = 1,
		.zeroes_sectors_max = RANGE_SECTORS_MAX,
		.zeroes_segments_max = 1,
		.zeroes_may_unmap = 1,
	};

	memcpy(to, &c, sizeof(c));
}

/* Does the disk have so many bytes from that sector on? */
static bool on_disk(const struct virtio_blk *d, uint64_t sector, uint64_t bytes)
{
	uint64_t sectors = d->disk->size / VIRTIO_BLK_SECTOR;

	return bytes % VIRTIO_BLK_SECTOR == 0 && sector <= sectors &&
	       bytes / VIRTIO_BLK_SECTOR <= sectors - sector;
}

/* The writable part is the data and then the status. */
static enum status disk_read(struct virtio_blk *d, const struct header *h,
	const struct virtio_chain *c, uint32_t *written)
{
	uint64_t size = c->writable_bytes - 1, from = h->sector * VIRTIO_BLK_SECTOR;
	uint8_t buffer[BLOCK_SIZE];

	if (!on_disk(d, h->sector, size))
		return STATUS_ERROR;
	for (uint64_t done = 0, part; done < size; done += part) {
		part = min_u64(size - done, sizeof(buffer));
		blocks_read(d->disk, from + done, buffer, part);
		virtio_write(&d->virtio, c, done, buffer, part);
	}
	*written = (uint32_t)size;
	return STATUS_OK;
}

static enum status disk_write(
	struct virtio_blk *d, const struct header *h, const struct virtio_chain *c)
{
	uint64_t size = c->readable_bytes - sizeof(*h), to = h->sector * VIRTIO_BLK_SECTOR;
	uint8_t buffer[BLOCK_SIZE];

	if ((d->virtio.features & F_READ_ONLY) || !on_disk(d, h->sector, size))
		return STATUS_ERROR;
	for (uint64_t done = 0, part; done < size; done += part) {
		part = min_u64(size - done, sizeof(buffer));
		virtio_read(&d->virtio, c, sizeof(*h) + done, buffer, part);
		blocks_write(d->disk, to + done, buffer, part);
	}
	return STATUS_OK;
}

/* Discards, or makes zero: the same here. */
static enum status disk_clear(struct virtio_blk *d, const struct virtio_chain *c)
{
	struct range r;

	if (d->virtio.features & F_READ_ONLY)
		return STATUS_ERROR;
	if (c->readable_bytes != sizeof(struct header) + sizeof(r))
		return STATUS_UNSUPPORTED;
	virtio_read(&d->virtio, c, sizeof(struct header), &r, sizeof(r));
	if (r.flags & ~1u)
		return STATUS_UNSUPPORTED;
	if (r.count > RANGE_SECTORS_MAX ||
		!on_disk(d, r.sector, (uint64_t)r.count * VIRTIO_BLK_SECTOR))
		return STATUS_ERROR;
	blocks_zero(d->disk, r.sector * VIRTIO_BLK_SECTOR, (uint64_t)r.count * VIRTIO_BLK_SECTOR);
	return STATUS_OK;
}

static enum status disk_name(struct virtio_blk *d, const struct virtio_chain *c, uint32_t *written)
{
	char name[NAME_SIZE] = "";

	snprintf(name, sizeof(name), "ringv-disk%u", d->number);
	*written = (uint32_t)virtio_write(
		&d->virtio, c, 0, name, min_u64(sizeof(name), c->writable_bytes - 1));
	return STATUS_OK;
}

static enum status answer(struct virtio_blk *d, const struct header *h,
	const struct virtio_chain *c, uint32_t *written)
{
	switch (h->type) {
	case TYPE_IN:
		return disk_read(d, h, c, written);
	case TYPE_OUT:
		return disk_write(d, h, c);
	case TYPE_FLUSH:
		return STATUS_OK;
	case TYPE_NAME:
		return disk_name(d, c, written);
	case TYPE_DISCARD:
	case TYPE_WRITE_ZEROES:
		return disk_clear(d, c);
	}
	return STATUS_UNSUPPORTED;
}

static uint32_t serve(void *device, unsigned queue, const struct virtio_chain *c)
{
	struct virtio_blk *d = device;
	struct header h;
	uint32_t written = 0;
	uint8_t status;

	(void)queue;
	if (c->readable_bytes < sizeof(h) || c->writable_bytes == 0) {
		virtio_break(&d->virtio);
		return 0;
	}
	virtio_read(&d->virtio, c, 0, &h, sizeof(h));
	status = (uint8_t)answer(d, &h, c, &written);
	virtio_write(&d->virtio, c, c->writable_bytes - 1, &status, 1);
	return written + 1;
}

static const struct virtio_class class = {
	.id = 2,
	.pci_code = 0x010000,
	.features = F_SEG_MAX | F_READ_ONLY | F_BLOCK_SIZE | F_FLUSH | F_WRITES,
	.queues = 1,
	.config_size = 60,
	.config = config,
	.serve = serve,
};

void virtio_blk_init(struct virtio_blk *d, const struct virtio_setup *setup, struct blocks *disk,
	unsigned number, bool read_only)
{
	SIM_ASSERT(disk->size % VIRTIO_BLK_SECTOR == 0);
	d->disk = disk;
	d->number = number;
	virtio_connect(&d->virtio, &class, d, setup, read_only ? F_WRITES : F_READ_ONLY);
}

const struct device_ops virtio_blk_ops[VIRTIO_BLK_MAX] = {
	VIRTIO_OPS("disk0"),
	VIRTIO_OPS("disk1"),
	VIRTIO_OPS("disk2"),
	VIRTIO_OPS("disk3"),
};
