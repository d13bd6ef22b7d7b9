#include "sim/machine/loader.h"

#include "sim/machine/loader_parts.h"

uint32_t area_put(struct loader_area *area, const void *data, size_t size)
{
	uint64_t at = (area->at + 7) & ~UINT64_C(7);

	if (at + size > INFO_END || !phys_write(&area->machine->mem, at, data, size)) {
		area->full = true;
		return 0;
	}
	area->at = at + size;
	return (uint32_t)at;
}

uint32_t area_put_string(struct loader_area *area, const char *text)
{
	return area_put(area, text, strlen(text) + 1);
}

unsigned memory_map(const struct phys_mem *mem, struct memory_range map[MEMORY_RANGES_MAX])
{
	const struct memory_range all[MEMORY_RANGES_MAX] = {
		{0, BOARD_LOW_MEMORY_END, MEMORY_USABLE},
		{BOARD_LOW_MEMORY_END, BOARD_LOW_RESERVED_END - BOARD_LOW_MEMORY_END,
			MEMORY_RESERVED},
		{BOARD_LOW_RESERVED_END, mem->low_size - BOARD_LOW_RESERVED_END, MEMORY_USABLE},
		{BOARD_DEVICES_BASE, PHYS_HIGH - BOARD_DEVICES_BASE, MEMORY_RESERVED},
		{PHYS_HIGH, mem->size - mem->low_size, MEMORY_USABLE},
	};

	memcpy(map, all, sizeof(all));
	return MEMORY_RANGES_MAX - (mem->size == mem->low_size ? 1 : 0);
}

struct vcpu *start_protected(struct machine *m, struct flat_selectors selectors, uint64_t entry)
{
	const uint16_t flat = SEG_P | SEG_S | SEG_D | SEG_G;
	const struct segment data = {
		.limit = UINT32_MAX, .selector = selectors.data, .attr = flat | 3};
	const struct segment code = {
		.limit = UINT32_MAX, .selector = selectors.code, .attr = flat | 11};
	struct core_state *arch = &m->cores[0].arch;

	arch->seg[CS] = code;
	arch->seg[DS] = arch->seg[ES] = arch->seg[FS] = arch->seg[GS] = arch->seg[SS] = data;
	arch->cr0 = CR0_PE | CR0_ET;
	arch->rflags = RFLAGS_ONE;
	memset(arch->gpr, 0, sizeof(arch->gpr));
	arch->rip = entry;
	return &m->cores[0];
}

/* SDM "Memory Type Range Registers (MTRRs)", as firmware leaves them: all is write-back but what
 * lies between RAM and 4 GiB. */
#define MTRR_ENABLE         BIT(11)
#define MTRR_ENABLE_FIXED   BIT(10)
#define MTRR_VALID          BIT(11)
#define MTRR_UNCACHEABLE    0
#define MTRR_WRITE_BACK     6
#define MTRR_ALL_WRITE_BACK UINT64_C(0x0606060606060606)
#define MTRR_FIXED_VIDEO    2 /* IA32_MTRR_FIX16K_A0000 */

static void set_memory_types(struct machine *m)
{
	const uint64_t physical = BIT(PHYS_ADDRESS_BITS) - 1;

	for (unsigned i = 0; i < m->cpu_count; i++) {
		struct core_state *arch = &m->cores[i].arch;

		arch->mtrr_def_type = MTRR_ENABLE | MTRR_ENABLE_FIXED | MTRR_WRITE_BACK;
		arch->mtrr_base[0] = PHYS_LOW_MAX | MTRR_UNCACHEABLE;
		arch->mtrr_mask[0] = (physical & ~(PHYS_HIGH - PHYS_LOW_MAX - 1)) | MTRR_VALID;
		for (unsigned k = 0; k < ARRAY_LEN(arch->mtrr_fixed); k++)
			arch->mtrr_fixed[k] = k == MTRR_FIXED_VIDEO ? 0 : MTRR_ALL_WRITE_BACK;
	}
}

bool boot_load(struct machine *m, const struct boot *boot, struct error *e)
{
	bool good;

	if (bios_is_image(&boot->image))
		return bios_load(m, boot, e);
	good = linux_is_image(&boot->image) ? linux_load(m, boot, e) : segments_load(m, boot, e);
	if (good) {
		set_memory_types(m);
		board_assign_pci(m);
		cpu_state_changed(&m->cores[0]);
	}
	return good;
}

bool boot_describe(const struct boot_file *image, FILE *out, struct error *e)
{
	if (bios_is_image(image)) {
		bios_describe(image, out);
		return true;
	}
	return linux_is_image(image) ? linux_describe(image, out, e)
				     : segments_describe(image, out, e);
}
