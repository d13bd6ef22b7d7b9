#include "sim/cli/debugging.h"

#include <errno.h>
#include <stdlib.h>

bool load_symbols(
	struct symbols **symbols, const char *image, const struct text_list *more, struct error *e)
{
	*symbols = symbols_create();
	if (!symbols_add(*symbols, image, 0, NULL)) {
		/* an image need not be ELF */
	}
	for (unsigned i = 0; i < more->count; i++) {
		if (!symbols_add(*symbols, more->at[i], 0, e)) {
			symbols_destroy(*symbols);
			*symbols = NULL;
			return false;
		}
	}
	return true;
}

/* --- the trace --- */

static bool parse_cpu(const char *text, const struct machine *m, unsigned *cpu, struct error *e)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || value >= m->cpu_count)
		return fail(e, "--trace-cpu %s: expected a pcore, 0 to %u", text, m->cpu_count - 1);
	*cpu = (unsigned)value;
	return true;
}

static bool make_filter(const struct debugging *d, const struct args *args, const struct machine *m,
	struct trace_filter *f, struct error *e)
{
	*f = trace_everything();
	f->source = args->trace_source;
	if (args->trace_kinds.count + args->trace_probes.count != 0)
		f->kinds = 0;
	if (args->trace_probes.count != 0)
		f->kinds |= 1u << TRACE_PROBE;
	for (unsigned i = 0; i < args->trace_kinds.count; i++)
		if (!trace_filter_kind(f, args->trace_kinds.at[i], e))
			return false;
	for (unsigned i = 0; i < args->trace_functions.count; i++)
		if (!trace_filter_range(f, d->symbols, args->trace_functions.at[i], e))
			return false;
	for (unsigned i = 0; i < args->trace_probes.count; i++)
		if (!trace_filter_probe(f, d->images, args->trace_probes.at[i], e))
			return false;
	return args->trace_cpu == NULL || parse_cpu(args->trace_cpu, m, &f->cpu, e);
}

bool debugging_open(struct debugging *d, const struct args *args, const struct session *s,
	struct machine *m, struct watch *watch, struct error *e)
{
	struct trace_filter filter;
	FILE *out = stderr;

	*d = (struct debugging){0};
	if (!load_symbols(&d->symbols, s->image.path, &args->symbols, e))
		return false;
	if (!args->trace)
		return true;
	d->images = session_images(s, e);
	if (d->images == NULL || !make_filter(d, args, m, &filter, e))
		return false;
	if (args->trace_file != NULL) {
		out = d->trace_file = fopen(args->trace_file, "we");
		if (out == NULL)
			return fail(e, "%s: %s", args->trace_file, strerror(errno));
	}
	if (watch == NULL)
		watch = d->watch = watch_create(m, d->images);
	d->trace = trace_create(m, &filter, d->symbols, watch, out);
	return true;
}

bool debugging_close(struct debugging *d, struct error *e)
{
	bool good = d->trace_file == NULL || fclose(d->trace_file) == 0;

	trace_destroy(d->trace);
	watch_destroy(d->watch);
	images_destroy(d->images);
	symbols_destroy(d->symbols);
	*d = (struct debugging){0};
	return good || fail(e, "trace: %s", strerror(errno));
}

/* --- differences --- */

static void print_side(const char *name, const struct diff_side *s, const struct machine *m,
	const struct symbols *symbols, FILE *out)
{
	char text[160], where[256];

	if (!s->stepped) {
		fprintf(out, "  %s: makes no step any more\n", name);
		return;
	}
	disasm_at(&m->cores[s->core], s->rip, text, sizeof(text));
	symbols_print(symbols, s->rip, true, where, sizeof(where));
	fprintf(out, "  %s: c%u step %" PRIu64 " cycle %" PRIu64 " rip %#" PRIx64 " %s: %s\n", name,
		s->core, s->step, s->cycle, s->rip, where, text);
}

void print_difference(const struct difference *d, struct machine *a, struct machine *b,
	const struct symbols *symbols, FILE *out)
{
	if (d->side[0].stepped || d->side[1].stepped) {
		fprintf(out, "first difference: after %" PRIu64 " equal steps in total\n",
			d->steps);
		print_side("a", &d->side[0], a, symbols, out);
		print_side("b", &d->side[1], b, symbols, out);
	} else {
		fprintf(out, "first difference: before the first step\n");
	}
	fprintf(out, "  then %s %s differs:\n  a: 0x%016" PRIx64 "\n  b: 0x%016" PRIx64 "\n",
		d->part, d->field, d->side[0].value, d->side[1].value);
}
