/* acpi.h - the ACPI tables of this PC, as firmware would leave them in memory ("Advanced
 * Configuration and Power Interface Specification", "ACPI Software Programming Model").
 *
 * A pure function of the number of processors and of where the tables will lie. RSDP, RSDT, XSDT,
 * FADT, MADT and a DSDT without any AML. The machine has no ACPI hardware at all, and the tables
 * say so: hardware-reduced, no power-management timer, no reset register, no FACS, no 8259.
 */
#ifndef DEV_ACPI_H
#define DEV_ACPI_H

#include "sim/base/base.h"

#define ACPI_SIZE_MAX 8192

/* Fills buffer, which will be at the guest-physical address (a multiple of 16 within 0xe0000 to
 * 0xfffff), and returns how many bytes. Processor n has APIC ID n. */
size_t acpi_build(uint8_t buffer[ACPI_SIZE_MAX], uint64_t address, unsigned cpus);

#endif
