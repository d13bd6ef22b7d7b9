/* state.h - what a user program sees of a core, as a row of 64-bit words that are recorded,
 * predicted and compared alike.
 *
 * x87 registers are the physical ones, so that a push changes one. The tag word has a bit a
 * register, set where it is in use, as in FXSAVE's image.
 */
#ifndef HWTRACE_STATE_H
#define HWTRACE_STATE_H

#include "sim/base/core.h"

enum hw_word {
	HW_GPR = 0, /* in the order of enum gpr */
	HW_RIP = 16,
	HW_RFLAGS,
	HW_FS_BASE,
	HW_GS_BASE,
	HW_SELECTOR, /* ES CS SS DS FS GS */
	HW_FCW = HW_SELECTOR + 6,
	HW_FSW,
	HW_FTW,
	HW_FOP,
	HW_FIP,
	HW_FDP,
	HW_MXCSR,
	HW_ST,               /* low and high half of each */
	HW_XMM = HW_ST + 16, /* the same */
	HW_WORDS = HW_XMM + 32
};

struct hw_state {
	uint64_t w[HW_WORDS];
};

#define HW_NAME 24
void hw_word_name(unsigned word, char name[HW_NAME]);

/* The image that FXSAVE64 makes, and PTRACE_GETFPREGS gives; 512 bytes. */
void hw_state_set_fxsave(struct hw_state *s, const void *image);

void hw_state_from_core(struct hw_state *s, const struct core_state *a);
/* Into a core in 64-bit user mode; what programs do not see stays. */
void hw_state_to_core(const struct hw_state *s, struct core_state *a);

#endif
