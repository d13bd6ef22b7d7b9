/* fault.h - what stopped an instruction: a guest exception, or a reason for the run loop to act.
 *
 * A value that fits a register, which the compiler makes one check. State changes last, so that
 * an instruction which returns a fault has changed nothing, unless the manual says otherwise
 * (REP string instructions). Functions that return one are declared MUST_CHECK. TRY is the only
 * control-flow macro of the tree.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "sim/base/base.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_BLOCK_END,   /* not a fault: the instruction is complete and its block ends here */
	FAULT_BLOCK_LINK,  /* the same, at a branch that could be linked with its target's block */
	FAULT_BLOCK_STOP,  /* as FAULT_BLOCK_END, and interrupts, mode and shadow must be looked at
			      again */
	FAULT_BLOCK_PART,  /* nothing was done: the steps that this run may make end here */
	FAULT_MISS,        /* nothing was done: the fast path cannot serve it, the slow one shall */
	FAULT_BLOCK_STALE, /* nothing was done: the block was retired under the core's feet */
	FAULT_EXCLUSIVE,   /* nothing was done: try again alone, as the lowest (cycle, id) */
	FAULT_ALONE,       /* nothing was done: try again as a step of its own */
	FAULT_HELD,        /* nothing was done: somebody wants the core to stop before it */
	FAULT_EXCEPTION,   /* vector, and error code where the vector has one */
	FAULT_TRIPLE,      /* shutdown: a fault while #DF was delivered */
	FAULT_UNIMPLEMENTED, /* a corner of the machine that ringv does not have yet: the run ends
			      */
};

enum vector {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_BR = 5,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_DF = 8,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_MC = 18,
	VECTOR_XM = 19,
};

struct fault {
	uint64_t raw; /* kind, vector << 8, has_error << 16, error << 32; zero is no fault */
};

static inline struct fault fault_make(enum fault_kind kind)
{
	return (struct fault){kind};
}

#define no_fault     fault_make(FAULT_NONE)
#define fault_end    fault_make(FAULT_BLOCK_END)
#define fault_link   fault_make(FAULT_BLOCK_LINK)
#define fault_stop   fault_make(FAULT_BLOCK_STOP)
#define fault_miss   fault_make(FAULT_MISS)
#define fault_retry  fault_make(FAULT_EXCLUSIVE)
#define fault_absent fault_make(FAULT_UNIMPLEMENTED)

static inline struct fault fault_exception(enum vector vector)
{
	return (struct fault){FAULT_EXCEPTION | (uint64_t)vector << 8};
}

static inline struct fault fault_error(enum vector vector, uint32_t error)
{
	return (struct fault){
		FAULT_EXCEPTION | (uint64_t)vector << 8 | BIT(16) | (uint64_t)error << 32};
}

#define fault_ud        fault_exception(VECTOR_UD)
#define fault_gp(error) fault_error(VECTOR_GP, error)

static inline enum fault_kind fault_kind(struct fault f)
{
	return (enum fault_kind)(f.raw & 0xff);
}

static inline unsigned fault_vector(struct fault f)
{
	return (f.raw >> 8) & 0xff;
}

static inline bool fault_has_error(struct fault f)
{
	return (f.raw >> 16) & 1;
}

static inline uint32_t fault_error_code(struct fault f)
{
	return (uint32_t)(f.raw >> 32);
}

#define TRY(e)                                                                                     \
	do {                                                                                       \
		struct fault try_fault = (e);                                                      \
		if (unlikely(try_fault.raw))                                                       \
			return try_fault;                                                          \
	} while (0)

#endif
