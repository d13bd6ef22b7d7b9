#include "sim/debug/trace.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>

struct trace {
	struct machine *machine;
	struct trace_filter filter;
	const struct symbols *symbols;
	struct watch *watch;
	bool started;
	FILE *out;
	struct disassembler *disassembler;
	bool inside[MACHINE_CPUS_MAX]; /* the instruction that this core makes passes the filter */
};

static const char *const kind_names[TRACE_KINDS] = {
	[TRACE_INSN] = "insn",
	[TRACE_ACCESS] = "access",
	[TRACE_INTERRUPT] = "interrupt",
	[TRACE_EXCEPTION] = "exception",
	[TRACE_PROBE] = "probe",
};

/* --- filters --- */

struct trace_filter trace_everything(void)
{
	return (struct trace_filter){.cpu = TRACE_ALL_CPUS, .kinds = (1u << TRACE_KINDS) - 1};
}

bool trace_filter_kind(struct trace_filter *f, const char *name, struct error *e)
{
	for (unsigned i = 0; i < TRACE_KINDS; i++) {
		if (strcmp(name, kind_names[i]) == 0) {
			f->kinds |= 1u << i;
			return true;
		}
	}
	return fail(
		e, "--trace-kind %s: expected insn, access, interrupt, exception or probe", name);
}

static bool parse_range(const char *text, uint64_t *first, uint64_t *last)
{
	char *end;

	*first = strtoull(text, &end, 16);
	if (end == text || *end != '-')
		return false;
	text = end + 1;
	*last = strtoull(text, &end, 16);
	return end != text && *end == '\0' && *first <= *last;
}

bool trace_filter_range(
	struct trace_filter *f, const struct symbols *s, const char *text, struct error *e)
{
	uint64_t first, last;
	struct symbol symbol;

	if (f->range_count == TRACE_RANGES_MAX)
		return fail(e, "more than %d functions or ranges to trace", TRACE_RANGES_MAX);
	if (symbols_named(s, text, &symbol)) {
		first = symbol.address;
		last = symbol.address + symbol.size - 1;
	} else if (!parse_range(text, &first, &last)) {
		return fail(e,
			"--trace-function %s: neither a function of the image nor FROM-TO in "
			"hexadecimal",
			text);
	}
	f->ranges[f->range_count].first = first;
	f->ranges[f->range_count++].last = last;
	return true;
}

bool trace_filter_probe(
	struct trace_filter *f, const struct images *images, const char *pattern, struct error *e)
{
	bool any = false;

	if (f->probe_count == TRACE_PROBES_MAX)
		return fail(e, "more than %d patterns of probes to trace", TRACE_PROBES_MAX);
	for (size_t i = 0; i < images_count(images); i++) {
		const struct elf_image *image = images_at(images, i);

		for (size_t k = 0; k < image->probe_count; k++)
			any |= fnmatch(pattern, image->probes[k].name, 0) == 0;
	}
	if (!any)
		return fail(e,
			"--trace-probe %s: no image has such a probe; `ringv info` lists them",
			pattern);
	f->probes[f->probe_count++] = pattern;
	return true;
}

static bool probe_wanted(const struct trace *t, const char *name)
{
	for (unsigned i = 0; i < t->filter.probe_count; i++)
		if (fnmatch(t->filter.probes[i], name, 0) == 0)
			return true;
	return t->filter.probe_count == 0;
}

static bool kind_wanted(const struct trace *t, enum trace_kind kind)
{
	return t->filter.kinds >> kind & 1;
}

static bool place_wanted(const struct trace *t, uint64_t rip)
{
	for (unsigned i = 0; i < t->filter.range_count; i++)
		if (rip >= t->filter.ranges[i].first && rip <= t->filter.ranges[i].last)
			return true;
	return t->filter.range_count == 0;
}

/* --- lines --- */

static void head(struct trace *t, const struct vcpu *c, const char *kind)
{
	fprintf(t->out, "%" PRIu64 " %" PRIu64 " c%u %s ", machine_steps_now(t->machine, c->id),
		c->arch.cycle, c->id, kind);
}

/* The image and what was named come first, then the program that the core runs. */
static void place(struct trace *t, const struct vcpu *c, uint64_t rip)
{
	char text[512] = "";

	if (t->symbols != NULL)
		symbols_print(t->symbols, rip, t->filter.source, text, sizeof(text));
	if (t->watch != NULL && text[0] == '\0')
		watch_place(t->watch, c->id, rip, t->filter.source, text, sizeof(text));
	fprintf(t->out, "%#" PRIx64 "%s%s", rip, text[0] != '\0' ? " " : "", text);
}

static void trace_insn(void *context, struct vcpu *c)
{
	struct trace *t = context;
	char text[160];

	t->inside[c->id] = place_wanted(t, c->arch.rip);
	if (!t->inside[c->id] || !kind_wanted(t, TRACE_INSN))
		return;
	head(t, c, "insn");
	place(t, c, c->arch.rip);
	disassemble(t->disassembler, c, c->arch.rip, text, sizeof(text));
	fprintf(t->out, ": %s\n", text);
}

