/* QEMU's firmware configuration device, and the DMA controllers that nobody uses. */
#include "sim/dev/fw_cfg.h"

#include "sim/dev/dma.h"
#include "tests/unit/unit.h"

static struct phys_mem mem;
static struct fw_cfg f;

static void choose(uint16_t key)
{
	fw_cfg_ops.write(&f, 0, 2, key);
}

static uint64_t get(unsigned size)
{
	return fw_cfg_ops.read(&f, 1, size);
}

static void make(void)
{
	ck_assert(phys_init(&mem, UINT64_C(2) << 20));
	fw_cfg_init(&f, &mem);
	choose(FW_CFG_DIRECTORY);
	ck_assert_uint_eq(f.items[FW_CFG_DIRECTORY].size, 4);
	ck_assert_uint_eq(get(4), 0); /* files */
	fw_cfg_add_number(&f, FW_CFG_CPUS, 4, 2);
	fw_cfg_add_number(&f, FW_CFG_IRQ0_OVERRIDE, 1, 4);
	fw_cfg_add_file(&f, "etc/a", "hello", 5);
	fw_cfg_add_file(&f, "etc/b", "", 0);
	fw_cfg_add_file(&f, "etc/c", "and again", 9);
	fw_cfg_add(&f, 0x8000, "own", 3);
}

START_TEST(items)
{
	make();
	choose(FW_CFG_SIGNATURE);
	ck_assert_uint_eq(get(1), 'Q');
	ck_assert_uint_eq(get(1), 'E');
	ck_assert_uint_eq(get(2), 'U' << 8 | 'M');
	ck_assert_uint_eq(get(1), 0); /* beyond the end */
	choose(FW_CFG_ID);
	ck_assert_uint_eq(get(4), 3);
	choose(FW_CFG_CPUS);
	ck_assert_uint_eq(get(2), 4);
	choose(FW_CFG_IRQ0_OVERRIDE);
	ck_assert_uint_eq(get(4), 1);
	choose(0x1234);
	ck_assert_uint_eq(get(4), 0);
	choose(0x8000);
	ck_assert_uint_eq(get(1), 'o');
	choose(FW_CFG_ITEMS - FW_CFG_OWN); /* the first of no own number */
	ck_assert_uint_eq(get(1), 0);
	choose(0x8fff);
	ck_assert_uint_eq(get(4), 0);
}
END_TEST

START_TEST(directory)
{
	make();
	choose(FW_CFG_DIRECTORY);
	ck_assert_uint_eq(__builtin_bswap32((uint32_t)get(4)), 3);
	ck_assert_uint_eq(__builtin_bswap32((uint32_t)get(4)), 5);
	ck_assert_uint_eq(__builtin_bswap16((uint16_t)get(2)), FW_CFG_FILE_FIRST);
	get(2);
	ck_assert_uint_eq(get(4), 'e' | 't' << 8 | 'c' << 16 | '/' << 24);
	ck_assert_uint_eq(get(2), 'a');
	for (unsigned byte = 6; byte < FW_CFG_NAME + 64; byte++)
		get(1);
	ck_assert_uint_eq(__builtin_bswap32((uint32_t)get(4)), 9);
	ck_assert_uint_eq(__builtin_bswap16((uint16_t)get(2)), FW_CFG_FILE_FIRST + 2);
	choose(FW_CFG_FILE_FIRST + 2);
	ck_assert_uint_eq(get(1), 'a');
	choose(FW_CFG_FILE_FIRST);
	ck_assert_uint_eq(get(1), 'h');
}
END_TEST

/* Puts a descriptor at 0x1000 and starts; returns its control word afterwards. */
static uint32_t transfer(uint32_t control, uint32_t length, uint64_t address)
{
	uint32_t words[4] = {__builtin_bswap32(control), __builtin_bswap32(length),
		__builtin_bswap32((uint32_t)(address >> 32)), __builtin_bswap32((uint32_t)address)};

	ck_assert(phys_write(&mem, 0x1000, words, sizeof(words)));
	fw_cfg_ops.write(&f, 4, 4, 0);
	fw_cfg_ops.write(&f, 8, 4, __builtin_bswap32(0x1000));
	ck_assert(phys_read(&mem, 0x1000, words, 4));
	return __builtin_bswap32(words[0]);
}

