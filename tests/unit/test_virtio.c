/* Virtio: queues, transports and devices, by a small driver; bad rings; snapshots and resets. */
#include "sim/machine/snapshot.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_driver.h"

#define SLOT_RNG     3
#define SLOT_CONSOLE 4
#define SLOT_DISK    5
#define SECTORS      64
#define HEADER       DRIVER_DATA
#define STATUS       (DRIVER_DATA + 0x100)
#define DATA         (DRIVER_DATA + 0x1000)

static uint8_t image[SECTORS * 512];
static struct machine *m;
static struct driver d;

static void make_disk(bool mmio, bool read_only, uint64_t features)
{
	for (unsigned i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i / 512 + i % 7);
	m = driver_machine(mmio, 1);
	ck_assert(machine_add_disk(m, image, sizeof(image), read_only, NULL));
	driver_find(&d, m, SLOT_DISK);
	d.features = features;
	driver_start(&d, 1);
}

static void header(uint32_t type, uint64_t sector)
{
	const uint64_t h[2] = {type, sector};
	const uint8_t untouched = 0xff;

	set_memory(m, HEADER, h, sizeof(h));
	set_memory(m, STATUS, &untouched, 1);
}

static uint8_t status(void)
{
	return (uint8_t)memory32(m, STATUS);
}

/* One request with one buffer of data; its length, or 0 for none. */
static uint8_t disk(uint32_t type, uint64_t sector, uint32_t size, bool from_device)
{
	const struct buffer with[] = {
		{HEADER, 16, false}, {DATA, size, from_device}, {STATUS, 1, true}};
	const struct buffer without[] = {{HEADER, 16, false}, {STATUS, 1, true}};

	header(type, sector);
	driver_ask(&d, 0, size != 0 ? with : without, size != 0 ? 3 : 2);
	return status();
}

static void check_data(const uint8_t *want, uint32_t size)
{
	uint8_t have[SECTORS * 512];

	ck_assert(phys_read(&m->mem, DATA, have, size));
	ck_assert_mem_eq(have, want, size);
}

START_TEST(disk_reads_and_writes)
{
	uint8_t data[1024], name[20];

	make_disk(_i, false, 0);
	ck_assert_uint_eq(driver_read(&d, d.mmio ? 0x100 : 0x2000, 4), SECTORS);
	ck_assert_uint_eq(disk(0, 3, 1024, true), 0);
	check_data(image + 3 * 512, 1024);
	memset(data, 0xab, sizeof(data));
	set_memory(m, DATA, data, sizeof(data));
	ck_assert_uint_eq(disk(1, SECTORS - 2, 1024, false), 0);
	ck_assert_uint_eq(disk(0, SECTORS - 3, 1536, true), 0);
	check_data(image + (SECTORS - 3) * 512, 512);
	ck_assert_uint_eq((uint8_t)memory32(m, DATA + 512), 0xab);
	ck_assert_uint_eq(image[sizeof(image) - 1], (SECTORS - 1 + (sizeof(image) - 1) % 7));
	ck_assert_uint_eq(disk(4, 0, 0, false), 0);
	ck_assert_uint_eq(disk(8, 0, 20, true), 0);
	ck_assert(phys_read(&m->mem, DATA, name, sizeof(name)));
	ck_assert_str_eq((char *)name, "ringv-disk0");
	ck_assert_uint_eq(disk(99, 0, 0, false), 2);
	machine_destroy(m);
}
END_TEST

START_TEST(disk_refuses)
{
	make_disk(_i, false, 0);
	ck_assert_uint_eq(disk(0, SECTORS, 512, true), 1);
	ck_assert_uint_eq(disk(0, SECTORS - 1, 1024, true), 1);
	ck_assert_uint_eq(disk(0, UINT64_MAX, 512, true), 1);
	ck_assert_uint_eq(disk(1, UINT64_MAX / 512 + 1, 512, false), 1);
	ck_assert_uint_eq(disk(0, 0, 100, true), 1);
	machine_destroy(m);
	make_disk(_i, true, BIT(5));
	ck_assert_uint_eq(disk(0, 0, 512, true), 0);
	ck_assert_uint_eq(disk(1, 0, 512, false), 1);
	ck_assert_uint_eq(disk(11, 0, 16, false), 1);
	machine_destroy(m);
}
END_TEST

