/* memory.c - the memory phase: more pages than a TLB holds, in orders from the worst to the best.
 *
 * The cores share WORKING_SET bytes out, a power of two to each at the start of its arena, mapped
 * by 4 KiB pages: one that took as much each would measure the host's caches, not the machine.
 */
#include "bench/image/core.h"

#define WORKING_SET 0x1000000 /* of all cores */

/* How much of a thing a unit of work does. */
enum {
	CHASE_STEPS = 50000,
	RANDOM_UPDATES = 20000,
	STRIDES = 20000,
	STREAM_WORDS = 1 << 15,
	COPY_WORDS = 1 << 14,
	COPY_BYTES = 1 << 14,
	REP_WORDS = 1 << 13,
	REP_BYTES = 1 << 13,
};
#define STRIDE (PAGE_SIZE + 64)

struct node {
	struct node *next;
	uint64_t value, pad[6];
};

_Static_assert(sizeof(struct node) == 64, "a cache line");

/* What one core works on. */
struct share {
	union {
		uint8_t *bytes;
		uint64_t *words;
		struct node *nodes;
	};
	uint64_t size, word_count, node_count;
};

static struct share share_of(const struct core *c)
{
	uint64_t size = WORKING_SET;

	while (size * c->cores > WORKING_SET)
		size /= 2;
	return (struct share){.bytes = c->arena,
		.size = size,
		.word_count = size / sizeof(uint64_t),
		.node_count = size / sizeof(struct node)};
}

/* One cycle over all nodes: a linear congruential generator of full period (Knuth, "The Art of
 * Computer Programming", section 3.2.1.2) names the next.
 */
static void build_chain(const struct share *s)
{
	for (uint64_t i = 0; i < s->node_count; i++) {
		uint64_t next = (i * 0x5851f42d4c957f2d + 0x14057b7ef767814f) % s->node_count;

		s->nodes[i] = (struct node){.next = &s->nodes[next], .value = i};
	}
}

static uint64_t chase(struct node **at)
{
	const struct node *node = *at;
	uint64_t sum = 0;

	for (unsigned i = 0; i < CHASE_STEPS; i++) {
		sum += node->value;
		node = node->next;
	}
	*at = (struct node *)node;
	return sum;
}

/* Only values change: the chain stays whole. */
static uint64_t random_updates(const struct share *s, uint64_t *random)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < RANDOM_UPDATES; i++) {
		struct node *node = &s->nodes[next_random(random) % s->node_count];

		node->value ^= *random;
		sum += node->value;
	}
	return sum;
}

static uint64_t strides(const struct share *s, uint64_t start)
{
	uint64_t at = start % s->size, sum = 0;

	for (unsigned i = 0; i < STRIDES; i++) {
		sum += s->bytes[at + 32];
		s->bytes[at + 33] = (uint8_t)sum;
		at = (at + STRIDE) % s->size;
	}
	return sum;
}

static uint64_t stream(const struct share *s, uint64_t slice)
{
	uint64_t *words = s->words + slice * STREAM_WORDS % s->word_count;
	uint64_t sum = 0;

	for (unsigned i = 0; i < STREAM_WORDS; i += 8) {
		words[i + 3] = words[i + 4] * 3 + words[i + 5];
		sum += words[i + 3] + words[i + 6] + words[i + 7];
	}
	return sum;
}

/* Behind a core's share is room for copies. */
static uint64_t copies(uint8_t *from, uint8_t *to)
{
	const uint64_t *from_words = (uint64_t *)from;
	uint64_t *to_words = (uint64_t *)to;

	for (unsigned i = 0; i < COPY_WORDS; i++)
		to_words[i] = from_words[i];
	for (unsigned i = 0; i < COPY_BYTES; i++)
		to[i] ^= from[COPY_BYTES + i];
	return to_words[17] + to_words[COPY_WORDS - 1];
}

static uint64_t string_copies(const uint8_t *from, uint8_t *to)
{
	uint64_t *words = (uint64_t *)to;
	const uint8_t *source = from;
	uint64_t count = REP_WORDS;

	__asm__ volatile("rep movsq" : "+S"(source), "+D"(words), "+c"(count) : : "memory");
	count = REP_BYTES;
	__asm__ volatile("rep movsb" : "+S"(source), "+D"(words), "+c"(count) : : "memory");
	count = REP_WORDS;
	__asm__ volatile("rep stosq" : "+D"(words), "+c"(count) : "a"(*source) : "memory");
	words = (uint64_t *)to;
	return words[1] + words[REP_WORDS + 9] + words[REP_WORDS + REP_BYTES / 8 + 5];
}

uint64_t phase_memory(struct core *c, uint64_t n)
{
	struct share s = share_of(c);
	struct node *at = s.nodes;
	uint8_t *room = s.bytes + s.size;
	uint64_t random = 88172645463325252 + c->id, sum = 0;

	build_chain(&s);
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *slice = s.bytes + i * (COPY_WORDS * 8) % (s.size / 2);

		sum = mix(sum, chase(&at));
		sum = mix(sum, random_updates(&s, &random));
		sum = mix(sum, strides(&s, i * 8192));
		sum = mix(sum, stream(&s, i));
		sum = mix(sum, copies(slice, room));
		sum = mix(sum, string_copies(slice, room));
	}
	return sum - (uint64_t)c->arena;
}
