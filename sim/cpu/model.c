#include "sim/cpu/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/hash.h"
#include "sim/base/ini.h"

#define MODEL_FILE_MAX 65536 /* bytes */
#define MODEL_PATH_MAX 160

/* The files of sim/cpu/models, as the build finds them. */
static const struct builtin {
	const char *name, *text;
} builtins[] = {
#include "sim/cpu/models.inc"
};

const char *model_name(unsigned index)
{
	return index < ARRAY_LEN(builtins) ? builtins[index].name : NULL;
}

static const struct builtin *builtin_find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (strlen(builtins[i].name) == length &&
			memcmp(builtins[i].name, name, length) == 0)
			return &builtins[i];
	return NULL;
}

static bool unknown_model(const char *name, size_t length, struct error *e)
{
	char names[200] = "";

	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			i == 0 ? "" : ", ", builtins[i].name);
	return fail(e, "unknown CPU model '%.*s': expected one of %s, or a file that ends in .ini",
		(int)min_u64(length, MODEL_NAME_MAX), name, names);
}

/* --- values --- */

static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long v;

	if (digits[0] == '\0' ||
		digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")] != '\0')
		return false;
	errno = 0;
	v = strtoull(digits, NULL, hex ? 16 : 10);
	if (errno != 0 || v < min || v > max)
		return false;
	*value = (uint32_t)v;
	return true;
}

static const struct number_key {
	const char *name;
	size_t offset; /* in struct cpu_model */
	uint32_t min, max;
	bool zero; /* or 0 */
} number_keys[] = {
	{"family", offsetof(struct cpu_model, family), 3, 0x10e, false},
	{"model", offsetof(struct cpu_model, model), 0, 0xff, false},
	{"stepping", offsetof(struct cpu_model, stepping), 0, 15, false},
	{"max_leaf", offsetof(struct cpu_model, max_leaf), 1, 0x16, false},
	{"max_extended", offsetof(struct cpu_model, max_extended), 0x80000001, 0x80000008, true},
	{"physical_bits", offsetof(struct cpu_model, physical_bits), 32, 40, false},
};

static bool set_number(
	struct cpu_model *m, const struct number_key *k, const char *text, struct error *e)
{
	uint32_t *field = (uint32_t *)(void *)((char *)m + k->offset);

