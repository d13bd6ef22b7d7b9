/* atomic.h - atomic operations. The read-modify-write ones are LOCKed: full barriers on x86.
 * atomic_read and atomic_set are plain accesses that the compiler may not drop or repeat.
 */
#ifndef KERNEL_ATOMIC_H
#define KERNEL_ATOMIC_H

#include <stdbool.h>

typedef struct {
	volatile long v;
} atomic_t;

static inline long atomic_read(const atomic_t *a)
{
	return a->v;
}

static inline void atomic_set(atomic_t *a, long v)
{
	a->v = v;
}

static inline long atomic_fetch_add(atomic_t *a, long n)
{
	return __atomic_fetch_add(&a->v, n, __ATOMIC_SEQ_CST);
}

static inline void atomic_inc(atomic_t *a)
{
	atomic_fetch_add(a, 1);
}

static inline void atomic_dec(atomic_t *a)
{
	atomic_fetch_add(a, -1);
}

/* Returns true when this took the value to 0. */
static inline bool atomic_dec_and_test(atomic_t *a)
{
	return atomic_fetch_add(a, -1) == 1;
}

static inline long atomic_swap(atomic_t *a, long v)
{
	return __atomic_exchange_n(&a->v, v, __ATOMIC_SEQ_CST);
}

static inline bool atomic_cas(atomic_t *a, long expected, long v)
{
	return __atomic_compare_exchange_n(
		&a->v, &expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline void atomic_or(atomic_t *a, long bits)
{
	__atomic_fetch_or(&a->v, bits, __ATOMIC_SEQ_CST);
}

static inline void atomic_and(atomic_t *a, long bits)
{
	__atomic_fetch_and(&a->v, bits, __ATOMIC_SEQ_CST);
}

/* Adds one unless the value is 0. Returns whether it did. */
static inline bool atomic_inc_not_zero(atomic_t *a)
{
	long old = atomic_read(a);

	while (old != 0) {
		if (atomic_cas(a, old, old + 1))
			return true;
		old = atomic_read(a);
	}
	return false;
}

#endif
