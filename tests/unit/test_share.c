/* A folder of the host, read into memory, and the 9P server that shows it to a guest. */
#include <sys/stat.h>
#include <unistd.h>

#include "sim/machine/tree.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_driver.h"

#define SLOT_SHARE  9
#define REQUEST     DRIVER_DATA
#define ANSWER      (DRIVER_DATA + 0x2000)
#define ANSWER_ROOM 0x4000
#define NO_TAG      0xffff
#define BIG         20000

enum { RLERROR = 7, TLOPEN = 12, TLCREATE = 14, TREADLINK = 22, TGETATTR = 24, TREADDIR = 40 };
enum { TXATTRWALK = 30, TVERSION = 100, TATTACH = 104, TWALK = 110, TREAD = 116, TCLUNK = 120 };

static char root[] = "/tmp/ringv-share-XXXXXX";
static struct share tree;
static struct machine *m;
static struct driver d;

/* --- a folder: b (a file), a/deep (a big one), l (a link to b) --- */

static void write_file(const char *name, size_t size)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	ck_assert(file != NULL);
	for (size_t i = 0; i < size; i++)
		fputc("0123456789"[i % 10], file);
	fclose(file);
	ck_assert(chmod(path, 0640) == 0);
}

static void run_in_root(const char *command)
{
	char line[600];

	snprintf(line, sizeof(line), "cd %s && %s", root, command);
	ck_assert_int_eq(system(line), 0);
}

static void make_folder(void)
{
	struct error e = {""};

	ck_assert(mkdtemp(root) != NULL);
	run_in_root("mkdir a && chmod 755 a && ln -s b l");
	write_file("b", 25);
	write_file("a/deep", BIG);
	ck_assert_msg(tree_read(root, &tree, &e), "%s", e.text);
}

static void remove_folder(void)
{
	run_in_root("rm -r *");
	ck_assert(rmdir(root) == 0);
}

/* --- messages --- */

static uint8_t message[512], answer[ANSWER_ROOM];
static size_t length;

static void put(uint64_t value, unsigned bytes)
{
	memcpy(message + length, &value, bytes);
	length += bytes;
}

static void put_text(const char *text)
{
	put(strlen(text), 2);
	memcpy(message + length, text, strlen(text));
	length += strlen(text);
}

static uint64_t get(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, answer + 7 + at, bytes);
	return value;
}

static void begin(uint8_t type)
{
	length = 4;
	put(type, 1);
	put(7, 2); /* tag */
}

/* Sends what was put, in a chain of three; the type of the answer. */
static uint8_t ask(void)
{
	uint32_t size = (uint32_t)length, used;
	struct buffer b[] = {
		{REQUEST, 9, false}, {REQUEST + 9, size - 9, false}, {ANSWER, ANSWER_ROOM, true}};

	memcpy(message, &size, 4);
	set_memory(m, REQUEST, message, length);
	used = driver_ask(&d, 0, b, 3);
	ck_assert(phys_read(&m->mem, ANSWER, answer, used));
	ck_assert_uint_eq(memory32(m, ANSWER), used);
	ck_assert_uint_eq(answer[5], 7);
	return answer[4];
}

static void refused(unsigned error)
{
	ck_assert_uint_eq(ask(), RLERROR);
	ck_assert_uint_eq(get(0, 4), error);
}

static void served(void)
{
	ck_assert_uint_eq(ask(), message[4] + 1u);
}

static void begin_fid(uint8_t type, uint32_t fid)
{
	begin(type);
	put(fid, 4);
}

static void begin_walk(uint32_t from, uint32_t to, unsigned count, const char *const *names)
{
	begin_fid(TWALK, from);
	put(to, 4);
	put(count, 2);
	for (unsigned i = 0; i < count; i++)
		put_text(names[i]);
}

static void walk(uint32_t from, uint32_t to, const char *name)
{
	begin_walk(from, to, name != NULL, &name);
	served();
	ck_assert_uint_eq(get(0, 2), name != NULL);
}

static void open_fid(uint32_t fid)
{
	begin_fid(TLOPEN, fid);
	put(0, 4);
	served();
}

static void begin_read(uint8_t type, uint32_t fid, uint64_t offset, uint32_t size)
{
	begin_fid(type, fid);
	put(offset, 8);
	put(size, 4);
}

static void make(bool mmio)
{
	make_folder();
	m = driver_machine(mmio, 1);
	machine_add_share(m, &tree);
	driver_find(&d, m, SLOT_SHARE);
	driver_start(&d, 1);
	begin(TVERSION);
	put(0x2000, 4);
	put_text("9P2000.L");
	served();
	begin_fid(TATTACH, 0);
	put(UINT32_MAX, 4);
	put_text("root");
	put_text("");
	put(0, 4);
	served();
	ck_assert_uint_eq(get(0, 1), 0x80);
}

static void unmake(void)
{
	machine_destroy(m);
	tree_free(&tree);
	remove_folder();
}

/* --- tests --- */

START_TEST(tree_is_sorted)
{
	const char *const names[] = {"", "a", "b", "l", "deep"};
	struct digest before;
	struct error e;

	make_folder();
	ck_assert_uint_eq(tree.count, ARRAY_LEN(names));
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_str_eq(tree.nodes[i].name, names[i]);
	ck_assert_uint_eq(tree_size(&tree), 25 + BIG + 1);
	ck_assert_uint_eq(tree.nodes[2].mode, SHARE_FILE | 0640);
	ck_assert_mem_eq(tree.nodes[3].data, "b", 1);
	before = tree_digest(&tree);
	tree_free(&tree);
	run_in_root("touch -d 2001-01-01 b");
	ck_assert(tree_read(root, &tree, &e));
	ck_assert(digest_equal(before, tree_digest(&tree)));
	tree_free(&tree);
	run_in_root("mv b c");
	ck_assert(tree_read(root, &tree, &e));
	ck_assert(!digest_equal(before, tree_digest(&tree)));
	tree_free(&tree);
	remove_folder();
}
END_TEST