static void trace_access(void *context, struct vcpu *c, enum access how, uint64_t la, uint64_t pa,
	unsigned size, uint64_t value)
{
	static const char *const names[] = {
		[ACCESS_READ] = "read", [ACCESS_WRITE] = "write", [ACCESS_FETCH] = "fetch"};
	struct trace *t = context;

	if (!t->inside[c->id])
		return;
	head(t, c, names[how]);
	fprintf(t->out, "la=%#" PRIx64 " pa=%#" PRIx64 " size=%u value=%#" PRIx64 "\n", la, pa,
		size, value);
}

static void trace_interrupt(void *context, struct vcpu *c, unsigned vector)
{
	struct trace *t = context;

	head(t, c, "interrupt");
	fprintf(t->out, "vector=%u to ", vector);
	place(t, c, c->arch.rip);
	putc('\n', t->out);
}

static void trace_exception(void *context, struct vcpu *c, unsigned vector, uint32_t error)
{
	static const char *const names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
		"#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM"};
	struct trace *t = context;

	head(t, c, "exception");
	fprintf(t->out, "%s vector=%u error=%#x cr2=%#" PRIx64 " to ",
		vector < ARRAY_LEN(names) ? names[vector] : "?", vector, error, c->arch.cr2);
	place(t, c, c->arch.rip);
	putc('\n', t->out);
}

/* PROCESS:vVCORE, or - where no process owns the core. */
static void owner(struct trace *t, const struct probe_hit *hit)
{
	const char *name = identity_name(watch_identity(t->watch), hit->pid);

	if (hit->pid == 0)
		fprintf(t->out, "- ");
	else
		fprintf(t->out, "%s:v%d ", name != NULL ? name : "?", hit->vcoreid);
}

static void arguments(struct trace *t, const struct probe_hit *hit)
{
	for (unsigned i = 0; i < hit->arg_count; i++) {
		int64_t value = hit->args[i];

		fprintf(t->out, i == 0 ? "" : ", ");
		if (value > -65536 && value < 65536)
			fprintf(t->out, "%" PRId64, value);
		else
			fprintf(t->out, "%#" PRIx64, (uint64_t)value);
	}
}

static void trace_probe(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct trace *t = context;
	char text[512];

	if (!t->started || hit->probe == NULL || !probe_wanted(t, hit->probe->name) ||
		!place_wanted(t, hit->rip) ||
		(t->filter.cpu != TRACE_ALL_CPUS && t->filter.cpu != hit->core))
		return;
	head(t, &m->cores[hit->core], "probe");
	owner(t, hit);
	fprintf(t->out, "%s(", hit->probe->name);
	arguments(t, hit);
	symbols_print(hit->image->symbols, hit->rip, true, text, sizeof(text));
	fprintf(t->out, ") %#" PRIx64 " %s\n", hit->rip, text);
}

/* --- life --- */

struct trace *trace_create(struct machine *m, const struct trace_filter *f,
	const struct symbols *symbols, struct watch *watch, FILE *out)
{
	struct trace *t = calloc(1, sizeof(*t));

	SIM_ASSERT(t != NULL);
	t->machine = m;
	t->filter = *f;
	t->symbols = symbols;
	t->watch = watch;
	t->out = out;
	t->disassembler = disassembler_create();
	if (watch != NULL && kind_wanted(t, TRACE_PROBE))
		watch_add(watch, (struct watch_listener){t, trace_probe});
	return t;
}

static void set_watch(struct trace *t, const struct cpu_watch *watch)
{
	struct machine *m = t->machine;

	for (unsigned i = 0; i < m->cpu_count; i++) {
		if (t->filter.cpu != TRACE_ALL_CPUS && t->filter.cpu != i)
			continue;
		m->cores[i].watch = *watch;
		cpu_watch_changed(&m->cores[i]);
	}
}

void trace_start(struct trace *t)
{
	struct cpu_watch watch = {.context = t};

	if (kind_wanted(t, TRACE_INSN) || kind_wanted(t, TRACE_ACCESS))
		watch.insn = trace_insn;
	if (kind_wanted(t, TRACE_ACCESS))
		watch.access = trace_access;
	if (kind_wanted(t, TRACE_INTERRUPT))
		watch.interrupt = trace_interrupt;
	if (kind_wanted(t, TRACE_EXCEPTION))
		watch.exception = trace_exception;
	set_watch(t, &watch);
	t->started = true;
}

void trace_stop(struct trace *t)
{
	struct cpu_watch nothing = {0};

	set_watch(t, &nothing);
	t->started = false;
}

void trace_destroy(struct trace *t)
{
	if (t == NULL)
		return;
	disassembler_destroy(t->disassembler);
	free(t);
}
