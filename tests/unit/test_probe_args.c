/* test_probe_args.c - operands as gcc and clang write them into notes, and what they mean;
 * archives.
 */
#include <stdio.h>

#include "sim/machine/machine.h"
#include "sim/symbols/cpio.h"
#include "sim/symbols/probe_args.h"
#include "tests/unit/unit.h"

#define MEMORY 0x5000
#define FS_AT  0x6000

static enum elf_found find(const void *context, const char *name, bool tls, uint64_t *value)
{
	(void)context;
	if (strcmp(name, "twice") == 0)
		return ELF_SEVERAL;
	if (strcmp(name, tls ? "id" : "table") != 0)
		return ELF_NONE;
	*value = tls ? (uint64_t)-16 : MEMORY;
	return ELF_ONE;
}

static const struct probe_names names = {NULL, find};

/* A core in flat real mode. */
static struct machine *make(void)
{
	const struct byte_sink nowhere = {.put = NULL};
	struct config config;
	struct machine *m;
	struct core_state *arch;

	config_defaults(&config);
	config.machine.memory_mib = 2;
	m = machine_create(&config, &nowhere, NULL);
	ck_assert_ptr_nonnull(m);
	arch = &m->cores[0].arch;
	for (unsigned i = 0; i < 16; i++)
		arch->gpr[i] = UINT64_C(0x1122334455667780) + i;
	arch->gpr[RBX] = MEMORY;
	arch->gpr[RCX] = 2;
	arch->seg[FS].base = FS_AT;
	arch->seg[GS].base = FS_AT + 0x100;
	for (uint32_t i = 0; i < 64; i++) {
		uint8_t byte = (uint8_t)(0x80 + i);

		ck_assert(phys_write(&m->mem, MEMORY + i, &byte, 1));
		ck_assert(phys_write(&m->mem, FS_AT - 32 + i, &byte, 1));
		ck_assert(phys_write(&m->mem, FS_AT + 0x100 + i, &byte, 1));
	}
	return m;
}

static bool read(const char *text, struct probe *p, struct error *e)
{
	const char *at = text;

	*p = (struct probe){.arg_count = 1};
	return probe_arg_read(&p->args[0], &at, &names, e) && *at == '\0';
}

static int64_t value(struct machine *m, const char *text)
{
	struct error e = {""};
	int64_t args[PROBE_ARGS_MAX];
	struct probe p;

	ck_assert_msg(read(text, &p, &e), "%s", e.text);
	ck_assert(probe_args(&p, &m->cores[0], args));
	return args[0];
}

START_TEST(registers)
{
	struct machine *m = make();

	ck_assert_int_eq(value(m, "8@%rax"), 0x1122334455667780);
	ck_assert_int_eq(value(m, "4@%eax"), 0x55667780);
	ck_assert_int_eq(value(m, "-4@%esi"), 0x55667786);
	ck_assert_int_eq(value(m, "2@%dx"), 0x7782);
	ck_assert_int_eq(value(m, "1@%al"), 0x80);
	ck_assert_int_eq(value(m, "-1@%al"), -128);
	ck_assert_int_eq(value(m, "1@%ah"), 0x77);
	ck_assert_int_eq(value(m, "1@%spl"), 0x84);
	ck_assert_int_eq(value(m, "1@%bpl"), 0x85);
	ck_assert_int_eq(value(m, "1@%dil"), 0x87);
	ck_assert_int_eq(value(m, "8@%r8"), 0x1122334455667788);
	ck_assert_int_eq(value(m, "4@%r9d"), 0x55667789);
	ck_assert_int_eq(value(m, "-2@%r10w"), 0x778a);
	ck_assert_int_eq(value(m, "-1@%r15b"), -0x71);
	ck_assert_int_eq(value(m, "8@%eax"), 0x55667780);
	ck_assert_int_eq(value(m, "4@%rax"), 0x55667780);
	machine_destroy(m);
}
END_TEST

START_TEST(constants)
{
	struct machine *m = make();

	ck_assert_int_eq(value(m, "8@$5"), 5);
	ck_assert_int_eq(value(m, "-8@$-7"), -7);
	ck_assert_int_eq(value(m, "4@$-1"), 0xffffffff);
	ck_assert_int_eq(value(m, "8@$0x7f"), 0x7f);
	ck_assert_int_eq(value(m, "8@$010"), 8);
	ck_assert_int_eq(value(m, "8@$0"), 0);
	ck_assert_int_eq(value(m, "8@$18446744073709551615"), -1);
	ck_assert_int_eq(value(m, "8@$table+4"), MEMORY + 4);
	machine_destroy(m);
}
END_TEST

