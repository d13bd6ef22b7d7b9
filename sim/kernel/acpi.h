/* acpi.h - the processors and interrupt controllers that the firmware's ACPI tables name. */
#ifndef KERNEL_ACPI_H
#define KERNEL_ACPI_H

#include "sim/kernel/memlayout.h"

#include <stdbool.h>
#include <stdint.h>

#define ISA_IRQS 16

struct isa_route {
	uint32_t gsi;
	bool active_low, level;
};

struct acpi_info {
	uint32_t apic_ids[MAX_NUM_CORES]; /* of enabled processors, in the order of the MADT */
	unsigned num_cpus;
	physaddr_t lapic_pa, ioapic_pa;
	uint32_t ioapic_gsi_base;
	struct isa_route isa[ISA_IRQS]; /* with the MADT's overrides applied */
	bool has_8259;                  /* the MADT's PCAT_COMPAT */
	uint32_t pm_timer_port;         /* FADT's; 0: none */
};
extern struct acpi_info acpi_info;

/* Panics when there is no RSDP or no MADT. Needs the direct map. */
void acpi_init(void);

#endif
