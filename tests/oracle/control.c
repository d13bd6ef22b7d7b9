/* control.c - what control registers do to x87 and SSE instructions: a row, an instruction. The
 * host cannot be asked, so that the manual's tables are written down here.
 *
 * SDM "Exceptions" of each instruction; "Interaction of SIMD and x87 FPU Floating-Point
 * Exceptions".
 */
#include "tests/oracle/oracle.h"

#include <stdio.h>

#define REFUSED 100 /* ringv says that it lacks the instruction */

#define ADDPS                                                                                      \
	{                                                                                          \
		0x0f, 0x58, 0xc1                                                                   \
	}
#define DIVPS                                                                                      \
	{                                                                                          \
		0x0f, 0x5e, 0xc1                                                                   \
	} /* of zeros: IE, unmasked below */
#define PXOR                                                                                       \
	{                                                                                          \
		0x66, 0x0f, 0xef, 0xc1                                                             \
	}
#define MOVNTI                                                                                     \
	{                                                                                          \
		0x0f, 0xc3, 0x03                                                                   \
	}
#define PREFETCH                                                                                   \
	{                                                                                          \
		0x0f, 0x18, 0x0b                                                                   \
	}
#define PAUSE                                                                                      \
	{                                                                                          \
		0xf3, 0x90                                                                         \
	}
#define LDMXCSR                                                                                    \
	{                                                                                          \
		0x0f, 0xae, 0x13                                                                   \
	}
#define FXSAVE                                                                                     \
	{                                                                                          \
		0x0f, 0xae, 0x03                                                                   \
	}
#define FXRSTOR                                                                                    \
	{                                                                                          \
		0x0f, 0xae, 0x0b                                                                   \
	}
#define FNINIT                                                                                     \
	{                                                                                          \
		0xdb, 0xe3                                                                         \
	}
#define FNCLEX                                                                                     \
	{                                                                                          \
		0xdb, 0xe2                                                                         \
	}
#define FLDCW                                                                                      \
	{                                                                                          \
		0xd9, 0x2b                                                                         \
	}
#define FWAIT                                                                                      \
	{                                                                                          \
		0x9b                                                                               \
	}
#define FADD                                                                                       \
	{                                                                                          \
		0xd8, 0xc1                                                                         \
	}
#define PADDB                                                                                      \
	{                                                                                          \
		0x0f, 0xfc, 0xc1                                                                   \
	} /* of MMX registers */

#define MXCSR_DEFAULT 0x1f80
#define MXCSR_NO_IM   0x1f00

