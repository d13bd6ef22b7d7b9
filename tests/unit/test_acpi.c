/* The ACPI tables, found and read as an operating system does. */
#include "sim/dev/acpi.h"

#include "sim/dev/hpet.h"
#include "sim/dev/pm.h"

#include "tests/unit/unit.h"

#define ADDRESS UINT64_C(0xe0000)

static struct acpi_tables tables;
static uint8_t memory[ACPI_PLACED_MAX];
static size_t used;

static uint64_t get(uint64_t address, unsigned bytes)
{
	uint64_t value = 0;

	ck_assert(address >= ADDRESS);
	ck_assert(address + bytes <= ADDRESS + used);
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)memory[address - ADDRESS + i] << (8 * i);
	return value;
}

static uint8_t sum(uint64_t address, uint64_t bytes)
{
	uint8_t total = 0;

	for (uint64_t i = 0; i < bytes; i++)
		total = (uint8_t)(total + get(address + i, 1));
	return total;
}

static bool has_text(uint64_t address, const char *text)
{
	return memcmp(memory + (address - ADDRESS), text, strlen(text)) == 0;
}

/* The table of that signature in the RSDT (4-byte addresses) or XSDT (8). */
static uint64_t find(const char *signature, unsigned address_size)
{
	uint64_t root = address_size == 8 ? get(ADDRESS + 24, 8) : get(ADDRESS + 16, 4);
	uint64_t length = get(root + 4, 4);

	ck_assert(has_text(root, address_size == 8 ? "XSDT" : "RSDT"));
	ck_assert_uint_eq(sum(root, length), 0);
	ck_assert_uint_eq(root % 16, 0);
	ck_assert_uint_eq(length, 36 + 4 * address_size);
	for (uint64_t i = 36; i < length; i += address_size) {
		uint64_t table = get(root + i, address_size);

		ck_assert_uint_eq(sum(table, get(table + 4, 4)), 0);
		if (has_text(table, signature))
			return table;
	}
	return 0;
}

static void build(unsigned cpus)
{
	memset(memory, 0xee, sizeof(memory));
	acpi_build(&tables, cpus);
	used = acpi_place(&tables, ADDRESS, memory);
	ck_assert_uint_le(used, sizeof(memory));
}

START_TEST(rsdp)
{
	build(1);
	ck_assert(has_text(ADDRESS, "RSD PTR "));
	ck_assert_uint_eq(sum(ADDRESS, 20), 0);
	ck_assert_uint_eq(sum(ADDRESS, 36), 0);
	ck_assert(has_text(ADDRESS + 9, "RINGV "));
	ck_assert_uint_eq(get(ADDRESS + 15, 1), 2);
	ck_assert_uint_eq(get(ADDRESS + 20, 4), 36);
	ck_assert_uint_eq(find("APIC", 4), find("APIC", 8));
	ck_assert_uint_eq(find("FACP", 4), find("FACP", 8));
	ck_assert_uint_ne(find("FACP", 8), 0);
}
END_TEST

/* The nth entry of that type in the MADT, or 0. */
static uint64_t madt_entry(unsigned type, unsigned n)
{
	uint64_t madt = find("APIC", 8), end, at;

	ck_assert_uint_ne(madt, 0);
	end = madt + get(madt + 4, 4);
	for (at = madt + 44; at < end; at += get(at + 1, 1)) {
		ck_assert_uint_ge(get(at + 1, 1), 2);
		if (get(at, 1) == type && n-- == 0)
			return at;
	}
	ck_assert_uint_eq(at, end); /* the entries fill the table exactly */
	return 0;
}

START_TEST(madt)
{
	uint64_t at;

	build(4);
	ck_assert_uint_eq(get(find("APIC", 8) + 36, 4), 0xfee00000);
	ck_assert_uint_eq(get(find("APIC", 8) + 40, 4), 1); /* and 8259s */
	for (unsigned i = 0; i < 4; i++) {
		at = madt_entry(0, i);
		ck_assert_uint_ne(at, 0);
		ck_assert_uint_eq(get(at + 1, 1), 8);
		ck_assert_uint_eq(get(at + 3, 1), i);
		ck_assert_uint_eq(get(at + 4, 4), 1);
	}
	ck_assert_uint_eq(madt_entry(0, 4), 0);
	ck_assert_uint_eq(madt_entry(9, 0), 0);
	at = madt_entry(1, 0);
	ck_assert_uint_eq(get(at + 1, 1), 12);
	ck_assert_uint_eq(get(at + 4, 4), 0xfec00000);
	ck_assert_uint_eq(get(at + 8, 4), 0);
	ck_assert_uint_eq(madt_entry(1, 1), 0);
}
END_TEST

START_TEST(overrides)
{
	uint64_t timer, sci;

	build(1);
	timer = madt_entry(2, 0);
	sci = madt_entry(2, 1);
	ck_assert_uint_eq(get(timer + 1, 1), 10);
	ck_assert_uint_eq(get(timer + 2, 2), 0); /* ISA, source 0 */
	ck_assert_uint_eq(get(timer + 4, 4), 2);
	ck_assert_uint_eq(get(timer + 8, 2), 0);
	ck_assert_uint_eq(get(sci + 3, 1), 9);
	ck_assert_uint_eq(get(sci + 4, 4), 9);
	ck_assert_uint_eq(get(sci + 8, 2), 0xd);
	ck_assert_uint_eq(madt_entry(2, 2), 0);
}
END_TEST