START_TEST(dma_reads)
{
	char text[8] = "xxxxxxx";

	make();
	ck_assert_uint_eq(fw_cfg_ops.read(&f, 4, 4), 0x554d4551); /* "QEMU", big-endian */
	ck_assert_uint_eq(fw_cfg_ops.read(&f, 8, 4), 0x47464320);
	ck_assert(phys_write(&mem, 0x2ffc, text, 8));
	ck_assert_uint_eq(transfer(FW_CFG_FILE_FIRST << 16 | 0x0a, 7, 0x2ffc), 0);
	ck_assert(phys_read(&mem, 0x2ffc, text, 8));
	ck_assert_mem_eq(text, "hello\0\0", 8); /* zeros beyond the end, and no further */
	ck_assert_uint_eq(transfer(FW_CFG_FILE_FIRST << 16 | 0x0c, 3, 0), 0); /* skip */
	ck_assert_uint_eq(get(1), 'l');
}
END_TEST

START_TEST(dma_that_cannot_be)
{
	make();
	ck_assert_uint_eq(transfer(FW_CFG_FILE_FIRST << 16 | 0x18, 4, 0x2000), 1); /* write */
	ck_assert_uint_eq(transfer(FW_CFG_FILE_FIRST << 16 | 0x0a, UINT32_MAX, 0x100000), 1);
	ck_assert_uint_eq(transfer(0x02, 16, UINT64_MAX - 8), 1);
	fw_cfg_ops.write(&f, 8, 4, UINT32_MAX); /* the descriptor is nowhere */
	fw_cfg_ops.write(&f, 4, 4, UINT32_MAX);
	fw_cfg_ops.write(&f, 8, 4, UINT32_MAX);
	ck_assert_uint_eq(fw_cfg_ops.read(&f, 11, 8), 'G'); /* nothing behind the end */
}
END_TEST

START_TEST(reset_selects_the_first)
{
	make();
	choose(FW_CFG_CPUS);
	get(1);
	fw_cfg_ops.write(&f, 4, 4, 5);
	fw_cfg_ops.reset(&f);
	ck_assert_uint_eq(f.state.dma, 0);
	ck_assert_uint_eq(get(1), 'Q');
	fw_cfg_destroy(&f);
	phys_destroy(&mem);
}
END_TEST

START_TEST(dma_controllers)
{
	struct dma d;

	dma_ops.reset(&d);
	ck_assert_uint_eq(dma_ops.read(&d, 15, 1), 0xff);
	dma_ops.write(&d, 2, 1, 0x34);
	dma_ops.write(&d, 2, 1, 0x12);
	ck_assert_uint_eq(dma_ops.read(&d, 2, 1), 0x34);
	ck_assert_uint_eq(dma_ops.read(&d, 2, 1), 0x12);
	dma_ops.read(&d, 2, 1);
	dma_ops.write(&d, 12, 1, 0); /* the lower byte is next again */
	ck_assert_uint_eq(dma_ops.read(&d, 2, 1), 0x34);
	dma_second_ops.write(&d, 2 * 10, 1, 0); /* channel 4 unmasked */
	ck_assert_uint_eq(dma_second_ops.read(&d, 2 * 15, 1), 0xfe);
	dma_second_ops.write(&d, 2 * 9, 1, 5);
	ck_assert_uint_eq(dma_second_ops.read(&d, 2 * 8, 1), 0x20);
	dma_second_ops.write(&d, 2 * 13, 1, 0);
	ck_assert_uint_eq(dma_second_ops.read(&d, 2 * 15, 1), 0xff);
	dma_page_ops.write(&d, 7, 1, 0x99);
	ck_assert_uint_eq(dma_page_ops.read(&d, 7, 1), 0x99);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {items, directory, dma_reads, dma_that_cannot_be,
		reset_selects_the_first, dma_controllers};

	return unit_run("fw_cfg", tests, ARRAY_LEN(tests));
}