START_TEST(bad_trees)
{
	struct error e = {""};

	make_folder();
	tree_free(&tree);
	run_in_root("mkfifo a/pipe");
	ck_assert(!tree_read(root, &tree, &e));
	ck_assert(strstr(e.text, "neither a folder, a file nor a symbolic link") != NULL);
	ck_assert(!tree_read("/dev/null", &tree, &e));
	ck_assert(strstr(e.text, "not a folder") != NULL);
	remove_folder();
	ck_assert(!tree_read(root, &tree, &e));
}
END_TEST

START_TEST(reads_files)
{
	const char *const deep[] = {"a", "deep"};

	make(_i);
	begin_walk(0, 1, 2, deep);
	served();
	ck_assert_uint_eq(get(0, 2), 2);
	begin_fid(TGETATTR, 1);
	put(0x7ff, 8);
	served();
	ck_assert_uint_eq(get(21, 4), SHARE_FILE | 0640);
	ck_assert_uint_eq(get(49, 8), BIG);
	begin_read(TREAD, 1, 0, 100);
	refused(9); /* not open */
	open_fid(1);
	begin_read(TREAD, 1, BIG - 15, 100);
	served();
	ck_assert_uint_eq(get(0, 4), 15);
	ck_assert_mem_eq(answer + 11, "567890123456789", 15);
	begin_read(TREAD, 1, BIG + 1, 100);
	served();
	ck_assert_uint_eq(get(0, 4), 0);
	begin_read(TREAD, 1, 0, UINT32_MAX);
	served(); /* as much as there is room for */
	ck_assert_uint_eq(get(0, 4), ANSWER_ROOM - 11);
	walk(0, 2, "l");
	begin_fid(TREADLINK, 2);
	served();
	ck_assert_mem_eq(answer + 7, "\1\0b", 3);
	unmake();
}
END_TEST

/* The names of a folder, from an entry on, in answers of so many bytes. */
static unsigned list(uint32_t fid, uint32_t size, char *names)
{
	unsigned count = 0;
	uint64_t next = 0;

	for (*names = '\0';; strcat(names, "/")) {
		unsigned at = 4;

		begin_read(TREADDIR, fid, next, size);
		served();
		if (get(0, 4) == 0)
			return count;
		for (; at < 4 + get(0, 4); count++) {
			unsigned name = (unsigned)get(at + 22, 2);

			next = get(at + 13, 8);
			strncat(names, (char *)answer + 7 + at + 24, name);
			at += 24 + name;
		}
	}
}

START_TEST(lists_folders)
{
	char names[100];

	make(_i);
	walk(0, 1, NULL);
	open_fid(1);
	ck_assert_uint_eq(list(1, 1000, names), 5);
	ck_assert_str_eq(names, "...abl/");
	ck_assert_uint_eq(list(1, 52, names), 5);
	ck_assert_str_eq(names, ".../ab/l/");
	begin_read(TREAD, 1, 0, 10);
	refused(21);
	walk(0, 2, "a");
	walk(2, 2, "..");
	open_fid(2);
	ck_assert_uint_eq(list(2, 1000, names), 5);
	unmake();
}
END_TEST

START_TEST(refuses)
{
	const char *const gone[] = {"a", "gone"};

	make(_i);
	begin_walk(0, 1, 2, gone);
	served();
	ck_assert_uint_eq(get(0, 2), 1); /* and fid 1 is none */
	begin_fid(TCLUNK, 1);
	refused(9);
	begin_walk(0, 1, 1, gone + 1);
	refused(2);
	walk(0, 1, "b");
	begin_walk(0, 1, 0, NULL);
	refused(9); /* fid 1 is in use */
	begin_walk(1, 2, 1, gone);
	refused(2); /* in what is no folder */
	begin_fid(TLOPEN, 1);
	put(1, 4);
	refused(30);
	begin_fid(TLCREATE, 0);
	refused(30);
	begin_fid(TXATTRWALK, 0);
	refused(95);
	begin(TREAD);
	put(0, 3);
	refused(71); /* too short */
	for (uint32_t i = 2; i < VIRTIO_9P_FIDS; i++)
		walk(0, i, NULL);
	begin_walk(0, NO_TAG, 0, NULL);
	refused(23);
	unmake();
}
END_TEST

START_TEST(session_is_truth)
{
	static const struct virtio_9p_fids none;
	struct digest before;

	make(_i);
	before = machine_digest(m);
	m->share.fids.at[0].open = 1;
	ck_assert(!digest_equal(before, machine_digest(m)));
	virtio_9p_fids_ops.reset(&m->share.fids);
	ck_assert_mem_eq(&m->share.fids, &none, sizeof(none));
	unmake();
}
END_TEST

int main(void)
{
	const struct unit_repeated tests[] = {/* twice: for both transports */
		{tree_is_sorted, 1}, {bad_trees, 1}, {reads_files, 2}, {lists_folders, 2},
		{refuses, 2}, {session_is_truth, 2}};

	return unit_run_repeated("share", tests, ARRAY_LEN(tests));
}