START_TEST(disk_clears)
{
	uint32_t range[4] = {4, 0, 2, 0};
	static const uint8_t zeros[1024];

	make_disk(_i, false, BIT(13) | BIT(14));
	for (uint32_t type = 11; type <= 13; type += 2) {
		set_memory(m, DATA, range, sizeof(range));
		ck_assert_uint_eq(disk(type, 0, 16, false), 0);
		ck_assert_uint_eq(disk(0, range[0], 1024, true), 0);
		check_data(zeros, 1024);
		range[0] += 8;
	}
	range[2] = SECTORS;
	set_memory(m, DATA, range, sizeof(range));
	ck_assert_uint_eq(disk(11, 0, 16, false), 1);
	range[2] = 1;
	range[3] = 2; /* a reserved flag */
	set_memory(m, DATA, range, sizeof(range));
	ck_assert_uint_eq(disk(13, 0, 16, false), 2);
	machine_destroy(m);
}
END_TEST

/* Not before, and each latency after the one before it. */
START_TEST(takes_its_time)
{
	const struct buffer read[] = {{HEADER, 16, false}, {DATA, 512, true}, {STATUS, 1, true}};
	uint64_t latency;
	uint32_t head, size;

	make_disk(_i, false, 0);
	latency = m->config.board.virtio_latency;
	header(0, 0);
	driver_post(&d, 0, 0, read, 3);
	machine_wait(m, latency / 2);
	driver_post(&d, 0, 3, read, 3);
	machine_wait(m, latency - latency / 2 - 1);
	ck_assert(!driver_used(&d, 0, &head, &size));
	ck_assert_uint_eq(status(), 0xff);
	machine_wait(m, 1);
	ck_assert(driver_used(&d, 0, &head, &size));
	ck_assert_uint_eq(size, 513);
	ck_assert(!driver_used(&d, 0, &head, &size));
	machine_wait(m, latency);
	ck_assert(driver_used(&d, 0, &head, &size));
	ck_assert_uint_eq(head, 3);
	ck_assert(!event_any_of(&m->events, d.m->disks[0].virtio.env.owner));
	machine_destroy(m);
}
END_TEST

START_TEST(many_buffers)
{
	struct buffer b[12] = {{HEADER, 7, false}, {HEADER + 7, 9, false}};

	make_disk(_i, false, 0);
	header(0, 1);
	for (unsigned i = 0; i < 9; i++) /* 1024 bytes, and the status in the last byte */
		b[2 + i] = (struct buffer){DATA + 125 * i, i < 8 ? 125 : 25, true};
	ck_assert_uint_eq(driver_ask(&d, 0, b, 11), 1025);
	check_data(image + 512, 1024);
	ck_assert_uint_eq((uint8_t)memory32(m, DATA + 1024), 0);
	machine_destroy(m);
}
END_TEST

START_TEST(indirect_table)
{
	uint64_t table = DRIVER_DATA + 0x800;

	make_disk(_i, false, VIRTIO_F_INDIRECT);
	header(0, 2);
	set_descriptor(m, table, 0, HEADER, 16, DESC_NEXT);
	set_descriptor(m, table, 1, DATA, 512, DESC_NEXT | DESC_WRITE);
	set_descriptor(m, table, 2, STATUS, 1, DESC_WRITE);
	set_descriptor(m, ring(0, 0), 0, table, 48, DESC_INDIRECT);
	make_available(&d, 0, 0);
	driver_notify(&d, 0);
	machine_wait(m, 10000);
	ck_assert_uint_eq(status(), 0);
	check_data(image + 2 * 512, 512);
	machine_destroy(m);
}
END_TEST

/* --- interrupts --- */

