/* pause.c - the pause technique, systematically: a first run tells each visible step of each pcore;
 * then a run for each of them pauses it there, until all others have come as far as they can or for
 * so long that timers run down; then a run for each pair of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/explore/strategy.h"

/* A visible step: the times-th at that probe, or that offset of a function, by that pcore. */
struct pause_place {
	const char *name;
	bool is_probe;
	uint64_t offset;
	unsigned core;
	uint64_t times;
};

struct pauses {
	struct testbed *bed;
	size_t count, room;
	struct pause_place *at; /* in the order of the first run */
};

/* How long: 0 is until all others idle, the others are cycles. */
static const uint64_t lengths[] = {0, UINT64_C(1) << 15, UINT64_C(1) << 18, UINT64_C(1) << 21};

#define EXPIRES UINT64_C(10000000) /* cycles */

/* --- the first run --- */

static uint64_t times_before(const struct pauses *p, const struct pause_place *place)
{
	for (size_t i = p->count; i-- > 0;) {
		const struct pause_place *q = &p->at[i];

		if (q->core == place->core && q->is_probe == place->is_probe &&
			q->offset == place->offset && strcmp(q->name, place->name) == 0)
			return q->times;
	}
	return 0;
}

/* False: a point cannot name it, since another function of that name comes first. */
static bool find_function(
	const struct pauses *p, const struct probe_hit *hit, struct pause_place *place)
{
	const struct elf_image *kernel = images_kernel(watch_images(testbed_watch(p->bed)));
	struct symbol symbol, first;

	if (!symbols_at(hit->image->symbols, hit->rip, &symbol) ||
		strlen(symbol.name) >= SCHEDULE_NAME)
		return false;
	if (!symbols_named(kernel->symbols, symbol.name, &first) &&
		!symbols_named(hit->image->symbols, symbol.name, &first))
		return false;
	place->name = symbol.name;
	place->offset = hit->rip - symbol.address;
	return first.address == symbol.address;
}

static void take_hit(void *context, struct machine *m, const struct probe_hit *hit)
{
	struct pauses *p = context;
	struct pause_place place = {.core = hit->core, .is_probe = hit->probe != NULL};

	(void)m;
	if (place.is_probe)
		place.name = hit->probe->name;
	else if (hit->image == NULL || !find_function(p, hit, &place))
		return;
	if (p->count == p->room) {
		p->room = p->room != 0 ? 2 * p->room : 256;
		p->at = realloc(p->at, p->room * sizeof(*p->at));
		SIM_ASSERT(p->at != NULL);
	}
	place.times = times_before(p, &place) + 1;
	p->at[p->count++] = place;
}

static void *create(struct testbed *b, const struct strategy_options *o)
{
	struct pauses *p = calloc(1, sizeof(*p));
	const struct schedule nothing = {.count = 0};

	(void)o;
	SIM_ASSERT(p != NULL);
	p->bed = b;
	watch_add(testbed_watch(b), (struct watch_listener){p, take_hit});
	testbed_run(b, &nothing, NULL);
	watch_remove(testbed_watch(b), p);
	return p;
}

static void destroy(void *state)
{
	struct pauses *p = state;

	free(p->at);
	free(p);
}

/* --- the others --- */

static uint64_t pair_count(const struct pauses *p)
{
	return p->count < 2 ? 0 : p->count * (p->count - 1) / 2;
}

static uint64_t count(const void *state)
{
	const struct pauses *p = state;

	return p->count * ARRAY_LEN(lengths) + pair_count(p);
}

static void add_pause(const struct pause_place *place, uint64_t cycles, struct schedule *s)
{
	struct forcing *f = &s->at[s->count++];

	*f = (struct forcing){.kind = FORCING_PAUSE, .expires = EXPIRES};
	f->stream = (struct stream){.kind = STREAM_PCORE, .number = place->core};
	f->at = (struct point){.kind = place->is_probe ? POINT_PROBE : POINT_CODE,
		.stream = f->stream,
		.offset = place->offset,
		.number = place->times};
	snprintf(f->at.name, sizeof(f->at.name), "%s", place->name);
	f->until = cycles == 0 ? (struct until){.kind = UNTIL_IDLE}
			       : (struct until){.kind = UNTIL_CYCLES, .cycles = cycles};
	snprintf(f->where, sizeof(f->where), "forcing %u", s->count);
}

/* Pairs in the order (0, 1), (0, 2), (1, 2), (0, 3), ... */
static void add_pair(const struct pauses *p, uint64_t pair, struct schedule *s)
{
	uint64_t second = 1;

	while (pair >= second)
		pair -= second++;
	add_pause(&p->at[pair], 0, s);
	add_pause(&p->at[second], 0, s);
}

static struct testbed_run run_number(void *state, uint64_t number, const volatile int *please)
{
	struct pauses *p = state;
	uint64_t singles = p->count * ARRAY_LEN(lengths);
	struct schedule s;
	struct testbed_run run;

	s.count = 0;
	if (number <= singles)
		add_pause(&p->at[(number - 1) % p->count], lengths[(number - 1) / p->count], &s);
	else
		add_pair(p, number - singles - 1, &s);
	run = testbed_run(p->bed, &s, please);
	return testbed_exactly(p->bed, &run, please);
}

static void describe(const void *state, FILE *out)
{
	const struct pauses *p = state;

	fprintf(out,
		"%zu visible steps: %zu runs with one pause, each of %zu lengths; then %" PRIu64
		" runs with two",
		p->count, p->count * ARRAY_LEN(lengths), ARRAY_LEN(lengths), pair_count(p));
}

const struct strategy strategy_pause = {
	.name = "pause",
	.help = "each visible step of each pcore is paused in turn, then each pair of them",
	.create = create,
	.destroy = destroy,
	.count = count,
	.run = run_number,
	.describe = describe,
};
