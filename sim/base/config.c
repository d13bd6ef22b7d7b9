#include "sim/base/config.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "sim/base/ini.h"

enum option_type { INTEGER, BOOLEAN, CHOICE, TIME, TEXT };

struct option {
	const char *key;
	enum option_type type;
	size_t offset; /* of a uint64_t in struct config, or of a TEXT's bytes */
	uint64_t preset, min, max;
	const char *unit;    /* or "" */
	const char *choices; /* of CHOICE: the words for 0, 1, ..., with spaces between; of TEXT:
			      * the default */
	const char *help;
};

#define AT(field)        offsetof(struct config, field)
#define CLOCK_2026_01_01 1767225600 /* 2026-01-01T00:00:00 */
#define CLOCK_MIN        315532800  /* 1980-01-01T00:00:00 */
#define CLOCK_MAX        4102444799 /* 2099-12-31T23:59:59 */

/* clang-format off */
static const struct option options[] = {
	{ "machine.cpus", INTEGER, AT(machine.cpus), 1, 1, 64, "pcores", NULL,
	  "logical processors of the machine" },
	{ "machine.memory_mib", INTEGER, AT(machine.memory_mib), 128, 2, 65536, "MiB", NULL,
	  "guest-physical memory" },
	{ "machine.hz", INTEGER, AT(machine.hz), 1000000000, 10000000, 10000000000, "cycles/s", NULL,
	  "frequency of the machine's clock: the TSC, the APIC timers and all else count it" },
	{ "machine.quantum", INTEGER, AT(machine.quantum), 2000, 1, 1000000, "cycles", NULL,
	  "how far a pcore may run ahead of the others" },
	{ "machine.memory_model", CHOICE, AT(machine.memory_model), MEMORY_MODEL_SC, 0, 0, "",
	  "sc tso", "sc: sequential consistency; tso: each pcore has a store buffer, as on x86" },
	{ "machine.clock", TIME, AT(machine.clock), CLOCK_2026_01_01, CLOCK_MIN, CLOCK_MAX, "UTC",
	  NULL, "what the CMOS clock says at power-on" },
	{ "machine.seed", INTEGER, AT(machine.seed), 1, 0, UINT64_MAX, "", NULL,
	  "decides every random number of the run" },
	{ "tso.drain", INTEGER, AT(tso.drain), 100, 0, 1000000000, "cycles", NULL,
	  "how long a store stays in a store buffer, unless it must leave (memory model tso)" },
	{ "tso.spread", INTEGER, AT(tso.spread), 0, 0, 1000000000, "cycles", NULL,
	  "so much longer at most, drawn for each store from the seed" },
	{ "cpu.profile", CHOICE, AT(cpu.profile), CPU_PROFILE_FLAT, 0, 0, "", "flat",
	  "timing; flat: each step costs one cycle" },
	{ "cpu.model", TEXT, AT(cpu.model), 0, 0, 0, "", "ringv-v2",
	  "what the cores are; ,+FEATURE and ,-FEATURE may follow" },
	{ "cpu.pause", INTEGER, AT(cpu.pause), 40, 1, 10000, "cycles", NULL,
	  "what a PAUSE costs, whatever the profile" },
	{ "board.virtio", CHOICE, AT(board.virtio), VIRTIO_TRANSPORT_PCI, 0, 0, "", "pci mmio",
	  "how virtio devices are reached" },
	{ "board.virtio_latency", INTEGER, AT(board.virtio_latency), 10000, 1, 1000000000000, "cycles",
	  NULL, "from a request to a virtio device, or its answer to the one before, to the answer" },
	{ "board.framebuffer", BOOLEAN, AT(board.framebuffer), 0, 0, 1, "", NULL,
	  "a display with a linear framebuffer is on the PCI bus" },
	{ "board.reset", CHOICE, AT(board.reset), RESET_RESTART, 0, 0, "", "restart stop",
	  "restart: a reset starts the BIOS again, and ends the run where there is none" },
	{ "board.triple_fault", CHOICE, AT(board.triple_fault), TRIPLE_FAULT_STOP, 0, 0, "",
	  "stop reset", "reset: as a PC does; stop: it ends the run, with a report" },
	{ "record.window", INTEGER, AT(record.window), 1000000, 1, UINT64_MAX, "steps", NULL,
	  "from one digest of the machine to the next" },
	{ "oracle.period", INTEGER, AT(oracle.period), 100000, 1, UINT64_MAX, "steps", NULL,
	  "from one look of the oracles at the machine to the next" },
	{ "oracle.patience", INTEGER, AT(oracle.patience), 5000000, 1, UINT64_MAX, "cycles", NULL,
	  "without a sign of life, after which who waits does so for ever" },
	{ "oracle.livelock", INTEGER, AT(oracle.livelock), 50000000, 1, UINT64_MAX, "steps", NULL,
	  "without progress of a program that has the probe" },
	{ "oracle.races", BOOLEAN, AT(oracle.races), 0, 0, 1, "", NULL,
	  "look for data races, at every access; it takes time" },
	{ "oracle.race_rules", TEXT, AT(oracle.race_rules), 0, 0, 0, "", "none",
	  "file of race rules, beside those of the images; none: there is none" },
	{ "run.max_insns", INTEGER, AT(run.max_insns), 0, 0, UINT64_MAX, "instructions", NULL,
	  "all pcores together retire no more than this; 0: no limit" },
};
/* clang-format on */

