#include "sim/replay/points.h"

struct placer {
	const struct images *images;
	const struct elf_image *program; /* may be NULL */
	unsigned cpu_count;
	const struct forcing *forcing;
	struct error *e;
};

static bool check_stream(struct placer *p, const struct stream *s)
{
	if (s->kind == STREAM_PCORE && s->number >= p->cpu_count)
		return fail(p->e, "%s: c%u: the machine has %u pcores, c0 to c%u",
			p->forcing->where, s->number, p->cpu_count, p->cpu_count - 1);
	if (s->kind == STREAM_VCORE && images_program(p->images, s->program) == NULL)
		return fail(p->e, "%s: %s: no program of that name in the initrd",
			p->forcing->where, s->program);
	return true;
}

/* The images that may have a name, in order: those that come first hide the others. */
#define CANDIDATES 2

static unsigned candidates(
	const struct placer *p, const struct stream *s, const struct elf_image *list[CANDIDATES])
{
	const struct elf_image *kernel = images_kernel(p->images);
	unsigned count = 0;

	if (s->kind == STREAM_VCORE)
		list[count++] = images_program(p->images, s->program);
	list[count++] = kernel;
	if (s->kind != STREAM_VCORE && p->program != NULL)
		list[count++] = p->program;
	return count;
}

static bool place_code(struct placer *p, const struct point *point, struct place *place)
{
	const struct elf_image *list[CANDIDATES];
	unsigned count = candidates(p, &point->stream, list);
	struct symbol symbol;

	for (unsigned i = 0; i < count; i++) {
		if (!symbols_named(list[i]->symbols, point->name, &symbol))
			continue;
		if (point->offset != 0 && point->offset >= symbol.size)
			return fail(p->e,
				"%s: %s+0x%" PRIx64 ": the function has 0x%" PRIx64 " bytes",
				p->forcing->where, point->name, point->offset, symbol.size);
		*place =
			(struct place){.image = list[i], .address = symbol.address + point->offset};
		return true;
	}
	return fail(p->e, "%s: %s: no function of that name in %s%s%s", p->forcing->where,
		point->name, list[0]->name, count > 1 ? " or " : "",
		count > 1 ? list[1]->name : "");
}

/* Lower-half addresses are those of processes; though a kernel may lie there, before paging. */
static bool is_user_address(uint64_t la)
{
	return la >> 63 == 0;
}

/* What every process has is looked for in the program too, if one is named: it is that one's. */
static bool place_data(struct placer *p, const struct point *point, struct place *place)
{
	const struct elf_image *list[CANDIDATES];
	unsigned count = candidates(p, &point->stream, list);
	struct error why = {""};
	bool found = false;

	for (unsigned i = 0; i < count; i++) {
		struct place here = {.image = list[i]};

		if (!image_data(list[i], point->name, &here.data, &why))
			continue;
		here.in_processes = is_user_address(here.data.address);
		*place = here;
		found = true;
		if (list[i]->user || !here.in_processes)
			break;
	}
	return found || fail(p->e, "%s: store:%s: %s", p->forcing->where, point->name, why.text);
}

static bool place_point(struct placer *p, const struct point *point, struct place *place)
{
	*place = (struct place){0};
	if (!check_stream(p, &point->stream))
		return false;
	switch (point->kind) {
	case POINT_CODE:
		return place_code(p, point, place);
	case POINT_STORE:
		return place_data(p, point, place);
	case POINT_PROBE:
		return images_have_probe(p->images, point->name) ||
		       fail(p->e,
			       "%s: probe:%s: no image has a probe of that name; ringv info "
			       "IMAGE lists those that there are",
			       p->forcing->where, point->name);
	case POINT_EXACT:
	case POINT_NONE:
		return true;
	}
	return false;
}

static bool place_forcing(struct placer *p, struct placed_forcing *placed)
{
	const struct forcing *f = p->forcing;

	return check_stream(p, &f->stream) && check_stream(p, &f->stimulation.stream) &&
	       place_point(p, &f->at, &placed->at) &&
	       place_point(p, &f->until.point, &placed->until);
}

bool schedule_place(const struct schedule *s, const struct images *images, const char *program,
	unsigned cpu_count, struct placed_forcing placed[FORCINGS_MAX], struct error *e)
{
	struct placer p = {.images = images, .cpu_count = cpu_count, .e = e};

	if (program != NULL)
		p.program = images_program(images, program);
	for (unsigned i = 0; i < s->count; i++) {
		p.forcing = &s->at[i];
		if (!place_forcing(&p, &placed[i]))
			return false;
	}
	return true;
}

bool schedule_check(const struct schedule *s, const struct images *images, const char *program,
	unsigned cpu_count, struct error *e)
{
	struct placed_forcing placed[FORCINGS_MAX];

	return schedule_place(s, images, program, cpu_count, placed, e);
}
