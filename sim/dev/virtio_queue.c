/* virtio_queue.c - split virtqueues, the device's side ("Split Virtqueues"). Nothing in the rings
 * is trusted, and all of it is read once. */
#include "sim/dev/virtio.h"

#define DESCRIPTOR_NEXT      1
#define DESCRIPTOR_WRITE     2
#define DESCRIPTOR_INDIRECT  4
#define AVAILABLE_NO_IRQ     1 /* of the available ring's flags */
#define RING_INDEX           2 /* offsets in both rings */
#define RING_ENTRIES         4
#define AVAILABLE_ENTRY_SIZE 2
#define USED_ENTRY_SIZE      8

struct descriptor {
	uint64_t pa;
	uint32_t size;
	uint16_t flags, next;
};

_Static_assert(sizeof(struct descriptor) == 16, "as the driver writes it");

static bool has_event_idx(const struct virtio *v)
{
	return v->state.features & VIRTIO_F_EVENT_IDX;
}

/* --- the rings --- */

static bool read16(const struct virtio *v, uint64_t pa, uint16_t *value)
{
	return phys_read(v->mem, pa, value, sizeof(*value));
}

static bool available_index(const struct virtio *v, const struct virtio_queue *q, uint16_t *index)
{
	return read16(v, q->driver + RING_INDEX, index) &&
	       (uint16_t)(*index - q->next_available) <= q->size;
}

static uint64_t available_entry(const struct virtio_queue *q, unsigned place)
{
	return q->driver + RING_ENTRIES + (uint64_t)place * AVAILABLE_ENTRY_SIZE;
}

static uint64_t used_entry(const struct virtio_queue *q, unsigned place)
{
	return q->device + RING_ENTRIES + (uint64_t)place * USED_ENTRY_SIZE;
}

bool virtio_has_more(struct virtio *v, unsigned queue)
{
	struct virtio_queue *q = &v->state.queues[queue];
	uint16_t index;

	if (!available_index(v, q, &index)) {
		virtio_break(v);
		return false;
	}
	if (index != q->next_available)
		return true;
	if (has_event_idx(v) && !phys_write(v->mem, used_entry(q, q->size), &index, sizeof(index)))
		virtio_break(v);
	return false;
}

/* --- chains --- */

/* Where a walk along a chain is. */
struct chain_walk {
	uint64_t table;
	uint32_t entries; /* of the table */
	uint32_t index;
	bool indirect;
};

/* Follows a descriptor that says where the others are. */
static bool enter_table(const struct virtio *v, struct chain_walk *w, const struct descriptor *d)
{
	if (!(v->state.features & VIRTIO_F_INDIRECT) || w->indirect ||
		(d->flags & DESCRIPTOR_NEXT) || d->size % sizeof(*d) != 0)
		return false;
	*w = (struct chain_walk){d->pa, d->size / sizeof(*d), 0, true};
	return true;
}

static bool add_segment(const struct virtio *v, struct virtio_chain *c, const struct descriptor *d)
{
	unsigned count = c->readable + c->writable;
	bool write = d->flags & DESCRIPTOR_WRITE;

	if (count == VIRTIO_SEGMENTS || d->size == 0 || (!write && c->writable != 0) ||
		!phys_is_ram(v->mem, d->pa, d->size))
		return false;
	c->at[count] = (struct virtio_segment){d->pa, d->size};
	if (write) {
		c->writable++;
		c->writable_bytes += d->size;
	} else {
		c->readable++;
		c->readable_bytes += d->size;
	}
	return c->readable_bytes + c->writable_bytes <= VIRTIO_CHAIN_BYTES;
}

/* Ends, since each round but one adds a segment, and so many fit. */
static bool walk_chain(const struct virtio *v, const struct virtio_queue *q, struct virtio_chain *c)
{
	struct chain_walk w = {q->descriptors, q->size, c->head, false};
	struct descriptor d;

	for (;;) {
		if (w.index >= w.entries ||
			!phys_read(v->mem, w.table + w.index * sizeof(d), &d, sizeof(d)))
			return false;
		if (d.flags & DESCRIPTOR_INDIRECT) {
			if (!enter_table(v, &w, &d))
				return false;
			continue;
		}
		if (!add_segment(v, c, &d))
			return false;
		if (!(d.flags & DESCRIPTOR_NEXT))
			return true;
		w.index = d.next;
	}
}

bool virtio_take(struct virtio *v, unsigned queue, struct virtio_chain *c)
{
	struct virtio_queue *q = &v->state.queues[queue];

	if (!virtio_has_more(v, queue))
		return false;
	c->readable = c->writable = 0;
	c->readable_bytes = c->writable_bytes = 0;
	if (read16(v, available_entry(q, q->next_available % q->size), &c->head) &&
		walk_chain(v, q, c)) {
		q->next_available++;
		return true;
	}
	virtio_break(v);
	return false;
}

/* --- giving back --- */

/* Whether the driver wants to hear of the entry before next_used. */
static bool wants_interrupt(const struct virtio *v, const struct virtio_queue *q, bool *wants)
{
	uint16_t word;

	if (has_event_idx(v)) {
		if (!read16(v, available_entry(q, q->size), &word))
			return false;
		*wants = word == (uint16_t)(q->next_used - 1);
		return true;
	}
	if (!read16(v, q->driver, &word))
		return false;
	*wants = !(word & AVAILABLE_NO_IRQ);
	return true;
}

void virtio_give_back(struct virtio *v, unsigned queue, uint16_t head, uint32_t written)
{
	struct virtio_queue *q = &v->state.queues[queue];
	const uint32_t entry[2] = {head, written};
	bool wants = false;

	if (!phys_write(v->mem, used_entry(q, q->next_used % q->size), entry, sizeof(entry))) {
		virtio_break(v);
		return;
	}
	q->next_used++;
	if (!phys_write(v->mem, q->device + RING_INDEX, &q->next_used, sizeof(q->next_used)) ||
		!wants_interrupt(v, q, &wants))
		virtio_break(v);
	else if (wants)
		virtio_interrupt(v, VIRTIO_USED, q->vector);
}

/* --- data --- */

/* The next part of a range of a row of segments: its address and size; false at the end. */
static bool next_part(const struct virtio_segment *at, unsigned count, uint64_t offset,
	uint64_t size, struct virtio_segment *part)
{
	for (unsigned i = 0; i < count && size != 0; i++) {
		if (offset < at[i].size) {
			part->pa = at[i].pa + offset;
			part->size = (uint32_t)min_u64(size, at[i].size - offset);
			return true;
		}
		offset -= at[i].size;
	}
	return false;
}

uint64_t virtio_read(const struct virtio *v, const struct virtio_chain *c, uint64_t offset,
	void *data, uint64_t size)
{
	struct virtio_segment part;
	uint64_t done = 0;

	while (next_part(c->at, c->readable, offset + done, size - done, &part)) {
		if (!phys_read(v->mem, part.pa, (uint8_t *)data + done, part.size))
			SIM_ASSERT(!"segments are RAM");
		done += part.size;
	}
	return done;
}

uint64_t virtio_write(struct virtio *v, const struct virtio_chain *c, uint64_t offset,
	const void *data, uint64_t size)
{
	struct virtio_segment part;
	uint64_t done = 0;

	while (next_part(&c->at[c->readable], c->writable, offset + done, size - done, &part)) {
		if (!phys_write(v->mem, part.pa, (const uint8_t *)data + done, part.size))
			SIM_ASSERT(!"segments are RAM");
		done += part.size;
	}
	return done;
}