#define KEY_MAX 104 /* section, dot, name, NUL: inih's limits are below 50 each */

static uint64_t *option_value(struct config *c, const struct option *o)
{
	return (uint64_t *)((char *)c + o->offset);
}

static char *option_text(struct config *c, const struct option *o)
{
	return (char *)c + o->offset;
}

void config_defaults(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];

		if (o->type == TEXT)
			strcpy(option_text(c, o), o->choices);
		else
			*option_value(c, o) = o->preset;
	}
}

static bool is_preset(const struct config *c, const struct option *o)
{
	if (o->type == TEXT)
		return strcmp(option_text((struct config *)c, o), o->choices) == 0;
	return *option_value((struct config *)c, o) == o->preset;
}

/* Copies word n (0, 1, ...) of a list of words; false when there are fewer. */
static bool choice_word(const char *choices, uint64_t n, char word[32])
{
	for (; n > 0; n--) {
		choices = strchr(choices, ' ');
		if (choices == NULL)
			return false;
		choices++;
	}
	snprintf(word, 32, "%.*s", (int)strcspn(choices, " "), choices);
	return true;
}

static void time_text(uint64_t seconds, char text[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
}

/* What config_print writes and config_set reads back. */
static void value_text(const struct option *o, uint64_t value, char text[32])
{
	bool known = true;

	switch (o->type) {
	case INTEGER:
		snprintf(text, 32, "%" PRIu64, value);
		break;
	case BOOLEAN:
		strcpy(text, value ? "on" : "off");
		break;
	case CHOICE:
		known = choice_word(o->choices, value, text);
		break;
	case TIME:
		time_text(value, text);
		break;
	case TEXT:
		known = false; /* has no number */
		break;
	}
	SIM_ASSERT(known);
}

static const char *current_text(const struct config *c, const struct option *o, char text[32])
{
	if (o->type == TEXT)
		return option_text((struct config *)c, o);
	value_text(o, *option_value((struct config *)c, o), text);
	return text;
}

static const char *preset_text(const struct option *o, char text[32])
{
	if (o->type == TEXT)
		return o->choices;
	value_text(o, o->preset, text);
	return text;
}

static bool parse_integer(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	char *end;

	if (digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")] != '\0' ||
		digits[0] == '\0')
		return false;
	errno = 0;
	*value = strtoull(digits, &end, hex ? 16 : 10);
	return errno == 0;
}

static bool parse_boolean(const char *text, uint64_t *value)
{
	*value = strcmp(text, "on") == 0;
	return *value || strcmp(text, "off") == 0;
}

static bool parse_choice(const char *choices, const char *text, uint64_t *value)
{
	char word[32];

	for (*value = 0; choice_word(choices, *value, word); ++*value)
		if (strcmp(word, text) == 0)
			return true;
	return false;
}

/* The text must be the one that its own value prints as: no 31st of April, no missing digit. */
static bool parse_time(const char *text, uint64_t *value)
{
	struct tm tm = {0};
	char again[32];
	time_t seconds;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm);
	if (seconds < 0)
		return false;
	*value = (uint64_t)seconds;
	time_text(*value, again);
	return strcmp(text, again) == 0;
}

