/* xsave.h - the state components that XSAVE manages, for CPUID leaf 0D, XCR0 and XSAVE itself.
 *
 * SDM "Managing State Using the XSAVE Feature Set".
 */
#ifndef CPU_XSAVE_H
#define CPU_XSAVE_H

#include "sim/cpu/cpu.h"

#define XSTATE_X87  BIT(0)
#define XSTATE_SSE  BIT(1)
#define XSTATE_AVX  BIT(2) /* not here; but MXCSR is thought of as a part of it, too */
#define XSTATE_PKRU BIT(9)

#define XSAVE_LEGACY      512 /* as FXSAVE has it */
#define XSAVE_EXTENDED    (XSAVE_LEGACY + 64)
#define XSAVE_PKRU_INDEX  9
#define XSAVE_PKRU_OFFSET 0xa80 /* in the standard format; where all processors have it */
#define XSAVE_PKRU_SIZE   8

/* What XCR0 may have. */
static inline uint64_t xsave_supported(const struct cpu_model *model)
{
	return XSTATE_X87 | (model_has(model, FEATURE_sse) ? XSTATE_SSE : 0) |
	       (model_has(model, FEATURE_pku) ? XSTATE_PKRU : 0);
}

/* The size of an area with these components, in the standard or in the compacted format. */
static inline uint32_t xsave_size(uint64_t components, bool compacted)
{
	if ((components & XSTATE_PKRU) == 0)
		return XSAVE_EXTENDED;
	return (compacted ? XSAVE_EXTENDED : XSAVE_PKRU_OFFSET) + XSAVE_PKRU_SIZE;
}

#endif
