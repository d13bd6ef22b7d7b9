/* memory_type.h - the memory type of RAM, as far as order depends on it: uncached accesses are made
 * at once and in program order (SDM "Memory Types and Their Properties").
 *
 * WB, WT and WP are alike to other cores. WC is taken for one of them: its stores leave in order,
 * as they may, where processors may also swap them.
 */
#ifndef MMU_MEMORY_TYPE_H
#define MMU_MEMORY_TYPE_H

#include "sim/base/core.h"

enum memory_type {
	MEMORY_UC = 0,
	MEMORY_WC = 1,
	MEMORY_WT = 4,
	MEMORY_WP = 5,
	MEMORY_WB = 6,
	MEMORY_UC_MINUS = 7, /* in the PAT only */
};

/* What the MTRRs say of a physical address. Where ranges overlap in a way that the SDM leaves
 * undefined it is UC. */
enum memory_type mtrr_type(const struct core_state *core, uint64_t pa);

/* Is a page's memory uncached? pat: the number of its PAT entry; 0 without paging. */
bool memory_is_uncached(const struct core_state *core, unsigned pat, uint64_t pa);

#endif
