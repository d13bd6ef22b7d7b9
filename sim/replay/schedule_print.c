/* schedule_print.c - the canonical text of a schedule. */
#include "sim/replay/schedule.h"

const char *stimulus_name(enum stimulus_kind kind)
{
	static const char *const names[] = {
		[STIMULATE_IRQ] = "irq",
		[STIMULATE_SERIAL] = "serial",
		[STIMULATE_PREEMPT] = "preempt",
		[STIMULATE_RETURN] = "return",
		[STIMULATE_PROVISION] = "provision",
		[STIMULATE_DELAY] = "delay",
		[STIMULATE_DROP] = "drop",
		[STIMULATE_DUPLICATE] = "duplicate",
	};

	return names[kind];
}

void stream_print(const struct stream *s, FILE *out)
{
	if (s->kind == STREAM_PCORE)
		fprintf(out, "c%u", s->number);
	else if (s->kind == STREAM_VCORE)
		fprintf(out, "%s:v%u", s->program, s->number);
}

void point_print(const struct point *p, FILE *out)
{
	stream_print(&p->stream, out);
	if (p->stream.kind != STREAM_ANY)
		putc(':', out);
	if (p->kind == POINT_EXACT) {
		fprintf(out, "s%" PRIu64, p->number);
		return;
	}
	fprintf(out, "%s%s",
		p->kind == POINT_PROBE   ? "probe:"
		: p->kind == POINT_STORE ? "store:"
					 : "",
		p->name);
	if (p->kind == POINT_CODE)
		fprintf(out, "+0x%" PRIx64, p->offset);
	fprintf(out, "#%" PRIu64, p->number);
}

static void until_print(const struct until *u, FILE *out)
{
	fprintf(out, " until ");
	if (u->kind == UNTIL_POINT)
		point_print(&u->point, out);
	else if (u->kind == UNTIL_CYCLES)
		fprintf(out, "%" PRIu64 " cycles", u->cycles);
	else
		fprintf(out, "all others idle");
}

static void quoted_print(const struct stimulation *s, FILE *out)
{
	putc('"', out);
	for (unsigned i = 0; i < s->size; i++) {
		unsigned char c = (unsigned char)s->text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fprintf(out, "\\n");
		else if (c < ' ' || c > '~')
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void stimulation_print(const struct stimulation *s, FILE *out)
{
	fprintf(out, "%s ", stimulus_name(s->kind));
	switch (s->kind) {
	case STIMULATE_IRQ:
		fprintf(out, "%" PRIu64, s->number);
		break;
	case STIMULATE_SERIAL:
		quoted_print(s, out);
		break;
	case STIMULATE_PREEMPT:
		stream_print(&s->stream, out);
		if (s->number == UINT64_MAX)
			fprintf(out, " for ever");
		else if (s->number != 0)
			fprintf(out, " for %" PRIu64 " us", s->number);
		break;
	case STIMULATE_RETURN:
		fprintf(out, "cores");
		break;
	case STIMULATE_PROVISION:
		fprintf(out, "%s %" PRIu64, s->stream.program, s->number);
		break;
	case STIMULATE_DELAY:
	case STIMULATE_DROP:
	case STIMULATE_DUPLICATE:
		fprintf(out, "0x%02" PRIx64 " on ", s->number);
		stream_print(&s->stream, out);
		if (s->kind == STIMULATE_DELAY)
			fprintf(out, " by %" PRIu64 " cycles", s->cycles);
		break;
	}
}

void forcing_print(const struct forcing *f, FILE *out)
{
	static const char *const names[] = {"pause ", "park ", "hold ", "do "};

	fprintf(out, "%s", names[f->kind]);
	if (f->kind == FORCING_DO)
		stimulation_print(&f->stimulation, out);
	else
		stream_print(&f->stream, out);
	fprintf(out, " at ");
	point_print(&f->at, out);
	if (f->kind == FORCING_DO)
		return;
	until_print(&f->until, out);
	if (f->expires != SCHEDULE_EXPIRES)
		fprintf(out, " expires %" PRIu64 " cycles", f->expires);
}

void schedule_print(const struct schedule *s, FILE *out)
{
	for (unsigned i = 0; i < s->count; i++) {
		forcing_print(&s->at[i], out);
		putc('\n', out);
	}
}
