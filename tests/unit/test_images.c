/* test_images.c - probes, fault points, symbols and data of an image. The image is this test
 * itself: it has probes and fault points of its own, and knows where its variables are. */
#include <stdio.h>

#include "sim/abi/fault_point.h"
#include "sim/abi/parameter.h"
#include "sim/abi/probe.h"
#include "sim/symbols/faults.h"
#include "sim/symbols/parameters.h"
#include "sim/symbols/probes.h"
#include "tests/unit/unit.h"

#define PARAMETERS "threads>=2 rounds>=30"

PROGRAM_PARAMETERS(PARAMETERS);

#define ROWS    3
#define COLUMNS 5

struct inner {
	char pad[6];
	union {
		uint16_t small;
		struct {
			uint16_t low, high;
		};
		uint32_t large;
	};
	unsigned bits : 3;
};

struct outer {
	long first;
	struct inner row[ROWS];
	const char *pointer;
	short table[ROWS][COLUMNS];
};

struct outer test_images_outer[2]; /* variables of the image under test */
struct procdata {                  /* as a program knows it; see sim/abi/procinfo.h */
	unsigned long amt_wanted;
	struct {
		unsigned char context[100];
		unsigned notif_pending;
	} vcore_preempt_data[7];
} test_images_procdata;

/* sim/symbols/probe_args.c has one of that name too. */
__attribute__((used)) static int register_names[3] = {1, 2, 3};

__attribute__((noinline)) static int code_under_test(int a, long b)
{
	PROBE(test_plain);
	PROBE(test_args, a, b, 77, -5L);
	STAP_PROBEV(another, test_foreign, a);
	if (fault_point("test.first"))
		return a;
	if (fault_point("test.second") || fault_point("test.first"))
		return a + 1;
	return 0;
}

/* --- the files of a run --- */

struct files {
	struct blob self;
	uint8_t *archive;
	size_t archive_size;
	struct boot boot;
};

static void put(struct files *f, const void *data, size_t size)
{
	memcpy(f->archive + f->archive_size, data, size);
	f->archive_size += size;
	while (f->archive_size % 4 != 0)
		f->archive[f->archive_size++] = 0;
}

static void put_entry(struct files *f, const char *name, const void *data, size_t size)
{
	char header[256];
	int length = snprintf(header, sizeof(header),
		"070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1, 0100755, 0, 0, 1,
		0, (unsigned)size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name);

	put(f, header, (size_t)length + 1);
	put(f, data, size);
}

/* Kernel and bin/twin are the test; bin/text is no ELF file. */
static struct files files_make(void)
{
	struct files f = {.archive_size = 0};

	ck_assert(file_read("/proc/self/exe", 1 << 30, &f.self, NULL));
	f.archive = calloc(1, f.self.size + 4096);
	ck_assert_ptr_nonnull(f.archive);
	put_entry(&f, "bin", "", 0);
	put_entry(&f, "bin/text", "hello", 5);
	put_entry(&f, "bin/twin", f.self.data, f.self.size);
	put_entry(&f, "TRAILER!!!", "", 0);
	f.boot = (struct boot){
		.image = {"self", f.self.data, f.self.size},
		.command_line = "",
		.module_count = 1,
		.modules = {{"initrd", f.archive, f.archive_size}},
	};
	return f;
}

static void files_free(struct files *f)
{
	blob_free(&f->self);
	free(f->archive);
}

static struct images *load(const struct files *f)
{
	struct error e = {""};
	struct images *images = images_load(&f->boot, &e);

	ck_assert_msg(images != NULL, "%s", e.text);
	return images;
}

static const struct probe *find_probe(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; i < image->probe_count; i++)
		if (strcmp(image->probes[i].name, name) == 0)
			return &image->probes[i];
	return NULL;
}

/* --- tests --- */

START_TEST(programs)
{
	struct files f = files_make();
	struct images *images = load(&f);
	const struct elf_image *twin = images_program(images, "/somewhere/twin");

	ck_assert_int_eq(code_under_test(1, 2), 0);
	ck_assert_uint_eq(images_count(images), 2);
	ck_assert_str_eq(images_kernel(images)->name, "kernel");
	ck_assert(!images_kernel(images)->user);
	ck_assert_ptr_nonnull(twin);
	ck_assert_str_eq(twin->name, "twin");
	ck_assert_str_eq(twin->path, "initrd:bin/twin");
	ck_assert(twin->user);
	ck_assert_int_eq(twin->module, 0);
	ck_assert_ptr_null(images_program(images, "text"));
	ck_assert_ptr_null(images_program(images, "kernel"));
	images_destroy(images);
	files_free(&f);
}
END_TEST

START_TEST(symbols_and_lines)
{
	struct files f = files_make();
	struct images *images = load(&f);
	const struct symbols *s = images_program(images, "twin")->symbols;
	struct symbol symbol;
	struct source_line line;

	ck_assert(symbols_named(s, "code_under_test", &symbol));
	ck_assert_uint_eq(symbol.address, (uintptr_t)code_under_test);
	ck_assert(symbols_line(s, symbol.address, &line));
	ck_assert_ptr_nonnull(strstr(line.file, "test_images.c"));
	images_destroy(images);
	files_free(&f);
}
END_TEST

