/* test_image.c - the two ways of a multiboot header, and what a header may not say. */
#include "sim/machine/image.h"
#include "tests/unit/unit.h"

#define HEADER 0x40

/* A file of 0x1000 bytes with the address fields of a multiboot header at HEADER. */
struct file {
	uint8_t data[0x1000];
};

static struct file multiboot(
	uint32_t header_addr, uint32_t load, uint32_t load_end, uint32_t bss_end, uint32_t entry)
{
	const uint32_t flags = 1 << 16;
	const uint32_t fields[] = {0x1badb002, flags, -(0x1badb002 + flags), header_addr, load,
		load_end, bss_end, entry};
	struct file f;

	memset(f.data, 0, sizeof(f.data));
	memcpy(f.data + HEADER, fields, sizeof(fields));
	return f;
}

static bool parses(const struct file *f, struct image *image)
{
	struct error e;

	return image_parse(image, "test", f->data, sizeof(f->data), &e);
}

START_TEST(address_fields)
{
	struct file f = multiboot(0x100040, 0x100000, 0x100800, 0x103000, 0x100100);
	struct image image;

	ck_assert(parses(&f, &image));
	ck_assert_int_eq(image.kind, IMAGE_MULTIBOOT);
	ck_assert_uint_eq(image.entry, 0x100100);
	ck_assert_uint_eq(image.count, 1);
	ck_assert_uint_eq(image.segments[0].pa, 0x100000);
	ck_assert_uint_eq(image.segments[0].file_offset, 0);
	ck_assert_uint_eq(image.segments[0].file_size, 0x800);
	ck_assert_uint_eq(image.segments[0].memory_size, 0x3000);
}
END_TEST

START_TEST(header_in_the_middle)
{
	struct file f = multiboot(0x100000, 0x100000, 0, 0, 0x100100);
	struct image image;

	ck_assert(parses(&f, &image)); /* what lies before the header is not loaded */
	ck_assert_uint_eq(image.segments[0].file_offset, HEADER);
	ck_assert_uint_eq(image.segments[0].memory_size, 0x1000 - HEADER);
}
END_TEST

START_TEST(header_lies)
{
	struct image image;
	const struct file bad[] = {
		multiboot(0x100000, 0x100040, 0, 0, 0x100100),        /* loads behind its header */
		multiboot(0x100041, 0x100000, 0, 0, 0x100100),        /* before the file */
		multiboot(0x100040, 0x100000, 0x101001, 0, 0x100100), /* beyond the file */
		multiboot(0x100040, 0x100000, 0xfffff, 0, 0x100100),  /* ends before it starts */
		multiboot(0x100040, 0x100000, 0, 0x100fff, 0x100100), /* bss within the data */
		multiboot(0x100040, 0x100000, 0, 0, 0x101000),        /* entry behind */
		multiboot(0x100040, 0x100000, 0, 0, 0xfffff),         /* entry before */
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!parses(&bad[i], &image), "case %zu", i);
}
END_TEST

START_TEST(checksum_and_place)
{
	struct file f = multiboot(0x100040, 0x100000, 0, 0, 0x100100);
	struct image image;

	f.data[HEADER + 8] ^= 1;
	ck_assert(!parses(&f, &image)); /* and so it is no multiboot image, nor ELF */
	f.data[HEADER + 8] ^= 1;
	memmove(f.data + HEADER + 2, f.data + HEADER, 32);
	memset(f.data + HEADER, 0, 2);
	ck_assert(!parses(&f, &image)); /* not 4-byte aligned */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		address_fields, header_in_the_middle, header_lies, checksum_and_place};

	return unit_run("image", tests, ARRAY_LEN(tests));
}
