#include "sim/machine/firmware.h"

#include <stdio.h>

#include "sim/dev/acpi.h"
#include "sim/machine/board.h"

#define SHADOW_MAX       0x20000u /* of the BIOS, below 1 MiB */
#define SERIAL           0x3f8    /* where the BIOS shows its text */
#define OPCODE_JUMP_FAR  0xea
#define OPCODE_JUMP_NEAR 0xe9
#define RESET_VECTOR     16 /* bytes before the end of a BIOS */
#define BIOS_UNIT        0x10000

/* --- memory: the file etc/e820 --- */

struct __attribute__((packed)) e820_entry {
	uint64_t address, length;
	uint32_t type; /* 1: RAM */
};

static void add_memory(struct machine *m)
{
	const struct e820_entry map[] = {
		{0, m->mem.low_size, 1},
		{PHYS_HIGH, m->mem.size - m->mem.low_size, 1},
	};
	unsigned count = m->mem.size == m->mem.low_size ? 1 : 2;

	fw_cfg_add_file(&m->fw_cfg, "etc/e820", map, count * sizeof(map[0]));
	fw_cfg_add_number(&m->fw_cfg, FW_CFG_RAM_SIZE, m->mem.low_size, 8);
}

/* --- ACPI: the tables as files, and a script by which firmware puts them into memory --- */

#define FILE_TABLES "etc/acpi/tables"
#define FILE_RSDP   "etc/acpi/rsdp"

enum script_command { SCRIPT_ALLOCATE = 1, SCRIPT_POINTER = 2, SCRIPT_CHECKSUM = 3 };
enum script_zone { ZONE_HIGH = 1, ZONE_F_SEGMENT = 2 };

/* A line of QEMU's "table loader" interface; all numbers are little-endian. */
struct __attribute__((packed)) script_line {
	uint32_t command;
	union {
		struct __attribute__((packed)) {
			char file[FW_CFG_NAME];
			uint32_t align;
			uint8_t zone;
		} allocate;
		struct __attribute__((packed)) {
			char in[FW_CFG_NAME], to[FW_CFG_NAME]; /* files */
			uint32_t offset;
			uint8_t size;
		} pointer; /* the bytes are an offset in `to`: they become an address */
		struct __attribute__((packed)) {
			char file[FW_CFG_NAME];
			uint32_t offset, start, length;
		} checksum;
		uint8_t pad[124];
	};
};

_Static_assert(sizeof(struct script_line) == 128, "as the firmware reads it");

#define SCRIPT_MAX (8 + ACPI_POINTERS_MAX + ACPI_TABLES_MAX)

struct script {
	unsigned count;
	struct script_line lines[SCRIPT_MAX];
};

static struct script_line *script_add(struct script *s, enum script_command command)
{
	struct script_line *line = &s->lines[s->count++];

	SIM_ASSERT(s->count <= SCRIPT_MAX);
	memset(line, 0, sizeof(*line));
	line->command = command;
	return line;
}

static void script_allocate(
	struct script *s, const char *file, uint32_t align, enum script_zone zone)
{
	struct script_line *line = script_add(s, SCRIPT_ALLOCATE);

	snprintf(line->allocate.file, FW_CFG_NAME, "%s", file);
	line->allocate.align = align;
	line->allocate.zone = (uint8_t)zone;
}

static void script_pointer(struct script *s, const char *in, uint32_t offset, uint32_t size)
{
	struct script_line *line = script_add(s, SCRIPT_POINTER);

	snprintf(line->pointer.in, FW_CFG_NAME, "%s", in);
	snprintf(line->pointer.to, FW_CFG_NAME, "%s", FILE_TABLES);
	line->pointer.offset = offset;
	line->pointer.size = (uint8_t)size;
}

static void script_checksum(
	struct script *s, const char *file, uint32_t offset, uint32_t start, uint32_t length)
{
	struct script_line *line = script_add(s, SCRIPT_CHECKSUM);

	snprintf(line->checksum.file, FW_CFG_NAME, "%s", file);
	line->checksum.offset = offset;
	line->checksum.start = start;
	line->checksum.length = length;
}

static void write_script(struct script *s, const struct acpi_tables *t)
{
	script_allocate(s, FILE_RSDP, 16, ZONE_F_SEGMENT);
	script_allocate(s, FILE_TABLES, ACPI_ALIGN, ZONE_HIGH);
	for (unsigned i = 0; i < t->pointer_count; i++)
		script_pointer(s, FILE_TABLES, t->pointers[i].at, t->pointers[i].size);
	for (unsigned i = 0; i < t->table_count; i++)
		script_checksum(s, FILE_TABLES, t->tables[i].start + ACPI_TABLE_CHECKSUM,
			t->tables[i].start, t->tables[i].length);
	script_pointer(s, FILE_RSDP, ACPI_RSDP_RSDT, 4);
	script_pointer(s, FILE_RSDP, ACPI_RSDP_XSDT, 8);
	script_checksum(s, FILE_RSDP, ACPI_RSDP_CHECKSUM, 0, ACPI_RSDP_V1_SIZE);
	script_checksum(s, FILE_RSDP, ACPI_RSDP_EXTENDED_CHECKSUM, 0, ACPI_RSDP_SIZE);
}