static bool line(void)
{
	return d.mmio ? m->ioapic.state.levels >> 6 & 1                      /* of the first disk */
		      : !(m->ioapic.state.levels >> (PCI_PIRQ_GSI + 0) & 1); /* slot 5: PIRQ A */
}

START_TEST(interrupt_line)
{
	uint16_t no_interrupt = 1;

	make_disk(_i, false, 0);
	ck_assert(!line());
	disk(4, 0, 0, false);
	ck_assert(line());
	ck_assert_uint_eq(driver_interrupts(&d), VIRTIO_USED);
	ck_assert(!line());
	ck_assert_uint_eq(driver_interrupts(&d), 0);
	set_memory(m, ring(0, 1), &no_interrupt, 2);
	disk(4, 0, 0, false);
	ck_assert(!line());
	machine_destroy(m);
}
END_TEST

START_TEST(event_index)
{
	uint16_t event = 1;

	make_disk(_i, false, VIRTIO_F_EVENT_IDX);
	set_memory(m, ring(0, 1) + 4 + 2 * DRIVER_QUEUE, &event, 2); /* the second one, please */
	disk(4, 0, 0, false);
	ck_assert(!line());
	ck_assert_uint_eq((uint16_t)memory32(m, ring(0, 2) + 4 + 8 * DRIVER_QUEUE), 1);
	disk(4, 0, 0, false);
	ck_assert(line());
	machine_destroy(m);
}
END_TEST

START_TEST(msix)
{
	struct pci_function *f;

	make_disk(false, false, 0);
	f = pci_function_at(&m->pci, d.devfn);
	m->disks[0].virtio.state.pci.msix[1] = (struct pci_msix_entry){0xfee00000, 0x61, 0};
	pci_config_write(f, PCI_MSIX + 2, 2, 0x8000);
	lapic_write(&m->lapics[0], 0xf0, 0x1ff);
	disk(4, 0, 0, false);
	ck_assert_int_eq(lapic_pending_vector(&m->lapics[0]), 0x61);
	ck_assert(!line());
	driver_write(&d, 0x1a, 2, 7); /* no such vector */
	ck_assert_uint_eq(driver_read(&d, 0x1a, 2), 0xffff);
	machine_destroy(m);
}
END_TEST

/* --- features and registers --- */

START_TEST(features)
{
	make_disk(_i, false, 0);
	driver_set_status(&d, 0);
	driver_set_status(&d, 3);
	driver_accept(&d, VIRTIO_F_EVENT_IDX); /* without version 1 */
	driver_set_status(&d, 3 | VIRTIO_STATUS_FEATURES_OK);
	ck_assert_uint_eq(driver_status(&d), 3);
	driver_accept(&d, VIRTIO_F_VERSION_1 | BIT(63)); /* not offered */
	driver_set_status(&d, 3 | VIRTIO_STATUS_FEATURES_OK);
	ck_assert_uint_eq(driver_status(&d), 3);
	driver_accept(&d, VIRTIO_F_VERSION_1);
	driver_set_status(&d, 3 | VIRTIO_STATUS_FEATURES_OK);
	ck_assert_uint_eq(driver_status(&d), 3 | VIRTIO_STATUS_FEATURES_OK);
	driver_accept(&d, BIT(63)); /* too late */
	ck_assert_uint_eq(m->disks[0].virtio.state.features, VIRTIO_F_VERSION_1);
	machine_destroy(m);
}
END_TEST

