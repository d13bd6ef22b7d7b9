/* integer_text.c - see integer.h: text, an interpreter, objects with methods. */
#include "bench/image/core.h"
#include "bench/image/integer.h"
#include "bench/image/lib.h"

/* --- random text --- */

static const char *const words[] = {"the", "kernel", "of", "a", "vcore", "yields", "when", "no",
	"thread", "wants", "to", "run", "and", "interrupts", "arrive", "on", "core", "page",
	"fault", "at", "address", "event", "queue", "is", "empty", "lock", "held", "by", "process",
	"number", "scheduler", "notification"};

static unsigned make_text(char *text, unsigned size, uint64_t *random)
{
	unsigned n = 0;

	while (n < size - 16) {
		const char *word = words[(next_random(random) >> 20) % ARRAY_LEN(words)];

		while (*word != '\0')
			text[n++] = *word++;
		text[n++] = *random % 11 == 0 ? '\n' : ' ';
	}
	text[n] = '\0';
	return n;
}

/* --- compression by matches in what came before, and back --- */

enum { TEXT_SIZE = 5000, HASH_BITS = 11, MIN_MATCH = 4, MAX_MATCH = 255 + MIN_MATCH };

struct compressor {
	uint16_t last[1 << HASH_BITS]; /* where four bytes of this hash were seen, plus one */
	uint8_t text[TEXT_SIZE], packed[2 * TEXT_SIZE], unpacked[TEXT_SIZE];
};

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned match_length(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
	unsigned n = 0;

	while (b + n < end && n < MAX_MATCH && a[n] == b[n])
		n++;
	return n;
}

/* A token: 0 and a literal; or 1, a length and a distance of two bytes. */
static unsigned pack(struct compressor *c, unsigned size)
{
	unsigned at = 0, out = 0;

	while (at + MIN_MATCH <= size) {
		uint32_t hash = load32(c->text + at) * 2654435761u >> (32 - HASH_BITS);
		unsigned before = c->last[hash], length = 0;

		c->last[hash] = (uint16_t)(at + 1);
		if (before != 0)
			length = match_length(c->text + before - 1, c->text + at, c->text + size);
		if (length < MIN_MATCH) {
			c->packed[out++] = 0;
			c->packed[out++] = c->text[at++];
			continue;
		}
		c->packed[out++] = 1;
		c->packed[out++] = (uint8_t)(length - MIN_MATCH);
		c->packed[out++] = (uint8_t)(at - before + 1);
		c->packed[out++] = (uint8_t)((at - before + 1) >> 8);
		at += length;
	}
	while (at < size) {
		c->packed[out++] = 0;
		c->packed[out++] = c->text[at++];
	}
	return out;
}

static unsigned unpack(struct compressor *c, unsigned size)
{
	unsigned at = 0, out = 0;

	while (at < size) {
		unsigned length, distance;

		if (c->packed[at] == 0) {
			c->unpacked[out++] = c->packed[at + 1];
			at += 2;
			continue;
		}
		length = c->packed[at + 1] + MIN_MATCH;
		distance = c->packed[at + 2] | (unsigned)c->packed[at + 3] << 8;
		for (unsigned i = 0; i < length; i++, out++)
			c->unpacked[out] = c->unpacked[out - distance];
		at += 4;
	}
	return out;
}

uint64_t part_compress(uint8_t *data, uint64_t *random)
{
	struct compressor *c = (struct compressor *)data;
	unsigned size = make_text((char *)c->text, TEXT_SIZE, random), packed, unpacked;

	memset(c->last, 0, sizeof(c->last));
	packed = pack(c, size);
	unpacked = unpack(c, packed);
	if (unpacked != size || memcmp(c->text, c->unpacked, size) != 0)
		return 0;
	return packed * 1000003ul + size;
}

/* --- words: counted in lists by hash, and sorted by merging --- */

enum { WORDS_SIZE = 3000, BUCKETS = 16 };

struct word {
	struct word *next;
	const char *text;
	unsigned count;
};

static struct word *count_word(struct word **buckets, struct word *fresh)
{
	uint32_t hash = 0;
	struct word *w;

	for (const char *s = fresh->text; *s != '\0'; s++)
		hash = hash * 33 + (uint8_t)*s;
	for (w = buckets[hash % BUCKETS]; w != NULL; w = w->next) {
		if (strcmp(w->text, fresh->text) == 0) {
			w->count++;
			return fresh;
		}
	}
	fresh->count = 1;
	fresh->next = buckets[hash % BUCKETS];
	buckets[hash % BUCKETS] = fresh;
	return fresh + 1;
}

/* Ends the word at text; the next one, or NULL. */
static char *split(char *text)
{
	while (*text != ' ' && *text != '\n' && *text != '\0')
		text++;
	if (text[0] == '\0' || text[1] == '\0')
		return NULL;
	*text = '\0';
	return text + 1;
}

static struct word *merge(struct word *a, struct word *b)
{
	struct word *head = NULL, **end = &head;

