/* Options: defaults, sim.ini, every kind of error. Runs at the root of the project. */
#include "sim/base/config.h"

#include "tests/unit/unit.h"

static bool read_text(struct config *c, const char *text, struct error *e)
{
	return config_read_text(c, "t.ini", text, strlen(text), e);
}

struct text {
	char at[16384];
};

static struct text printed(const struct config *c, enum config_form form)
{
	struct text text = {""};
	FILE *out = fmemopen(text.at, sizeof(text.at), "w");

	config_print(c, form, out);
	fclose(out);
	return text;
}

/* The text is refused with this message, and c is as it was. */
static void refused(const char *text, const char *message)
{
	struct config c, before;
	struct error e = {""};

	config_defaults(&c);
	before = c;
	ck_assert_msg(!read_text(&c, text, &e), "accepted: %s", text);
	ck_assert_str_eq(e.text, message);
	ck_assert_mem_eq(&c, &before, sizeof(c));
}

START_TEST(sim_ini_is_the_defaults)
{
	struct config c, defaults;
	struct error e = {""};
	char text[16384];
	FILE *f = fopen("sim.ini", "r");
	size_t n;

	config_defaults(&defaults);
	memset(&c, 0xff, sizeof(c));
	ck_assert_msg(config_read_file(&c, "sim.ini", &e), "%s", e.text);
	ck_assert_mem_eq(&c, &defaults, sizeof(c)); /* every field: every option is named */
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	ck_assert_str_eq(text, printed(&defaults, CONFIG_INI).at);
}
END_TEST

START_TEST(values)
{
	struct config c;
	struct error e;

	config_defaults(&c);
	ck_assert(read_text(&c,
		"; a comment\n[machine]\ncpus = 64 ; inline\nseed=0xffffffffffffffff\r\n"
		"clock = 2000-02-29T23:59:59\n\n[cpu]\nmodel: x86-64,+smep",
		&e));
	ck_assert_uint_eq(c.machine.cpus, 64);
	ck_assert_uint_eq(c.machine.seed, UINT64_MAX);
	ck_assert_uint_eq(c.machine.clock, 951868799);
	ck_assert_str_eq(c.cpu.model, "x86-64,+smep");
	ck_assert_uint_eq(c.machine.memory_mib, 128);
}
END_TEST

START_TEST(unknown_names)
{
	refused("[machine]\n\nmemory = 3\n",
		"t.ini:3: unknown option 'machine.memory' (did you mean machine.memory_mib?)");
	refused("[machine]\nfoo_bar_baz = 3\n", "t.ini:2: unknown option 'machine.foo_bar_baz'");
	refused("[machin]\ncpus = 3\n", "t.ini:2: unknown section [machin]");
	refused("cpus = 3\n", "t.ini:1: 'cpus' stands before the first [section]");
}
END_TEST

START_TEST(bad_values)
{
	static const char *const bad[] = {
		"0", "65", "-1", "+4", "four", "", "4 4", "0x", "4.0", "99999999999999999999"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char text[100], message[200];

		snprintf(text, sizeof(text), "[machine]\ncpus = %s\n", bad[i]);
		snprintf(message, sizeof(message), "t.ini:2: machine.cpus = '%s': expected 1 to 64",
			bad[i]);
		refused(text, message);
	}
	refused("[cpu]\nmodel = a b\n",
		"t.ini:2: cpu.model = 'a b': expected up to 183 characters, without spaces, "
		"quotes, \\, ; and #");
	refused("[machine]\nmemory_model = ts\n",
		"t.ini:2: machine.memory_model = 'ts': expected one of: sc tso");
}
END_TEST

START_TEST(bad_times)
{
	static const char *const bad[] = {"2026-02-29T00:00:00", "2026-1-01T00:00:00",
		"2026-01-01 00:00:00", "2026-01-01T24:00:00", "1979-12-31T23:59:59",
		"2100-01-01T00:00:00", "2026-01-01T00:00:00Z", "now"};
	struct config c;
	struct error e;

	config_defaults(&c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!config_set(&c, "machine.clock", bad[i], &e), "%s", bad[i]);
	ck_assert(config_set(&c, "machine.clock", "1980-01-01T00:00:00", &e));
	ck_assert(config_set(&c, "machine.clock", "2099-12-31T23:59:59", &e));
}
END_TEST

START_TEST(bad_lines)
{
	char line[400];

	refused("[machine]\ncpus = 2\ncpus = 2\n", "t.ini:3: machine.cpus is set twice");
	refused("[machine]\ncpus\n", "t.ini:2: expected [section] or name = value");
	refused("[machine\ncpus = 2\n", "t.ini:1: expected [section] or name = value");
	refused("[machine]\nwhat\ncpus = 65\n", "t.ini:2: expected [section] or name = value");
	refused("[machine]\ncpus = 2\n hz = 20000000\n",
		"t.ini:3: the line is indented: there are no continuation lines");
	snprintf(line, sizeof(line), "[machine]\ncpus = %0199d\n", 4);
	refused(line, "t.ini:2: the line has more than 198 characters");
	snprintf(line, sizeof(line), "[machine]\n%060d = 4\n", 4);
	refused(line, "t.ini:2: a section or a name has more than 48 characters");
	snprintf(line, sizeof(line), "[%049d]\nx = 4\n", 4);
	refused(line, "t.ini:2: a section or a name has more than 48 characters");
}
END_TEST

