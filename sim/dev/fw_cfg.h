/* fw_cfg.h - QEMU's firmware configuration device, from which a BIOS and test kernels learn what
 * the machine has (QEMU's "QEMU Firmware Configuration (fw_cfg) Device"): items by number, and
 * files whose numbers a directory gives.
 *
 * The items are part of the machine's identity and never change once it runs; only what the guest
 * has selected is state. The DMA interface copies at once. A write into an item is refused by the
 * error bit, a read beyond its end gives zeros.
 */
#ifndef DEV_FW_CFG_H
#define DEV_FW_CFG_H

#include "sim/base/bus.h"
#include "sim/mmu/phys.h"

#define FW_CFG_PORT  0x510 /* selector, data, and at + 4 the DMA address */
#define FW_CFG_PORTS 12
#define FW_CFG_NAME  56 /* bytes of a file's name, with its end */
#define FW_CFG_FILES 24

/* Items that have a number of their own. */
enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_UUID = 0x02,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NO_GRAPHIC = 0x04,
	FW_CFG_CPUS = 0x05,
	FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_CPUS_MAX = 0x0f,
	FW_CFG_DIRECTORY = 0x19,
	FW_CFG_FILE_FIRST = 0x20,
	FW_CFG_IRQ0_OVERRIDE = 0x8002, /* a PC's own */
};

#define FW_CFG_OWN   4 /* items of a PC's own: 0x8000 and on */
#define FW_CFG_ITEMS (FW_CFG_FILE_FIRST + FW_CFG_FILES + FW_CFG_OWN)

struct fw_cfg_state {
	uint64_t dma; /* address register */
	uint32_t offset;
	uint16_t key;
	uint16_t zero;
};

_Static_assert(sizeof(struct fw_cfg_state) == 16, "no padding: the digest sees every byte");

struct fw_cfg_item {
	uint8_t *data;
	uint32_t size;
};

struct fw_cfg {
	struct fw_cfg_state state;
	struct phys_mem *mem;
	struct fw_cfg_item items[FW_CFG_ITEMS];
	char names[FW_CFG_FILES][FW_CFG_NAME];
	unsigned file_count;
};

extern const struct device_ops fw_cfg_ops;

/* With the signature, an empty directory, and nothing else. */
void fw_cfg_init(struct fw_cfg *f, struct phys_mem *mem);
void fw_cfg_destroy(struct fw_cfg *f);

/* Copies the data. A number or name is added once. */
void fw_cfg_add(struct fw_cfg *f, enum fw_cfg_key key, const void *data, size_t size);
void fw_cfg_add_number(struct fw_cfg *f, enum fw_cfg_key key, uint64_t value, unsigned size);
void fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, size_t size);

#endif
