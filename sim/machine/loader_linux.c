/* loader_linux.c - Linux' bzImage.
 *
 * Linux "The Linux/x86 Boot Protocol": a setup part whose header says where the rest, in protected
 * mode, wants to be. It is entered in 64-bit mode if it offers that and the processor can, else in
 * 32-bit mode. The setup part itself, real-mode code, is for a BIOS. All modules together, in their
 * order, are the initial ramdisk.
 */
#include "sim/machine/loader_parts.h"

#define SECTOR 512

/* "THE REAL-MODE KERNEL HEADER": offsets in the file, and in struct boot_params ("zero page"). */
enum header_offset {
	SETUP_SECTS = 0x1f1,
	BOOT_FLAG = 0x1fe,
	JUMP = 0x200,
	HEADER = 0x202,
	VERSION = 0x206,
	KERNEL_VERSION = 0x20e,
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	INITRD_ADDR_MAX = 0x22c,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_END = 0x264,
};

/* The zero page alone. */
enum zero_page_offset { ACPI_RSDP_ADDR = 0x070, E820_ENTRIES = 0x1e8, E820_TABLE = 0x2d0 };

#define BOOT_FLAG_MAGIC    0xaa55
#define HEADER_MAGIC       0x53726448 /* HdrS */
#define VERSION_MIN        0x020c     /* that has xloadflags: Linux 3.8 */
#define LOADED_HIGH        BIT(0)
#define XLF_KERNEL_64      BIT(0)
#define LOADER_UNDEFINED   0xff
#define ENTRY_64           0x200 /* behind the start of the kernel */
#define KERNEL_VERSION_MAX 128

#define SELECTORS      ((struct flat_selectors){.code = 0x10, .data = 0x18})
#define IDENTITY_TABLE 4 /* page directories: 1 GiB each */

struct __attribute__((packed)) e820_entry {
	uint64_t base, size;
	uint32_t type;
};

/* What the header says, checked against the file. */
struct bzimage {
	unsigned version;
	uint64_t setup_size; /* bytes of the file before the kernel */
	uint64_t address, init_size;
	uint64_t initrd_max, command_line_max;
	bool entry_64;
	char kernel[KERNEL_VERSION_MAX];
};

static uint64_t header_field(const struct boot_file *f, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, f->data + offset, size);
	return value;
}

bool linux_is_image(const struct boot_file *f)
{
	return f->size >= HEADER_END && header_field(f, BOOT_FLAG, 2) == BOOT_FLAG_MAGIC &&
	       header_field(f, HEADER, 4) == HEADER_MAGIC;
}

/* The text of uname, which lies within the setup part. */
static void kernel_version(const struct boot_file *f, struct bzimage *image)
{
	uint64_t at = header_field(f, KERNEL_VERSION, 2) + JUMP;
	unsigned i;

	for (i = 0; i < KERNEL_VERSION_MAX - 1 && at + i < image->setup_size; i++) {
		uint8_t byte = f->data[at + i];

		if (byte < ' ' || byte > '~')
			break;
		image->kernel[i] = (char)byte;
	}
}

static bool parse(const struct boot_file *f, struct bzimage *image, struct error *e)
{
	uint64_t sectors = header_field(f, SETUP_SECTS, 1);

	*image = (struct bzimage){
		.version = (unsigned)header_field(f, VERSION, 2),
		.setup_size = (1 + (sectors == 0 ? 4 : sectors)) * SECTOR,
		.address = header_field(f, PREF_ADDRESS, 8),
		.init_size = header_field(f, INIT_SIZE, 4),
		.initrd_max = header_field(f, INITRD_ADDR_MAX, 4),
		.command_line_max = header_field(f, CMDLINE_SIZE, 4),
		.entry_64 = header_field(f, XLOADFLAGS, 2) & XLF_KERNEL_64,
	};
	if (image->version < VERSION_MIN)
		return fail(e,
			"%s: Linux boot protocol %u.%02u, expected at least 2.12 (Linux 3.8)",
			f->name, image->version >> 8, image->version & 0xff);
	if ((header_field(f, LOADFLAGS, 1) & LOADED_HIGH) == 0)
		return fail(e, "%s: a zImage, expected a bzImage", f->name);
	if (image->setup_size >= f->size)
		return fail(e, "%s: %zu bytes, but its setup part alone has %" PRIu64 ": cut off?",
			f->name, f->size, image->setup_size);
	kernel_version(f, image);
	return true;
}

/* --- kernel, ramdisk --- */

static bool load_kernel(
	struct machine *m, const struct boot_file *f, const struct bzimage *image, struct error *e)
{
	uint64_t size = f->size - image->setup_size;
	uint64_t needed = max_u64(size, image->init_size);

	if (image->address < BOARD_LOW_RESERVED_END || image->address > m->mem.low_size ||
		needed > m->mem.low_size - image->address)
		return fail(e,
			"%s: the kernel wants %" PRIu64 " KiB of memory at %#" PRIx64
			"; see machine.memory_mib",
			f->name, needed / 1024, image->address);
	if (!phys_write(&m->mem, image->address, f->data + image->setup_size, size))
		SIM_ASSERT(!"the range was checked");
	return true;
}

