#include "sim/dev/acpi.h"

#include "sim/dev/hpet.h"
#include "sim/dev/pm.h"

#define IOAPIC_ADDRESS 0xfec00000
#define LAPIC_ADDRESS  0xfee00000
#define SCI            9
#define CMOS_CENTURY   0x32

#define HEADER_SIZE   36
#define FACS_SIZE     64
#define FADT_SIZE     268 /* ACPI 5.0 */
#define XAPIC_ID_LAST 254 /* a processor with a higher ID is told as an x2APIC */

/* The AML that iasl has made of dsdt.asl, header and all. */
static const uint8_t dsdt_aml[] = {
#include "sim/dev/dsdt.inc"
};

/* "System Description Table Header". */
enum { HEADER_LENGTH = 4, HEADER_CHECKSUM = ACPI_TABLE_CHECKSUM };

/* Offsets of "Fixed ACPI Description Table (FADT)"; what is not named is absent, zero. */
enum fadt_field {
	FADT_FACS = 36,
	FADT_DSDT = 40,
	FADT_SCI = 46,
	FADT_PM1A_EVENT = 56,
	FADT_PM1A_CONTROL = 64,
	FADT_PM_TIMER = 76,
	FADT_PM1_EVENT_LENGTH = 88,
	FADT_PM1_CONTROL_LENGTH = 89,
	FADT_PM_TIMER_LENGTH = 91,
	FADT_C2_LATENCY = 96,
	FADT_C3_LATENCY = 98,
	FADT_CENTURY = 108,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_RESET = 116, /* a generic address, as the X_ fields */
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_EVENT = 148,
	FADT_X_PM1A_CONTROL = 172,
	FADT_X_PM_TIMER = 208,
};

#define LATENCY_NONE      0xffff /* there is no such state */
#define BOOT_ARCH_LEGACY  BIT(0) /* ISA devices */
#define BOOT_ARCH_8042    BIT(1)
#define BOOT_ARCH_NO_VGA  BIT(2)
#define FLAG_WBINVD       BIT(0)
#define FLAG_PROC_C1      BIT(2)
#define FLAG_NO_POWER_KEY BIT(4)
#define FLAG_NO_SLEEP_KEY BIT(5)
#define FLAG_NO_RTC_WAKE  BIT(6)
#define FLAG_RESET        BIT(10)

#define SPACE_MEMORY 0
#define SPACE_IO     1

/* "Multiple APIC Description Table (MADT)": the types of its entries. */
enum madt_type {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_NMI = 4,
	MADT_X2APIC = 9,
	MADT_X2APIC_NMI = 10,
};

#define PCAT_COMPAT   1 /* there are 8259s too */
#define LAPIC_ENABLED 1
#define INTI_ISA      0x0 /* polarity and trigger as the bus has them: high, edge */
#define INTI_SCI      0xd /* active high, level */
#define LINT_NMI      1
#define ALL_XAPICS    0xff

static void put(struct acpi_tables *t, uint64_t value, unsigned bytes)
{
	SIM_ASSERT(t->size + bytes <= ACPI_SIZE_MAX);
	for (unsigned i = 0; i < bytes; i++)
		t->bytes[t->size++] = i < 8 ? (uint8_t)(value >> (8 * i)) : 0;
}

static void put_text(struct acpi_tables *t, const char *text)
{
	while (*text != '\0')
		put(t, (uint8_t)*text++, 1);
}

