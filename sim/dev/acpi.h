/* acpi.h - the ACPI tables of this PC ("Advanced Configuration and Power Interface Specification",
 * "ACPI Software Programming Model"): RSDP, RSDT, XSDT, FADT, FACS, MADT, HPET, the DSDT that iasl
 * makes of dsdt.asl, and an SSDT with the processors.
 *
 * A pure function of the number of processors. The tables are made as if they lay at address 0,
 * with a list of what depends on where they will lie: acpi_place moves them there, as firmware
 * would; fw_cfg hands the same list to a BIOS.
 */
#ifndef DEV_ACPI_H
#define DEV_ACPI_H

#include "sim/base/base.h"

#define ACPI_SIZE_MAX     20480
#define ACPI_RSDP_SIZE    36
#define ACPI_RSDP_V1_SIZE 20
#define ACPI_ALIGN        64 /* of the tables */
#define ACPI_PLACED_MAX   (ACPI_ALIGN + ACPI_SIZE_MAX)
#define ACPI_TABLES_MAX   16
#define ACPI_POINTERS_MAX 32

/* A pointer into the tables, little-endian. */
struct acpi_pointer {
	uint32_t at;   /* its offset in the tables */
	uint32_t size; /* bytes */
};

struct acpi_range {
	uint32_t start, length;
};

struct acpi_tables {
	uint8_t rsdp[ACPI_RSDP_SIZE];
	uint8_t bytes[ACPI_SIZE_MAX];
	uint32_t size;
	uint32_t pointer_count, table_count;
	struct acpi_pointer pointers[ACPI_POINTERS_MAX];
	struct acpi_range tables[ACPI_TABLES_MAX]; /* each with its checksum in byte 9 */
};

/* Offsets in the RSDP. */
#define ACPI_RSDP_CHECKSUM          8 /* of its first 20 bytes */
#define ACPI_RSDP_RSDT              16
#define ACPI_RSDP_XSDT              24
#define ACPI_RSDP_EXTENDED_CHECKSUM 32
#define ACPI_TABLE_CHECKSUM         9 /* in every table but RSDP and FACS */

/* Processor n has APIC ID n. */
void acpi_build(struct acpi_tables *t, unsigned cpus);

/* Fills buffer, which will be at the guest-physical address, a multiple of ACPI_ALIGN within
 * 0xe0000 to 0xfffff, with the RSDP and the tables; returns how many bytes. */
size_t acpi_place(const struct acpi_tables *t, uint64_t address, uint8_t buffer[ACPI_PLACED_MAX]);

#endif
