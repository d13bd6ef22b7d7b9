/* loader_pvh.c - what an image is told and how it is entered as a PVH guest.
 *
 * Xen "x86/HVM direct boot ABI", xen/include/public/arch-x86/hvm/start_info.h: 32-bit protected
 * mode without paging, EBX the start information. QEMU starts a Linux vmlinux so.
 */
#include "sim/machine/loader_parts.h"

#define START_MAGIC 0x336ec578

/* struct hvm_start_info, version 1. */
struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, rsdp, memory_map;
	uint32_t memory_map_entries, reserved;
};

struct start_module {
	uint64_t address, size, command_line, reserved;
};

struct start_memory {
	uint64_t base, size;
	uint32_t type; /* enum memory_type */
	uint32_t reserved;
};

void pvh_start(
	struct loader_area *area, const struct boot *boot, const uint64_t *modules, uint64_t entry)
{
	struct vcpu *c = start_protected(
		area->machine, (struct flat_selectors){.code = 0x08, .data = 0x10}, entry);
	struct memory_range ranges[MEMORY_RANGES_MAX];
	struct start_memory map[MEMORY_RANGES_MAX] = {0};
	struct start_module list[BOOT_MODULES_MAX] = {0};
	struct start_info info = {
		.magic = START_MAGIC,
		.version = 1,
		.module_count = boot->module_count,
		.rsdp = BOARD_ACPI_TABLES,
		.memory_map_entries = memory_map(&area->machine->mem, ranges),
	};

	for (unsigned i = 0; i < info.memory_map_entries; i++)
		map[i] = (struct start_memory){
			.base = ranges[i].base, .size = ranges[i].size, .type = ranges[i].type};
	for (unsigned i = 0; i < boot->module_count; i++) {
		list[i].address = modules[i];
		list[i].size = boot->modules[i].size;
		list[i].command_line = area_put_string(area, path_last(boot->modules[i].name));
	}
	info.modules = area_put(area, list, sizeof(list[0]) * max_u64(boot->module_count, 1));
	info.memory_map = area_put(area, map, sizeof(map[0]) * info.memory_map_entries);
	info.command_line = area_put_string(area, boot->command_line);
	c->arch.gpr[RBX] = area_put(area, &info, sizeof(info));
}
