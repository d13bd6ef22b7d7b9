#include "sim/base/rng.h"

#include "sim/base/hash.h"

uint64_t stream_seed(uint64_t seed, const char *name)
{
	return hash_bytes(name, strlen(name), seed);
}

/* SplitMix64, which the authors of xoshiro recommend for filling its state. */
static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct rng rng_from(uint64_t seed)
{
	struct rng r;

	for (size_t i = 0; i < ARRAY_LEN(r.s); i++)
		r.s[i] = splitmix(&seed);
	return r;
}

static uint64_t rotate_left(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/* Draws below the largest multiple of bound, so that each remainder is as likely as any other. */
uint64_t rng_below(struct rng *r, uint64_t bound)
{
	uint64_t rejected, x;

	SIM_ASSERT(bound != 0);
	rejected = -bound % bound; /* 2^64 mod bound */
	do {
		x = rng_next(r);
	} while (x < rejected);
	return x % bound;
}
