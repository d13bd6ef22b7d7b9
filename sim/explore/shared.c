#include "sim/explore/shared.h"

#include <stdlib.h>

#define WORD 8u

/* An instruction that touched a word. */
struct touch {
	uint64_t word, rip; /* word + 1, so that 0 is a free place */
	const struct elf_image *image;
	uint64_t cores;
	bool writes;
};

struct shared {
	struct machine *machine;
	struct watch *watch;
	size_t count, room; /* room is a power of two */
	struct touch *at;   /* a hash table with linear probing */
};

/* --- the table --- */

static size_t place_of(const struct shared *s, const struct touch *t)
{
	uint64_t h = (t->word * 0x9e3779b97f4a7c15 ^ t->rip) * 0xbf58476d1ce4e5b9;

	return (h ^ h >> 32) & (s->room - 1);
}

static struct touch *find(const struct shared *s, const struct touch *t)
{
	size_t i = place_of(s, t);

	while (s->at[i].word != 0 &&
		(s->at[i].word != t->word || s->at[i].rip != t->rip || s->at[i].image != t->image))
		i = (i + 1) & (s->room - 1);
	return &s->at[i];
}

static void grow(struct shared *s)
{
	struct shared old = *s;

	s->room = old.room != 0 ? 2 * old.room : 4096;
	s->at = calloc(s->room, sizeof(*s->at));
	SIM_ASSERT(s->at != NULL);
	for (size_t i = 0; i < old.room; i++)
		if (old.at[i].word != 0)
			*find(s, &old.at[i]) = old.at[i];
	free(old.at);
}

static void add(struct shared *s, const struct touch *t)
{
	struct touch *there;

	if (4 * s->count >= 3 * s->room)
		grow(s);
	there = find(s, t);
	if (there->word == 0) {
		*there = *t;
		s->count++;
		return;
	}
	there->cores |= t->cores;
	there->writes |= t->writes;
}

/* --- listening --- */

static const struct elf_image *image_of(const struct shared *s, const struct mem_access *a)
{
	const struct identity *who = watch_identity(s->watch);
	const struct images *images = watch_images(s->watch);
	const char *name;

	if (!a->user)
		return images_kernel(images);
	name = identity_name(who, identity_pid(who, a->core));
	return name != NULL ? images_program(images, name) : NULL;
}

static void on_access(void *context, struct machine *m, const struct mem_access *a)
{
	struct shared *s = context;
	struct touch t = {
		.rip = a->rip,
		.image = image_of(s, a),
		.cores = BIT(a->core),
		.writes = a->kind != MEM_LOAD,
	};

	(void)m;
	if (t.image == NULL)
		return;
	for (uint64_t word = a->pa / WORD; word <= (a->pa + a->size - 1) / WORD; word++) {
		t.word = word + 1;
		add(s, &t);
	}
}

void shared_listen(struct shared *s)
{
	machine_watch_accesses(
		s->machine, (struct access_listener){.context = s, .access = on_access});
}

void shared_stop(struct shared *s)
{
	machine_unwatch_accesses(s->machine, s);
}

/* --- what came of it --- */

static int by_word(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;

	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return (x->rip > y->rip) - (x->rip < y->rip);
}

/* The touches of a word, up to before end. */
static size_t mark_word(struct shared *s, const struct touch *first, const struct touch *end)
{
	uint64_t cores = 0;
	bool writes = false;
	size_t count = 0;

	for (const struct touch *t = first; t < end; t++) {
		cores |= t->cores;
		writes |= t->writes;
	}
	if (!writes || (cores & (cores - 1)) == 0)
		return 0;
	for (const struct touch *t = first; t < end; t++)
		count += watch_address(s->watch, t->image, t->rip);
	return count;
}

size_t shared_mark(struct shared *s)
{
	size_t count = 0, marked = 0;
	struct touch *list = calloc(s->count + 1, sizeof(*list));

	SIM_ASSERT(list != NULL);
	for (size_t i = 0; i < s->room; i++)
		if (s->at[i].word != 0)
			list[count++] = s->at[i];
	qsort(list, count, sizeof(*list), by_word);
	for (size_t from = 0, to = 0; from < count; from = to) {
		while (to < count && list[to].word == list[from].word)
			to++;
		marked += mark_word(s, &list[from], &list[to]);
	}
	free(list);
	return marked;
}

/* --- life --- */

struct shared *shared_create(struct machine *m, struct watch *w)
{
	struct shared *s = calloc(1, sizeof(*s));

	SIM_ASSERT(s != NULL);
	s->machine = m;
	s->watch = w;
	grow(s);
	return s;
}

void shared_destroy(struct shared *s)
{
	free(s->at);
	free(s);
}
