/* acpi.c - see acpi.h. Tables: ACPI Specification, "Root System Description Pointer", "MADT",
 * "FADT". Tables are not aligned: every structure is packed.
 */
#include "sim/kernel/acpi.h"
#include "sim/kernel/console.h"
#include "sim/kernel/lib/string.h"

#define BIOS_AREA_START 0xe0000
#define BIOS_AREA_END   0x100000
#define EBDA_SEGMENT_AT 0x40e /* BIOS data area: segment of the extended BIOS data area */
#define EBDA_SEARCH     1024

#define MADT_LAPIC    0
#define MADT_IOAPIC   1
#define MADT_OVERRIDE 2
#define MADT_X2APIC   9
#define LAPIC_ENABLED 1

#define MPS_ACTIVE_LOW(flags) (((flags)&3) == 3)
#define MPS_LEVEL(flags)      (((flags) >> 2 & 3) == 3)

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
} __attribute__((packed));

struct sdt {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct madt {
	struct sdt header;
	uint32_t lapic_pa, flags;
	uint8_t entries[];
} __attribute__((packed));

struct madt_entry {
	uint8_t type, length;
	union {
		struct {
			uint8_t processor, apic_id;
			uint32_t flags;
		} __attribute__((packed)) lapic;
		struct {
			uint8_t id, reserved;
			uint32_t pa, gsi_base;
		} __attribute__((packed)) ioapic;
		struct {
			uint8_t bus, irq;
			uint32_t gsi;
			uint16_t flags;
		} __attribute__((packed)) override;
		struct {
			uint16_t reserved;
			uint32_t apic_id, flags;
		} __attribute__((packed)) x2apic;
	};
} __attribute__((packed));

struct fadt {
	struct sdt header;
	uint8_t other[40];
	uint32_t pm_timer_port;
} __attribute__((packed));
_Static_assert(offsetof(struct fadt, pm_timer_port) == 76, "ACPI: PM_TMR_BLK");

struct acpi_info acpi_info;

static bool checksum_ok(const void *table, uint32_t length)
{
	const uint8_t *p = table;
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += p[i];
	return sum == 0;
}

static const struct rsdp *find_rsdp_in(physaddr_t start, physaddr_t end)
{
	for (physaddr_t pa = start; pa + sizeof(struct rsdp) <= end; pa += 16) {
		const struct rsdp *r = KADDR(pa);

		/* the first checksum covers the 20 bytes of revision 0 */
		if (memcmp(r->signature, "RSD PTR ", 8) == 0 && checksum_ok(r, 20))
			return r;
	}
	return NULL;
}

static const struct rsdp *find_rsdp(void)
{
	physaddr_t ebda = (physaddr_t)(*(uint16_t *)KADDR(EBDA_SEGMENT_AT)) << 4;
	const struct rsdp *r = NULL;

	if (ebda != 0)
		r = find_rsdp_in(ebda, ebda + EBDA_SEARCH);
	if (r == NULL)
		r = find_rsdp_in(BIOS_AREA_START, BIOS_AREA_END);
	if (r == NULL)
		panic("ACPI: no RSDP");
	return r;
}

static void add_cpu(uint32_t apic_id, uint32_t flags)
{
	if ((flags & LAPIC_ENABLED) == 0 || acpi_info.num_cpus == MAX_NUM_CORES)
		return;
	/* a processor may be listed as both kinds of entry */
	for (unsigned i = 0; i < acpi_info.num_cpus; i++)
		if (acpi_info.apic_ids[i] == apic_id)
			return;
	acpi_info.apic_ids[acpi_info.num_cpus++] = apic_id;
}

static void parse_madt_entry(const struct madt_entry *e)
{
	switch (e->type) {
	case MADT_LAPIC:
		add_cpu(e->lapic.apic_id, e->lapic.flags);
		break;
	case MADT_X2APIC:
		add_cpu(e->x2apic.apic_id, e->x2apic.flags);
		break;
	case MADT_IOAPIC:
		if (acpi_info.ioapic_pa == 0) {
			acpi_info.ioapic_pa = e->ioapic.pa;
			acpi_info.ioapic_gsi_base = e->ioapic.gsi_base;
		}
		break;
	case MADT_OVERRIDE:
		if (e->override.irq < ISA_IRQS)
			acpi_info.isa[e->override.irq] = (struct isa_route){e->override.gsi,
				MPS_ACTIVE_LOW(e->override.flags), MPS_LEVEL(e->override.flags)};
		break;
	}
}

static void parse_madt(const struct madt *m)
{
	uint32_t at = 0, size = m->header.length - sizeof(*m);

	acpi_info.lapic_pa = m->lapic_pa;
	acpi_info.has_8259 = m->flags & 1;
	while (at + 2 <= size) {
		const struct madt_entry *e = (const void *)(m->entries + at);

		if (e->length < 2)
			panic("ACPI: a MADT entry of length %u", e->length);
		parse_madt_entry(e);
		at += e->length;
	}
}

static void parse_table(physaddr_t pa)
{
	const struct sdt *t = KADDR(pa);

	if (!checksum_ok(t, t->length))
		panic("ACPI: bad checksum of table %.4s at %lx", t->signature, pa);
	if (memcmp(t->signature, "APIC", 4) == 0)
		parse_madt((const void *)t);
	if (memcmp(t->signature, "FACP", 4) == 0)
		acpi_info.pm_timer_port = ((const struct fadt *)t)->pm_timer_port;
}

static void parse_root(const struct rsdp *r)
{
	bool use_xsdt = r->revision >= 2 && r->xsdt != 0;
	const struct sdt *root = KADDR(use_xsdt ? r->xsdt : r->rsdt);
	unsigned entry = use_xsdt ? 8 : 4;
	const char *entries = (const char *)(root + 1);

	if (memcmp(root->signature, use_xsdt ? "XSDT" : "RSDT", 4) != 0)
		panic("ACPI: no root table where the RSDP points to");
	for (uint32_t at = 0; at + entry <= root->length - sizeof(*root); at += entry) {
		uint64_t pa = 0;

		memcpy(&pa, entries + at, entry);
		parse_table(pa);
	}
}

void acpi_init(void)
{
	for (uint32_t i = 0; i < ISA_IRQS; i++)
		acpi_info.isa[i] = (struct isa_route){i, false, false};
	parse_root(find_rsdp());
	if (acpi_info.num_cpus == 0 || acpi_info.ioapic_pa == 0)
		panic("ACPI: no MADT, or one without processors or I/O APIC");
}
