/* loader_parts.h - what the loaders of several boot protocols share. */
#ifndef MACHINE_LOADER_PARTS_H
#define MACHINE_LOADER_PARTS_H

#include "sim/machine/board.h"
#include "sim/machine/loader.h"

/* Where a loader puts what it says to the image: below the extended BIOS data area. */
#define INFO_BASE 0x90000u
#define INFO_END  BOARD_LOW_MEMORY_END

/* Writes one thing after the other into that area. */
struct loader_area {
	struct machine *machine;
	uint64_t at;
	bool full;
};

/* Where it went, 8-byte aligned; 0, and full is set, if it does not fit. */
uint32_t area_put(struct loader_area *area, const void *data, size_t size);
uint32_t area_put_string(struct loader_area *area, const char *text);

/* As the BIOS call e820 has it; multiboot, Linux and PVH use its numbers. */
enum memory_type { MEMORY_USABLE = 1, MEMORY_RESERVED = 2 };

struct memory_range {
	uint64_t base, size;
	enum memory_type type;
};

#define MEMORY_RANGES_MAX 5

unsigned memory_map(const struct phys_mem *mem, struct memory_range map[MEMORY_RANGES_MAX]);

static inline uint64_t page_up(uint64_t value)
{
	return (value + PAGE_MASK) & ~PAGE_MASK;
}

/* The bootstrap processor in 32-bit protected mode without paging, flat segments whose selectors
 * need not be in any table, interrupts off, all general registers zero. The caller may set more of
 * them. */
struct flat_selectors {
	uint16_t code, data;
};
struct vcpu *start_protected(struct machine *m, struct flat_selectors selectors, uint64_t entry);

/* What an image that is loaded is told, and its entry. modules: their addresses. */
void multiboot_start(
	struct loader_area *area, const struct boot *boot, const uint64_t *modules, uint64_t entry);
void pvh_start(
	struct loader_area *area, const struct boot *boot, const uint64_t *modules, uint64_t entry);

/* The kinds of images; each as boot_load and boot_describe. */
MUST_CHECK bool segments_load(struct machine *m, const struct boot *boot, struct error *e);
MUST_CHECK bool segments_describe(const struct boot_file *image, FILE *out, struct error *e);

bool bios_is_image(const struct boot_file *image);
MUST_CHECK bool bios_load(struct machine *m, const struct boot *boot, struct error *e);
void bios_describe(const struct boot_file *image, FILE *out);

bool linux_is_image(const struct boot_file *image);
MUST_CHECK bool linux_load(struct machine *m, const struct boot *boot, struct error *e);
MUST_CHECK bool linux_describe(const struct boot_file *image, FILE *out, struct error *e);

#endif