static void add_acpi(struct machine *m, const struct acpi_tables *t)
{
	struct script script = {.count = 0};

	write_script(&script, t);
	fw_cfg_add_file(&m->fw_cfg, FILE_TABLES, t->bytes, t->size);
	fw_cfg_add_file(&m->fw_cfg, FILE_RSDP, t->rsdp, sizeof(t->rsdp));
	fw_cfg_add_file(&m->fw_cfg, "etc/table-loader", script.lines,
		script.count * sizeof(script.lines[0]));
}

/* --- all of fw_cfg --- */

static void fill_fw_cfg(struct machine *m, const struct acpi_tables *t)
{
	const uint8_t uuid[16] = {0};
	const uint64_t serial = SERIAL;
	struct fw_cfg *f = &m->fw_cfg;

	fw_cfg_add(f, FW_CFG_UUID, uuid, sizeof(uuid));
	fw_cfg_add_number(f, FW_CFG_NO_GRAPHIC, 1, 2);
	fw_cfg_add_number(f, FW_CFG_CPUS, m->cpu_count, 2);
	fw_cfg_add_number(f, FW_CFG_BOOT_MENU, 0, 2);
	fw_cfg_add_number(f, FW_CFG_CPUS_MAX, m->cpu_count, 2);
	fw_cfg_add_number(f, FW_CFG_IRQ0_OVERRIDE, 1, 4);
	fw_cfg_add_file(f, "etc/sercon-port", &serial, sizeof(serial));
	add_memory(m);
	add_acpi(m, t);
}

/* --- where no BIOS runs --- */

/* The BIOS data area: a serial port, the extended area's segment, conventional memory. */
static void write_bios_data(struct machine *m)
{
	const uint16_t serial = SERIAL, extended = BOARD_LOW_MEMORY_END >> 4;
	const uint16_t conventional = BOARD_LOW_MEMORY_END >> 10;

	if (!phys_write(&m->mem, 0x400, &serial, 2) || !phys_write(&m->mem, 0x40e, &extended, 2) ||
		!phys_write(&m->mem, 0x413, &conventional, 2))
		SIM_ASSERT(!"machine_create asks for 2 MiB");
}

static void write_acpi_tables(struct machine *m, const struct acpi_tables *t)
{
	uint8_t placed[ACPI_PLACED_MAX];
	size_t size = acpi_place(t, BOARD_ACPI_TABLES, placed);

	if (!phys_write(&m->mem, BOARD_ACPI_TABLES, placed, size))
		SIM_ASSERT(!"machine_create asks for 2 MiB");
}

void firmware_init(struct machine *m)
{
	struct acpi_tables tables;

	acpi_build(&tables, m->cpu_count);
	fill_fw_cfg(m, &tables);
	write_bios_data(m);
	write_acpi_tables(m, &tables);
}

/* --- the BIOS --- */

bool firmware_is_bios(const uint8_t *data, size_t size)
{
	uint8_t first;

	if (size == 0 || size % BIOS_UNIT != 0 || size > PHYS_ROM_MAX)
		return false;
	first = data[size - RESET_VECTOR];
	return first == OPCODE_JUMP_FAR || first == OPCODE_JUMP_NEAR;
}

void firmware_shadow(struct machine *m)
{
	uint64_t size = min_u64(m->mem.rom_size, SHADOW_MAX);

	for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
		uint32_t page = phys_fetch_page(&m->mem, PHYS_HIGH - size + at);

		if (!phys_write(&m->mem, BOARD_LOW_RESERVED_END - size + at,
			    phys_host(&m->mem, page), PAGE_SIZE))
			SIM_ASSERT(!"machine_create asks for 2 MiB");
	}
}

void firmware_set_bios(struct machine *m, const uint8_t *data, size_t size)
{
	static const uint8_t zeros[PAGE_SIZE];
	bool good = phys_write(&m->mem, 0, zeros, PAGE_SIZE);

	for (uint64_t at = BOARD_ACPI_TABLES; at < BOARD_LOW_RESERVED_END; at += PAGE_SIZE)
		good = good && phys_write(&m->mem, at, zeros, PAGE_SIZE);
	SIM_ASSERT(good);
	phys_set_rom(&m->mem, data, size);
	firmware_shadow(m);
}
