#include "sim/dev/acpi.h"

#define IOAPIC_ADDRESS 0xfec00000
#define LAPIC_ADDRESS  0xfee00000
#define SCI            9
#define CMOS_CENTURY   0x32

#define HEADER_SIZE   36
#define RSDP_SIZE     36
#define RSDP_V1_SIZE  20
#define FADT_SIZE     268 /* ACPI 5.0 */
#define XAPIC_ID_LAST 254 /* a processor with a higher ID is told as an x2APIC */

/* "System Description Table Header". */
enum { HEADER_LENGTH = 4, HEADER_CHECKSUM = 9 };

/* Offsets of "Fixed ACPI Description Table (FADT)"; what is not named is absent, zero. */
enum fadt_field {
	FADT_DSDT = 40,
	FADT_SCI = 46,
	FADT_C2_LATENCY = 96,
	FADT_C3_LATENCY = 98,
	FADT_CENTURY = 108,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_X_DSDT = 140,
};

#define LATENCY_NONE      0xffff /* there is no such state */
#define BOOT_ARCH_LEGACY  BIT(0) /* ISA devices */
#define BOOT_ARCH_NO_VGA  BIT(2)
#define BOOT_ARCH_NO_MSI  BIT(3)
#define FLAG_WBINVD       BIT(0)
#define FLAG_PROC_C1      BIT(2)
#define FLAG_NO_POWER_KEY BIT(4)
#define FLAG_NO_SLEEP_KEY BIT(5)
#define FLAG_NO_RTC_WAKE  BIT(6)
#define FLAG_HEADLESS     BIT(12)
#define FLAG_HW_REDUCED   BIT(20)

/* "Multiple APIC Description Table (MADT)": the types of its entries. */
enum madt_type { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_X2APIC = 9 };

#define LAPIC_ENABLED 1
#define INTI_ISA      0x0 /* polarity and trigger as the bus has them: high, edge */
#define INTI_SCI      0xd /* active high, level */

/* Appends to a buffer. */
struct writer {
	uint8_t *start;
	size_t used;
	uint64_t address; /* of start */
};

static void put(struct writer *w, uint64_t value, unsigned bytes)
{
	SIM_ASSERT(w->used + bytes <= ACPI_SIZE_MAX);
	for (unsigned i = 0; i < bytes; i++)
		w->start[w->used++] = (uint8_t)(value >> (8 * i));
}

static void put_text(struct writer *w, const char *text)
{
	while (*text != '\0')
		put(w, (uint8_t)*text++, 1);
}