START_TEST(many_processors)
{
	uint64_t at;

	build(CPU_MAX + 2); /* more than ringv has, to reach the x2APIC entries */
	at = madt_entry(0, 254);
	ck_assert_uint_eq(get(at + 3, 1), 254);
	ck_assert_uint_eq(madt_entry(0, 255), 0);
	at = madt_entry(9, 0);
	ck_assert_uint_eq(get(at + 1, 1), 16);
	ck_assert_uint_eq(get(at + 4, 4), 255);
	ck_assert_uint_eq(get(at + 8, 4), 1);
	ck_assert_uint_eq(get(madt_entry(9, 1) + 4, 4), 256);
}
END_TEST

START_TEST(fadt)
{
	uint64_t at, dsdt;

	build(2);
	at = find("FACP", 8);
	dsdt = get(at + 140, 8);
	ck_assert_uint_eq(get(at + 4, 4), 268);
	ck_assert_uint_eq(get(at + 8, 1), 5);
	ck_assert_uint_eq(get(at + 40, 4), dsdt);
	ck_assert(has_text(dsdt, "DSDT"));
	ck_assert_uint_eq(sum(dsdt, get(dsdt + 4, 4)), 0);
	ck_assert_uint_eq(get(at + 46, 2), 9);
	ck_assert_uint_eq(get(at + 48, 4), 0); /* no SMI command */
	ck_assert_uint_eq(get(at + 56, 4), PM_BASE);
	ck_assert_uint_eq(get(at + 64, 4), PM_BASE + 4);
	ck_assert_uint_eq(get(at + 76, 4), PM_BASE + 8);
	ck_assert_uint_eq(get(at + 88, 4), 0x04000204);  /* lengths */
	ck_assert_uint_eq(get(at + 148, 4), 0x02002001); /* I/O, 32 bits, accessed as words */
	ck_assert_uint_eq(get(at + 152, 8), PM_BASE);
	ck_assert_uint_eq(get(at + 172, 4), 0x02001001);
	ck_assert_uint_eq(get(at + 208, 4), 0x03002001);
	ck_assert_uint_eq(get(at + 116, 4), 0x01000801);
	ck_assert_uint_eq(get(at + 120, 8), POWER_RESET_PORT);
	ck_assert_uint_eq(get(at + 128, 1), POWER_RESET_VALUE);
	/* WBINVD, C1; no buttons, no RTC wake; a reset register */
	ck_assert_uint_eq(get(at + 112, 4), 0x00000475);
	ck_assert_uint_eq(get(at + 96, 4), 0xffffffff); /* no C2, no C3 */
	ck_assert_uint_eq(get(at + 109, 2), 0x0007);    /* ISA, 8042, no VGA */
	ck_assert_uint_eq(get(at + 108, 1), 0x32);
}
END_TEST

START_TEST(facs)
{
	uint64_t at;

	build(2);
	at = get(find("FACP", 8) + 36, 4);
	ck_assert(has_text(at, "FACS"));
	ck_assert_uint_eq(at % 64, 0);
	ck_assert_uint_eq(get(at + 4, 4), 64);
}
END_TEST

START_TEST(hpet)
{
	uint64_t at;

	build(2);
	at = find("HPET", 8);
	ck_assert_uint_eq(get(at + 4, 4), 56);
	ck_assert_uint_eq(get(at + 36, 4), 0x8086a201);
	ck_assert_uint_eq(get(at + 44, 8), HPET_ADDRESS);
}
END_TEST

/* A Device a processor, in a Scope that is as long as it says. */
START_TEST(ssdt)
{
	uint64_t at, length;

	build(64);
	at = find("SSDT", 8);
	length = get(at + 4, 4);
	ck_assert_uint_eq(get(at + 36, 1), 0x10);
	ck_assert_uint_eq((get(at + 37, 1) & 15) | get(at + 38, 2) << 4, length - 37);
	ck_assert_uint_eq(get(at + 37, 1) >> 6, 2);
	ck_assert_uint_eq(length, 45 + 64 * 32);
	ck_assert(has_text(at + 45 + 63 * 32 + 3, "C03F"));
	ck_assert_uint_eq(get(at + 45 + 64 * 32 - 4, 4), 63);
}
END_TEST

START_TEST(address_moves_the_pointers)
{
	static uint8_t other[ACPI_PLACED_MAX];

	build(3);
	ck_assert_uint_eq(acpi_place(&tables, 0xf0000, other), used);
	ck_assert_uint_eq(other[18], memory[18] + 1); /* RSDT at 0xf...., not 0xe.... */
	ck_assert_uint_eq(other[16], memory[16]);
	ck_assert_uint_eq(other[17], memory[17]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {rsdp, madt, overrides, many_processors, fadt, facs, hpet,
		ssdt, address_moves_the_pointers};

	return unit_run("acpi", tests, ARRAY_LEN(tests));
}