	while (a != NULL && b != NULL) {
		struct word **least = strcmp(a->text, b->text) < 0 ? &a : &b;

		*end = *least;
		end = &(*least)->next;
		*least = (*least)->next;
	}
	*end = a != NULL ? a : b;
	return head;
}

uint64_t part_words(uint8_t *data, uint64_t *random)
{
	struct word *buckets[BUCKETS] = {NULL}, *fresh = (struct word *)(data + WORDS_SIZE);
	struct word *list = NULL;
	char *text = (char *)data;
	uint64_t sum = 0;

	make_text(text, WORDS_SIZE, random);
	while (text != NULL) {
		fresh->text = text;
		text = split(text);
		fresh = count_word(buckets, fresh);
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		while (buckets[i] != NULL) {
			struct word *w = buckets[i];

			buckets[i] = w->next;
			w->next = NULL;
			list = merge(list, w);
		}
	}
	for (; list != NULL; list = list->next)
		sum = sum * 31 + list->count * strlen(list->text);
	return sum;
}

/* --- an interpreter of byte code --- */

enum opcode { PUSH, ADD, SUB, MUL, XOR, SHIFT, DUP, SWAP, LOAD, STORE, LOOP, DONE };
enum { INTERPRETER_ROUNDS = 700, VARIABLES = 4 };

/* Mixes v0 and v1 while v2 counts down. */
static const uint8_t program[] = {LOAD, 0, LOAD, 1, MUL, PUSH, 17, ADD, DUP, SHIFT, 7, XOR, STORE,
	0, LOAD, 1, LOAD, 0, SWAP, SUB, STORE, 1, LOAD, 3, PUSH, 1, ADD, STORE, 3, LOOP, 2, 0,
	DONE};

static void interpret(const uint8_t *code, uint64_t variables[VARIABLES])
{
	uint64_t stack[16], *top = stack;

	for (const uint8_t *pc = code;;) {
		switch ((enum opcode) * pc++) {
		case PUSH:
			*top++ = *pc++;
			break;
		case ADD:
			top--;
			top[-1] += top[0];
			break;
		case SUB:
			top--;
			top[-1] -= top[0];
			break;
		case MUL:
			top--;
			top[-1] *= top[0];
			break;
		case XOR:
			top--;
			top[-1] ^= top[0];
			break;
		case SHIFT:
			top[-1] >>= *pc++;
			break;
		case DUP:
			top[0] = top[-1];
			top++;
			break;
		case SWAP:
			top[0] = top[-1];
			top[-1] = top[-2];
			top[-2] = top[0];
			break;
		case LOAD:
			*top++ = variables[*pc++];
			break;
		case STORE:
			variables[*pc++] = *--top;
			break;
		case LOOP:
			pc = --variables[pc[0]] != 0 ? code + pc[1] : pc + 2;
			break;
		case DONE:
			return;
		}
	}
}

uint64_t part_interpreter(uint8_t *data, uint64_t *random)
{
	uint64_t variables[VARIABLES] = {next_random(random), 5, INTERPRETER_ROUNDS, 0};

	memcpy(data, program, sizeof(program));
	interpret(data, variables);
	return variables[0] ^ variables[1] ^ variables[3];
}

/* --- objects whose methods are function pointers --- */

enum { OBJECTS = 64, MESSAGES = 6000 };

struct object {
	uint64_t (*receive)(struct object *o, uint64_t message);
	uint64_t state;
	uint32_t received, bits;
};

static uint64_t count_bits(struct object *o, uint64_t message)
{
	for (uint64_t rest = message & 0xffff; rest != 0; rest &= rest - 1)
		o->bits++;
	return o->bits;
}

static uint64_t rotate(struct object *o, uint64_t message)
{
	o->state = (o->state << 13 | o->state >> 51) + message;
	return o->state;
}

static uint64_t clamp(struct object *o, uint64_t message)
{
	int64_t value = (int64_t)(message % 2001) - 1000;

	if (value < -500)
		value = -500;
	else if (value > 500)
		value = 500;
	o->state += (uint64_t)value;
	return o->state;
}

static uint64_t alternate(struct object *o, uint64_t message)
{
	o->receive = message & 64 ? count_bits : clamp;
	return o->state ^ message;
}

uint64_t part_objects(uint8_t *data, uint64_t *random)
{
	static uint64_t (*const methods[])(struct object *, uint64_t) = {
		count_bits, rotate, clamp, alternate};
	struct object *objects = (struct object *)data;
	uint64_t message = next_random(random);

	for (unsigned i = 0; i < OBJECTS; i++)
		objects[i] = (struct object){.receive = methods[i % ARRAY_LEN(methods)]};
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct object *o = &objects[(message >> 7) % OBJECTS];

		o->received++;
		message = message * 6364136223846793005 + o->receive(o, message >> 33);
	}
	for (unsigned i = 0; i < OBJECTS; i++)
		message = message * 31 + objects[i].received + objects[i].bits;
	return message;
}
