/* cpu.c - see cpu.h. */
#include "sim/kernel/cpu.h"
#include "sim/abi/context.h"
#include "sim/kernel/console.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/x86.h"

/* CPUID.1:EDX: FPU, MSR, APIC, PGE, PAT, FXSR, SSE, SSE2 */
#define REQUIRED_EDX (BIT(0) | BIT(5) | BIT(9) | BIT(13) | BIT(16) | BIT(24) | BIT(25) | BIT(26))

#define FCW_DEFAULT   0x037f
#define MXCSR_DEFAULT 0x1f80
#define FXSAVE_MXCSR  24 /* offset in the image */

#define MXCSR_BITS 0xffbfu /* of any CPU with SSE: without denormals-are-zero */

struct cpu_features cpu_features;

void cpu_detect(void)
{
	struct cpuid basic = cpuid(1, 0);
	uint32_t missing = (uint32_t)REQUIRED_EDX & ~basic.edx;

	if (missing != 0)
		panic("this CPU lacks features: CPUID.1:EDX bits %x", missing);
	cpu_features.x2apic = basic.ecx & BIT(21);
	cpu_features.tsc_deadline = basic.ecx & BIT(24);
	cpu_features.vmx = basic.ecx & BIT(5);
	cpu_features.pages_1g = cpuid(0x80000001, 0).edx & BIT(26);
}

void cpu_init_core(void)
{
	lcr0((rcr0() & ~(CR0_EM | CR0_TS)) | CR0_MP);
	lcr4(rcr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXC);
}

void fpu_save(struct ancillary_state *s)
{
	__asm__ volatile("fxsave64 %0" : "=m"(*s));
}

void fpu_restore(const struct ancillary_state *s)
{
	__asm__ volatile("fxrstor64 %0" : : "m"(*s));
}

void fpu_init_state(struct ancillary_state *s)
{
	uint16_t fcw = FCW_DEFAULT;
	uint32_t mxcsr = MXCSR_DEFAULT;

	memset(s, 0, sizeof(*s));
	memcpy(s->fxsave, &fcw, sizeof(fcw));
	memcpy(s->fxsave + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

uint32_t mxcsr_secure(uint32_t mxcsr)
{
	return mxcsr & MXCSR_BITS;
}

void fpu_secure(struct ancillary_state *s)
{
	uint32_t mxcsr;

	memcpy(&mxcsr, s->fxsave + FXSAVE_MXCSR, sizeof(mxcsr));
	mxcsr = mxcsr_secure(mxcsr);
	memcpy(s->fxsave + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}
