/* any_devices.h - a machine with every device it can have, and bytes that say what is done to them.
 *
 * An input's first half is played, then its second half twice, from a snapshot between the two: the
 * digests must be equal. Of an input that begins with R the rest is the seed of random bytes, so
 * that much is tried that no mutation finds.
 */
#ifndef FUZZ_ANY_DEVICES_H
#define FUZZ_ANY_DEVICES_H

#include <stdio.h>
#include <stdlib.h>

#include "sim/base/rng.h"
#include "sim/machine/snapshot.h"
#include "tests/unit/virtio_driver.h"

#define INPUT_RANDOM_BYTES 4000

struct input {
	const uint8_t *at, *end;
	bool random;
	size_t left; /* of the bytes that may still be taken */
	struct rng rng;
};

/* Little-endian; zeros after the end. */
static inline uint64_t input_take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	in->left -= min_u64(in->left, bytes);
	if (in->random)
		return rng_next(&in->rng) >> (64 - 8 * bytes);
	for (unsigned i = 0; i < bytes && in->at < in->end; i++)
		value |= (uint64_t)*in->at++ << (8 * i);
	return value;
}

static inline unsigned input_take_size(struct input *in)
{
	return 1u << (input_take(in, 1) & 3);
}

/* Half of an input: the first, or the second. */
static inline struct input input_half(const uint8_t *data, size_t size, unsigned half)
{
	struct input in = {.left = half == 0 ? size / 2 : size - size / 2};

	if (size != 0 && data[0] == 'R') {
		in.random = true;
		in.left = INPUT_RANDOM_BYTES;
		in.rng = rng_from(hash_bytes(data, size, half));
		return in;
	}
	in.at = half == 0 ? data : data + size / 2;
	in.end = in.at + in.left;
	return in;
}

/* --- accesses, which are counted: all of a process are reported at its end --- */

static struct {
	const char *name;
	uint64_t runs, accesses;
} tally;

static void tally_report(void)
{
	fprintf(stderr, "%s: %" PRIu64 " runs, %" PRIu64 " device accesses\n", tally.name,
		tally.runs, tally.accesses);
}

static struct cpu_bus board_bus;

static uint64_t count_mmio_read(void *context, uint64_t pa, unsigned size)
{
	tally.accesses++;
	return board_bus.mmio_read(context, pa, size);
}

static void count_mmio_write(void *context, uint64_t pa, unsigned size, uint64_t value)
{
	tally.accesses++;
	board_bus.mmio_write(context, pa, size, value);
}

static uint64_t count_port_read(void *context, uint16_t port, unsigned size)
{
	tally.accesses++;
	return board_bus.port_read(context, port, size);
}

static void count_port_write(void *context, uint16_t port, unsigned size, uint64_t value)
{
	tally.accesses++;
	board_bus.port_write(context, port, size, value);
}

/* board_cpu_bus, with each access counted. */
static inline struct cpu_bus counting_bus(struct machine *m, unsigned core)
{
	board_bus = board_cpu_bus(m, core);
	return (struct cpu_bus){
		.context = board_bus.context,
		.mmio_read = count_mmio_read,
		.mmio_write = count_mmio_write,
		.port_read = count_port_read,
		.port_write = count_port_write,
	};
}

/* --- the machine --- */

struct any_devices {
	struct machine *m;
	struct snapshot_store *store;
	struct snapshot *fresh;
};

static inline struct machine *any_board(bool mmio)
{
	static const uint8_t image[8192] = {1, 2, 3};
	static char names[][8] = {"", "folder", "link", "file"};
	static uint8_t text[5000] = {'t'};
	static struct share_node nodes[] = {
		{names[0], 0, SHARE_FOLDER | 0755, 1, 2, 0, NULL},
		{names[1], 0, SHARE_FOLDER | 0700, 3, 1, 0, NULL},
		{names[2], 0, SHARE_LINK | 0777, 0, 0, 4, text},
		{names[3], 1, SHARE_FILE | 0644, 0, 0, sizeof(text), text},
	};
	static const struct share share = {ARRAY_LEN(nodes), nodes};
	struct machine *m = driver_machine(mmio, 1);

	for (unsigned i = 0; i < VIRTIO_BLK_MAX; i++)
		if (!machine_add_disk(m, image, sizeof(image), i == 3, NULL))
			abort();
	machine_add_share(m, &share);
	board_assign_pci(m);
	return m;
}

static inline void any_devices_make(struct any_devices *a, bool mmio)
{
	a->m = any_board(mmio);
	a->store = snapshot_store_create(a->m);
	a->fresh = a->store != NULL ? snapshot_take(a->store) : NULL;
	if (a->fresh == NULL)
		abort();
}

/* play(context, in) does what the bytes of in say to the machine; context is what it remembers, so
 * many bytes. Afterwards the machine is as it was. */
static inline void any_devices_play(struct any_devices *a, void (*play)(void *, struct input *),
	void *context, size_t context_size, const uint8_t *data, size_t size)
{
	struct input first = input_half(data, size, 0), second = input_half(data, size, 1);
	struct input again = second;
	void *remembered = malloc(context_size);
	struct snapshot *middle;
	struct digest want;

	if (remembered == NULL)
		abort();
	play(context, &first);
	middle = snapshot_take(a->store);
	memcpy(remembered, context, context_size);
	play(context, &second);
	want = machine_digest(a->m);
	snapshot_restore(a->store, middle);
	play(remembered, &again);
	SIM_ASSERT(digest_equal(machine_digest(a->m), want));
	snapshot_restore(a->store, a->fresh);
	snapshot_drop(a->store, middle);
	free(remembered);
	tally.runs++;
}

static inline void tally_begin(const char *name)
{
	if (tally.name == NULL)
		atexit(tally_report);
	tally.name = name;
}

#endif
