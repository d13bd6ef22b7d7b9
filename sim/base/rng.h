/* rng.h - random numbers that a seed decides: xoshiro256** (Blackman and Vigna).
 *
 * Every consumer draws from a stream of its own, named once: `rng_from(stream_seed(seed, "net"))`.
 * A new consumer therefore never shifts the numbers of another. The state is plain data. No host
 * randomness exists anywhere in ringv.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "sim/base/base.h"

struct rng {
	uint64_t s[4]; /* never all zero */
};

/* The seed of the stream of that name, under the seed of the run. */
uint64_t stream_seed(uint64_t seed, const char *name);

struct rng rng_from(uint64_t seed);

uint64_t rng_next(struct rng *r);

/* Uniform in 0 .. bound - 1, without bias; bound is not 0. */
uint64_t rng_below(struct rng *r, uint64_t bound);

#endif