static const struct control {
	const char *name;
	uint64_t cr0_on, cr0_off, cr4_off;
	uint32_t mxcsr;
	uint16_t fsw;
	uint8_t bytes[4];
	uint32_t vector;
} controls[] = {
	{"sse", 0, 0, 0, MXCSR_DEFAULT, 0, ADDPS, NO_VECTOR},
	{"sse-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, ADDPS, VECTOR_UD},
	{"sse-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0, ADDPS, VECTOR_NM},
	{"sse-em-ts", CR0_EM | CR0_TS, 0, 0, MXCSR_DEFAULT, 0, PXOR, VECTOR_UD},
	{"sse-osfxsr", 0, 0, CR4_OSFXSR, MXCSR_DEFAULT, 0, PXOR, VECTOR_UD},
	{"sse-osfxsr-ts", CR0_TS, 0, CR4_OSFXSR, MXCSR_DEFAULT, 0, PXOR, VECTOR_UD},
	{"sse-xm", 0, 0, 0, MXCSR_NO_IM, 0, DIVPS, VECTOR_XM},
	{"sse-xm-osxmmexcpt", 0, 0, CR4_OSXMMEXCPT, MXCSR_NO_IM, 0, DIVPS, VECTOR_UD},
	{"sse-x87-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, ADDPS, NO_VECTOR},
	{"movnti-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, MOVNTI, NO_VECTOR},
	{"prefetch-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, PREFETCH, NO_VECTOR},
	{"pause-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0, PAUSE, NO_VECTOR},
	{"ldmxcsr-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, LDMXCSR, VECTOR_UD},
	{"ldmxcsr-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0, LDMXCSR, VECTOR_NM},
	{"ldmxcsr-osfxsr", 0, 0, CR4_OSFXSR, MXCSR_DEFAULT, 0, LDMXCSR, VECTOR_UD},
	{"fxsave-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, FXSAVE, VECTOR_NM},
	{"fxsave-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0, FXSAVE, VECTOR_NM},
	{"fxsave-osfxsr", 0, 0, CR4_OSFXSR, MXCSR_DEFAULT, 0, FXSAVE, NO_VECTOR},
	{"fxsave-x87-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, FXSAVE, NO_VECTOR},
	{"fxrstor-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0, FXRSTOR, VECTOR_NM},
	{"fninit-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, FNINIT, VECTOR_NM},
	{"fninit-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0, FNINIT, VECTOR_NM},
	{"fninit-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, FNINIT, NO_VECTOR},
	{"fnclex-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, FNCLEX, NO_VECTOR},
	{"fldcw-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, FLDCW, VECTOR_MF},
	{"fldcw-pending-ne", 0, CR0_NE, 0, MXCSR_DEFAULT, 0x8081, FLDCW, REFUSED},
	{"fldcw-pending-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0x8081, FLDCW, VECTOR_NM},
	{"fwait-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, FWAIT, NO_VECTOR},
	{"fwait-ts", CR0_TS, CR0_MP, 0, MXCSR_DEFAULT, 0, FWAIT, NO_VECTOR},
	{"fwait-ts-mp", CR0_TS | CR0_MP, 0, 0, MXCSR_DEFAULT, 0, FWAIT, VECTOR_NM},
	{"fwait-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, FWAIT, VECTOR_MF},
	{"x87", 0, 0, 0, MXCSR_DEFAULT, 0, FADD, NO_VECTOR},
	{"x87-em", CR0_EM, 0, 0, MXCSR_DEFAULT, 0, FADD, VECTOR_NM},
	{"x87-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0x8081, FADD, VECTOR_NM},
	{"x87-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, FADD, VECTOR_MF},
	{"x87-pending-ne", 0, CR0_NE, 0, MXCSR_DEFAULT, 0x8081, FADD, REFUSED},
	{"mmx", 0, 0, 0, MXCSR_DEFAULT, 0, PADDB, NO_VECTOR},
	{"mmx-em-ts", CR0_EM | CR0_TS, 0, 0, MXCSR_DEFAULT, 0, PADDB, VECTOR_UD},
	{"mmx-ts", CR0_TS, 0, 0, MXCSR_DEFAULT, 0x8081, PADDB, VECTOR_NM},
	{"mmx-osfxsr", 0, 0, CR4_OSFXSR, MXCSR_DEFAULT, 0, PADDB, NO_VECTOR},
	{"mmx-pending", 0, 0, 0, MXCSR_DEFAULT, 0x8081, PADDB, VECTOR_MF},
	{"mmx-pending-ne", 0, CR0_NE, 0, MXCSR_DEFAULT, 0x8081, PADDB, REFUSED},
};

static uint32_t run(struct model *m, const struct control *t, uint64_t la)
{
	struct regs in = {
		.rip = la,
		.gpr = {[RBX] = DATA_AT(PAGE_B) - WINDOW},
		.rflags = RFLAGS_IF | RFLAGS_ONE,
		.selector = {[CS] = USER_CS, [SS] = USER_SS},
		.fx = {.fcw = 0x340, .fsw = t->fsw, .mxcsr = t->mxcsr},
	};
	struct core_state *a = &model_core(m)->arch;
	uint64_t cr0 = a->cr0, cr4 = a->cr4, steps = 0;
	const char *refused;
	struct outcome out;
	bool ran;

	a->cr0 = (cr0 | t->cr0_on) & ~t->cr0_off;
	a->cr4 = cr4 & ~t->cr4_off;
	ran = model_run(m, &in, 1, &steps, &out, &refused);
	a->cr0 = cr0;
	a->cr4 = cr4;
	return ran ? out.vector : REFUSED;
}

int main(void)
{
	struct model *m = model_create();
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(controls); i++) {
		uint64_t la = CODE_LA + i * 64;
		uint32_t vector;

		model_write_code(m, la, controls[i].bytes, sizeof(controls[i].bytes));
		vector = run(m, &controls[i], la);
		if (vector == controls[i].vector) {
			printf("ok oracle/control/%s\n", controls[i].name);
			continue;
		}
		printf("not ok oracle/control/%s: vector %d, not %d\n", controls[i].name,
			(int)vector, (int)controls[i].vector);
		failed = 1;
	}
	model_destroy(m);
	return failed;
}
