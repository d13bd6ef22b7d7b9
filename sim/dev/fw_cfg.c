#include "sim/dev/fw_cfg.h"

#include <stdio.h>
#include <stdlib.h>

#define OFFSET_SELECTOR 0
#define OFFSET_DATA     1
#define OFFSET_DMA      4

#define ID_TRADITIONAL 1
#define ID_DMA         2
#define DMA_SIGNATURE  UINT64_C(0x51454d5520434647) /* "QEMU CFG" */

#define DMA_ERROR  0x01
#define DMA_READ   0x02
#define DMA_SKIP   0x04
#define DMA_SELECT 0x08
#define DMA_WRITE  0x10

#define KEY_MASK  0x3fff /* bits 14 and 15 mean writing, and a machine's own items */
#define KEY_OWN   0x8000
#define OWN_FIRST (FW_CFG_FILE_FIRST + FW_CFG_FILES)
#define NO_ITEM   FW_CFG_ITEMS

/* What a guest puts into its memory for a transfer, all of it big-endian. */
struct dma_access {
	uint32_t control, length;
	uint64_t address;
};

_Static_assert(sizeof(struct dma_access) == 16, "as the guest writes it");

struct directory_entry {
	uint32_t size; /* big-endian, as the next */
	uint16_t key;
	uint16_t reserved;
	char name[FW_CFG_NAME];
};

_Static_assert(sizeof(struct directory_entry) == 64, "as the guest reads it");

/* --- the items --- */

/* The index of an item, or NO_ITEM. */
static unsigned item_index(unsigned key)
{
	unsigned number = key & KEY_MASK;

	if (key & KEY_OWN)
		return number < FW_CFG_OWN ? OWN_FIRST + number : NO_ITEM;
	return number < OWN_FIRST ? number : NO_ITEM;
}

static void set_item(struct fw_cfg_item *item, const void *data, size_t size)
{
	SIM_ASSERT(size < UINT32_MAX);
	free(item->data);
	item->data = malloc(size != 0 ? size : 1);
	SIM_ASSERT(item->data != NULL);
	if (size != 0)
		memcpy(item->data, data, size);
	item->size = (uint32_t)size;
}

void fw_cfg_add(struct fw_cfg *f, enum fw_cfg_key key, const void *data, size_t size)
{
	unsigned index = item_index(key);

	SIM_ASSERT(index != NO_ITEM);
	set_item(&f->items[index], data, size);
}

void fw_cfg_add_number(struct fw_cfg *f, enum fw_cfg_key key, uint64_t value, unsigned size)
{
	fw_cfg_add(f, key, &value, size); /* little-endian, as the host */
}

/* The directory: how many files, then an entry each. */
static void write_directory(struct fw_cfg *f)
{
	uint8_t bytes[4 + FW_CFG_FILES * sizeof(struct directory_entry)];
	uint32_t count = __builtin_bswap32(f->file_count);

	memcpy(bytes, &count, 4);
	for (unsigned i = 0; i < f->file_count; i++) {
		struct directory_entry entry = {
			.size = __builtin_bswap32(f->items[FW_CFG_FILE_FIRST + i].size),
			.key = __builtin_bswap16((uint16_t)(FW_CFG_FILE_FIRST + i)),
		};

		memcpy(entry.name, f->names[i], FW_CFG_NAME);
		memcpy(bytes + 4 + i * sizeof(entry), &entry, sizeof(entry));
	}
	fw_cfg_add(f, FW_CFG_DIRECTORY, bytes, 4 + f->file_count * sizeof(struct directory_entry));
}

void fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, size_t size)
{
	unsigned i = f->file_count++;

	SIM_ASSERT(i < FW_CFG_FILES);
	SIM_ASSERT(strlen(name) < FW_CFG_NAME);
	memset(f->names[i], 0, FW_CFG_NAME);
	memcpy(f->names[i], name, strlen(name));
	set_item(&f->items[FW_CFG_FILE_FIRST + i], data, size);
	write_directory(f);
}

static void fw_cfg_reset(void *device)
{
	struct fw_cfg *f = device;

	f->state = (struct fw_cfg_state){0};
}

void fw_cfg_init(struct fw_cfg *f, struct phys_mem *mem)
{
	*f = (struct fw_cfg){.mem = mem};
	fw_cfg_add(f, FW_CFG_SIGNATURE, "QEMU", 4);
	fw_cfg_add_number(f, FW_CFG_ID, ID_TRADITIONAL | ID_DMA, 4);
	write_directory(f);
	fw_cfg_reset(f);
}

