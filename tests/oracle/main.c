/* main.c - runs every row and form of the decode table on the host and on ringv, and reports. */
#include "tests/oracle/compare.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define CASES_AN_ENCODING 50
#define ALL_WAYS          25 /* one case in so many */
#define SHOWN             3

struct options {
	uint64_t cases; /* of each shape */
	uint64_t seed;
	const char *row; /* only rows of that name */
	bool json, list, coverage;
	unsigned part, parts; /* of the table: the first is 1 */
};

struct totals {
	uint64_t rows, shapes, forms, encodings, cases, faults, differences, shadowed;
	uint64_t in_mode[3]; /* cases, by enum code_mode */
};

struct oracle {
	struct options options;
	struct rng rng;
	struct model *model;
	struct memory memory;
	struct case_maker maker;
	struct totals total, row;
	unsigned next_slot;
};

/* --- one case --- */

static void print_bytes(const struct code *c)
{
	for (unsigned i = 0; i < c->len; i++)
		fprintf(stderr, "%02x%s", c->bytes[i], i + 1 < c->len ? " " : "");
}

static void show_x87(const struct fx_image *fx)
{
	fprintf(stderr, "  fcw %04x fsw %04x ftw %02x", fx->fcw, fx->fsw, fx->ftw);
	for (unsigned i = 0; i < 8; i++)
		fprintf(stderr, "%s %04x:%016" PRIx64, i == 4 ? "\n   " : "",
			(unsigned)fx->st[i].q[1], fx->st[i].q[0]);
	fprintf(stderr, "\n");
}

static void show(struct oracle *o, const struct code *c, const struct regs *in, const char *how,
	const struct difference *d)
{
	char form[32];

	if (o->row.differences++ >= SHOWN)
		return;
	form_name(c->form, form, sizeof(form));
	fprintf(stderr, "%s %s (%s): ", c->form->row->name, c->form->row->operands_text, form);
	print_bytes(c);
	fprintf(stderr, ": %s: %s: host %#" PRIx64 ", ringv %#" PRIx64 "\n ", how, d->field,
		d->host, d->model);
	for (unsigned i = 0; i < 16; i++)
		fprintf(stderr, " %" PRIx64, in->gpr[i]);
	fprintf(stderr, " flags %" PRIx64 " mxcsr %x\n", in->rflags, in->fx.mxcsr);
	if (row_has_kind(c->form->row, "T"))
		show_x87(&in->fx);
	if (row_has_kind(c->form->row, "VWU"))
		for (unsigned i = 0; i < 2; i++) {
			unsigned reg = i == 0 ? c->reg : c->rm;

			if (reg != NO_REG)
				fprintf(stderr, "  xmm%u %016" PRIx64 " %016" PRIx64 "\n", reg,
					in->fx.xmm[reg].q[1], in->fx.xmm[reg].q[0]);
		}
}

/* Three runs: with all caches dropped, counting steps; then twice from the caches. Most cases of an
 * encoding need no more than the second, which counts steps then. */
static bool run_model(struct oracle *o, const struct code *c, const struct regs *in,
	const struct outcome *host, bool in_all_ways)
{
	static const char *const how[] = {"caches dropped", "cached", "cached again"};
	uint64_t steps = 0;
	bool half = host->vector != NO_VECTOR && stores_half(c->form->row);

	if (in_all_ways)
		model_drop_caches(o->model);
	for (unsigned run = in_all_ways ? 0 : 1; run < (in_all_ways ? 3 : 2); run++) {
		const char *refused = NULL;
		struct outcome model;
		struct difference d;

		if (run > 0 && in_all_ways)
			memory_restore_model(&o->memory);
		if (!model_run(o->model, in, c->len, &steps, &model, &refused)) {
			snprintf(d.field, sizeof(d.field), "refused: %.20s", refused);
			d.host = d.model = 0;
			show(o, c, in, how[run], &d);
			return false;
		}
		if (outcomes_differ(c, in, host, &model, &d) ||
			(!half && memory_differs(&o->memory, &d))) {
			if (!undefined_result(c, in))
				show(o, c, in, how[run], &d);
			return false;
		}
	}
	return !half;
}