/* As high as it may lie, where it is in nobody's way. */
static bool load_ramdisk(struct machine *m, const struct boot *boot, const struct bzimage *image,
	uint64_t *at, uint64_t *size, struct error *e)
{
	uint64_t top = min_u64(m->mem.low_size, image->initrd_max + 1);
	uint64_t bottom = image->address + image->init_size;

	*at = *size = 0;
	for (unsigned i = 0; i < boot->module_count; i++)
		*size += (boot->modules[i].size + 3) & ~UINT64_C(3);
	if (*size == 0)
		return true;
	if (top < bottom || *size > (top - bottom) / PAGE_SIZE * PAGE_SIZE)
		return fail(e,
			"%s: the initial ramdisk has %" PRIu64 " bytes, and only %" PRIu64
			" are left behind the kernel; see "
			"machine.memory_mib",
			boot->modules[0].name, *size, top < bottom ? 0 : top - bottom);
	*at = (top - *size) & ~PAGE_MASK;
	*size = 0;
	for (unsigned i = 0; i < boot->module_count; i++) {
		const struct boot_file *f = &boot->modules[i];

		if (!phys_write(&m->mem, *at + *size, f->data, f->size))
			SIM_ASSERT(!"the range was checked");
		*size += (f->size + 3) & ~UINT64_C(3);
	}
	return true;
}

/* --- what the kernel is told --- */

static void set(uint8_t *page, unsigned offset, uint64_t value, unsigned size)
{
	memcpy(page + offset, &value, size);
}

static void set_memory_map(uint8_t *page, const struct phys_mem *mem)
{
	struct memory_range ranges[MEMORY_RANGES_MAX];
	unsigned count = memory_map(mem, ranges);

	page[E820_ENTRIES] = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		struct e820_entry entry = {ranges[i].base, ranges[i].size, ranges[i].type};

		memcpy(page + E820_TABLE + i * sizeof(entry), &entry, sizeof(entry));
	}
}

/* The zero page starts as a copy of the file's header, which ends where its jump says. */
static bool put_zero_page(struct loader_area *area, const struct boot *boot,
	const struct bzimage *image, uint32_t *zero_page, struct error *e)
{
	const struct boot_file *f = &boot->image;
	uint8_t page[PAGE_SIZE] = {0};
	uint64_t end = HEADER + header_field(f, JUMP + 1, 1), ramdisk, ramdisk_size;

	if (!load_ramdisk(area->machine, boot, image, &ramdisk, &ramdisk_size, e))
		return false;
	if (strlen(boot->command_line) > image->command_line_max)
		return fail(e,
			"%s: takes a command line of %" PRIu64 " bytes, and this one has %zu",
			f->name, image->command_line_max, strlen(boot->command_line));
	memcpy(page + SETUP_SECTS, f->data + SETUP_SECTS, end - SETUP_SECTS);
	set(page, TYPE_OF_LOADER, LOADER_UNDEFINED, 1);
	set(page, RAMDISK_IMAGE, ramdisk, 4);
	set(page, RAMDISK_SIZE, ramdisk_size, 4);
	set(page, CMD_LINE_PTR, area_put_string(area, boot->command_line), 4);
	set(page, ACPI_RSDP_ADDR, BOARD_ACPI_TABLES, 8);
	set_memory_map(page, &area->machine->mem);
	*zero_page = area_put(area, page, sizeof(page));
	return true;
}

/* --- how it is entered --- */

/* "64-bit BOOT PROTOCOL": a GDT, and what lies below 4 GiB identity-mapped. */
static void enter_64(struct loader_area *area, struct vcpu *c)
{
	static const uint64_t gdt[] = {0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff};
	const uint64_t table_flags = BIT(0) | BIT(1);
	uint64_t tables[2 + IDENTITY_TABLE][512] = {0};
	struct core_state *arch = &c->arch;

	area->at = page_up(area->at);
	tables[0][0] = (area->at + PAGE_SIZE) | table_flags;
	for (unsigned i = 0; i < IDENTITY_TABLE; i++)
		tables[1][i] = (area->at + (2 + i) * PAGE_SIZE) | table_flags;
	for (uint64_t i = 0; i < IDENTITY_TABLE * 512; i++)
		tables[2 + i / 512][i % 512] = i << 21 | table_flags | BIT(7);
	arch->cr3 = area_put(area, tables, sizeof(tables));
	arch->gdtr.base = area_put(area, gdt, sizeof(gdt));
	arch->gdtr.limit = sizeof(gdt) - 1;
	arch->cr4 = CR4_PAE;
	arch->efer = EFER_LME | EFER_LMA;
	arch->cr0 |= CR0_PG;
	arch->seg[CS].attr = SEG_P | SEG_S | SEG_L | SEG_G | 11;
	arch->rip += ENTRY_64;
}

bool linux_load(struct machine *m, const struct boot *boot, struct error *e)
{
	struct loader_area area = {.machine = m, .at = INFO_BASE};
	struct bzimage image;
	struct vcpu *c;
	uint32_t zero_page;

	if (!parse(&boot->image, &image, e) || !load_kernel(m, &boot->image, &image, e) ||
		!put_zero_page(&area, boot, &image, &zero_page, e))
		return false;
	c = start_protected(m, SELECTORS, image.address);
	c->arch.gpr[RSI] = zero_page;
	if (image.entry_64)
		enter_64(&area, c);
	if (area.full)
		return fail(e, "the command line is longer than %u bytes", INFO_END - INFO_BASE);
	return true;
}

bool linux_describe(const struct boot_file *f, FILE *out, struct error *e)
{
	struct bzimage image;

	if (!parse(f, &image, e))
		return false;
	fprintf(out,
		"format   Linux bzImage, boot protocol %u.%02u, entered in %s mode\nversion  %s\n"
		"entry    %#" PRIx64 "\nmemory   %#" PRIx64 "-%#" PRIx64
		" until it has unpacked itself\n",
		image.version >> 8, image.version & 0xff, image.entry_64 ? "64-bit" : "32-bit",
		image.kernel, image.address + (image.entry_64 ? ENTRY_64 : 0), image.address,
		image.address + image.init_size);
	return true;
}
