/* minimise_spell.c - other names for a moment of a run: probes and instructions. */
#include <stdlib.h>

#include "sim/explore/minimise_parts.h"
#include "sim/replay/probe_kinds.h"

/* --- the probes of a run --- */

struct trailing {
	struct trail *trail;
	struct testbed *bed;
};

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct trailing *to = context;
	struct trail *t = to->trail;
	const struct identity *who = watch_identity(testbed_watch(to->bed));
	const char *program = testbed_program(to->bed);

	(void)m;
	if (hit->probe == NULL)
		return;
	if (t->count == t->room) {
		t->room = t->room != 0 ? 2 * t->room : 1024;
		t->at = realloc(t->at, t->room * sizeof(*t->at));
		SIM_ASSERT(t->at != NULL);
	}
	t->at[t->count++] = (struct trail_hit){
		.probe = hit->probe->name,
		.core = hit->core,
		.core_step = hit->core_step,
		.cycle = hit->cycle,
		.program = program[0] != '\0' && hit->pid != 0 &&
			   identity_find(who, program) == hit->pid,
		.vcoreid = hit->vcoreid,
	};
}

void trail_make(struct trail *t, struct testbed *b, const struct schedule *s)
{
	struct trailing to = {t, b};

	*t = (struct trail){0};
	watch_add(testbed_watch(b), (struct watch_listener){&to, take_hit});
	testbed_run_spelled(b, s, NULL);
	watch_remove(testbed_watch(b), &to);
}

void trail_free(struct trail *t)
{
	free(t->at);
	*t = (struct trail){0};
}

static struct stream stream_of(const struct minimiser *m, bool program, int vcoreid, unsigned core)
{
	struct stream s = {.kind = STREAM_PCORE, .number = core};

	if (program) {
		s = (struct stream){.kind = STREAM_VCORE, .number = (unsigned)vcoreid};
		snprintf(s.program, sizeof(s.program), "%s", testbed_program(m->tries.bed));
	}
	return s;
}

static struct point probe_point(const struct minimiser *m, const struct trail_hit *h)
{
	struct point p = {.kind = POINT_PROBE};

	p.stream = stream_of(m, h->program, h->vcoreid, h->core);
	snprintf(p.name, sizeof(p.name), "%s", h->probe);
	return p;
}

/* It says something to whoever reads the scenario. */
static bool tells(const struct trail_hit *h)
{
	enum probe_kind kind = probe_kind_find(h->probe);

	return kind == PROBE_UNKNOWN || probe_kind_row(kind)->weight != 0;
}

static bool is_at(const struct trail_hit *h, const struct trail_hit *same)
{
	if (strcmp(h->probe, same->probe) != 0 || h->program != same->program)
		return false;
	return h->program ? h->vcoreid == same->vcoreid : h->core == same->core;
}

/* --- the best of several --- */

struct ranked {
	struct point point;
	uint64_t rank; /* small is good */
};

/* Of equal rank, the first stays the first. */
static void sort_ranked(struct ranked *list, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		for (unsigned k = i; k > 0 && list[k].rank < list[k - 1].rank; k--) {
			struct ranked better = list[k];

			list[k] = list[k - 1];
			list[k - 1] = better;
		}
}

/* --- where it begins --- */

#define NEAR    4
#define OUTSIDE 100 /* as bad as so many times more */

/* The first hit of that core at or after the step. */
static size_t first_hit(const struct trail *t, unsigned core, uint64_t step)
{
	size_t i = 0;

	while (i < t->count && (t->at[i].core != core || t->at[i].core_step < step))
		i++;
	return i;
}

static uint64_t times_in(const struct trail *t, size_t hit)
{
	uint64_t times = 0;

	for (size_t i = 0; i <= hit; i++)
		times += is_at(&t->at[i], &t->at[hit]);
	return times;
}

static struct ranked ranked_hit(
	const struct minimiser *m, const struct trail *t, size_t hit, uint64_t rank)
{
	struct ranked r = {probe_point(m, &t->at[hit]), rank};

	r.point.number = times_in(t, hit);
	return r;
}

