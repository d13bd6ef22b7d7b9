/* loader_multiboot.c - what an image is told and how it is entered by multiboot 1: "Machine state",
 * "Boot information format".
 */
#include "sim/machine/loader_parts.h"

#define BOOTLOADER_MAGIC 0x2badb002u
#define LOADER_NAME      "ringv"

#define INFO_HAS_MEMORY       BIT(0)
#define INFO_HAS_COMMAND_LINE BIT(2)
#define INFO_HAS_MODULES      BIT(3)
#define INFO_HAS_MEMORY_MAP   BIT(6)
#define INFO_HAS_LOADER_NAME  BIT(9)

/* "Boot information format". */
struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
};

struct multiboot_module {
	uint32_t mod_start, mod_end, string, reserved;
};

struct __attribute__((packed)) multiboot_mmap {
	uint32_t size; /* of what follows */
	uint64_t addr, len;
	uint32_t type; /* enum memory_type */
};

static uint32_t put_memory_map(struct loader_area *w, uint32_t *length)
{
	struct memory_range ranges[MEMORY_RANGES_MAX];
	struct multiboot_mmap map[MEMORY_RANGES_MAX];
	unsigned count = memory_map(&w->machine->mem, ranges);

	for (unsigned i = 0; i < count; i++)
		map[i] = (struct multiboot_mmap){
			.size = sizeof(map[0]) - sizeof(map[0].size),
			.addr = ranges[i].base,
			.len = ranges[i].size,
			.type = ranges[i].type,
		};
	*length = (uint32_t)(count * sizeof(map[0]));
	return area_put(w, map, *length);
}

static uint32_t put_modules(struct loader_area *w, const struct boot *boot, const uint64_t *modules)
{
	struct multiboot_module list[BOOT_MODULES_MAX] = {0};

	for (unsigned i = 0; i < boot->module_count; i++) {
		list[i].mod_start = (uint32_t)modules[i];
		list[i].mod_end = (uint32_t)(modules[i] + boot->modules[i].size);
		list[i].string = area_put_string(w, path_last(boot->modules[i].name));
	}
	return area_put(w, list, sizeof(list[0]) * max_u64(boot->module_count, 1));
}

void multiboot_start(
	struct loader_area *w, const struct boot *boot, const uint64_t *modules, uint64_t entry)
{
	struct multiboot_info info = {
		.flags = INFO_HAS_MEMORY | INFO_HAS_COMMAND_LINE | INFO_HAS_MODULES |
			 INFO_HAS_MEMORY_MAP | INFO_HAS_LOADER_NAME,
		.mem_lower = BOARD_LOW_MEMORY_END / 1024,
		.mem_upper = (uint32_t)((w->machine->mem.low_size - BOARD_LOW_RESERVED_END) / 1024),
		.mods_count = boot->module_count,
		.mods_addr = put_modules(w, boot, modules),
	};
	struct vcpu *core = start_protected(
		w->machine, (struct flat_selectors){.code = 0x08, .data = 0x10}, entry);

	info.cmdline = area_put_string(w, boot->command_line);
	info.boot_loader_name = area_put_string(w, LOADER_NAME);
	info.mmap_addr = put_memory_map(w, &info.mmap_length);
	core->arch.gpr[RAX] = BOOTLOADER_MAGIC;
	core->arch.gpr[RBX] = area_put(w, &info, sizeof(info));
}
