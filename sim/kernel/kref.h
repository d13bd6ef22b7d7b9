/* kref.h - reference counts with a release function. A count of 0 never rises again. */
#ifndef KERNEL_KREF_H
#define KERNEL_KREF_H

#include "sim/kernel/atomic.h"
#include "sim/kernel/console.h"

struct kref {
	atomic_t count;
	void (*release)(struct kref *);
};

static inline void kref_init(struct kref *k, void (*release)(struct kref *), long count)
{
	atomic_set(&k->count, count);
	k->release = release;
}

/* For a holder of a reference: takes another. */
static inline void kref_get(struct kref *k)
{
	long old = atomic_fetch_add(&k->count, 1);

	assert(old > 0);
}

/* For a look-up that holds none: false when the last reference has gone already. */
static inline bool kref_get_not_zero(struct kref *k)
{
	return atomic_inc_not_zero(&k->count);
}

static inline void kref_put(struct kref *k)
{
	long old = atomic_fetch_add(&k->count, -1);

	assert(old > 0);
	if (old == 1)
		k->release(k);
}

#endif