/* Probes of the core within the window, and some on both sides. */
static unsigned near_probes(const struct minimiser *m, const struct trail *t,
	const struct window *w, struct ranked list[SPELLINGS_MAX])
{
	size_t begin = first_hit(t, w->core, w->first), end = first_hit(t, w->core, w->last + 1);
	unsigned count = 0, after = 0, before = 0;

	for (size_t i = begin; i < end && count < SPELLINGS_MAX - 2 * NEAR; i++)
		if (t->at[i].core == w->core && tells(&t->at[i]))
			list[count++] = ranked_hit(m, t, i, 0);
	for (size_t i = end; i < t->count && after < NEAR; i++)
		if (t->at[i].core == w->core && tells(&t->at[i]))
			list[count++] = ranked_hit(m, t, i, OUTSIDE * ++after);
	for (size_t i = begin; i-- > 0 && before < NEAR;)
		if (t->at[i].core == w->core && tells(&t->at[i]))
			list[count++] = ranked_hit(m, t, i, OUTSIDE * ++before);
	return count;
}

static unsigned spell_probes(struct minimiser *m, const struct trail *t, const struct window *w,
	struct ranked list[SPELLINGS_MAX])
{
	struct point points[SPELLINGS_MAX];
	unsigned count = near_probes(m, t, w, list);

	for (unsigned i = 0; i < count; i++)
		points[i] = list[i].point;
	testbed_learn(m->tries.bed, points, count);
	for (unsigned i = 0; i < count; i++) {
		list[i].point.number += testbed_before(m->tries.bed, &points[i]);
		list[i].rank += min_u64(list[i].point.number, OUTSIDE - 1);
	}
	return count;
}

static struct schedule all_but(const struct schedule *s, unsigned n)
{
	struct schedule rest = *s;

	memmove(&rest.at[n], &rest.at[n + 1], (--rest.count - n) * sizeof(rest.at[0]));
	return rest;
}

static struct stream owner_now(const struct minimiser *m, unsigned core)
{
	struct testbed *b = m->tries.bed;
	const struct identity *who = watch_identity(testbed_watch(b));
	const char *program = testbed_program(b);
	int vcoreid, pid = identity_owner(who, core, &vcoreid);

	return stream_of(m, program[0] != '\0' && pid != 0 && identity_find(who, program) == pid,
		vcoreid, core);
}

struct stream spell_owner(struct minimiser *m, unsigned n, unsigned core)
{
	const struct moment *at = &m->forcings[n].began;
	struct schedule rest = all_but(&m->now, n);

	if (!testbed_stand(m->tries.bed, &rest, (unsigned)at->core, at->step, NULL, 0, NULL))
		return (struct stream){.kind = STREAM_PCORE, .number = core};
	return owner_now(m, core);
}

/* Would another image answer to that name? */
static bool is_hidden(const struct testbed *b, const struct elf_image *image, const char *name,
	const struct stream *s)
{
	const struct images *images = watch_images(testbed_watch(b));
	const struct elf_image *first = s->kind == STREAM_VCORE ? images_program(images, s->program)
								: images_kernel(images);
	struct symbol symbol;

	return first != image && first != NULL && symbols_named(first->symbols, name, &symbol);
}

/* --- instructions --- */

#define WALK_STEPS 4000 /* of a window are looked at, at most */
#define CODE_LOOKS 40   /* instructions that are counted, at most */

struct code_place {
	struct point point;
	uint64_t rip, step; /* of the first time in the window */
};

struct walking {
	const struct minimiser *m;
	unsigned count;
	struct code_place at[CODE_LOOKS];
	const struct elf_image *image; /* of the last one, and its function */
	struct symbol symbol;
};

/* Would it be found by its name, on behalf of that stream? */
static bool has_name(struct walking *w, const struct stream *s, unsigned core, uint64_t rip)
{
	struct symbol again;

	w->image = watch_image(testbed_watch(w->m->tries.bed), core, rip);
	return w->image != NULL && symbols_at(w->image->symbols, rip, &w->symbol) &&
	       symbols_named(w->image->symbols, w->symbol.name, &again) &&
	       again.address == w->symbol.address && strlen(w->symbol.name) < SCHEDULE_NAME &&
	       !is_hidden(w->m->tries.bed, w->image, w->symbol.name, s);
}

/* The first instruction that is looked at, and the beginnings of functions. */
static void look_at(void *context, const struct vcpu *c)
{
	struct walking *w = context;
	uint64_t rip = c->arch.rip;
	struct stream stream = owner_now(w->m, c->id);
	struct code_place *new = &w->at[w->count];

	for (unsigned i = 0; i < w->count; i++)
		if (w->at[i].rip == rip && stream_equal(&w->at[i].point.stream, &stream))
			return;
	if (w->count == CODE_LOOKS || !has_name(w, &stream, c->id, rip) ||
		(w->count != 0 && rip != w->symbol.address))
		return;
	*new = (struct code_place){{.kind = POINT_CODE, .stream = stream}, rip, c->arch.step};
	memcpy(new->point.name, w->symbol.name, strlen(w->symbol.name) + 1);
	new->point.offset = rip - w->symbol.address;
	w->count++;
}