static void run_case(struct oracle *o, const struct code *c, uint64_t slot, bool in_all_ways)
{
	struct outcome host;
	struct regs in;

	case_make(&o->maker, c, slot, &in);
	if (in_all_ways)
		memory_save(&o->memory);
	host_run(&in, slot, c->len, &host);
	if (!run_model(o, c, &in, &host, in_all_ways))
		memory_level(&o->memory);
	o->row.cases++;
	o->row.in_mode[c->form->mode]++;
	o->row.faults += host.vector != NO_VECTOR;
}

/* --- encodings, forms, rows --- */

#define SLOTS (CODE_PAGES * PAGE_SIZE / SLOT_SIZE - 1) /* the last has the ways out of an LDT */

/* Every eighth slot lies so that its instruction may cross the first page's end. */
static uint64_t take_slot(struct oracle *o)
{
	unsigned slot = o->next_slot++ % SLOTS;

	if (slot % 8 == 7)
		return CODE_LA + PAGE_SIZE - SLOT_INSN - 1 - draw(&o->rng, 8);
	return CODE_LA + slot * SLOT_SIZE;
}

/* Another row may own the encoding: XCHG with rAX and REX.B, say. */
static bool is_of_row(const struct oracle *o, const struct code *c)
{
	struct insn in;
	enum decode_end end = decode(model_decoder(o->model), c->form->mode, c->bytes + c->lead,
		c->len - c->lead, 0, &in);

	if (end == DECODE_INVALID)
		return c->form->lock;
	return end == DECODE_OK && in.row == c->form->index && in.len == c->len - c->lead;
}

static void run_encoding(struct oracle *o, const struct form *s, uint64_t cases)
{
	static const uint8_t branch[] = {0xeb, 0xfe}; /* ends the block, and is never run */
	uint64_t slot = take_slot(o);
	struct code c;

	code_encode(s, slot + SLOT_INSN, &o->rng, &c);
	if (!is_of_row(o, &c)) {
		o->row.shadowed++;
		return;
	}
	host_write_code(slot, &c);
	model_write_code(o->model, slot + SLOT_INSN, c.bytes, c.len);
	model_write_code(o->model, slot + SLOT_INSN + c.len, branch, sizeof(branch));
	o->row.encodings++;
	for (uint64_t i = 0; i < cases; i++)
		run_case(o, &c, slot, i % ALL_WAYS == 0);
}

static void run_form(struct oracle *o, const struct form *s, uint64_t cases)
{
	uint64_t before = o->row.cases, tried = 0;

	o->row.forms++;
	while (o->row.cases - before < cases && tried++ < cases)
		run_encoding(o, s, min_u64(CASES_AN_ENCODING, cases - (o->row.cases - before)));
	if (o->row.cases == before && cases != 0) {
		char name[32];

		form_name(s, name, sizeof(name));
		printf("no encoding decodes to %s %s (%s)\n", s->row->name, s->row->operands_text,
			name);
		o->row.differences++;
	}
}

/* LOCK with a register is always #UD, and a signal takes the time of several cases. */
static unsigned form_weight(const struct form *s)
{
	return s->lock && s->rm <= RM_REG ? 1 : 16;
}

/* All forms of the shape of the first that is not done. */
static void run_shape(struct oracle *o, const struct form *forms, unsigned count, bool *done)
{
	unsigned first = 0, whole = 0;

	while (done[first])
		first++;
	for (unsigned i = first; i < count; i++)
		if (form_same_shape(&forms[i], &forms[first]))
			whole += form_weight(&forms[i]);
	for (unsigned i = first; i < count; i++) {
		if (!form_same_shape(&forms[i], &forms[first]))
			continue;
		run_form(o, &forms[i],
			(o->options.cases * form_weight(&forms[i]) + whole - 1) / whole);
		done[i] = true;
	}
	o->row.shapes++;
}

static bool all_done(const bool *done, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!done[i])
			return false;
	return true;
}

static void add_totals(struct totals *to, const struct totals *t)
{
	to->rows += t->cases != 0;
	to->shapes += t->shapes;
	to->forms += t->forms;
	to->encodings += t->encodings;
	to->cases += t->cases;
	to->faults += t->faults;
	to->differences += t->differences;
	to->shadowed += t->shadowed;
}

static void row_title(const struct row *row, char *title, size_t size)
{
	char extension[8] = "";

	if (row->extension != ANY)
		snprintf(extension, sizeof(extension), row->extension < 8 ? "/%d" : "/%02x",
			row->extension);
	snprintf(title, size, "%s%02" PRIx32 "%s %s %s",
		row->attributes & P66   ? "66 "
		: row->attributes & PF3 ? "f3 "
		: row->attributes & PF2 ? "f2 "
					: "",
		row->opcode, extension, row->name, row->operands_text);
}

