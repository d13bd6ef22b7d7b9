#include "sim/machine/loader.h"

#include <stdio.h>

#include "sim/machine/board.h"
#include "sim/machine/image.h"

/* Where the loader puts what it says to the image: below the extended BIOS data area. */
#define INFO_BASE 0x90000u
#define INFO_END  BOARD_LOW_MEMORY_END

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
	uint32_t type; /* 1: usable */
};

#define MMAP_USABLE   1
#define MMAP_RESERVED 2

/* Writes one thing after the other into the loader's area. */
struct writer {
	struct machine *machine;
	uint64_t at;
	bool full;
};

static uint32_t put(struct writer *w, const void *data, size_t size)
{
	uint64_t at = (w->at + 7) & ~UINT64_C(7);

	if (at + size > INFO_END || !phys_write(&w->machine->mem, at, data, size)) {
		w->full = true;
		return 0;
	}
	w->at = at + size;
	return (uint32_t)at;
}

static uint32_t put_string(struct writer *w, const char *text)
{
	return put(w, text, strlen(text) + 1);
}

/* --- the image and its modules --- */

static bool load_segments(
	struct machine *m, const struct boot_file *file, const struct image *image, struct error *e)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct segment_load *s = &image->segments[i];
		uint64_t end = s->pa + s->memory_size;

		if (s->pa < BOARD_LOW_RESERVED_END && end > INFO_BASE)
			return fail(e,
				"%s: segment %#" PRIx64 "-%#" PRIx64
				" covers the loader's and the firmware's area, %#x-%#x",
				file->name, s->pa, end, INFO_BASE, BOARD_LOW_RESERVED_END);
		if (end > m->mem.low_size)
			return fail(e,
				"%s: segment %#" PRIx64 "-%#" PRIx64
				" lies outside of the memory below 4 GiB, which ends at %#" PRIx64
				"; see machine.memory_mib",
				file->name, s->pa, end, m->mem.low_size);
		if (!phys_write(&m->mem, s->pa, file->data + s->file_offset, s->file_size))
			SIM_ASSERT(!"the range was checked");
	}
	return true;
}

static uint64_t page_up(uint64_t value)
{
	return (value + PAGE_MASK) & ~PAGE_MASK;
}

static uint32_t load_modules(
	struct writer *w, const struct boot *boot, uint64_t after, struct error *e)
{
	struct multiboot_module list[BOOT_MODULES_MAX] = {0};
	struct phys_mem *mem = &w->machine->mem;
	uint64_t at = page_up(after);

	for (unsigned i = 0; i < boot->module_count; i++) {
		const struct boot_file *file = &boot->modules[i];

		if (file->size > mem->low_size || at > mem->low_size - file->size ||
			!phys_write(mem, at, file->data, file->size)) {
			fail(e,
				"%s: module of %zu bytes at %#" PRIx64
				" does not fit into memory; see machine.memory_mib",
				file->name, file->size, at);
			return 0;
		}
		list[i].mod_start = (uint32_t)at;
		list[i].mod_end = (uint32_t)(at + file->size);
		list[i].string = put_string(w, path_last(file->name));
		at = page_up(at + file->size);
	}
	return put(w, list, sizeof(list[0]) * max_u64(boot->module_count, 1));
}

/* --- what the image is told --- */

static uint32_t put_memory_map(struct writer *w, uint32_t *length)
{
	const struct phys_mem *mem = &w->machine->mem;
	const uint64_t size = sizeof(struct multiboot_mmap) - sizeof(uint32_t);
	struct multiboot_mmap map[] = {
		{size, 0, BOARD_LOW_MEMORY_END, MMAP_USABLE},
		{size, BOARD_LOW_MEMORY_END, BOARD_LOW_RESERVED_END - BOARD_LOW_MEMORY_END,
			MMAP_RESERVED},
		{size, BOARD_LOW_RESERVED_END, mem->low_size - BOARD_LOW_RESERVED_END, MMAP_USABLE},
		{size, BOARD_DEVICES_BASE, PHYS_HIGH - BOARD_DEVICES_BASE, MMAP_RESERVED},
		{size, PHYS_HIGH, mem->size - mem->low_size, MMAP_USABLE},
	};
	unsigned count = ARRAY_LEN(map) - (mem->size == mem->low_size ? 1 : 0);

	*length = (uint32_t)(count * sizeof(map[0]));
	return put(w, map, *length);
}

