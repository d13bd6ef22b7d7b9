#include "sim/replay/store_places.h"

#include <stdlib.h>

void store_places_add(struct store_places *s, const struct place *place)
{
	SIM_ASSERT(s->count < ARRAY_LEN(s->wanted));
	s->wanted[s->count++] = place;
}

static void forget(struct store_places *s, struct machine *m)
{
	if (s->found_count != 0)
		cpu_watch_no_stores(m->code);
	s->found_count = 0;
}

void store_places_free(struct store_places *s, struct machine *m)
{
	forget(s, m);
	free(s->found);
}

static void found(struct store_places *s, struct machine *m, struct store_place p)
{
	if (s->found_count == s->room) {
		s->room = s->room != 0 ? 2 * s->room : 64;
		s->found = realloc(s->found, s->room * sizeof(s->found[0]));
		SIM_ASSERT(s->found != NULL);
	}
	s->found[s->found_count++] = p;
	cpu_watch_stores(m->code, p.pa, p.size);
}

/* An address space: paging as core 0 has it, or that of a process. */
struct space {
	struct mmu mmu;
	struct core_state core;
};

static void find_bytes(struct store_places *s, struct machine *m, const struct place *place,
	const struct space *space, uint64_t la, uint64_t size)
{
	while (size != 0) {
		uint64_t piece = min_u64(size, PAGE_SIZE - (la & PAGE_MASK)), pa;

		if (mmu_peek(&space->mmu, la, &pa) && phys_page(&m->mem, pa) != PHYS_NO_PAGE)
			found(s, m, (struct store_place){place, pa, piece});
		la += piece;
		size -= piece;
	}
}

static void find_in(struct store_places *s, struct machine *m, const struct place *place,
	const struct space *space)
{
	for (uint64_t i = 0; i < place->data.count; i++)
		find_bytes(s, m, place, space, place->data.address + i * place->data.stride,
			place->data.size);
}

static void find_in_processes(struct store_places *s, struct machine *m, const struct watch *w,
	const struct place *place, struct space *space)
{
	const struct identity *identity = watch_identity(w);

	for (unsigned i = 0; i < IDENTITY_PROCESSES; i++) {
		const struct identity_process *p = &identity->processes[i];

		if (p->pid == 0 || (place->image->user && images_program(watch_images(w),
								  p->name) != place->image))
			continue;
		space->core.cr3 = p->cr3;
		find_in(s, m, place, space);
	}
}

void store_places_find(struct store_places *s, struct machine *m, const struct watch *w)
{
	struct space *space;

	if (s->count == 0)
		return;
	forget(s, m);
	space = calloc(1, sizeof(*space));
	SIM_ASSERT(space != NULL);
	for (unsigned i = 0; i < s->count; i++) {
		space->core = m->cores[0].arch;
		space->mmu.core = &space->core;
		space->mmu.mem = &m->mem;
		if (!s->wanted[i]->image->user)
			find_in(s, m, s->wanted[i], space);
		if (s->wanted[i]->in_processes)
			find_in_processes(s, m, w, s->wanted[i], space);
	}
	free(space);
}

bool places_touch(
	const struct store_places *s, const struct place *place, uint64_t pa, unsigned size)
{
	for (size_t i = 0; i < s->found_count; i++) {
		const struct store_place *f = &s->found[i];

		if (f->place == place && (pa - f->pa < f->size || f->pa - pa < size))
			return true;
	}
	return false;
}