static void report_row(const struct oracle *o, const struct row *row, const char *excluded)
{
	const struct totals *t = &o->row;
	char title[64];

	row_title(row, title, sizeof(title));
	if (o->options.json)
		printf("{\"row\": \"%s\", \"forms\": %" PRIu64 ", \"encodings\": %" PRIu64
		       ", \"cases\": %" PRIu64 ", \"faults\": %" PRIu64
		       ", \"differences\": %" PRIu64 ", \"excluded\": \"%s\"},\n",
			title, t->forms, t->encodings, t->cases, t->faults, t->differences,
			excluded == NULL ? "" : excluded);
	else if (excluded != NULL)
		printf("%-32s %s\n", title, excluded);
	else
		printf("%-32s %3" PRIu64 " %7" PRIu64 " %9" PRIu64 " %8" PRIu64 " %5" PRIu64 "\n",
			title, t->forms, t->encodings, t->cases, t->faults, t->differences);
	fflush(stdout);
}

/* A row of docs/isa-coverage.md. */
static void cover_row(const struct oracle *o, const struct row *row, const char *excluded)
{
	const struct totals *t = &o->row;
	char title[64];

	row_title(row, title, sizeof(title));
	printf("| `%s` | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64
	       " | %s%s%s |\n",
		title, t->shapes, t->in_mode[CODE_64], t->in_mode[CODE_32], t->in_mode[CODE_16],
		t->faults,
		excluded == NULL ? "host" : "not the host: ", excluded == NULL ? "" : excluded,
		row_elsewhere(row));
	fflush(stdout);
}

static unsigned all_forms(struct oracle *o, uint16_t index, struct form *forms)
{
	static const struct {
		enum code_mode mode;
		bool ldt;
	} modes[] = {{CODE_64, false}, {CODE_32, false}, {CODE_32, true}, {CODE_16, true}};
	const struct decoder *d = model_decoder(o->model);
	unsigned count = 0;

	for (size_t m = 0; m < ARRAY_LEN(modes); m++)
		if (row_exclusion(decoder_row(d, index), modes[m].mode) == NULL)
			count += forms_of(d, index, modes[m].mode, modes[m].ldt, forms + count);
	return count;
}

static void run_row(struct oracle *o, uint16_t index)
{
	const struct row *row = decoder_row(model_decoder(o->model), index);
	const char *excluded = row_exclusion(row, row->attributes & ONLY64 ? CODE_64 : CODE_32);
	struct form forms[4 * FORMS_MAX];
	bool done[4 * FORMS_MAX] = {false};
	unsigned count;

	if (o->options.row != NULL && !row_is(row, o->options.row))
		return;
	o->row = (struct totals){0};
	count = all_forms(o, index, forms);
	while (!all_done(done, count))
		run_shape(o, forms, count, done);
	add_totals(&o->total, &o->row);
	if (o->options.coverage)
		cover_row(o, row, excluded);
	else if (o->options.list || o->row.differences != 0)
		report_row(o, row, excluded);
}

/* --- the whole --- */

static void report_undefined(void)
{
	const char *names, *when;
	uint64_t flags;

	printf("\nstatus flags left undefined, and not compared:\n");
	for (size_t i = 0; undefined_rule(i, &names, &flags, &when); i++)
		printf("  %-26s%s%s%s%s%s%s  %s\n", names, flags & RFLAGS_OF ? " OF" : "",
			flags & RFLAGS_SF ? " SF" : "", flags & RFLAGS_ZF ? " ZF" : "",
			flags & RFLAGS_AF ? " AF" : "", flags & RFLAGS_PF ? " PF" : "",
			flags & RFLAGS_CF ? " CF" : "", when);
	printf("  SHLD and SHRD by more than the operand size: nothing is compared\n");
}

static void report_places(const struct oracle *o)
{
	static const char *const names[PLACEMENTS] = {"inside a page", "up to a page end",
		"across a page end", "across into a hole", "in a hole", "read-only",
		"across into read-only", "just behind a hole", "not canonical"};

	printf("\nmemory operands by register:\n");
	for (unsigned i = 0; i < PLACEMENTS; i++)
		printf("  %-22s %10" PRIu64 "\n", names[i], o->maker.placed[i]);
}

