#include "sim/replay/race_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/machine/file.h"
#include "sim/symbols/functions.h"

#define FILE_MAX (UINT64_C(1) << 20)

static const char *const kinds[RACE_RULE_KINDS] = {
	[RULE_SYNC] = "sync",
	[RULE_RACY] = "racy",
	[RULE_SEQ_BEGIN] = "seq-begin",
	[RULE_SEQ_END] = "seq-end",
	[RULE_SYNC_DATA] = "sync-data",
	[RULE_RACY_DATA] = "racy-data",
};

/* Room for one more. */
static void *grown(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0) /* full at powers of two, and at 0 */
		return array;
	array = realloc(array, (count != 0 ? 2 * count : 1) * size);
	SIM_ASSERT(array != NULL);
	return array;
}

/* --- reading --- */

static enum race_rule_kind kind_of(const char *word)
{
	for (unsigned i = 1; i < RACE_RULE_KINDS; i++)
		if (strcmp(kinds[i], word) == 0)
			return i;
	return RULE_NONE;
}

/* A line without its end: KIND NAME # why; or empty, or a comment. */
static bool read_line(struct race_rules *r, const struct elf_image *image, const char *line,
	const char *where, struct error *e)
{
	struct race_rule rule = {.image = image};
	char kind[16] = "", why[2] = "";
	int words = sscanf(line, "%15s %95s # %1s", kind, rule.name, why);

	if (words < 1 || kind[0] == '#')
		return true;
	rule.kind = kind_of(kind);
	if (rule.kind == RULE_NONE)
		return fail(e,
			"%s: no rule '%s'; expected sync, racy, seq-begin, seq-end, sync-data or "
			"racy-data",
			where, kind);
	if (words != 3)
		return fail(e, "%s: expected %s NAME # why", where, kind);
	snprintf(rule.where, sizeof(rule.where), "%s", where);
	r->rules = grown(r->rules, r->count, sizeof(rule));
	r->rules[r->count++] = rule;
	return true;
}

static bool read_text(struct race_rules *r, const struct elf_image *image, const char *path,
	const char *text, size_t size, struct error *e)
{
	char line[256], where[160];
	unsigned number = 1;

	for (size_t at = 0; at < size; number++) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end != NULL ? (size_t)(end - text) - at : size - at;

		snprintf(where, sizeof(where), "%s:%u", path, number);
		if (length >= sizeof(line))
			return fail(
				e, "%s: a line of more than %zu bytes", where, sizeof(line) - 1);
		memcpy(line, text + at, length);
		line[length] = '\0';
		if (!read_line(r, image, line, where, e))
			return false;
		at += length + 1;
	}
	return true;
}

static bool read_file(struct race_rules *r, const char *path, struct error *e)
{
	struct blob blob;
	bool good;

	if (!file_read(path, FILE_MAX, &blob, e))
		return false;
	good = read_text(r, NULL, path, (const char *)blob.data, blob.size, e);
	blob_free(&blob);
	return good;
}

static bool read_image(struct race_rules *r, const struct elf_image *image, struct error *e)
{
	char path[128];

	snprintf(path, sizeof(path), "%s:.ringv.races", image->path);
	return read_text(r, image, path, image->race_rules, image->race_rules_size, e);
}

/* --- finding --- */

struct finder {
	struct race_rules *rules;
	const struct elf_image *image;
};

static bool is_for(const struct race_rule *rule, const struct elf_image *image)
{
	return rule->image == NULL || rule->image == image;
}

static bool is_data(const struct race_rule *rule)
{
	return rule->kind == RULE_SYNC_DATA || rule->kind == RULE_RACY_DATA;
}

static void add_code(struct race_rules *r, const struct elf_image *image, uint64_t first,
	uint64_t end, unsigned rule)
{
	r->rules[rule].known = true;
	r->code = grown(r->code, r->code_count, sizeof(r->code[0]));
	r->code[r->code_count++] = (struct race_code){image, first, end, rule};
}

static void on_range(void *context, const char *name, uint64_t first, uint64_t end)
{
	struct finder *f = context;
	struct race_rules *r = f->rules;

	for (unsigned i = 0; i < r->count; i++) {
		struct race_rule *rule = &r->rules[i];

		if (is_data(rule) || !is_for(rule, f->image) || strcmp(rule->name, name) != 0)
			continue;
		add_code(r, f->image, first, end, i);
	}
}

static void find_data(struct race_rules *r, const struct elf_image *image)
{
	struct data_place place;
	struct error unused;

	for (unsigned i = 0; i < r->count; i++) {
		struct race_rule *rule = &r->rules[i];

		if (!is_data(rule) || !is_for(rule, image) ||
			!image_data(image, rule->name, &place, &unused))
			continue;
		rule->known = true;
		r->data = grown(r->data, r->data_count, sizeof(r->data[0]));
		r->data[r->data_count++] = (struct race_data){image, place, i};
	}
}

/* A function in assembly, of which DWARF knows nothing: its symbol, to the next. */
static void find_symbols(struct race_rules *r, const struct elf_image *image)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct race_rule *rule = &r->rules[i];
		struct symbol symbol, at;
		uint64_t end;

		if (is_data(rule) || !is_for(rule, image) || rule->known ||
			!symbols_named(image->symbols, rule->name, &symbol))
			continue;
		end = symbol.address + max_u64(symbol.size, 1);
		while (symbol.size == 0 && symbols_at(image->symbols, end, &at) &&
			at.address == symbol.address && end - symbol.address < PAGE_SIZE)
			end++;
		add_code(r, image, symbol.address, end, i);
	}
}

/* Programs that are linked with a part of a library have all of its rules. */
static bool known_elsewhere(const struct race_rules *r, const struct race_rule *rule)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->rules[i].known && r->rules[i].kind == rule->kind && rule->image != NULL &&
			r->rules[i].image != NULL && r->rules[i].image->user == rule->image->user &&
			strcmp(r->rules[i].name, rule->name) == 0)
			return true;
	return false;
}

static bool all_known(const struct race_rules *r, struct error *e)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct race_rule *rule = &r->rules[i];

		if (!rule->known && !known_elsewhere(r, rule))
			return fail(e, "%s: no image has the %s %s", rule->where,
				is_data(rule) ? "data" : "function", rule->name);
	}
	return true;
}

bool race_rules_load(
	struct race_rules *r, const struct images *images, const char *file, struct error *e)
{
	bool good;

	*r = (struct race_rules){0};
	good = file == NULL || read_file(r, file, e);
	for (size_t i = 0; good && i < images_count(images); i++)
		good = read_image(r, images_at(images, i), e);
	for (size_t i = 0; good && i < images_count(images); i++) {
		struct finder f = {r, images_at(images, i)};

		if (r->count != 0)
			image_functions(f.image, (struct function_listener){&f, on_range});
		find_symbols(r, f.image);
		find_data(r, f.image);
	}
	if (good && all_known(r, e))
		return true;
	race_rules_free(r);
	return false;
}

void race_rules_free(struct race_rules *r)
{
	free(r->rules);
	free(r->code);
	free(r->data);
	*r = (struct race_rules){0};
}

struct race_rule *race_rules_at(
	struct race_rules *r, const struct elf_image *image, uint64_t address)
{
	for (size_t i = r->code_count; i-- > 0;)
		if (r->code[i].image == image && address >= r->code[i].first &&
			address < r->code[i].end)
			return &r->rules[r->code[i].rule];
	return NULL;
}
