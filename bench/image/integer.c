/* integer.c - see integer.h: algorithms on numbers, and the phase. */
#include "bench/image/integer.h"
#include "bench/image/core.h"
#include "bench/image/lib.h"

/* --- quicksort with a comparison by function pointer --- */

enum { SORT_ITEMS = 2000, INSERTION_MAX = 8 };

static int compare_up(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_low_bytes(uint32_t a, uint32_t b)
{
	return compare_up(a & 0xff, b & 0xff) ? compare_up(a & 0xff, b & 0xff) : compare_up(a, b);
}

static void insertion_sort(uint32_t *v, int n, int (*compare)(uint32_t, uint32_t))
{
	for (int i = 1; i < n; i++) {
		uint32_t item = v[i];
		int j = i;

		for (; j > 0 && compare(v[j - 1], item) > 0; j--)
			v[j] = v[j - 1];
		v[j] = item;
	}
}

static void quicksort(uint32_t *v, int n, int (*compare)(uint32_t, uint32_t))
{
	while (n > INSERTION_MAX) {
		uint32_t pivot = v[n / 2];
		int i = 0, j = n - 1;

		while (i <= j) {
			while (compare(v[i], pivot) < 0)
				i++;
			while (compare(v[j], pivot) > 0)
				j--;
			if (i <= j) {
				uint32_t swap = v[i];

				v[i++] = v[j];
				v[j--] = swap;
			}
		}
		quicksort(v + i, n - i, compare);
		n = j + 1;
	}
	insertion_sort(v, n, compare);
}

uint64_t part_sort(uint8_t *data, uint64_t *random)
{
	uint32_t *v = (uint32_t *)data;
	uint64_t sum = 0;

	for (unsigned i = 0; i < SORT_ITEMS; i++)
		v[i] = (uint32_t)next_random(random);
	quicksort(v, SORT_ITEMS, *random & 1 ? compare_up : compare_low_bytes);
	for (unsigned i = 0; i < SORT_ITEMS; i++)
		sum = sum * 31 + v[i];
	return sum;
}

/* --- a hash table with open addressing --- */

enum { TABLE_SLOTS = 4096, TABLE_KEYS = 2500 };

struct slot {
	uint64_t key; /* 0: free */
	uint32_t count, last;
};

static struct slot *find_slot(struct slot *table, uint64_t key)
{
	uint64_t at = (key * 0x9e3779b97f4a7c15) >> 52;

	while (table[at].key != 0 && table[at].key != key)
		at = (at + 1) % TABLE_SLOTS;
	return &table[at];
}

uint64_t part_hash(uint8_t *data, uint64_t *random)
{
	struct slot *table = (struct slot *)data;
	uint64_t sum = 0;

	for (unsigned i = 0; i < TABLE_SLOTS; i++)
		table[i] = (struct slot){0, 0, 0};
	for (unsigned i = 0; i < 3 * TABLE_KEYS; i++) {
		uint64_t key = next_random(random) % TABLE_KEYS + 1;
		struct slot *s = find_slot(table, key);

		s->key = key;
		s->count++;
		s->last = i;
	}
	for (unsigned i = 1; i <= TABLE_KEYS; i++) {
		const struct slot *s = find_slot(table, i);

		if (s->key != 0)
			sum = sum * 31 + s->count * s->last;
	}
	return sum;
}

/* --- a binary search tree --- */

enum { TREE_NODES = 1200 };

struct tree {
	struct tree *left, *right;
	uint64_t key;
};

static struct tree *tree_insert(struct tree *root, struct tree *node)
{
	struct tree **at = &root;

	while (*at != NULL)
		at = node->key < (*at)->key ? &(*at)->left : &(*at)->right;
	*at = node;
	return root;
}

static unsigned tree_height(const struct tree *t)
{
	unsigned left, right;

	if (t == NULL)
		return 0;
	left = tree_height(t->left);
	right = tree_height(t->right);
	return (left > right ? left : right) + 1;
}

static uint64_t tree_sum(const struct tree *t, uint64_t sum)
{
	if (t == NULL)
		return sum;
	return tree_sum(t->right, (tree_sum(t->left, sum) ^ t->key) * 31);
}

uint64_t part_tree(uint8_t *data, uint64_t *random)
{
	struct tree *nodes = (struct tree *)data, *root = NULL;

	for (unsigned i = 0; i < TREE_NODES; i++) {
		nodes[i] = (struct tree){NULL, NULL, next_random(random)};
		root = tree_insert(root, &nodes[i]);
	}
	return tree_sum(root, tree_height(root));
}

/* --- the sieve of Eratosthenes --- */

enum { SIEVE_LIMIT = 24000 };

uint64_t part_sieve(uint8_t *data, uint64_t *random)
{
	unsigned limit = SIEVE_LIMIT - (unsigned)(next_random(random) % 1000);
	uint64_t sum = 0;

	memset(data, 1, limit);
	for (unsigned i = 2; i < limit; i++) {
		if (!data[i])
			continue;
		sum += i;
		for (unsigned j = 2 * i; j < limit; j += i)
			data[j] = 0;
	}
	return sum;
}

/* --- products of matrices, greatest common divisors, powers --- */

enum { MATRIX = 20, DIVISORS = 150, POWERS = 60 };

static uint64_t multiply(const int32_t a[MATRIX][MATRIX], const int32_t b[MATRIX][MATRIX],
	int64_t product[MATRIX][MATRIX])
{
	uint64_t sum = 0;

	for (int i = 0; i < MATRIX; i++) {
		for (int j = 0; j < MATRIX; j++) {
			int64_t dot = 0;

			for (int k = 0; k < MATRIX; k++)
				dot += (int64_t)a[i][k] * b[k][j];
			product[i][j] = dot;
			sum = sum * 3 + (uint64_t)dot;
		}
	}
	return sum;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint32_t power(uint32_t base, uint32_t exponent, uint32_t modulus)
{
	uint64_t result = 1, square = base % modulus;

	for (; exponent != 0; exponent >>= 1) {
		if (exponent & 1)
			result = result * square % modulus;
		square = square * square % modulus;
	}
	return (uint32_t)result;
}

uint64_t part_arithmetic(uint8_t *data, uint64_t *random)
{
	struct {
		int32_t a[MATRIX][MATRIX], b[MATRIX][MATRIX];
		int64_t product[MATRIX][MATRIX];
	} *m = (void *)data;
	uint64_t sum;

	for (unsigned i = 0; i < MATRIX * MATRIX; i++) {
		m->a[i / MATRIX][i % MATRIX] = (int32_t)next_random(random);
		m->b[i / MATRIX][i % MATRIX] = (int16_t)*random;
	}
	sum = multiply(m->a, m->b, m->product);
	for (unsigned i = 0; i < DIVISORS; i++)
		sum += gcd(next_random(random) >> 16, *random & 0xffffff);
	for (unsigned i = 0; i < POWERS; i++)
		sum += power((uint32_t)next_random(random), (uint32_t)(*random >> 32), 998244353);
	return sum;
}

/* --- the CRC-32 of IEEE 802.3, by a table --- */

enum { CRC_BYTES = 12000 };

uint64_t part_crc(uint8_t *data, uint64_t *random)
{
	uint32_t *table = (uint32_t *)data, crc = 0xffffffff;
	uint8_t *bytes = data + 256 * sizeof(*table);

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (unsigned i = 0; i < CRC_BYTES; i++)
		bytes[i] = (uint8_t)(i * *random >> 16);
	for (unsigned i = 0; i < CRC_BYTES; i++)
		crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
	next_random(random);
	return ~crc;
}

/* --- the phase --- */

static part_fn *const parts[] = {part_sort, part_hash, part_tree, part_sieve, part_arithmetic,
	part_crc, part_compress, part_words, part_interpreter, part_objects};

uint64_t phase_integer(struct core *c, uint64_t n)
{
	uint64_t random = 88172645463325252 + c->id, sum = 0;

	for (uint64_t i = 0; i < n; i++)
		for (size_t p = 0; p < ARRAY_LEN(parts); p++)
			sum = mix(sum, parts[p](c->arena + p * 0x20000, &random));
	return sum;
}