static bool parse_value(const struct option *o, const char *text, uint64_t *value)
{
	switch (o->type) {
	case INTEGER:
		return parse_integer(text, value);
	case BOOLEAN:
		return parse_boolean(text, value);
	case CHOICE:
		return parse_choice(o->choices, text, value);
	case TIME:
		return parse_time(text, value);
	case TEXT:
		break;
	}
	return false;
}

/* What an ini file gives back as it was written, on a line of its own. */
static bool is_plain_text(const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if (text[n] <= ' ' || text[n] > '~' || strchr("\"\\;#", text[n]) != NULL)
			return false;
	return n != 0 && n < CONFIG_TEXT_SIZE;
}

/* What an option takes, for messages and for the documentation of sim.ini. */
static void range_text(const struct option *o, char text[96])
{
	char min[32], max[32];

	switch (o->type) {
	case BOOLEAN:
		strcpy(text, "on or off");
		return;
	case CHOICE:
		snprintf(text, 96, "one of: %s", o->choices);
		return;
	case TEXT:
		snprintf(text, 96, "up to %d characters, without spaces, quotes, \\, ; and #",
			CONFIG_TEXT_SIZE - 1);
		return;
	case INTEGER:
	case TIME:
		value_text(o, o->min, min);
		value_text(o, o->max, max);
		snprintf(text, 96, "%s to %s", min, max);
	}
}

static bool option_set(struct config *c, const struct option *o, const char *text, struct error *e)
{
	uint64_t value = 0;
	char range[96];

	if (o->type == TEXT && is_plain_text(text)) {
		memset(option_text(c, o), 0, CONFIG_TEXT_SIZE);
		strcpy(option_text(c, o), text);
		return true;
	}
	if (!parse_value(o, text, &value) ||
		(o->type != CHOICE && (value < o->min || value > o->max))) {
		range_text(o, range);
		return fail(e, "%s = '%.60s': expected %s", o->key, text, range);
	}
	*option_value(c, o) = value;
	return true;
}

/* How many single-character edits turn a into b (Levenshtein). */
static unsigned edits(const char *a, const char *b)
{
	unsigned row[KEY_MAX + 1];
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned cost = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = (unsigned)min_u64(cost, min_u64(row[j] + 1, row[j + 1] + 1));
		}
	}
	return row[n];
}

static bool unknown_option(const char *key, struct error *e)
{
	const char *nearest = NULL;
	unsigned best = 5; /* further away it is no typing mistake */

	for (size_t i = 0; strlen(key) < KEY_MAX && i < ARRAY_LEN(options); i++) {
		unsigned n = edits(options[i].key, key);

		if (n < best) {
			best = n;
			nearest = options[i].key;
		}
	}
	if (nearest != NULL)
		return fail(e, "unknown option '%.60s' (did you mean %s?)", key, nearest);
	return fail(e, "unknown option '%.60s'", key);
}

static const struct option *option_find(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strcmp(options[i].key, key) == 0)
			return &options[i];
	return NULL;
}