	if (k->zero && strcmp(text, "0") == 0) {
		*field = 0;
		return true;
	}
	if (parse_number(text, k->min, k->max, field))
		return true;
	return fail(e, "%s = '%.40s': expected %s%#x to %#x", k->name, text,
		k->zero ? "0, or " : "", k->min, k->max);
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool set_vendor(struct cpu_model *m, const char *text, struct error *e)
{
	if (strlen(text) != sizeof(m->vendor) - 1 || !is_printable(text))
		return fail(e, "vendor = '%.40s': expected 12 ASCII characters", text);
	memcpy(m->vendor, text, sizeof(m->vendor));
	return true;
}

static bool set_brand(struct cpu_model *m, const char *text, struct error *e)
{
	if (strlen(text) >= sizeof(m->brand) || !is_printable(text))
		return fail(e, "brand = '%.60s': expected up to 48 ASCII characters", text);
	memset(m->brand, 0, sizeof(m->brand));
	memcpy(m->brand, text, strlen(text));
	return true;
}

/* --- sections --- */

struct reading {
	struct cpu_model model;
	bool based, begun;      /* base comes before all else */
	struct feature_set set; /* features that the file has named */
	unsigned depth;         /* how many models are based on this one */
};

#define DEPTH_MAX 4

static bool read_builtin(
	const struct builtin *b, unsigned depth, struct cpu_model *model, struct error *e);

static bool set_base(struct reading *r, const char *name, struct error *e)
{
	const struct builtin *b = builtin_find(name, strlen(name));

	if (r->begun || r->based)
		return fail(e, "base stands before all else, once");
	if (b == NULL)
		return unknown_model(name, strlen(name), e);
	if (r->depth == DEPTH_MAX)
		return fail(e, "base = '%s': too many models are based on each other", name);
	r->based = true;
	return read_builtin(b, r->depth + 1, &r->model, e);
}

static bool model_entry(struct reading *r, const struct ini_line *line, struct error *e)
{
	if (strcmp(line->name, "base") == 0)
		return set_base(r, line->value, e);
	r->begun = true;
	if (strcmp(line->name, "vendor") == 0)
		return set_vendor(&r->model, line->value, e);
	if (strcmp(line->name, "brand") == 0)
		return set_brand(&r->model, line->value, e);
	for (size_t i = 0; i < ARRAY_LEN(number_keys); i++)
		if (strcmp(line->name, number_keys[i].name) == 0)
			return set_number(&r->model, &number_keys[i], line->value, e);
	return fail(e,
		"unknown key '%s' in [model]: expected base, vendor, brand, family, model, "
		"stepping, max_leaf, max_extended or physical_bits",
		line->name);
}

static bool is_power_of_2(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* SIZE KiB, N ways; a size of 0 is no cache. The sets are a power of two, as all caches have it. */
static bool cache_entry(struct reading *r, const struct ini_line *line, struct error *e)
{
	static const char *const names[MODEL_CACHES] = {"l1d", "l1i", "l2", "l3"};
	struct model_cache c = {0, 0};
	char end;

	for (unsigned i = 0; i < MODEL_CACHES; i++) {
		if (strcmp(line->name, names[i]) != 0)
			continue;
		if (strcmp(line->value, "none") != 0 &&
			(strlen(line->value) > 30 ||
				sscanf(line->value, "%7" SCNu32 " KiB, %3" SCNu32 " ways%c", &c.kib,
					&c.ways, &end) != 2 ||
				c.kib == 0 || c.ways == 0 ||
				(c.kib * 1024) % (c.ways * MODEL_CACHE_LINE) != 0 ||
				!is_power_of_2(c.kib * 1024 / (c.ways * MODEL_CACHE_LINE))))
			return fail(e,
				"%s = '%.40s': expected none, or SIZE KiB, N ways with a power "
				"of two of sets of lines of 64 bytes",
				line->name, line->value);
		r->model.caches[i] = c;
		return true;
	}
	return fail(e, "unknown cache '%s': expected l1d, l1i, l2 or l3", line->name);
}

static bool unknown_feature(const char *name, size_t length, struct error *e)
{
	return fail(e, "unknown feature '%.*s'; sim/cpu/features.inc lists them",
		(int)min_u64(length, MODEL_NAME_MAX), name);
}

static bool feature_entry(struct reading *r, const struct ini_line *line, struct error *e)
{
	enum cpu_feature f = feature_find(line->name, strlen(line->name));

	if (f == FEATURE_NONE)
		return unknown_feature(line->name, strlen(line->name), e);
	if (feature_has(&r->set, f))
		return fail(e, "%s is set twice", line->name);
	feature_set_add(&r->set, f);
	if (strcmp(line->value, "on") == 0)
		feature_set_add(&r->model.features, f);
	else if (strcmp(line->value, "off") == 0)
		feature_set_remove(&r->model.features, f);
	else
		return fail(e, "%s = '%.40s': expected on or off", line->name, line->value);
	return true;
}

static bool entry(void *context, const struct ini_line *line, struct error *e)
{
	struct reading *r = context;

	if (strcmp(line->section, "model") == 0)
		return model_entry(r, line, e);
	r->begun = true;
	if (strcmp(line->section, "caches") == 0)
		return cache_entry(r, line, e);
	if (strcmp(line->section, "features") == 0)
		return feature_entry(r, line, e);
	return fail(
		e, "unknown section [%s]: expected [model], [caches] or [features]", line->section);
}

/* --- whole models --- */

/* Nothing is on without what it needs. */
static bool check_needs(const struct cpu_model *m, struct error *e)
{
	for (unsigned f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
		enum cpu_feature needs = feature_row(f)->needs;

		if (feature_has(&m->features, f) && !feature_has(&m->features, needs))
			return fail(e, "feature %s needs %s, which is off", feature_row(f)->name,
				feature_row(needs)->name);
	}
	return true;
}

static bool read_text(const char *file, const char *text, size_t length, unsigned depth,
	struct cpu_model *model, struct error *e)
{
	struct reading r = {
		.model = {.vendor = "GenuineIntel",
			.family = 6,
			.max_leaf = 1,
			.physical_bits = 36,
			.features = feature_set_empty()},
		.depth = depth,
		.set = feature_set_empty(),
	};
	struct error why;

	if (!ini_read_text(file, text, length, entry, &r, e))
		return false;
	if (!check_needs(&r.model, &why))
		return fail(e, "%s: %s", file, why.text);
	*model = r.model;
	return true;
}

static bool read_builtin(
	const struct builtin *b, unsigned depth, struct cpu_model *model, struct error *e)
{
	return read_text(b->name, b->text, strlen(b->text), depth, model, e);
}

bool model_read(
	const char *file, const char *text, size_t length, struct cpu_model *model, struct error *e)
{
	return read_text(file, text, length, 0, model, e);
}

/* --- names --- */

/* What a name consists of. */
struct spec {
	char path[MODEL_PATH_MAX];
	bool is_file;
	const char *digest;  /* behind the @, or NULL */
	const char *changes; /* from the first comma on */
};

#define DIGEST_DIGITS 16

static bool ends_in_ini(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && strcmp(path + n - 4, ".ini") == 0;
}

static bool parse_spec(const char *text, struct spec *s, struct error *e)
{
	size_t n = strcspn(text, ",");
	char *at;

	if (n >= sizeof(s->path))
		return fail(e, "the name of a CPU model has more than %d characters",
			MODEL_PATH_MAX - 1);
	memcpy(s->path, text, n);
	s->path[n] = '\0';
	s->changes = text + n;
	s->digest = NULL;
	at = strrchr(s->path, '@');
	if (at != NULL && strlen(at + 1) == DIGEST_DIGITS) {
		*at = '\0';
		s->digest = at + 1;
	}
	s->is_file = strchr(s->path, '/') != NULL || ends_in_ini(s->path);
	return true;
}

static char *load_file(const char *path, size_t *length, struct error *e)
{
	FILE *f = fopen(path, "rb");
	char *text;

	if (f == NULL) {
		fail(e, "%s: %s", path, strerror(errno));
		return NULL;
	}
	text = malloc(MODEL_FILE_MAX);
	SIM_ASSERT(text != NULL);
	*length = fread(text, 1, MODEL_FILE_MAX, f);
	if (ferror(f) || *length == MODEL_FILE_MAX) {
		fail(e, "%s: %s", path, ferror(f) ? strerror(errno) : "too large for a CPU model");
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static void digest_text(const char *text, size_t length, char digits[DIGEST_DIGITS + 1])
{
	snprintf(digits, DIGEST_DIGITS + 1, "%016" PRIx64, hash_bytes(text, length, 0));
}

static bool resolve_file(const struct spec *s, struct cpu_model *model, struct error *e)
{
	char digits[DIGEST_DIGITS + 1];
	size_t length;
	char *text = load_file(s->path, &length, e);
	bool good;

	if (text == NULL)
		return false;
	digest_text(text, length, digits);
	if (s->digest != NULL && strcmp(s->digest, digits) != 0)
		good = fail(e, "%s: its digest is %s; the run was made with %s", s->path, digits,
			s->digest);
	else
		good = model_read(s->path, text, length, model, e);
	free(text);
	return good;
}

static bool apply_changes(const char *changes, struct cpu_model *model, struct error *e)
{
	struct error why;

	while (*changes == ',') {
		size_t n = strcspn(++changes, ",");
		enum cpu_feature f;

		if (*changes != '+' && *changes != '-')
			return fail(e, "'%.*s' in the CPU model: expected +FEATURE or -FEATURE",
				(int)min_u64(n, MODEL_NAME_MAX), changes);
		f = feature_find(changes + 1, n - 1);
		if (f == FEATURE_NONE)
			return unknown_feature(changes + 1, n - 1, e);
		if (*changes == '+')
			feature_set_add(&model->features, f);
		else
			feature_set_remove(&model->features, f);
		changes += n;
	}
	if (!check_needs(model, &why))
		return fail(e, "CPU model: %s", why.text);
	return true;
}

bool model_resolve(const char *text, struct cpu_model *model, struct error *e)
{
	const struct builtin *b;
	struct spec s;

	if (!parse_spec(text, &s, e))
		return false;
	if (s.is_file) {
		if (!resolve_file(&s, model, e))
			return false;
		return apply_changes(s.changes, model, e);
	}
	b = builtin_find(s.path, strlen(s.path));
	if (b == NULL)
		return unknown_model(s.path, strlen(s.path), e);
	return read_builtin(b, 0, model, e) && apply_changes(s.changes, model, e);
}

bool model_pin(char *text, size_t room, struct error *e)
{
	char digits[DIGEST_DIGITS + 1], pinned[MODEL_PATH_MAX + 512];
	size_t length;
	struct spec s;
	char *file;

	if (!parse_spec(text, &s, e))
		return false;
	if (!s.is_file || s.digest != NULL)
		return true;
	file = load_file(s.path, &length, e);
	if (file == NULL)
		return false;
	digest_text(file, length, digits);
	free(file);
	if ((size_t)snprintf(pinned, sizeof(pinned), "%s@%s%s", s.path, digits, s.changes) >= room)
		return fail(e, "the name of the CPU model is too long with its digest");
	strcpy(text, pinned);
	return true;
}

void model_of_everything(struct cpu_model *model)
{
	struct error e;

	if (!model_resolve("ringv-v2", model, &e))
		SIM_ASSERT(!"the built-in models are good");
	model->features = feature_set_all();
}

uint32_t model_signature(const struct cpu_model *m)
{
	uint32_t family = m->family > 15 ? 15 : m->family;

	return m->stepping | (m->model & 15) << 4 | family << 8 | (m->model >> 4) << 16 |
	       (m->family - family) << 20;
}
