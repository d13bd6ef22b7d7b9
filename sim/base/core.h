/* core.h - the architectural state of one core: what software can observe, and nothing else.
 *
 * Plain data without padding or pointers; it is digested, saved and compared byte for byte. Field
 * names are the SDM's. The local APIC's state is in sim/apic, the TLB's in sim/mmu.
 */
#ifndef BASE_CORE_H
#define BASE_CORE_H

#include "sim/base/rng.h"

enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* Two more "registers", so that an address is always base + index * scale + displacement. */
enum { REG_RIP = 16, REG_ZERO = 17, REG_COUNT };

enum segment_index { ES, CS, SS, DS, FS, GS, LDTR, TR, SEGMENT_COUNT };

struct segment {
	uint64_t base;
	uint32_t limit; /* in bytes, granularity applied */
	uint16_t selector;
	uint16_t attr; /* descriptor bits 40..47 and 52..55, as SEG_* */
};

#define SEG_TYPE 0x000f
#define SEG_S    0x0010
#define SEG_DPL  0x0060
#define SEG_P    0x0080
#define SEG_AVL  0x1000
#define SEG_L    0x2000
#define SEG_D    0x4000
#define SEG_G    0x8000

struct table_register {
	uint64_t base;
	uint64_t limit;
};

#define RFLAGS_CF   BIT(0)
#define RFLAGS_ONE  BIT(1)
#define RFLAGS_PF   BIT(2)
#define RFLAGS_AF   BIT(4)
#define RFLAGS_ZF   BIT(6)
#define RFLAGS_SF   BIT(7)
#define RFLAGS_TF   BIT(8)
#define RFLAGS_IF   BIT(9)
#define RFLAGS_DF   BIT(10)
#define RFLAGS_OF   BIT(11)
#define RFLAGS_IOPL (BIT(12) | BIT(13))
#define RFLAGS_NT   BIT(14)
#define RFLAGS_RF   BIT(16)
#define RFLAGS_VM   BIT(17)
#define RFLAGS_AC   BIT(18)
#define RFLAGS_VIF  BIT(19)
#define RFLAGS_VIP  BIT(20)
#define RFLAGS_ID   BIT(21)

#define RFLAGS_STATUS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR3_PCID     UINT64_C(0xfff) /* with CR4.PCIDE */
#define CR3_NO_FLUSH BIT(63)         /* of what is written, the same */

#define CR4_VME        BIT(0)
#define CR4_PVI        BIT(1)
#define CR4_TSD        BIT(2)
#define CR4_DE         BIT(3)
#define CR4_PSE        BIT(4)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_PCE        BIT(8)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_FSGSBASE   BIT(16)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE        BIT(22)

#define PKRU_AD BIT(0) /* of key 0: no access; no writes */
#define PKRU_WD BIT(1)

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_PERFMON      BIT(7)
#define MISC_ENABLE_NO_BTS       BIT(11)
#define MISC_ENABLE_NO_PEBS      BIT(12)
#define MISC_ENABLE_MONITOR      BIT(18)

#define MC_BANKS 4 /* of machine-check registers */

#define DR6_BS BIT(14)
#define DR7_GD BIT(13)

enum activity {
	ACTIVITY_RUNNING,
	ACTIVITY_HALTED,
	ACTIVITY_WAIT_SIPI,
	ACTIVITY_SHUTDOWN,
	ACTIVITY_MWAIT,
	ACTIVITIES
};

/* Why the next instruction boundary takes no interrupt (SDM "Masking Exceptions and Interrupts
 * When Switching Stacks" and STI). */
enum shadow { SHADOW_NONE, SHADOW_STI, SHADOW_MOV_SS };

struct xmm {
	uint64_t q[2];
};

struct x87 {
	uint16_t fcw, fsw;
	uint8_t ftw;  /* as FXSAVE has it: see x87.h */
	uint8_t ferr; /* FERR# is active: an error was reported through it, and is still there */
	uint16_t fop;
	uint64_t fip, fdp;
	struct xmm st[8]; /* physical registers, 80 bits in each; the rest is zero */
};

/* Performance counters: the programmable ones, then the fixed ones. What counts is a difference of
 * clocks of the core, so that counting costs nothing: while a bit of `counting` is set, `counter`
 * is short of the value by that clock (sim/cpu/pmu.c). */
#define PMU_PROGRAMMABLE 4
#define PMU_FIXED        3
#define PMU_COUNTERS     (PMU_PROGRAMMABLE + PMU_FIXED)

struct pmu {
	uint64_t select[PMU_PROGRAMMABLE];
	uint64_t fixed_control, global_control, global_status;
	uint64_t counter[PMU_COUNTERS];
	uint64_t counting;
	uint64_t branches; /* retired while one counted them */
};

struct core_state {
	uint64_t gpr[16];
	uint64_t rip;
	uint64_t zero; /* always 0: what an absent base or index register reads */
	uint64_t rflags;

	struct segment seg[SEGMENT_COUNT];
	struct table_register gdtr, idtr;

	uint64_t cr0, cr2, cr3, cr4;
	uint64_t pdpte[4]; /* of PAE paging, as they were when CR3 was loaded */
	uint64_t dr[8];

	uint64_t efer, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc_aux, tsc_adjust, misc_enable;
	uint64_t mtrr_def_type, mtrr_fixed[11], mtrr_base[8], mtrr_mask[8];
	uint64_t mcg_ctl, mc_ctl[MC_BANKS];

	struct x87 x87;
	uint64_t mxcsr;
	struct xmm xmm[16];
	uint64_t xcr0, pkru;
	struct pmu pmu;

	struct rng random; /* where RDRAND and RDSEED take their numbers from */

	uint64_t activity;      /* enum activity */
	uint64_t shadow;        /* enum shadow: holds for the next boundary only */
	uint64_t debug_pending; /* bits of DR6: breakpoints met, which SHADOW_MOV_SS holds off */
	uint64_t monitor;       /* physical line that MONITOR watches, and bit 0; 0: none */
	uint64_t mwait_breaks;  /* MWAIT ends by an interrupt that is masked, too */
	uint64_t nmi_blocked;   /* from the delivery of an NMI to the next IRET */

	uint64_t committed; /* the step, plus 1, that is the instruction at rip whatever interrupts
			     * wait: somebody has stopped the core before it, and knows it */

	uint64_t step;  /* everything that changed this core: instructions, faults, interrupts */
	uint64_t insns; /* retired instructions */
	uint64_t cycle; /* the local clock */
	uint64_t idle;  /* cycles of it in which the core did nothing */
};

/* The core did nothing until then. */
static inline void core_idle_until(struct core_state *a, uint64_t cycle)
{
	if (cycle <= a->cycle)
		return;
	a->idle += cycle - a->cycle;
	a->cycle = cycle;
}

_Static_assert(sizeof(struct segment) == 16, "no padding: the digest sees every byte");
_Static_assert(sizeof(struct x87) == 8 + 16 + 128, "no padding: the digest sees every byte");
_Static_assert(offsetof(struct core_state, rip) == 8 * REG_RIP, "REG_RIP indexes gpr");
_Static_assert(offsetof(struct core_state, zero) == 8 * REG_ZERO, "REG_ZERO indexes gpr");

#endif