/* The byte at MEMORY + n, and at FS_AT - 32 + n, is 0x80 + n. */
START_TEST(memory)
{
	struct machine *m = make();

	ck_assert_int_eq(value(m, "1@(%rbx)"), 0x80);
	ck_assert_int_eq(value(m, "-1@8(%rbx)"), -0x78);
	m->cores[0].arch.gpr[RBX] += 16;
	ck_assert_int_eq(value(m, "1@-8(%rbx)"), 0x88);
	m->cores[0].arch.gpr[RBX] -= 16;
	ck_assert_int_eq(value(m, "2@4(%rbx,%rcx,8)"), 0x9594);
	ck_assert_int_eq(value(m, "1@(%rbx,%rcx)"), 0x82);
	ck_assert_int_eq(value(m, "1@table(,%rcx,4)"), 0x88);
	ck_assert_int_eq(value(m, "4@table(%rip)"), 0x83828180);
	ck_assert_int_eq(value(m, "-4@table+4(%rip)"), (int32_t)0x87868584);
	ck_assert_int_eq(value(m, "1@4+table(%rip)"), 0x84);
	ck_assert_int_eq(value(m, "1@table-0+3"), 0x83);
	ck_assert_int_eq(value(m, "1@20480"), 0x80);
	ck_assert_int_eq(value(m, "1@8+-4(%rbx)"), 0x84);
	ck_assert_int_eq(value(m, "1@%fs:id@tpoff"), 0x90);
	ck_assert_int_eq(value(m, "1@%fs:id@tpoff+1"), 0x91);
	m->cores[0].arch.gpr[RCX] = (uint64_t)-32;
	ck_assert_int_eq(value(m, "1@%fs:(%rcx)"), 0x80);
	ck_assert_int_eq(value(m, "1@%gs:8"), 0x88);
	ck_assert_int_eq(value(m, "1@%ds:20481"), 0x81);
	machine_destroy(m);
}
END_TEST

START_TEST(not_mapped)
{
	struct machine *m = make();
	struct probe p;
	int64_t args[PROBE_ARGS_MAX] = {7};

	m->cores[0].arch.gpr[RBX] = UINT64_C(1) << 40;
	ck_assert(read("8@(%rbx)", &p, NULL));
	ck_assert(!probe_args(&p, &m->cores[0], args));
	ck_assert_int_eq(args[0], 0);
	machine_destroy(m);
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "size in bytes"},
		{"%rax", "size in bytes"},
		{"3@%rax", "size of 1, 2, 4 or 8"},
		{"8f@%xmm0", "size in bytes"},
		{"8:%rax", "expected @"},
		{"8@", "number or a symbol"},
		{"8@%xmm0", "general register"},
		{"8@%r16", "general register"},
		{"8@%r07", "general register"},
		{"8@%r8x", "general register"},
		{"8@%rip", "general register"},
		{"8@$", "number or a symbol"},
		{"8@$12x", "expected a digit"},
		{"8@$09", "expected a digit"},
		{"8@$0x", "expected a digit"},
		{"8@$99999999999999999999", "beyond 64 bits"},
		{"8@nowhere(%rip)", "no such symbol"},
		{"8@twice(%rip)", "several symbols"},
		{"8@id@gottpoff(%rip)", "only @tpoff"},
		{"8@8(%rip)", "symbol in front"},
		{"8@(%rbx", "expected )"},
		{"8@(%rbx,%rcx,3)", "scale of 1, 2, 4 or 8"},
		{"8@(%bx)", "64 or 32 bits"},
		{"8@(rbx)", "expected a register"},
		{"8@()", "expected a register"},
		{"8@%rax,", "expected a blank"},
		{"8@4+(%rbx)", "number or a symbol"},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct error e = {""};
		struct probe p;

		ck_assert_msg(!read(rows[i].text, &p, &e), "%s", rows[i].text);
		ck_assert_msg(strstr(e.text, rows[i].why) != NULL, "%s: %s", rows[i].text, e.text);
	}
}
END_TEST

START_TEST(one_of_several)
{
	const char *text = "-4@%edi 8@$5";
	struct probe_arg arg;

	ck_assert(probe_arg_read(&arg, &text, &names, NULL));
	ck_assert_str_eq(text, " 8@$5");
}
END_TEST

/* --- archives --- */

#define HEAD(mode, file_size, name_size)                                                           \
	"070701"                                                                                   \
	"00000001" mode "000000000000000000000001"                                                 \
	"00000000" file_size "00000000000000000000000000000000" name_size "00000000"

START_TEST(archive)
{
	static const char good[] =
		HEAD("000081A4", "00000005", "00000003") "ab\0\0\0\0"
							 "hello\0\0\0" HEAD("00000000", "00000000",
								 "0000000B") "TRAILER!!!\0\0\0\0";
	struct cpio c = {.file = "x", .data = (const uint8_t *)good, .size = sizeof(good) - 1};
	struct cpio_entry entry;
	struct error e = {""};

	ck_assert(cpio_is_archive(c.data, c.size));
	ck_assert(cpio_next(&c, &entry, &e));
	ck_assert_str_eq(entry.name, "ab");
	ck_assert_uint_eq(entry.size, 5);
	ck_assert(memcmp(entry.data, "hello", 5) == 0);
	ck_assert(!cpio_next(&c, &entry, &e));
	ck_assert_str_eq(e.text, "");
}
END_TEST

START_TEST(broken_archives)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{HEAD("000081A4", "00000005", "FFFFFFFF"), "beyond the end"},
		{HEAD("000081A4", "FFFFFFFF", "00000001"), "beyond the end"},
		{HEAD("000081A4", "0000000x", "00000001"), "hexadecimal"},
		{HEAD("000081A4", "00000000", "00000002") "ab\0\0\0", "does not end"},
		{HEAD("000081A4", "00000000", "00000000") "ab\0\0", "does not end"},
		{"07070", "cut off"},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpio c = {.file = "x", .data = (const uint8_t *)rows[i].text};
		struct cpio_entry entry;
		struct error e = {""};

		c.size = strlen(rows[i].text) + 2;
		ck_assert(!cpio_next(&c, &entry, &e));
		ck_assert_msg(strstr(e.text, rows[i].why) != NULL, "%s: %s", rows[i].text, e.text);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {registers, constants, memory, not_mapped, refused,
		one_of_several, archive, broken_archives};

	return unit_run("probe_args", tests, ARRAY_LEN(tests));
}
