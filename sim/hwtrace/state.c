#include "sim/hwtrace/state.h"

#include <stdio.h>

void hw_word_name(unsigned word, char name[HW_NAME])
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags", "fs_base",
		"gs_base", "es", "cs", "ss", "ds", "fs", "gs", "fcw", "fsw", "ftw", "fop", "fip",
		"fdp", "mxcsr"};

	SIM_ASSERT(word < HW_WORDS);
	if (word < ARRAY_LEN(names))
		snprintf(name, HW_NAME, "%s", names[word]);
	else if (word < HW_XMM)
		snprintf(name, HW_NAME, "x87 r%u.%s", (word - HW_ST) / 2,
			(word - HW_ST) & 1 ? "high" : "low");
	else
		snprintf(name, HW_NAME, "xmm%u.%s", (word - HW_XMM) / 2,
			(word - HW_XMM) & 1 ? "high" : "low");
}

/* --- the image of FXSAVE --- */

struct fxsave {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	struct xmm st[8]; /* from the top of the stack */
	struct xmm xmm[16];
	uint8_t unused[96];
};

_Static_assert(sizeof(struct fxsave) == 512, "as in the manual");

static unsigned stack_top(uint64_t fsw)
{
	return fsw >> 11 & 7;
}

void hw_state_set_fxsave(struct hw_state *s, const void *image)
{
	struct fxsave fx;

	memcpy(&fx, image, sizeof(fx));
	s->w[HW_FCW] = fx.fcw;
	s->w[HW_FSW] = fx.fsw;
	s->w[HW_FTW] = fx.ftw;
	s->w[HW_FOP] = fx.fop;
	s->w[HW_FIP] = fx.fip;
	s->w[HW_FDP] = fx.fdp;
	s->w[HW_MXCSR] = fx.mxcsr;
	for (unsigned i = 0; i < 8; i++) {
		unsigned r = (stack_top(fx.fsw) + i) & 7;

		s->w[HW_ST + 2 * r] = fx.st[i].q[0];
		s->w[HW_ST + 2 * r + 1] = fx.st[i].q[1] & 0xffff;
	}
	memcpy(&s->w[HW_XMM], fx.xmm, sizeof(fx.xmm));
}

/* --- a core --- */

void hw_state_from_core(struct hw_state *s, const struct core_state *a)
{
	memcpy(&s->w[HW_GPR], a->gpr, sizeof(a->gpr));
	s->w[HW_RIP] = a->rip;
	s->w[HW_RFLAGS] = a->rflags;
	s->w[HW_FS_BASE] = a->seg[FS].base;
	s->w[HW_GS_BASE] = a->seg[GS].base;
	for (unsigned i = ES; i <= GS; i++)
		s->w[HW_SELECTOR + i] = a->seg[i].selector;
	s->w[HW_FCW] = a->x87.fcw;
	s->w[HW_FSW] = a->x87.fsw;
	s->w[HW_FTW] = a->x87.ftw;
	s->w[HW_FOP] = a->x87.fop;
	s->w[HW_FIP] = a->x87.fip;
	s->w[HW_FDP] = a->x87.fdp;
	s->w[HW_MXCSR] = a->mxcsr;
	memcpy(&s->w[HW_ST], a->x87.st, sizeof(a->x87.st));
	memcpy(&s->w[HW_XMM], a->xmm, sizeof(a->xmm));
}

static void x87_to_core(const struct hw_state *s, struct x87 *x)
{
	x->fcw = (uint16_t)s->w[HW_FCW];
	x->fsw = (uint16_t)s->w[HW_FSW];
	x->fop = (uint16_t)s->w[HW_FOP];
	x->fip = s->w[HW_FIP];
	x->fdp = s->w[HW_FDP];
	x->ftw = (uint8_t)s->w[HW_FTW];
	for (unsigned i = 0; i < 8; i++)
		x->st[i] = (struct xmm){{s->w[HW_ST + 2 * i], s->w[HW_ST + 2 * i + 1] & 0xffff}};
}

#define ATTR_CODE 0xa0fb
#define ATTR_DATA 0xc0f3

static void segments_to_core(const struct hw_state *s, struct core_state *a)
{
	for (unsigned i = ES; i <= GS; i++)
		a->seg[i] = (struct segment){.selector = (uint16_t)s->w[HW_SELECTOR + i]};
	a->seg[CS].limit = a->seg[SS].limit = UINT32_MAX;
	a->seg[CS].attr = ATTR_CODE;
	a->seg[SS].attr = ATTR_DATA;
	a->seg[FS].base = s->w[HW_FS_BASE];
	a->seg[GS].base = s->w[HW_GS_BASE];
}

#define RFLAGS_USER (RFLAGS_STATUS | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_ID)
#define MXCSR_USER  0xffff

void hw_state_to_core(const struct hw_state *s, struct core_state *a)
{
	memcpy(a->gpr, &s->w[HW_GPR], sizeof(a->gpr));
	a->rip = s->w[HW_RIP];
	a->rflags = (s->w[HW_RFLAGS] & RFLAGS_USER) | RFLAGS_ONE | RFLAGS_IF;
	segments_to_core(s, a);
	x87_to_core(s, &a->x87);
	a->mxcsr = s->w[HW_MXCSR] & MXCSR_USER;
	memcpy(a->xmm, &s->w[HW_XMM], sizeof(a->xmm));
	a->shadow = SHADOW_NONE;
}