void fw_cfg_destroy(struct fw_cfg *f)
{
	for (unsigned i = 0; i < FW_CFG_ITEMS; i++)
		free(f->items[i].data);
}

/* --- access --- */

/* The item that is selected; NULL: there is none of that number. */
static const struct fw_cfg_item *selected(const struct fw_cfg *f)
{
	unsigned index = item_index(f->state.key);

	return index != NO_ITEM && f->items[index].data != NULL ? &f->items[index] : NULL;
}

static void choose(struct fw_cfg *f, uint16_t key)
{
	f->state.key = key;
	f->state.offset = 0;
}

static uint8_t next_byte(struct fw_cfg *f)
{
	const struct fw_cfg_item *item = selected(f);

	if (item == NULL || f->state.offset >= item->size)
		return 0;
	return item->data[f->state.offset++];
}

/* Moves length bytes of the item, and then zeros, to memory; false: that is not RAM. */
static bool copy_out(struct fw_cfg *f, uint64_t address, uint32_t length)
{
	uint8_t page[PAGE_SIZE];

	while (length != 0) {
		uint32_t part = (uint32_t)min_u64(length, PAGE_SIZE);

		for (uint32_t i = 0; i < part; i++)
			page[i] = next_byte(f);
		if (!phys_write(f->mem, address, page, part))
			return false;
		address += part;
		length -= part;
	}
	return true;
}

static void skip(struct fw_cfg *f, uint32_t length)
{
	const struct fw_cfg_item *item = selected(f);

	if (item != NULL)
		f->state.offset = (uint32_t)min_u64((uint64_t)f->state.offset + length, item->size);
}

static uint32_t transfer(struct fw_cfg *f, const struct dma_access *access)
{
	uint32_t control = __builtin_bswap32(access->control);
	uint32_t length = __builtin_bswap32(access->length);

	if (control & DMA_SELECT)
		choose(f, (uint16_t)(control >> 16));
	if (control & DMA_READ)
		return copy_out(f, __builtin_bswap64(access->address), length) ? 0 : DMA_ERROR;
	if (control & DMA_WRITE)
		return DMA_ERROR;
	if (control & DMA_SKIP)
		skip(f, length);
	return 0;
}

/* Where the descriptor is not RAM, nobody can be told. */
static void start_dma(struct fw_cfg *f)
{
	uint64_t at = f->state.dma;
	struct dma_access access;
	uint32_t control;

	f->state.dma = 0;
	if (!phys_read(f->mem, at, &access, sizeof(access)))
		return;
	control = __builtin_bswap32(transfer(f, &access));
	if (!phys_write(f->mem, at, &control, sizeof(control)))
		SIM_ASSERT(!"the descriptor was read from there");
}

/* --- the ports --- */

static uint64_t fw_cfg_read(void *device, uint64_t offset, unsigned size)
{
	struct fw_cfg *f = device;
	uint64_t value = 0;

	if (offset == OFFSET_DATA) {
		for (unsigned i = 0; i < size; i++)
			value |= (uint64_t)next_byte(f) << (8 * i);
		return value;
	}
	if (offset < OFFSET_DMA)
		return 0;
	for (unsigned i = 0; i < size && offset + i < FW_CFG_PORTS; i++)
		value |= (DMA_SIGNATURE >> (8 * (7 - (offset - OFFSET_DMA + i))) & 0xff) << (8 * i);
	return value;
}

/* The address is big-endian; its lower half starts the transfer. */
static void write_dma(struct fw_cfg *f, uint64_t offset, unsigned size, uint64_t value)
{
	uint32_t half = __builtin_bswap32((uint32_t)value);

	if (size != 4)
		return;
	if (offset == OFFSET_DMA) {
		f->state.dma = (uint64_t)half << 32;
	} else if (offset == OFFSET_DMA + 4) {
		f->state.dma |= half;
		start_dma(f);
	}
}

static void fw_cfg_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct fw_cfg *f = device;

	if (offset == OFFSET_SELECTOR && size == 2)
		choose(f, (uint16_t)value);
	else if (offset >= OFFSET_DMA)
		write_dma(f, offset, size, value);
}

const struct device_ops fw_cfg_ops = {
	.name = "fw_cfg",
	.state_size = sizeof(struct fw_cfg_state),
	.reset = fw_cfg_reset,
	.read = fw_cfg_read,
	.write = fw_cfg_write,
};
