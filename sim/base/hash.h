/* hash.h - digests of bytes: XXH3 by libxxhash (decision 1).
 *
 * The same bytes and seed give the same value on every host and in every version of the library,
 * so digests may be stored. They find differences; they do not resist an adversary.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <xxhash.h>
#ifdef __x86_64__ /* the same hashes, by the widest vectors that this host has */
#include <xxh_x86dispatch.h>
#endif

#include "sim/base/base.h"

struct digest {
	uint64_t low, high;
};

static inline uint64_t hash_bytes(const void *data, size_t length, uint64_t seed)
{
	return XXH3_64bits_withSeed(data, length, seed);
}

static inline struct digest digest_bytes(const void *data, size_t length, uint64_t seed)
{
	XXH128_hash_t h = XXH3_128bits_withSeed(data, length, seed);

	return (struct digest){h.low64, h.high64};
}

static inline bool digest_equal(struct digest a, struct digest b)
{
	return a.low == b.low && a.high == b.high;
}

#endif
