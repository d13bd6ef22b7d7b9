/* test_model.c - CPU models: the built-in ones, files, names with changes, and every kind of error;
 * that decoding follows the model. */
#include <stdio.h>
#include <unistd.h>

#include "sim/cpu/decode.h"
#include "sim/cpu/model.h"
#include "tests/unit/unit.h"

static struct cpu_model resolved(const char *name)
{
	struct cpu_model m;
	struct error e = {""};

	ck_assert_msg(model_resolve(name, &m, &e), "%s: %s", name, e.text);
	return m;
}

static void refused(const char *name, const char *message)
{
	struct cpu_model m;
	struct error e = {""};

	ck_assert_msg(!model_resolve(name, &m, &e), "accepted: %s", name);
	ck_assert_str_eq(e.text, message);
}

static void text_refused(const char *text, const char *message)
{
	struct cpu_model m, before;
	struct error e = {""};

	memset(&m, 0x5a, sizeof(m));
	before = m;
	ck_assert_msg(!model_read("m.ini", text, strlen(text), &m, &e), "accepted: %s", text);
	ck_assert_str_eq(e.text, message);
	ck_assert_mem_eq(&m, &before, sizeof(m));
}

START_TEST(built_in_models)
{
	unsigned count = 0;

	for (; model_name(count) != NULL; count++)
		resolved(model_name(count));
	ck_assert_uint_ge(count, 3);
	ck_assert_uint_eq(resolved("ringv-v2").physical_bits, 40);
	ck_assert_uint_eq(
		model_signature(&(struct cpu_model){.family = 6, .model = 0x3a, .stepping = 9}),
		0x306a9);
	ck_assert_uint_eq(
		model_signature(&(struct cpu_model){.family = 0x17, .model = 0x31}), 0x830f10);
	ck_assert(!model_has(
		&(struct cpu_model){.features = resolved("pentium").features}, FEATURE_pae));
}
END_TEST

START_TEST(changes)
{
	struct cpu_model m = resolved("ringv-v2,-sse,+sse3,+ssse3,+sse,+sse2");

	ck_assert(model_has(&m, FEATURE_ssse3));
	m = resolved("ringv-v2,-pae");
	ck_assert(!model_has(&m, FEATURE_lm) && !model_has(&m, FEATURE_syscall));
	ck_assert(model_has(&m, FEATURE_sse2) && model_has(&m, FEATURE_NONE));
	refused("pentium,+ssse3", "CPU model: feature ssse3 needs sse3, which is off");
	refused("ringv-v2,+foo", "unknown feature 'foo'; sim/cpu/features.inc lists them");
	refused("ringv-v2,+", "unknown feature ''; sim/cpu/features.inc lists them");
	refused("ringv-v2,", "'' in the CPU model: expected +FEATURE or -FEATURE");
	refused("ringv-v2,smap", "'smap' in the CPU model: expected +FEATURE or -FEATURE");
	refused("ringv-v3", "unknown CPU model 'ringv-v3': expected one of pentium, ringv-v2, "
			    "x86-64, or a file that ends in .ini");
	refused("/nonexistent/m.ini", "/nonexistent/m.ini: No such file or directory");
}
END_TEST

START_TEST(files)
{
	char name[300] = "";
	struct error e = {""};
	struct cpu_model m;
	FILE *f;

	snprintf(name, sizeof(name), "/tmp/ringv-model-%d.ini", (int)getpid());
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	fputs("[model]\nbase = ringv-v2\nbrand = Mine\n[features]\nsmap = off\n", f);
	fclose(f);
	m = resolved(name);
	ck_assert_str_eq(m.brand, "Mine");
	ck_assert(!model_has(&m, FEATURE_smap) && model_has(&m, FEATURE_smep));
	strcat(name, ",-smep");
	ck_assert(model_pin(name, sizeof(name), &e));
	ck_assert_ptr_nonnull(strstr(name, ".ini@"));
	m = resolved(name);
	ck_assert(!model_has(&m, FEATURE_smep));
	*strchr(name, '@') = '\0';
	f = fopen(name, "a");
	fputs("umip = off\n", f);
	fclose(f);
	name[strlen(name)] = '@';
	ck_assert(!model_resolve(name, &m, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "its digest is"));
	*strchr(name, '@') = '\0';
	ck_assert_int_eq(unlink(name), 0);
}
END_TEST

START_TEST(bad_files)
{
	text_refused("[model]\nfamily = 6\nbase = x86-64\n",
		"m.ini:3: base stands before all else, once");
	text_refused("[model]\nvendor = Intel\n",
		"m.ini:2: vendor = 'Intel': expected 12 ASCII characters");
	text_refused("[model]\nfamily = 2\n", "m.ini:2: family = '2': expected 0x3 to 0x10e");
	text_refused("[model]\nspeed = 2\n",
		"m.ini:2: unknown key 'speed' in [model]: expected base, vendor, brand, family, "
		"model, stepping, max_leaf, max_extended or physical_bits");
	text_refused("[features]\nfoo = on\n",
		"m.ini:2: unknown feature 'foo'; sim/cpu/features.inc lists them");
	text_refused("[features]\nfpu = on\nfpu = off\n", "m.ini:3: fpu is set twice");
	text_refused("[features]\nfpu = yes\n", "m.ini:2: fpu = 'yes': expected on or off");
	text_refused("[features]\nmmx = on\n", "m.ini: feature mmx needs fpu, which is off");
	text_refused("[caches]\nl4 = none\n",
		"m.ini:2: unknown cache 'l4': expected l1d, l1i, l2 or l3");
	text_refused("[caches]\nl2 = 48 KiB, 8 ways\n", "m.ini:2: l2 = '48 KiB, 8 ways': expected "
							"none, or SIZE KiB, N ways with a power of "
							"two of sets of lines of 64 bytes");
	text_refused("[cpu]\nx = 1\n",
		"m.ini:2: unknown section [cpu]: expected [model], [caches] or [features]");
}
END_TEST

/* An encoding whose feature is off does not exist. */
START_TEST(decoding_follows)
{
	static const uint8_t rdtscp[] = {0x0f, 0x01, 0xf9};
	struct feature_set set = feature_set_all();
	struct decoder *with = decoder_create(&set), *without;
	struct insn in;

	feature_set_remove(&set, FEATURE_rdtscp);
	without = decoder_create(&set);
	ck_assert_int_eq(decode(with, CODE_64, rdtscp, 3, 0, &in), DECODE_OK);
	ck_assert_int_eq(decode(without, CODE_64, rdtscp, 3, 0, &in), DECODE_INVALID);
	decoder_destroy(with);
	decoder_destroy(without);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {built_in_models, changes, files, bad_files, decoding_follows};

	return unit_run("model", tests, ARRAY_LEN(tests));
}