START_TEST(probes)
{
	struct files f = files_make();
	struct images *images = load(&f);
	const struct elf_image *image = images_kernel(images);
	const struct probe *p = find_probe(image, "test_args"), *at;
	struct symbol symbol;
	size_t count;

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->arg_count, 4);
	ck_assert_int_eq(p->args[2].kind, PROBE_CONSTANT);
	ck_assert_int_eq(p->args[2].value, 77);
	ck_assert_int_eq(p->args[3].value, -5);
	ck_assert_uint_eq(p->args[3].size, 8);
	ck_assert(symbols_at(image->symbols, p->address, &symbol));
	ck_assert_str_eq(symbol.name, "code_under_test");
	ck_assert_uint_eq(*(const uint8_t *)(uintptr_t)p->address, 0x90); /* NOP */
	at = image_probes_at(image, p->address, &count);
	ck_assert_ptr_eq(at, p);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_null(image_probes_at(image, p->address + 1, &count));
	ck_assert_uint_eq(find_probe(image, "test_plain")->arg_count, 0);
	ck_assert_ptr_null(find_probe(image, "test_foreign"));
	ck_assert(images_have_probe(images, "test_plain"));
	ck_assert(!images_have_probe(images, "test_foreign"));
	images_destroy(images);
	files_free(&f);
}
END_TEST

/* The bytes of a fault point in the file that boot names: what a NOP was is a JMP to the target. */
static void check_patched(const struct fault_place *p, const struct boot_file *file, bool on)
{
	const uint8_t *at = file->data + p->file_offset;
	int32_t distance;

	ck_assert_uint_eq(at[0], on ? 0xe9 : 0x0f);
	memcpy(&distance, at + 1, sizeof(distance));
	if (on)
		ck_assert_uint_eq(p->address + 5 + (uint64_t)distance, p->target);
}

START_TEST(fault_points)
{
	static const char *const names[] = {"test.first"};
	struct files f = files_make();
	struct images *images = load(&f);
	struct boot boot = f.boot;
	struct faults_patched patched;
	unsigned first = 0;

	ck_assert(images_have_fault(images, "test.second"));
	ck_assert(faults_inject(images, names, 1, &boot, &patched, NULL));
	ck_assert_ptr_ne(boot.image.data, f.boot.image.data);
	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->fault_count; k++) {
			const struct fault_place *p = &image->faults[k];
			bool on = strcmp(p->name, "test.first") == 0;

			first += on;
			check_patched(p, i == 0 ? &boot.image : &boot.modules[0], on);
			check_patched(p, i == 0 ? &f.boot.image : &f.boot.modules[0], false);
		}
	}
	ck_assert_uint_eq(first, 4); /* two places in each image */
	faults_free(&patched);
	images_destroy(images);
	files_free(&f);
}
END_TEST

START_TEST(unknown_fault_point)
{
	static const char *const names[] = {"test.first", "test.none"};
	struct files f = files_make();
	struct images *images = load(&f);
	struct boot boot = f.boot;
	struct faults_patched patched;
	struct error e;

	ck_assert(!faults_inject(images, names, 2, &boot, &patched, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "test.none"));
	ck_assert_ptr_nonnull(strstr(e.text, "there are: test.first, test.second"));
	images_destroy(images);
	files_free(&f);
}
END_TEST

static void check_data(const struct elf_image *image, const char *text, uint64_t address,
	uint64_t size, uint64_t count, uint64_t stride)
{
	struct data_place place;
	struct error e = {""};

	ck_assert_msg(image_data(image, text, &place, &e), "%s", e.text);
	ck_assert_uint_eq(place.address, address);
	ck_assert_uint_eq(place.size, size);
	ck_assert_uint_eq(place.count, count);
	ck_assert_uint_eq(place.stride, stride);
}

static void refuse_data(const struct elf_image *image, const char *text, const char *why)
{
	struct data_place place;
	struct error e = {""};

	ck_assert(!image_data(image, text, &place, &e));
	ck_assert_msg(strstr(e.text, why) != NULL, "%s", e.text);
}

#define ADDRESS(object) ((uintptr_t) & (object))
#define WHOLE(object)   ADDRESS(object), sizeof(object), 1, 0