static int report(const struct oracle *o)
{
	const struct totals *t = &o->total;
	FILE *out = stdout;

	if (o->options.json) {
		printf("{\"rows\": %" PRIu64 ", \"forms\": %" PRIu64 ", \"encodings\": %" PRIu64
		       ", \"cases\": %" PRIu64 ", \"faults\": %" PRIu64
		       ", \"differences\": %" PRIu64 "}]\n",
			t->rows, t->forms, t->encodings, t->cases, t->faults, t->differences);
		return t->differences != 0;
	}
	if (o->options.list) {
		report_undefined();
		report_places(o);
	}
	if (o->options.coverage)
		out = stderr;
	fprintf(out, "%s oracle/host x%" PRIu64 "\n", t->differences == 0 ? "ok" : "not ok",
		t->shapes);
	fprintf(out,
		"# %" PRIu64 " rows, %" PRIu64 " shapes, %" PRIu64 " forms, %" PRIu64
		" encodings, %" PRIu64 " cases (%" PRIu64 " faulting), %" PRIu64 " differences\n",
		t->rows, t->shapes, t->forms, t->encodings, t->cases, t->faults, t->differences);
	return t->differences != 0;
}

static void open_memory(struct oracle *o)
{
	static const unsigned mapped[] = {PAGE_A, PAGE_B, PAGE_C, PAGE_READ_ONLY};

	for (unsigned i = 0; i < ARRAY_LEN(mapped); i++)
		o->memory.model[mapped[i]] = model_data(o->model, DATA_AT(mapped[i]));
	o->maker =
		(struct case_maker){.rng = &o->rng, .write = memory_write, .context = &o->memory};
}

static int usage(void)
{
	fprintf(stderr,
		"usage: oracle [--cases N] [--row NAME] [--part K/N] [--seed N] [--list] [--json] "
		"[--coverage]\n"
		"  --cases     of each encoding and operand shape (default 10000)\n"
		"  --row       only rows of that mnemonic\n"
		"  --part      of N parts of the table the Kth\n"
		"  --list      a line for each row, and what is left undefined\n"
		"  --json      the same as a JSON array\n"
		"  --coverage  the table of docs/isa-coverage.md\n");
	return SIM_USAGE;
}

static bool read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {{"cases", required_argument, NULL, 'c'},
		{"seed", required_argument, NULL, 's'}, {"row", required_argument, NULL, 'r'},
		{"list", no_argument, NULL, 'l'}, {"json", no_argument, NULL, 'j'},
		{"coverage", no_argument, NULL, 'v'}, {"part", required_argument, NULL, 'p'}, {0}};
	int option;

	*options = (struct options){.cases = 10000, .seed = 1, .part = 1, .parts = 1};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'c')
			options->cases = strtoull(optarg, NULL, 0);
		else if (option == 's')
			options->seed = strtoull(optarg, NULL, 0);
		else if (option == 'r')
			options->row = optarg;
		else if (option == 'l')
			options->list = true;
		else if (option == 'v')
			options->coverage = true;
		else if (option == 'p' &&
			 sscanf(optarg, "%u/%u", &options->part, &options->parts) != 2)
			return false;
		else if (option == 'p')
			continue;
		else if (option == 'j')
			options->json = options->list = true;
		else
			return false;
	}
	return optind == argc && options->part - 1 < options->parts;
}

static void run_part(struct oracle *o)
{
	size_t rows = decoder_row_count(), parts = o->options.parts;

	for (size_t i = rows * (o->options.part - 1) / parts; i < rows * o->options.part / parts;
		i++)
		run_row(o, (uint16_t)i);
}

int main(int argc, char **argv)
{
	struct oracle *o = calloc(1, sizeof(*o));
	int result;

	SIM_ASSERT(o != NULL);
	if (!read_options(argc, argv, &o->options))
		return usage();
	host_init();
	o->rng = rng_from(stream_seed(o->options.seed, "oracle"));
	o->model = model_create();
	open_memory(o);
	if (o->options.json)
		printf("[\n");
	run_part(o);
	result = report(o);
	if (o->total.rows == 0 && o->options.cases != 0) {
		fprintf(stderr, "oracle: no row of that name that the host can run\n");
		result = SIM_USAGE;
	}
	model_destroy(o->model);
	free(o);
	return result;
}