static void store(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t load(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

/* Makes the sum of all bytes zero. */
static void set_checksum(uint8_t *bytes, size_t count, unsigned at)
{
	unsigned sum = 0;

	bytes[at] = 0;
	for (size_t i = 0; i < count; i++)
		sum += bytes[i];
	bytes[at] = (uint8_t)-sum;
}

static void align(struct acpi_tables *t, unsigned to)
{
	while (t->size % to != 0)
		put(t, 0, 1);
}

/* Begins a table and returns its offset. */
static uint32_t table_begin(struct acpi_tables *t, const char *signature, unsigned revision)
{
	uint32_t offset;

	align(t, 16);
	offset = t->size;
	put_text(t, signature);
	put(t, 0, 4); /* length */
	put(t, revision, 1);
	put(t, 0, 1); /* checksum */
	put_text(t, "RINGV ");
	put_text(t, "RINGVPC ");
	put(t, 1, 4);
	put_text(t, "RNGV");
	put(t, 1, 4);
	return offset;
}

/* Ends the table that began at offset. */
static uint32_t table_end(struct acpi_tables *t, uint32_t offset)
{
	uint32_t length = t->size - offset;

	SIM_ASSERT(t->table_count < ACPI_TABLES_MAX);
	store(t->bytes + offset + HEADER_LENGTH, length, 4);
	set_checksum(t->bytes + offset, length, HEADER_CHECKSUM);
	t->tables[t->table_count++] = (struct acpi_range){offset, length};
	return offset;
}

/* The bytes at `at` are the offset of something in the tables: an address, once they have one. */
static void set_pointer(struct acpi_tables *t, uint32_t at, unsigned size, uint32_t to)
{
	SIM_ASSERT(t->pointer_count < ACPI_POINTERS_MAX);
	store(t->bytes + at, to, size);
	t->pointers[t->pointer_count++] = (struct acpi_pointer){at, size};
}

/* --- the tables --- */

static uint32_t build_dsdt(struct acpi_tables *t)
{
	uint32_t offset;

	align(t, 16);
	offset = t->size;
	for (size_t i = 0; i < sizeof(dsdt_aml); i++)
		put(t, dsdt_aml[i], 1);
	return table_end(t, offset);
}

/* "Firmware ACPI Control Structure (FACS)". */
static uint32_t build_facs(struct acpi_tables *t)
{
	uint32_t offset = t->size;

	put_text(t, "FACS");
	put(t, FACS_SIZE, 4);
	for (unsigned i = 8; i < FACS_SIZE; i++)
		put(t, i == 32 ? 2 : 0, 1); /* version */
	return offset;
}

/* "Generic Address Structure": size in bytes, a power of 2, as the access size too. */
static void store_address(uint8_t *at, unsigned space, uint64_t address, unsigned size)
{
	at[0] = (uint8_t)space;
	at[1] = (uint8_t)(8 * size);
	at[2] = 0;
	at[3] = (uint8_t)(1 + __builtin_ctz(size));
	store(at + 4, address, 8);
}

/* A block of fixed hardware, in the field of ACPI 1.0 and in the one of 2.0. */
static void fadt_block(uint8_t *fadt, enum fadt_field old, enum fadt_field length,
	enum fadt_field extended, unsigned port, unsigned size, unsigned access)
{
	store(fadt + old, port, 4);
	fadt[length] = (uint8_t)size;
	store_address(fadt + extended, SPACE_IO, port, access);
	fadt[extended + 1] = (uint8_t)(8 * size);
}

static uint32_t build_fadt(struct acpi_tables *t, uint32_t dsdt, uint32_t facs)
{
	uint32_t offset = table_begin(t, "FACP", 5);
	uint8_t *fadt = t->bytes + offset;

	for (unsigned i = HEADER_SIZE; i < FADT_SIZE; i++)
		put(t, 0, 1);
	set_pointer(t, offset + FADT_FACS, 4, facs);
	set_pointer(t, offset + FADT_DSDT, 4, dsdt);
	set_pointer(t, offset + FADT_X_DSDT, 8, dsdt);
	store(fadt + FADT_SCI, SCI, 2);
	fadt_block(fadt, FADT_PM1A_EVENT, FADT_PM1_EVENT_LENGTH, FADT_X_PM1A_EVENT,
		PM_BASE + PM_EVENT, 4, 2);
	fadt_block(fadt, FADT_PM1A_CONTROL, FADT_PM1_CONTROL_LENGTH, FADT_X_PM1A_CONTROL,
		PM_BASE + PM_CONTROL, 2, 2);
	fadt_block(fadt, FADT_PM_TIMER, FADT_PM_TIMER_LENGTH, FADT_X_PM_TIMER, PM_BASE + PM_TIMER,
		4, 4);
	store(fadt + FADT_C2_LATENCY, LATENCY_NONE, 2);
	store(fadt + FADT_C3_LATENCY, LATENCY_NONE, 2);
	store(fadt + FADT_CENTURY, CMOS_CENTURY, 1);
	store(fadt + FADT_BOOT_ARCH, BOOT_ARCH_LEGACY | BOOT_ARCH_8042 | BOOT_ARCH_NO_VGA, 2);
	store(fadt + FADT_FLAGS,
		FLAG_WBINVD | FLAG_PROC_C1 | FLAG_NO_POWER_KEY | FLAG_NO_SLEEP_KEY |
			FLAG_NO_RTC_WAKE | FLAG_RESET,
		4);
	store_address(fadt + FADT_RESET, SPACE_IO, POWER_RESET_PORT, 1);
	store(fadt + FADT_RESET_VALUE, POWER_RESET_VALUE, 1);
	return table_end(t, offset);
}

static void madt_entry(struct acpi_tables *t, enum madt_type type, unsigned length)
{
	put(t, type, 1);
	put(t, length, 1);
}

static void madt_processor(struct acpi_tables *t, unsigned id)
{
	if (id <= XAPIC_ID_LAST) {
		madt_entry(t, MADT_LAPIC, 8);
		put(t, id, 1); /* processor UID */
		put(t, id, 1);
		put(t, LAPIC_ENABLED, 4);
		return;
	}
	madt_entry(t, MADT_X2APIC, 16);
	put(t, 0, 2);
	put(t, id, 4);
	put(t, LAPIC_ENABLED, 4);
	put(t, id, 4); /* processor UID */
}

/* ISA interrupt source goes to that pin of the I/O APIC. */
static void madt_override(struct acpi_tables *t, unsigned source, unsigned pin, unsigned flags)
{
	madt_entry(t, MADT_OVERRIDE, 10);
	put(t, 0, 1); /* the ISA bus */
	put(t, source, 1);
	put(t, pin, 4);
	put(t, flags, 2);
}

/* NMI comes to LINT1 of all processors. */
static void madt_nmi(struct acpi_tables *t, unsigned cpus)
{
	madt_entry(t, MADT_LAPIC_NMI, 6);
	put(t, ALL_XAPICS, 1);
	put(t, 0, 2);
	put(t, LINT_NMI, 1);
	if (cpus <= XAPIC_ID_LAST + 1)
		return;
	madt_entry(t, MADT_X2APIC_NMI, 12);
	put(t, 0, 2);
	put(t, UINT32_MAX, 4); /* all */
	put(t, LINT_NMI, 1);
	put(t, 0, 3);
}

static uint32_t build_madt(struct acpi_tables *t, unsigned cpus)
{
	uint32_t offset = table_begin(t, "APIC", 3);

	put(t, LAPIC_ADDRESS, 4);
	put(t, PCAT_COMPAT, 4);
	for (unsigned id = 0; id < cpus; id++)
		madt_processor(t, id);
	madt_entry(t, MADT_IOAPIC, 12);
	put(t, 0, 2); /* its ID after a reset */
	put(t, IOAPIC_ADDRESS, 4);
	put(t, 0, 4); /* first global interrupt */
	madt_override(t, 0, 2, INTI_ISA);
	madt_override(t, SCI, SCI, INTI_SCI);
	madt_nmi(t, cpus);
	return table_end(t, offset);
}

/* "IA-PC High Precision Event Timer Table". */
static uint32_t build_hpet(struct acpi_tables *t)
{
	uint32_t offset = table_begin(t, "HPET", 1);

	put(t, (uint32_t)HPET_CAPABILITIES, 4);
	put(t, 0, 12);
	store_address(t->bytes + t->size - 12, SPACE_MEMORY, HPET_ADDRESS, 8);
	put(t, 0, 1); /* the first one */
	put(t, 0, 2); /* minimum ticks of a periodic timer */
	put(t, 0, 1); /* no page protection */
	return table_end(t, offset);
}

/* --- the SSDT, in AML ("ACPI Machine Language (AML) Specification") --- */

#define AML_NAME         0x08
#define AML_DWORD        0x0c
#define AML_STRING       0x0d
#define AML_SCOPE        0x10
#define AML_EXTENDED     0x5b
#define AML_DEVICE       0x82 /* after AML_EXTENDED */
#define AML_PROCESSOR    30   /* bytes of a processor, from its package length on */
#define AML_LENGTH_THREE 0x80 /* the package length has two bytes more */

/* Device (Cxxx) { Name (_HID, "ACPI0007") Name (_UID, number) } */
static void put_processor(struct acpi_tables *t, unsigned number)
{
	static const char hex[] = "0123456789ABCDEF";
	char name[5] = {'C', hex[number >> 8 & 15], hex[number >> 4 & 15], hex[number & 15]};

	put(t, AML_EXTENDED, 1);
	put(t, AML_DEVICE, 1);
	put(t, AML_PROCESSOR, 1);
	put_text(t, name);
	put(t, AML_NAME, 1);
	put_text(t, "_HID");
	put(t, AML_STRING, 1);
	put_text(t, "ACPI0007");
	put(t, 0, 1);
	put(t, AML_NAME, 1);
	put_text(t, "_UID");
	put(t, AML_DWORD, 1);
	put(t, number, 4);
}

static uint32_t build_ssdt(struct acpi_tables *t, unsigned cpus)
{
	uint32_t offset = table_begin(t, "SSDT", 2);
	uint32_t length = 3 + 5 + cpus * (AML_PROCESSOR + 2);

	put(t, AML_SCOPE, 1);
	put(t, AML_LENGTH_THREE | (length & 15), 1);
	put(t, length >> 4, 2);
	put_text(t, "\\_SB_");
	for (unsigned i = 0; i < cpus; i++)
		put_processor(t, i);
	return table_end(t, offset);
}

/* --- all of them --- */

/* RSDT and XSDT: the same list, with addresses of 4 and 8 bytes. */
static uint32_t build_root(struct acpi_tables *t, const char *signature, const uint32_t *tables,
	unsigned count, unsigned address_size)
{
	uint32_t offset = table_begin(t, signature, 1);

	for (unsigned i = 0; i < count; i++) {
		put(t, 0, address_size);
		set_pointer(t, t->size - address_size, address_size, tables[i]);
	}
	return table_end(t, offset);
}

/* "Root System Description Pointer (RSDP) Structure". */
static void fill_rsdp(uint8_t *rsdp, uint64_t rsdt, uint64_t xsdt)
{
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "RINGV ", 6);
	rsdp[15] = 2; /* revision */
	store(rsdp + ACPI_RSDP_RSDT, rsdt, 4);
	store(rsdp + 20, ACPI_RSDP_SIZE, 4);
	store(rsdp + ACPI_RSDP_XSDT, xsdt, 8);
	set_checksum(rsdp, ACPI_RSDP_V1_SIZE, ACPI_RSDP_CHECKSUM);
	set_checksum(rsdp, ACPI_RSDP_SIZE, ACPI_RSDP_EXTENDED_CHECKSUM);
}

void acpi_build(struct acpi_tables *t, unsigned cpus)
{
	uint32_t listed[4], facs, rsdt, xsdt;

	memset(t, 0, sizeof(*t));
	facs = build_facs(t); /* first: it needs the alignment */
	listed[0] = build_fadt(t, build_dsdt(t), facs);
	listed[1] = build_madt(t, cpus);
	listed[2] = build_hpet(t);
	listed[3] = build_ssdt(t, cpus);
	rsdt = build_root(t, "RSDT", listed, ARRAY_LEN(listed), 4);
	xsdt = build_root(t, "XSDT", listed, ARRAY_LEN(listed), 8);
	fill_rsdp(t->rsdp, rsdt, xsdt);
}

size_t acpi_place(const struct acpi_tables *t, uint64_t address, uint8_t buffer[ACPI_PLACED_MAX])
{
	uint64_t base = address + ACPI_ALIGN;
	uint8_t *bytes = buffer + ACPI_ALIGN;

	SIM_ASSERT(address % ACPI_ALIGN == 0);
	SIM_ASSERT(address + ACPI_PLACED_MAX <= UINT32_MAX);
	memset(buffer, 0, ACPI_ALIGN);
	memcpy(bytes, t->bytes, t->size);
	for (uint32_t i = 0; i < t->pointer_count; i++) {
		uint8_t *at = bytes + t->pointers[i].at;

		store(at, load(at, t->pointers[i].size) + base, t->pointers[i].size);
	}
	for (uint32_t i = 0; i < t->table_count; i++)
		set_checksum(bytes + t->tables[i].start, t->tables[i].length, HEADER_CHECKSUM);
	fill_rsdp(buffer, load(t->rsdp + ACPI_RSDP_RSDT, 4) + base,
		load(t->rsdp + ACPI_RSDP_XSDT, 8) + base);
	return ACPI_ALIGN + t->size;
}