static unsigned spell_code(struct minimiser *m, const struct schedule *rest,
	const struct window *window, struct ranked list[CODE_LOOKS])
{
	uint64_t last = min_u64(window->last, window->first + WALK_STEPS);
	struct walking w = {.m = m};
	struct point points[CODE_LOOKS];
	uint64_t times[CODE_LOOKS];
	unsigned count;

	testbed_walk(m->tries.bed, rest, window->core, window->first, last, look_at, &w);
	count = min_u64(w.count, FORCINGS_MAX - rest->count);
	for (unsigned i = 0; i < count; i++)
		points[i] = w.at[i].point;
	if (!testbed_stand(m->tries.bed, rest, window->core, window->first, points, count, times))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		points[i].number = times[i] + 1;
		list[i] = (struct ranked){points[i], points[i].number};
	}
	sort_ranked(list, count);
	return count;
}

unsigned spell_begin(struct minimiser *m, const struct trail *t, unsigned n, const struct window *w,
	struct point points[SPELLINGS_WITH_CODE])
{
	struct ranked probes[SPELLINGS_MAX], code[CODE_LOOKS];
	struct schedule rest = all_but(&m->now, n);
	unsigned count = spell_probes(m, t, w, probes), more = spell_code(m, &rest, w, code);

	sort_ranked(probes, count);
	more = min_u64(more, SPELLINGS_WITH_CODE - count);
	for (unsigned i = 0; i < count + more; i++)
		points[i] = i < count ? probes[i].point : code[i - count].point;
	return count + more;
}

bool spell_instruction(struct minimiser *m, unsigned n, struct point *point)
{
	const struct moment *at = &m->forcings[n].began;
	const struct window w = {(unsigned)at->core, at->step, at->step};
	struct schedule rest = all_but(&m->now, n);
	struct ranked list[CODE_LOOKS];

	if (spell_code(m, &rest, &w, list) == 0)
		return false;
	*point = list[0].point;
	return true;
}

/* --- where it ends --- */

#define END_AFTER  (SPELLINGS_MAX - 2)
#define END_BEFORE 2

static uint64_t end_cycle(const struct minimiser *m, unsigned n)
{
	const struct until *u = &m->now.at[n].until;
	const struct forcing_state *s = &m->forcings[n];

	return u->kind == UNTIL_CYCLES ? s->began.cycle + u->cycles : s->ended.cycle;
}

/* Since the hold began. */
static uint64_t times_since(const struct trail *t, uint64_t cycle, size_t hit)
{
	uint64_t times = 0;

	for (size_t i = 0; i <= hit; i++)
		times += t->at[i].cycle >= cycle && is_at(&t->at[i], &t->at[hit]);
	return times;
}

unsigned spell_end(const struct minimiser *m, const struct trail *t, unsigned n,
	struct point points[SPELLINGS_MAX])
{
	const struct moment *began = &m->forcings[n].began;
	uint64_t end = end_cycle(m, n);
	struct ranked list[END_AFTER + END_BEFORE];
	unsigned count = 0, before = 0;

	for (size_t i = 0; i < t->count && count < END_AFTER; i++) {
		const struct trail_hit *h = &t->at[i];

		if (h->core != began->core && h->cycle >= end && tells(h)) {
			list[count] = (struct ranked){probe_point(m, h), count};
			list[count++].point.number = times_since(t, began->cycle, i);
		}
	}
	for (size_t i = t->count; i-- > 0 && before < END_BEFORE;) {
		const struct trail_hit *h = &t->at[i];

		if (h->core != began->core && h->cycle < end && h->cycle > began->cycle &&
			tells(h)) {
			list[count] = (struct ranked){probe_point(m, h), 100 + before++};
			list[count++].point.number = times_since(t, began->cycle, i);
		}
	}
	for (unsigned i = 0; i < count; i++)
		list[i].rank += min_u64(list[i].point.number, 50);
	sort_ranked(list, count);
	for (unsigned i = 0; i < count; i++)
		points[i] = list[i].point;
	return count;
}