static void store(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* The byte that makes the sum of all zero. */
static uint8_t checksum(const uint8_t *bytes, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += bytes[i];
	return (uint8_t)-sum;
}

/* Begins a table at a multiple of 16 and returns its offset. */
static size_t table_begin(struct writer *w, const char *signature, unsigned revision)
{
	size_t offset;

	while (w->used % 16 != 0)
		put(w, 0, 1);
	offset = w->used;
	put_text(w, signature);
	put(w, 0, 4); /* length */
	put(w, revision, 1);
	put(w, 0, 1); /* checksum */
	put_text(w, "RINGV ");
	put_text(w, "RINGVPC ");
	put(w, 1, 4);
	put_text(w, "RNGV");
	put(w, 1, 4);
	return offset;
}

/* Ends the table that began at offset and returns its address. */
static uint64_t table_end(struct writer *w, size_t offset)
{
	uint8_t *table = w->start + offset;
	size_t length = w->used - offset;

	store(table + HEADER_LENGTH, length, 4);
	table[HEADER_CHECKSUM] = checksum(table, length);
	return w->address + offset;
}

static uint64_t build_dsdt(struct writer *w)
{
	return table_end(w, table_begin(w, "DSDT", 2));
}

static uint64_t build_fadt(struct writer *w, uint64_t dsdt)
{
	size_t offset = table_begin(w, "FACP", 5);
	uint8_t *fadt = w->start + offset;

	for (unsigned i = HEADER_SIZE; i < FADT_SIZE; i++)
		put(w, 0, 1);
	store(fadt + FADT_DSDT, dsdt, 4);
	store(fadt + FADT_X_DSDT, dsdt, 8);
	store(fadt + FADT_SCI, SCI, 2);
	store(fadt + FADT_C2_LATENCY, LATENCY_NONE, 2);
	store(fadt + FADT_C3_LATENCY, LATENCY_NONE, 2);
	store(fadt + FADT_CENTURY, CMOS_CENTURY, 1);
	store(fadt + FADT_BOOT_ARCH, BOOT_ARCH_LEGACY | BOOT_ARCH_NO_VGA | BOOT_ARCH_NO_MSI, 2);
	store(fadt + FADT_FLAGS,
		FLAG_WBINVD | FLAG_PROC_C1 | FLAG_NO_POWER_KEY | FLAG_NO_SLEEP_KEY |
			FLAG_NO_RTC_WAKE | FLAG_HEADLESS | FLAG_HW_REDUCED,
		4);
	return table_end(w, offset);
}

static void madt_entry(struct writer *w, enum madt_type type, unsigned length)
{
	put(w, type, 1);
	put(w, length, 1);
}

static void madt_processor(struct writer *w, unsigned id)
{
	if (id <= XAPIC_ID_LAST) {
		madt_entry(w, MADT_LAPIC, 8);
		put(w, id, 1); /* processor UID */
		put(w, id, 1);
		put(w, LAPIC_ENABLED, 4);
		return;
	}
	madt_entry(w, MADT_X2APIC, 16);
	put(w, 0, 2);
	put(w, id, 4);
	put(w, LAPIC_ENABLED, 4);
	put(w, id, 4); /* processor UID */
}

/* ISA interrupt source goes to that pin of the I/O APIC. */
static void madt_override(struct writer *w, unsigned source, unsigned pin, unsigned flags)
{
	madt_entry(w, MADT_OVERRIDE, 10);
	put(w, 0, 1); /* the ISA bus */
	put(w, source, 1);
	put(w, pin, 4);
	put(w, flags, 2);
}

static uint64_t build_madt(struct writer *w, unsigned cpus)
{
	size_t offset = table_begin(w, "APIC", 3);

	put(w, LAPIC_ADDRESS, 4);
	put(w, 0, 4); /* flags: no 8259 */
	for (unsigned id = 0; id < cpus; id++)
		madt_processor(w, id);
	madt_entry(w, MADT_IOAPIC, 12);
	put(w, 0, 2); /* its ID after a reset */
	put(w, IOAPIC_ADDRESS, 4);
	put(w, 0, 4); /* first global interrupt */
	madt_override(w, 0, 2, INTI_ISA);
	madt_override(w, SCI, SCI, INTI_SCI);
	return table_end(w, offset);
}

/* RSDT and XSDT: the same list, with addresses of 4 and 8 bytes. */
static uint64_t build_root(
	struct writer *w, const char *signature, const uint64_t tables[2], unsigned address_size)
{
	size_t offset = table_begin(w, signature, 1);

	for (unsigned i = 0; i < 2; i++)
		put(w, tables[i], address_size);
	return table_end(w, offset);
}

/* "Root System Description Pointer (RSDP) Structure". */
static void fill_rsdp(uint8_t *rsdp, uint64_t rsdt, uint64_t xsdt)
{
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "RINGV ", 6);
	rsdp[15] = 2; /* revision */
	store(rsdp + 16, rsdt, 4);
	store(rsdp + 20, RSDP_SIZE, 4);
	store(rsdp + 24, xsdt, 8);
	rsdp[8] = checksum(rsdp, RSDP_V1_SIZE);
	rsdp[32] = checksum(rsdp, RSDP_SIZE);
}

size_t acpi_build(uint8_t buffer[ACPI_SIZE_MAX], uint64_t address, unsigned cpus)
{
	struct writer w = {.start = buffer, .address = address};
	uint64_t tables[2], rsdt, xsdt;

	SIM_ASSERT(address % 16 == 0);
	SIM_ASSERT(address + ACPI_SIZE_MAX <= UINT32_MAX);
	for (unsigned i = 0; i < RSDP_SIZE; i++)
		put(&w, 0, 1);
	tables[0] = build_fadt(&w, build_dsdt(&w));
	tables[1] = build_madt(&w, cpus);
	rsdt = build_root(&w, "RSDT", tables, 4);
	xsdt = build_root(&w, "XSDT", tables, 8);
	fill_rsdp(buffer, rsdt, xsdt);
	return w.used;
}
