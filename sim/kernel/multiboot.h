/* multiboot.h - what the boot loader says: command line, memory map, the first module (initrd).
 *
 * Everything is copied or noted once, before memory is handed out; nothing points into loader
 * structures later, except the initrd, whose pages stay reserved.
 */
#ifndef KERNEL_MULTIBOOT_H
#define KERNEL_MULTIBOOT_H

#include "sim/kernel/memlayout.h"

#include <stdbool.h>
#include <stdint.h>

#define BOOT_MAX_REGIONS 32
#define BOOT_CMDLINE_MAX 512

enum { MEMORY_AVAILABLE = 1, MEMORY_RESERVED = 2, MEMORY_ACPI = 3, MEMORY_NVS = 4 };

struct boot_region {
	physaddr_t start, end;
	uint32_t type;
};

struct boot_info {
	char cmdline[BOOT_CMDLINE_MAX];
	struct boot_region regions[BOOT_MAX_REGIONS];
	unsigned num_regions;
	physaddr_t initrd_start, initrd_end; /* equal: none */
	physaddr_t loader_end;               /* end of what the loader placed, kernel included */
};
extern struct boot_info boot_info;

/* Panics unless magic is a multiboot-1 loader's. info: physical address, below 1 GiB. */
void multiboot_parse(uint32_t magic, physaddr_t info);

/* Value of KEY=VALUE on the command line, copied to buf; false when the key is not there. */
bool cmdline_get(const char *key, char *buf, unsigned size);

/* Whether the command line has KEY=VALUE, to the letter. */
bool cmdline_is(const char *key, const char *value);

#endif