static uint32_t put_info(struct writer *w, const struct boot *boot, uint32_t modules)
{
	struct multiboot_info info = {
		.flags = INFO_HAS_MEMORY | INFO_HAS_COMMAND_LINE | INFO_HAS_MODULES |
			 INFO_HAS_MEMORY_MAP | INFO_HAS_LOADER_NAME,
		.mem_lower = BOARD_LOW_MEMORY_END / 1024,
		.mem_upper = (uint32_t)((w->machine->mem.low_size - BOARD_LOW_RESERVED_END) / 1024),
		.mods_count = boot->module_count,
		.mods_addr = modules,
	};

	info.cmdline = put_string(w, boot->command_line);
	info.boot_loader_name = put_string(w, LOADER_NAME);
	info.mmap_addr = put_memory_map(w, &info.mmap_length);
	return put(w, &info, sizeof(info));
}

/* "Machine state". */
static void start_core(struct vcpu *c, uint64_t entry, uint64_t info)
{
	const struct segment data = {
		.limit = UINT32_MAX, .selector = 0x10, .attr = SEG_P | SEG_S | SEG_D | SEG_G | 3};
	const struct segment code = {
		.limit = UINT32_MAX, .selector = 0x08, .attr = SEG_P | SEG_S | SEG_D | SEG_G | 11};
	struct core_state *arch = &c->arch;

	arch->seg[CS] = code;
	arch->seg[DS] = arch->seg[ES] = arch->seg[FS] = arch->seg[GS] = arch->seg[SS] = data;
	arch->cr0 = CR0_PE | CR0_ET;
	arch->rflags = RFLAGS_ONE;
	memset(arch->gpr, 0, sizeof(arch->gpr));
	arch->gpr[RAX] = BOOTLOADER_MAGIC;
	arch->gpr[RBX] = info;
	arch->rip = entry;
	cpu_state_changed(c);
}

bool boot_load(struct machine *m, const struct boot *boot, struct error *e)
{
	struct writer w = {.machine = m, .at = INFO_BASE};
	struct image image;
	const struct segment_load *last;
	uint32_t modules, info;
	struct error cause = {""};

	if (!image_parse(&image, boot->image.name, boot->image.data, boot->image.size, e))
		return false;
	if (!load_segments(m, &boot->image, &image, e))
		return false;
	last = &image.segments[image.count - 1];
	modules = load_modules(
		&w, boot, max_u64(last->pa + last->memory_size, BOARD_LOW_RESERVED_END), &cause);
	if (cause.text[0] != '\0')
		return fail(e, "%s", cause.text);
	info = put_info(&w, boot, modules);
	if (w.full)
		return fail(e, "command line and module names together are longer than %u bytes",
			INFO_END - INFO_BASE);
	start_core(&m->cores[0], image.entry, info);
	return true;
}

bool boot_describe(const struct boot_file *file, FILE *out, struct error *e)
{
	struct image image;

	if (!image_parse(&image, file->name, file->data, file->size, e))
		return false;
	fprintf(out, "format   %s\nentry    %#" PRIx64 "\n", image_kind_name(image.kind),
		image.entry);
	for (unsigned i = 0; i < image.count; i++) {
		const struct segment_load *s = &image.segments[i];

		fprintf(out,
			"segment  %#" PRIx64 "-%#" PRIx64 ", %" PRIu64 " bytes from the file\n",
			s->pa, s->pa + s->memory_size, s->file_size);
	}
	return true;
}