bool config_set(struct config *c, const char *key, const char *value, struct error *e)
{
	const struct option *o = option_find(key);

	return o != NULL ? option_set(c, o, value, e) : unknown_option(key, e);
}

bool config_has_section(const char *section)
{
	size_t n = strlen(section);

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strncmp(options[i].key, section, n) == 0 && options[i].key[n] == '.')
			return true;
	return false;
}

struct reading {
	struct config config;
	bool seen[ARRAY_LEN(options)];
};

static bool entry_set(void *context, const struct ini_line *line, struct error *e)
{
	struct reading *r = context;
	const struct option *o;
	char key[KEY_MAX];

	if (line->section[0] == '\0')
		return fail(e, "'%s' stands before the first [section]", line->name);
	snprintf(key, sizeof(key), "%s.%s", line->section, line->name);
	o = option_find(key);
	if (o == NULL && !config_has_section(line->section))
		return fail(e, "unknown section [%s]", line->section);
	if (o == NULL)
		return unknown_option(key, e);
	if (r->seen[o - options])
		return fail(e, "%s is set twice", key);
	r->seen[o - options] = true;
	return option_set(&r->config, o, line->value, e);
}

bool config_read_text(
	struct config *c, const char *file, const char *text, size_t length, struct error *e)
{
	struct reading r = {.config = *c};

	if (!ini_read_text(file, text, length, entry_set, &r, e))
		return false;
	*c = r.config;
	return true;
}

bool config_read_file(struct config *c, const char *path, struct error *e)
{
	struct reading r = {.config = *c};

	if (!ini_read_file(path, entry_set, &r, e))
		return false;
	*c = r.config;
	return true;
}

static size_t section_length(const struct option *o)
{
	return strcspn(o->key, ".");
}

/* Does row i begin a section? Rows of a section stand together. */
static bool section_begins(size_t i)
{
	size_t n = section_length(&options[i]);

	return i == 0 || strncmp(options[i].key, options[i - 1].key, n + 1) != 0;
}

static void print_ini(const struct config *c, FILE *out)
{
	char value[32], preset[32], range[96];

	fputs("# Every option of ringv with its unit, range and default.\n", out);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];
		int n = (int)section_length(o);

		if (section_begins(i))
			fprintf(out, "\n[%.*s]\n", n, o->key);
		range_text(o, range);
		fprintf(out, "# %s\n# %s%s%s; default %s\n%s = %s\n", o->help, range,
			o->unit[0] != '\0' ? " " : "", o->unit, preset_text(o, preset),
			o->key + n + 1, current_text(c, o, value));
	}
}

static void print_changes(const struct config *c, FILE *out)
{
	char value[32];
	bool begun = false;

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];
		int n = (int)section_length(o);

		begun = begun && !section_begins(i);
		if (is_preset(c, o))
			continue;
		if (!begun)
			fprintf(out, "\n[%.*s]\n", n, o->key);
		begun = true;
		fprintf(out, "%s = %s\n", o->key + n + 1, current_text(c, o, value));
	}
}

static void print_json(const struct config *c, FILE *out)
{
	const char *quote, *text;
	char value[32];

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];
		int n = (int)section_length(o);

		if (section_begins(i))
			fprintf(out, "%s\"%.*s\": {", i == 0 ? "{" : "}, ", n, o->key);
		else
			fputs(", ", out);
		text = current_text(c, o, value);
		if (o->type == BOOLEAN)
			text = strcmp(text, "on") == 0 ? "true" : "false";
		quote = o->type == INTEGER || o->type == BOOLEAN ? "" : "\"";
		fprintf(out, "\"%s\": %s%s%s", o->key + n + 1, quote, text, quote);
	}
	fputs("}}\n", out);
}

void config_print(const struct config *c, enum config_form form, FILE *out)
{
	if (form == CONFIG_JSON)
		print_json(c, out);
	else if (form == CONFIG_CHANGES)
		print_changes(c, out);
	else
		print_ini(c, out);
}