START_TEST(data)
{
	struct files f = files_make();
	struct images *images = load(&f);
	const struct elf_image *i = images_program(images, "twin");
	struct outer *o = test_images_outer;
	const uint64_t stride = sizeof(o[0]);

	check_data(i, "test_images_outer", WHOLE(test_images_outer));
	check_data(i, "test_images_outer[1]", WHOLE(o[1]));
	check_data(i, "test_images_outer[1].row[2].small", WHOLE(o[1].row[2].small));
	check_data(i, "test_images_outer[1].row[2].high", WHOLE(o[1].row[2].high));
	check_data(i, "test_images_outer[0].row[1].large", WHOLE(o[0].row[1].large));
	check_data(i, "test_images_outer.pointer", ADDRESS(o[0].pointer), 8, 2, stride);
	check_data(i, "test_images_outer[1].row.pad", ADDRESS(o[1].row[0].pad), 6, ROWS,
		sizeof(struct inner));
	check_data(i, "test_images_outer[0].table[2][3]", WHOLE(o[0].table[2][3]));
	check_data(i, "test_images_outer[0].table[1]", WHOLE(o[0].table[1]));
	check_data(i, "procdata.amt_wanted", 0x7f7fffa00000, 8, 1, 0);
	check_data(i, "vcpd.notif_pending", 0x7f7fffa00000 + 8 + 100, 4, 7, 104);
	check_data(i, "vcpd[2].notif_pending", 0x7f7fffa00000 + 8 + 2 * 104 + 100, 4, 1, 0);
	refuse_data(i, "", "expected a name");
	refuse_data(i, "nowhere", "no variable of this name");
	refuse_data(i, "register_names[1]", "several variables");
	refuse_data(i, "test_images_outer.", "expected a name");
	refuse_data(i, "test_images_outer[2]", "beyond the array's end");
	refuse_data(i, "test_images_outer[x]", "expected a number");
	refuse_data(i, "test_images_outer[1", "expected ]");
	refuse_data(i, "test_images_outer[1]first", "expected . or [");
	refuse_data(i, "test_images_outer[1].none", "no such member");
	refuse_data(i, "test_images_outer[1].first.x", "no structure");
	refuse_data(i, "test_images_outer[1].first[0]", "no array");
	refuse_data(i, "test_images_outer[1].row[0].bits", "bit field");
	refuse_data(i, "test_images_outer.row.pad", "second array");
	refuse_data(i, "procinfo.pid", "neither the image nor the kernel has its type");
	images_destroy(images);
	files_free(&f);
}
END_TEST

START_TEST(fields)
{
	struct files f = files_make();
	struct images *images = load(&f);
	struct data_place place;

	ck_assert(image_field(images_kernel(images), "outer.row[1].small", &place, NULL));
	ck_assert_uint_eq(place.address, offsetof(struct outer, row[1].small));
	ck_assert_uint_eq(place.size, 2);
	ck_assert(image_field(images_kernel(images), "outer", &place, NULL));
	ck_assert_uint_eq(place.size, sizeof(struct outer));
	ck_assert(!image_field(images_kernel(images), "nothing.row", &place, NULL));
	images_destroy(images);
	files_free(&f);
}
END_TEST

START_TEST(broken_archive)
{
	struct files f = files_make();
	struct error e;

	f.boot.modules[0].size -= 8;
	ck_assert_ptr_null(images_load(&f.boot, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "initrd: broken cpio archive"));
	files_free(&f);
}
END_TEST

/* A fault point that does not lie on its NOP. */
START_TEST(overwritten_nop)
{
	struct files f = files_make();
	struct images *images = load(&f);
	const struct fault_place *p = &images_kernel(images)->faults[0];
	struct error e = {""};

	f.self.data[p->file_offset] = 0x90;
	ck_assert_ptr_null(images_load(&f.boot, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "expected the 5-byte NOP"));
	images_destroy(images);
	files_free(&f);
}
END_TEST

START_TEST(parameters)
{
	struct files f = files_make();
	struct images *images = load(&f);
	const struct parameter_list *list = images_program(images, "twin")->parameters;

	ck_assert_uint_eq(list->count, 2);
	ck_assert_str_eq(list->at[0].name, "threads");
	ck_assert_uint_eq(list->at[0].least, 2);
	ck_assert_str_eq(list->at[1].name, "rounds");
	ck_assert_uint_eq(list->at[1].least, 30);
	images_destroy(images);
	files_free(&f);
}
END_TEST

static void break_parameters(struct files *f, const char *with)
{
	const size_t size = sizeof(PARAMETERS);

	for (size_t i = 0; i + size <= f->self.size; i++)
		if (memcmp(f->self.data + i, PARAMETERS, size) == 0)
			memcpy(f->self.data + i, with, size);
}

START_TEST(broken_parameters)
{
	static const char *const texts[] = {
		"threads=>2 rounds>=30",
		"threads>=2 rounds>=3x",
		"threads>=2 rounds>=  ",
		">=00000000000000000002",
		"a>=1 b>=1 c>=1 d>=1 e",
		"threads>=2\0rounds>=30",
	};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		struct files f = files_make();
		struct error e = {""};

		break_parameters(&f, texts[i]);
		ck_assert_ptr_null(images_load(&f.boot, &e));
		ck_assert_ptr_nonnull(strstr(e.text, "program_parameters"));
		files_free(&f);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {programs, symbols_and_lines, probes, fault_points,
		unknown_fault_point, data, fields, broken_archive, overwritten_nop, parameters,
		broken_parameters};

	return unit_run("images", tests, ARRAY_LEN(tests));
}