START_TEST(longest_lines)
{
	struct config c;
	struct error e;
	char line[400], message[400];

	config_defaults(&c);
	snprintf(line, sizeof(line), "[machine]\ncpus = %0191d\n", 4); /* 198 */
	ck_assert_msg(read_text(&c, line, &e), "%s", e.text);
	ck_assert_uint_eq(c.machine.cpus, 4);
	snprintf(line, sizeof(line), "[machine]\ncpus = %0192d\n", 4);
	refused(line, "t.ini:2: the line has more than 198 characters");
	snprintf(line, sizeof(line), "[machine]\n%048d = 4\n", 4);
	snprintf(message, sizeof(message), "t.ini:2: unknown option 'machine.%048d'", 4);
	refused(line, message);
	snprintf(line, sizeof(line), "[machine]\n%049d = 4\n", 4);
	refused(line, "t.ini:2: a section or a name has more than 48 characters");
}
END_TEST

START_TEST(nul_byte)
{
	static const char text[] = "[machine]\ncpus = 2\0\n";
	struct config c;
	struct error e;

	config_defaults(&c);
	ck_assert(!config_read_text(&c, "t.ini", text, sizeof(text) - 1, &e));
	ck_assert_str_eq(e.text, "t.ini:2: the line has a NUL byte");
}
END_TEST

START_TEST(overrides)
{
	struct config c;
	struct error e;

	config_defaults(&c);
	ck_assert(config_set(&c, "machine.cpus", "4", &e));
	ck_assert_uint_eq(c.machine.cpus, 4);
	ck_assert(!config_set(&c, "machine.cpu", "4", &e));
	ck_assert_str_eq(e.text, "unknown option 'machine.cpu' (did you mean machine.cpus?)");
	ck_assert(!config_set(&c, "achine.cpus", "4", &e));
	ck_assert_str_eq(e.text, "unknown option 'achine.cpus' (did you mean machine.cpus?)");
	ck_assert(!config_set(&c, "machine.cpus", "", &e));
	ck_assert(config_has_section("machine"));
	ck_assert(config_has_section("run"));
	ck_assert(!config_has_section("mach"));
	ck_assert(!config_has_section("scenario"));
	ck_assert(!config_has_section(""));
}
END_TEST

START_TEST(missing_file)
{
	struct config c;
	struct error e;

	config_defaults(&c);
	ck_assert(!config_read_file(&c, "/nonexistent/x.ini", &e));
	ck_assert_str_eq(e.text, "/nonexistent/x.ini: No such file or directory");
	ck_assert(!config_read_file(&c, "/", &e));
}
END_TEST

START_TEST(print_reads_back)
{
	struct config c, again;
	struct error e;

	config_defaults(&c);
	config_defaults(&again);
	ck_assert(read_text(
		&c, "[machine]\ncpus=3\nclock=2031-12-31T01:02:03\n[cpu]\nmodel=x86-64", &e));
	ck_assert(read_text(&again, printed(&c, CONFIG_INI).at, &e));
	ck_assert_mem_eq(&c, &again, sizeof(c));
}
END_TEST

START_TEST(print_json)
{
	struct config c;

	config_defaults(&c);
	ck_assert_str_eq(printed(&c, CONFIG_JSON).at,
		"{\"machine\": {\"cpus\": 1, \"memory_mib\": 128, \"hz\": 1000000000, "
		"\"quantum\": 2000, \"memory_model\": \"sc\", \"clock\": \"2026-01-01T00:00:00\", "
		"\"seed\": 1}, \"tso\": {\"drain\": 100, \"spread\": 0}, \"cpu\": {\"profile\": "
		"\"flat\", \"model\": \"ringv-v2\", "
		"\"pause\": 40}, "
		"\"board\": {\"virtio\": \"pci\", \"virtio_latency\": 10000, "
		"\"framebuffer\": false, \"reset\": \"restart\", "
		"\"triple_fault\": \"stop\"}, "
		"\"record\": {\"window\": 1000000}, \"oracle\": {\"period\": 100000, "
		"\"patience\": 5000000, \"livelock\": 50000000, \"races\": false, "
		"\"race_rules\": \"none\"}, \"run\": {\"max_insns\": 0}}\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {sim_ini_is_the_defaults, values, unknown_names, bad_values,
		bad_times, bad_lines, longest_lines, nul_byte, overrides, missing_file,
		print_reads_back, print_json};

	return unit_run("config", tests, ARRAY_LEN(tests));
}