/* The capabilities that Linux and SeaBIOS look for, and the one through which they are reached. */
START_TEST(pci_capabilities)
{
	struct pci_function *f;
	unsigned seen = 0, at, access = 0;

	make_disk(false, false, 0);
	f = pci_function_at(&m->pci, d.devfn);
	ck_assert_uint_eq(pci_config_read(f, 0, 4), 0x10421af4);
	for (at = pci_config_read(f, PCI_CAPABILITIES, 1); at != 0;
		at = pci_config_read(f, at + 1, 1)) {
		if (pci_config_read(f, at, 1) != 9)
			continue;
		seen |= 1u << pci_config_read(f, at + 3, 1);
		access = pci_config_read(f, at + 3, 1) == 5 ? at : access;
	}
	ck_assert_uint_eq(seen, 0x3e);
	pci_config_write(f, access + 4, 1, 4);
	pci_config_write(f, access + 8, 4, 0x14);
	pci_config_write(f, access + 12, 4, 1);
	ck_assert_uint_eq(pci_config_read(f, access + 16, 1), 0xf);
	pci_config_write(f, access + 16, 1, 0);
	ck_assert_uint_eq(driver_status(&d), 0);
	pci_config_write(f, access + 8, 4, 0xfffffff8); /* beyond the BAR */
	pci_config_write(f, access + 12, 4, 4);
	pci_config_write(f, access + 16, 4, 7);
	ck_assert_uint_eq(pci_config_read(f, access + 16, 4), UINT32_MAX);
	pci_config_write(f, access + 12, 4, 3);
	pci_config_read(f, access + 16, 4);
	machine_destroy(m);
}
END_TEST

START_TEST(mmio_identity)
{
	make_disk(true, false, 0);
	ck_assert_uint_eq(driver_read(&d, 0, 4), 0x74726976);
	ck_assert_uint_eq(driver_read(&d, 4, 4), 2);
	ck_assert_uint_eq(driver_read(&d, 8, 4), 2);
	ck_assert_ptr_null(pci_function_at(&m->pci, d.devfn));
	driver_find(&d, m, SLOT_DISK + 1); /* there is no second disk */
	ck_assert_uint_eq(driver_read(&d, 0, 4), UINT32_MAX);
	machine_destroy(m);
}
END_TEST

/* --- rings that break the rules --- */

enum bad {
	BAD_HEAD,
	BAD_NEXT,
	BAD_LOOP,
	BAD_ADDRESS,
	BAD_WRAP,
	BAD_ORDER,
	BAD_ZERO,
	BAD_INDEX,
	BAD_INDIRECT,
	BAD_NESTED,
	BAD_TABLE,
	BAD_LONG,
	BAD_SHORT,
	BAD_COUNT
};

static void spoil(enum bad how)
{
	uint64_t table = ring(0, 0), indirect = DRIVER_DATA + 0x800;
	uint16_t index = 1000;

	set_descriptor(m, table, 0, HEADER, 16, DESC_NEXT);
	set_descriptor(m, table, 1, STATUS, 1, DESC_WRITE);
	switch (how) {
	case BAD_HEAD:
		make_available(&d, 0, DRIVER_QUEUE);
		return;
	case BAD_NEXT:
		set_descriptor(m, table, DRIVER_QUEUE - 1, HEADER, 16, DESC_NEXT);
		make_available(&d, 0, DRIVER_QUEUE - 1);
		return;
	case BAD_LOOP:
		for (unsigned i = 0; i < DRIVER_QUEUE; i++)
			set_descriptor(m, table, i, HEADER, 16, DESC_NEXT);
		index = 0;
		set_memory(m, table + 16 * (DRIVER_QUEUE - 1) + 14, &index, 2);
		break;
	case BAD_ADDRESS:
		set_descriptor(m, table, 1, 0x200000 - 1, 2, DESC_WRITE);
		break;
	case BAD_WRAP:
		set_descriptor(m, table, 1, UINT64_MAX, 2, DESC_WRITE);
		break;
	case BAD_ORDER:
		set_descriptor(m, table, 0, HEADER, 16, DESC_NEXT | DESC_WRITE);
		set_descriptor(m, table, 1, STATUS, 1, 0);
		break;
	case BAD_ZERO:
		set_descriptor(m, table, 1, STATUS, 0, DESC_WRITE);
		break;
	case BAD_INDEX:
		set_memory(m, ring(0, 1) + 2, &index, 2);
		return;
	case BAD_INDIRECT:
		set_descriptor(m, table, 0, indirect, 20, DESC_INDIRECT);
		break;
	case BAD_NESTED:
		set_descriptor(m, indirect, 0, indirect, 16, DESC_INDIRECT);
		set_descriptor(m, table, 0, indirect, 16, DESC_INDIRECT);
		break;
	case BAD_TABLE:
		set_descriptor(m, table, 0, UINT64_MAX - 15, 16, DESC_INDIRECT);
		break;
	case BAD_LONG:
		set_descriptor(m, table, 0, 0, 17 << 20, DESC_NEXT);
		break;
	case BAD_SHORT:
		set_descriptor(m, table, 0, HEADER, 15, DESC_NEXT);
		break;
	case BAD_COUNT:
		break;
	}
	make_available(&d, 0, 0);
}

