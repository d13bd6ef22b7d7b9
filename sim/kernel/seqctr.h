/* seqctr.h - sequence counters: one writer at a time (it holds a lock), readers that never wait
 * but read again when a write came between. Odd while a write is in progress. Shared with users
 * through procinfo, hence a plain integer.
 */
#ifndef KERNEL_SEQCTR_H
#define KERNEL_SEQCTR_H

#include "sim/kernel/x86.h"

#include <stdbool.h>
#include <stdint.h>

typedef volatile uint64_t seqctr_t;

static inline void seq_start_write(seqctr_t *s)
{
	*s = *s + 1;
	wmb(); /* odd before any of the data changes */
}

static inline void seq_end_write(seqctr_t *s)
{
	wmb(); /* all of the data before even */
	*s = *s + 1;
}

static inline uint64_t seq_start_read(const seqctr_t *s)
{
	uint64_t start = *s;

	rmb();
	return start;
}

/* True when what was read since `start` may be torn. */
static inline bool seq_retry_read(const seqctr_t *s, uint64_t start)
{
	rmb();
	return (start & 1) != 0 || *s != start;
}

#endif
