/* atomic32.h - atomic operations on the 32-bit flags that users and kernel share; full barriers. */
#ifndef PARLIB_ATOMIC32_H
#define PARLIB_ATOMIC32_H

#include <stdbool.h>

static inline void or32(volatile unsigned int *p, unsigned int bits)
{
	__atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST);
}

static inline void and32(volatile unsigned int *p, unsigned int bits)
{
	__atomic_fetch_and(p, bits, __ATOMIC_SEQ_CST);
}

static inline bool cas32(volatile unsigned int *p, unsigned int expected, unsigned int v)
{
	return __atomic_compare_exchange_n(
		p, &expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#endif