START_TEST(bad_rings)
{
	uint32_t head, size;

	make_disk(_i % 2, false, VIRTIO_F_INDIRECT);
	header(4, 0);
	spoil(_i / 2);
	driver_notify(&d, 0);
	machine_wait(m, 20000);
	ck_assert_uint_eq(driver_status(&d), 0x4f);
	ck_assert(!driver_used(&d, 0, &head, &size));
	ck_assert(line());
	ck_assert_uint_eq(driver_interrupts(&d), VIRTIO_CONFIG_CHANGED);
	driver_notify(&d, 0);
	ck_assert(!event_any_of(&m->events, m->disks[0].virtio.env.owner));
	driver_start(&d, 1); /* and all is well again */
	ck_assert_uint_eq(disk(4, 0, 0, false), 0);
	machine_destroy(m);
}
END_TEST

/* Rings that are not in memory; queues that are not on; a device that may not. */
START_TEST(bad_setup)
{
	make_disk(_i, false, 0);
	for (unsigned which = 0; which < 3; which++) {
		driver_start(&d, 0);
		d.m->disks[0].virtio.state.queues[0].size = 8;
		driver_queue(&d, 0);
		(&m->disks[0].virtio.state.queues[0].descriptors)[which] = 0x200000 - 2;
		set_descriptor(m, ring(0, 0), 0, HEADER, 16, DESC_NEXT);
		set_descriptor(m, ring(0, 0), 1, STATUS, 1, DESC_WRITE);
		make_available(&d, 0, 0);
		driver_notify(&d, 0);
		machine_wait(m, 20000);
		ck_assert_uint_eq(driver_status(&d), 0x4f);
	}
	driver_start(&d, 0);
	driver_notify(&d, 0); /* not enabled */
	driver_notify(&d, 77);
	ck_assert(!event_any_of(&m->events, m->disks[0].virtio.env.owner));
	machine_destroy(m);
}
END_TEST

