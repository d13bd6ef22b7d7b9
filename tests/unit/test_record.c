/* test_record.c - a recording comes back as it was written, and any other bytes do not. */
#include <unistd.h>

#include "sim/replay/record.h"
#include "tests/unit/unit.h"

static struct recording example(void)
{
	struct recording r = {.version = "0",
		.build = "b",
		.config = "c",
		.command_line = "line",
		.program = "p",
		.schedule = "do irq 1 at f"};
	static struct recorded_input inputs[] = {{5, 0, 'x'}, {5, 1, 'y'}, {900, 1, 'z'}};
	static struct digest links[] = {{1, 2}, {3, 4}, {5, 6}};

	r.image = (struct recorded_file){"/image", 77, {8, 9}};
	r.module_count = 1;
	r.modules[0] = (struct recorded_file){"/module", 78, {10, 11}};
	r.share = (struct recorded_file){"/share", 79, {14, 15}};
	r.inputs = inputs;
	r.input_count = ARRAY_LEN(inputs);
	r.chain = (struct chain){.window = 300, .count = ARRAY_LEN(links), .links = links};
	r.steps = 1000;
	r.events = 4;
	r.stop = STOP_EXIT;
	r.status = 3;
	r.end = (struct digest){12, 13};
	r.core_count = 2;
	r.cores[1] = (struct recorded_core){400, 399, 401};
	return r;
}

static struct blob write_example(const struct recording *r)
{
	struct blob blob;
	struct error e;
	char path[] = "/tmp/ringv-test-XXXXXX";

	close(mkstemp(path));
	ck_assert_msg(record_write(r, path, &e), "%s", e.text);
	ck_assert(file_read(path, 1 << 20, &blob, &e));
	remove(path);
	return blob;
}

static bool reads(const struct blob *b, size_t size)
{
	struct recording r;
	struct error e = {""};
	bool good = record_read_memory(&r, "test", b->data, size, &e);

	if (good)
		recording_free(&r);
	else
		ck_assert_str_ne(e.text, "");
	return good;
}

START_TEST(comes_back)
{
	struct recording want = example(), r;
	struct blob b = write_example(&want);
	struct error e;

	ck_assert_msg(record_read_memory(&r, "test", b.data, b.size, &e), "%s", e.text);
	ck_assert_str_eq(r.command_line, "line");
	ck_assert_str_eq(r.modules[0].path, "/module");
	ck_assert_uint_eq(r.image.digest.high, 9);
	ck_assert_str_eq(r.share.path, "/share");
	ck_assert_uint_eq(r.input_count, 3);
	ck_assert_uint_eq(r.inputs[2].steps, 900);
	ck_assert_uint_eq(r.chain.count, 3);
	ck_assert_uint_eq(r.chain.links[2].high, 6);
	ck_assert_uint_eq(r.status, 3);
	ck_assert_uint_eq(r.cores[1].cycle, 401);
	recording_free(&r);
	blob_free(&b);
}
END_TEST

START_TEST(truncated_or_altered)
{
	struct recording want = example();
	struct blob b = write_example(&want);

	ck_assert(reads(&b, b.size));
	for (size_t size = 0; size < b.size; size++)
		ck_assert(!reads(&b, size));
	for (size_t i = 0; i < b.size; i++) {
		b.data[i] ^= 0x10;
		ck_assert_msg(!reads(&b, b.size), "byte %zu", i);
		b.data[i] ^= 0x10;
	}
	blob_free(&b);
}
END_TEST

START_TEST(inconsistent)
{
	struct recording r = example();
	struct blob b;

	r.steps = 10; /* three windows of 300 do not fit */
	b = write_example(&r);
	ck_assert(!reads(&b, b.size));
	blob_free(&b);
	r = example();
	r.inputs[0].steps = 6; /* after the second */
	b = write_example(&r);
	ck_assert(!reads(&b, b.size));
	blob_free(&b);
	r.inputs[0].steps = 5;
}
END_TEST

START_TEST(another_build)
{
	struct recording r = example();
	struct session s;
	struct error e = {""};

	ck_assert(!record_session(&r, "x.rec", &s, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "x.rec: was recorded by ringv 0, build b; this is"));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		comes_back, truncated_or_altered, inconsistent, another_build};

	return unit_run("record", tests, ARRAY_LEN(tests));
}