START_TEST(needs_a_master)
{
	make_disk(false, false, 0);
	make_available(&d, 0, 0);
	pci_config_write(pci_function_at(&m->pci, d.devfn), PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	driver_notify(&d, 0);
	ck_assert(!event_any_of(&m->events, m->disks[0].virtio.env.owner));
	machine_destroy(m);
}
END_TEST

/* --- the other devices --- */

static char said[2048];
static unsigned said_count;

static void hear(void *context, uint8_t byte)
{
	(void)context;
	said[said_count++] = (char)byte;
}

START_TEST(console_speaks)
{
	static const char text[] = "all that is said is heard\n";
	const struct buffer b[] = {{DATA, 5, false}, {DATA + 5, sizeof(text) - 6, false}};
	const struct buffer in[] = {{DATA + 0x800, 64, true}};

	said_count = 0;
	m = driver_machine(_i, 1);
	m->console.sink = (struct byte_sink){hear, NULL};
	driver_find(&d, m, SLOT_CONSOLE);
	driver_start(&d, 2);
	set_memory(m, DATA, text, sizeof(text));
	driver_post(&d, 0, 0, in, 1); /* nobody types */
	ck_assert(!event_any_of(&m->events, m->console.virtio.env.owner));
	ck_assert_uint_eq(driver_ask(&d, 1, b, 2), 0);
	ck_assert_uint_eq(said_count, strlen(text));
	ck_assert_mem_eq(said, text, strlen(text));
	machine_destroy(m);
}
END_TEST

static void random_bytes(uint64_t seed, uint8_t *bytes, uint32_t size)
{
	const struct buffer b[] = {{DATA, size / 2 + 1, true}, {DATA + size / 2 + 1, size, true}};

	m = driver_machine(false, seed);
	driver_find(&d, m, SLOT_RNG);
	driver_start(&d, 1);
	ck_assert_uint_eq(driver_ask(&d, 0, b, 2), size + size / 2 + 1);
	ck_assert(phys_read(&m->mem, DATA, bytes, size));
	machine_destroy(m);
}

START_TEST(rng_is_the_seeds)
{
	uint8_t one[100], again[100], other[100];

	random_bytes(1, one, sizeof(one));
	random_bytes(1, again, sizeof(again));
	random_bytes(2, other, sizeof(other));
	ck_assert_mem_eq(one, again, sizeof(one));
	ck_assert_mem_ne(one, other, sizeof(one));
}
END_TEST

/* --- reset, snapshots, digests --- */

START_TEST(reset_is_exact)
{
	static struct virtio_state before;
	const struct buffer b[] = {{HEADER, 16, false}, {STATUS, 1, true}};
	struct machine *fresh = driver_machine(_i, 1);

	ck_assert(machine_add_disk(fresh, image, sizeof(image), false, NULL));
	before = fresh->disks[0].virtio.state;
	machine_destroy(fresh);
	make_disk(_i, false, VIRTIO_F_EVENT_IDX);
	disk(4, 0, 0, false);
	driver_post(&d, 0, 0, b, 2);
	virtio_blk_ops[0].reset(&m->disks[0]);
	ck_assert_mem_eq(&m->disks[0].virtio.state, &before, sizeof(before));
	ck_assert(!line());
	ck_assert(!event_any_of(&m->events, m->disks[0].virtio.env.owner));
	machine_destroy(m);
}
END_TEST

/* A snapshot while a request is under way, and another after it: both lead to the same end. */
START_TEST(snapshot_in_a_request)
{
	const struct buffer b[] = {{HEADER, 16, false}, {DATA, 512, false}, {STATUS, 1, true}};
	struct snapshot_store *store;
	struct snapshot *before, *after;
	struct digest at_start, at_end;

	make_disk(_i, false, 0);
	store = snapshot_store_create(m);
	header(1, 5);
	driver_post(&d, 0, 0, b, 3);
	machine_wait(m, 5000);
	at_start = machine_digest(m);
	before = snapshot_take(store);
	machine_wait(m, 5000);
	ck_assert_uint_eq(status(), 0);
	at_end = machine_digest(m);
	after = snapshot_take(store);
	ck_assert(!digest_equal(at_start, at_end));
	snapshot_restore(store, before);
	ck_assert(digest_equal(machine_digest(m), at_start));
	ck_assert_uint_eq(status(), 0xff);
	machine_wait(m, 5000);
	ck_assert(digest_equal(machine_digest(m), at_end));
	snapshot_restore(store, before);
	snapshot_restore(store, after);
	ck_assert(digest_equal(machine_digest(m), at_end));
	ck_assert_uint_eq(disk(0, 5, 512, true), 0);
	snapshot_drop(store, before);
	snapshot_drop(store, after);
	snapshot_store_destroy(store);
	machine_destroy(m);
}
END_TEST

/* Each byte of the disk counts, and what is put back counts as it did. */
START_TEST(disk_is_in_the_digest)
{
	struct digest first;
	struct blocks *disk_data;
	struct machine *other = driver_machine(true, 1);
	uint8_t byte = image[777] ^ 1;

	ck_assert(machine_add_disk(other, image, sizeof(image), false, NULL));
	m = driver_machine(true, 1);
	ck_assert(machine_add_disk(m, image, sizeof(image), false, NULL));
	ck_assert(!state_compare(m, other).any);
	disk_data = &m->disk_blocks[0];
	first = machine_digest(m);
	blocks_write(disk_data, 777, &byte, 1);
	ck_assert(!digest_equal(machine_digest(m), first));
	ck_assert_str_eq(state_compare(m, other).part, "disk0.data");
	ck_assert_uint_eq(state_compare(m, other).offset, 777);
	byte ^= 1;
	blocks_write(disk_data, 777, &byte, 1);
	ck_assert(digest_equal(machine_digest(m), first));
	ck_assert(!state_compare(m, other).any);
	machine_destroy(m);
	machine_destroy(other);
}
END_TEST

/* As Linux' driver sets it up. */
START_TEST(display)
{
	static const uint16_t registers[] = {640, 480, 32};
	struct framebuffer_mode mode;
	uint8_t empty[sizeof(m->display.state)];

	m = driver_machine(false, 1);
	memcpy(empty, &m->display.state, sizeof(empty));
	driver_find(&d, m, 2);
	ck_assert(!framebuffer_mode(&m->display, &mode));
	d.registers = pci_config_read(pci_function_at(&m->pci, d.devfn), PCI_BAR + 8, 4);
	ck_assert_uint_eq(driver_read(&d, 0x500, 2), 0xb0c5);
	ck_assert_uint_eq(driver_read(&d, 0x500 + 2 * 10, 2), FRAMEBUFFER_SIZE >> 16);
	for (unsigned i = 0; i < 3; i++)
		driver_write(&d, 0x502 + 2 * i, 2, registers[i]);
	driver_write(&d, 0x50c, 2, 1024); /* virtual width */
	driver_write(&d, 0x512, 2, 3);    /* y */
	driver_write(&d, 0x508, 2, 0x41);
	ck_assert(framebuffer_mode(&m->display, &mode));
	ck_assert(mode.width == 640 && mode.height == 480);
	ck_assert(mode.stride == 4096 && mode.start == 3 * 4096);
	driver_write(&d, 0x512, 2, 0xffff); /* beyond the memory */
	ck_assert(!framebuffer_mode(&m->display, &mode));
	d.registers = DRIVER_PCI;
	driver_write(&d, 4, 4, 0x00ff8040);
	ck_assert_uint_eq(driver_read(&d, 5, 1), 0x80);
	ck_assert(m->stores.at[0].blocks == &m->display_memory);
	ck_assert_uint_ne(blocks_digest(&m->display_memory), 0);
	framebuffer_ops.reset(&m->display);
	ck_assert_mem_eq(&m->display.state, empty, sizeof(empty));
	machine_destroy(m);
}
END_TEST

START_TEST(bad_disks)
{
	struct error e = {""};

	m = driver_machine(false, 1);
	ck_assert(!machine_add_disk(m, image, 0, false, &e));
	ck_assert(!machine_add_disk(m, image, 513, false, &e));
	for (unsigned i = 0; i < VIRTIO_BLK_MAX; i++)
		ck_assert(machine_add_disk(m, image, 512, false, &e));
	ck_assert(!machine_add_disk(m, image, 512, false, &e));
	machine_destroy(m);
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {/* twice: for both transports */
		{disk_reads_and_writes, 2}, {disk_refuses, 2}, {disk_clears, 2},
		{takes_its_time, 2}, {many_buffers, 2}, {indirect_table, 2}, {interrupt_line, 2},
		{event_index, 2}, {features, 2}, {bad_setup, 2}, {console_speaks, 2},
		{reset_is_exact, 2}, {snapshot_in_a_request, 2}, {msix, 1}, {pci_capabilities, 1},
		{mmio_identity, 1}, {needs_a_master, 1}, {rng_is_the_seeds, 1},
		{disk_is_in_the_digest, 1}, {display, 1}, {bad_disks, 1},
		{bad_rings, 2 * BAD_COUNT}};

	return unit_run_repeated("virtio", tests, ARRAY_LEN(tests));
}
