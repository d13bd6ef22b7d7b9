/* oracle.h - one instruction, run by the host CPU and by ringv's, from the same state.
 *
 * The instructions are made from the decode table: a row and a form give encodings, an encoding
 * gives cases. The host runs each natively in this process (host.c), ringv on a core of its own in
 * 64-bit mode at CPL 3 (model.c), with code and data at the same linear addresses. Registers,
 * flags, x87 and SSE state, memory, and the fault with its error code and address are compared.
 * Rows that 64-bit mode has not, and all others, run in compatibility mode too: as 32-bit code in
 * flat segments, and as 32-bit and 16-bit code in segments of an LDT (ldt.c).
 *
 * For x86-64 Linux hosts only. Programs are linked without PIE, below 2 GiB.
 */
#ifndef ORACLE_ORACLE_H
#define ORACLE_ORACLE_H

#include "sim/base/rng.h"
#include "sim/cpu/undefined.h"

/* As rng_below, but without its division: half of the time of a case would be that. */
static inline uint64_t draw(struct rng *r, uint64_t bound)
{
	return (uint64_t)((unsigned __int128)rng_next(r) * bound >> 64);
}

/* --- the memory that both sides see --- */

#define CODE_LA    UINT64_C(0x50000000)
#define CODE_PAGES 4
#define DATA_LA    UINT64_C(0x51000000)
#define GS_BASE    UINT64_C(0x1000)

/* Pages of data, from DATA_LA. */
enum { PAGE_A, PAGE_B, PAGE_HOLE, PAGE_C, PAGE_READ_ONLY, PAGE_END_HOLE, DATA_PAGES };
#define READ_ONLY_BYTE 0xee /* fills that page: an address made of it is not canonical */
#define DATA_AT(page)  (DATA_LA + (page)*PAGE_SIZE)

/* Operands begin within WINDOW bytes of page ends, and what is done with them reaches MARGIN bytes
 * further: only there memory is copied and compared. */
#define WINDOW 512
#define MARGIN 320
#define WINDOWS                                                                                    \
	{                                                                                          \
		{DATA_AT(PAGE_B) - WINDOW - MARGIN, 2 * (WINDOW + MARGIN)},                        \
			{DATA_AT(PAGE_HOLE) - WINDOW - MARGIN, WINDOW + MARGIN},                   \
			{DATA_AT(PAGE_C), WINDOW + MARGIN},                                        \
		{                                                                                  \
			DATA_AT(PAGE_READ_ONLY) - WINDOW - MARGIN, WINDOW + MARGIN                 \
		}                                                                                  \
	}

struct window {
	uint64_t la;
	unsigned size;
};

/* A slot of code: a way out in front, the instruction, a way out behind it and one further on. */
#define SLOT_SIZE 128
#define SLOT_BACK 0
#define SLOT_INSN 16
#define SLOT_FAR  80
enum way_out { OUT_NEXT, OUT_BACK, OUT_FAR, WAYS_OUT };

/* --- state --- */

struct fx_image {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	struct xmm st[8];
	struct xmm xmm[16];
	uint8_t unused[96];
} __attribute__((aligned(16)));

struct regs {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t rip;
	uint64_t fs_base, gs_base;
	uint64_t selector[6]; /* by enum segment_index */
	struct fx_image fx;
};

/* Selectors of the host's code and stack. */
#define USER_SS   0x2b
#define USER_CS   0x33
#define USER_CS32 0x23 /* compatibility mode */

#define NO_VECTOR UINT32_MAX

struct outcome {
	struct regs regs;
	uint32_t vector; /* of the fault, or NO_VECTOR */
	uint32_t error;
	uint64_t cr2; /* for #PF */
};

/* --- the two sides --- */

/* Maps the memory; says why not and ends the process when the host refuses. */
void host_init(void);
/* Puts an instruction into a slot, with the ways out around it. */
struct code;
void host_write_code(uint64_t slot, const struct code *c);
/* Runs the instruction of a slot, from in->rip. */
void host_run(const struct regs *in, uint64_t slot, unsigned len, struct outcome *out);
uint64_t host_fs_base(void);

struct model;
struct model *model_create(void);
void model_destroy(struct model *m);
const struct decoder *model_decoder(const struct model *m);
void model_write_code(struct model *m, uint64_t la, const void *bytes, unsigned size);
/* The model's copy of a data page. */
uint8_t *model_data(struct model *m, uint64_t la);
void model_drop_caches(struct model *m);
/* For tests that change what host_run cannot: control registers. */
struct vcpu *model_core(struct model *m);
/* Runs the len bytes of code at in->rip, until RIP leaves them or a fault is delivered. *steps: 0
 * asks to step singly and to count; else that many steps are run at once. False when the model
 * refused: why is in refused. */
bool model_run(struct model *m, const struct regs *in, unsigned len, uint64_t *steps,
	struct outcome *out, const char **refused);

/* --- segments --- */

/* Code of 16 bits, and some of 32 bits, runs in segments of the LDT: DATA_LA is within reach of
 * 16-bit offsets. Operands lie on both sides of the limits. Only the last cannot be a stack. */
enum ldt_index {
	LDT_CODE16,
	LDT_CODE32,
	LDT_DATA,
	LDT_DATA_WIDE,
	LDT_LIMITED,
	LDT_DOWN,
	LDT_DOWN_WIDE,
	LDT_READ_ONLY,
	LDT_SEGMENTS
};

#define LDT_BASE        (DATA_LA - 0x4000)
#define LDT_SELECTOR(i) ((uint16_t)((i) << 3 | 7))

uint64_t ldt_descriptor(enum ldt_index i);
/* Of a segment of the LDT; 0 of any other. */
uint64_t selector_base(uint64_t selector);
uint16_t random_data_segment(struct rng *r, bool for_stack);

/* --- instructions --- */

enum rm_kind { RM_NONE, RM_REG, RM_BASE, RM_INDEX, RM_RIP, RM_ABS, RM_ADDR32, RM_ADDR16, RM_GS };

struct form {
	const struct row *row;
	enum code_mode mode;
	bool ldt;       /* in segments of the LDT */
	uint16_t index; /* of the row */
	enum rm_kind rm;
	uint8_t size;   /* operand size asked for by prefix: 2, 4 or 8 */
	uint8_t repeat; /* 0, 0xf2 or 0xf3 */
	bool lock;
	/* What case_make asks of the row for each case: RSP is used, x87 or vector registers, and
	 * whether operands need more than random values. */
	bool stack, x87, vector, special;
};

#define FORMS_MAX 64 /* of one row */

/* All forms of a row in that mode, which for 16-bit code is with an LDT. */
unsigned forms_of(const struct decoder *d, uint16_t index, enum code_mode mode, bool ldt,
	struct form forms[FORMS_MAX]);
/* The CS of a form, and whether its offsets and counters are 16 bits wide. */
uint16_t form_cs(const struct form *s);
bool form_addresses_16(const struct form *s);
/* The operand shape of a form: 64-bit code or not; register, memory or neither; the operand size,
 * if the row cares; a REP prefix that repeats. Forms of one shape differ in how an address is
 * written, in segments, in LOCK, and whether legacy code has 16 or 32 bits. */
bool form_same_shape(const struct form *a, const struct form *b);
void form_name(const struct form *s, char *name, size_t size);

#define NO_REG 255

struct code {
	const struct form *form;
	uint8_t bytes[2 * INSN_MAX];
	uint8_t len;
	uint8_t lead;  /* bytes of an instruction in front that sets flags; 0: none */
	uint8_t width; /* operand size in effect: 2, 4 or 8 */
	uint8_t modrm;
	uint8_t opcode;             /* its last byte */
	uint8_t rm, reg, vvvv;      /* register numbers, or NO_REG */
	uint8_t base, index, scale; /* of a memory operand */
	uint8_t segment;            /* enum segment_index */
	int32_t disp;
	bool rex, memory, override;
	unsigned access;       /* bytes of the memory operand */
	uint64_t fixed_target; /* its address, when the encoding alone says it; with an LDT, if
				* the segment is one that begins at LDT_BASE */
	uint64_t imm;
};

/* An encoding of the form for the address la, with random registers and immediates. One in four
 * stands behind an instruction that sets the status flags, to be found or kept by it. */
void code_encode(const struct form *s, uint64_t la, struct rng *r, struct code *c);

/* --- cases --- */

enum placement {
	AT_INSIDE,
	AT_PAGE_END,
	AT_CROSSING,
	AT_HOLE_CROSSING,
	AT_HOLE,
	AT_READ_ONLY,
	AT_READ_ONLY_CROSSING,
	AT_BEHIND_HOLE,
	AT_NOT_CANONICAL,
	PLACEMENTS
};

/* An address for size bytes. Not canonical only if wide. */
uint64_t place(struct rng *r, unsigned size, bool wide, enum placement *where);

/* Writes the same bytes into both memories, as far as they are writable. */
typedef void (*write_both)(void *context, uint64_t la, const void *bytes, unsigned size);

/* Registers and memory for one run of c, which stands in the given slot. */
struct case_maker {
	struct rng *rng;
	write_both write;
	void *context;
	struct xmm xmm[16];          /* for instructions that have nothing to do with them */
	uint64_t placed[PLACEMENTS]; /* how many cases of each kind */
};
void case_make(struct case_maker *m, const struct code *c, uint64_t slot, struct regs *in);

#define MXCSR_MODES 0xe040u /* DAZ, RC, FTZ */

uint64_t random_integer(struct rng *r);
void random_vector(struct rng *r, struct xmm *x);
/* Registers of the x87 FPU, or what MMX has in them. */
void random_x87(struct rng *r, struct fx_image *fx, bool mmx);
/* F2XM1 and FYL2XP1: their operand must be below 1, or 1 - sqrt(1/2); beyond, nothing is defined.
 * The sine of the least normal number is below it, but not on processors. */
void keep_x87_in_range(struct rng *r, const struct row *row, struct fx_image *fx);
/* The size of an x87 memory operand that is no single or double precision number or integer. */
unsigned x87_access_bytes(const struct row *row, unsigned width);
/* What such an operand may hold. */
#define X87_ACCESS_MOST 108
void random_x87_operand(
	struct rng *r, const struct row *row, unsigned width, uint8_t bytes[X87_ACCESS_MOST]);

/* --- what is known --- */

/* Why a row is not run on the host, or NULL. */
const char *row_exclusion(const struct row *row, enum code_mode mode);

/* What else checks a row of which the host can say little; empty for others. */
const char *row_elsewhere(const struct row *row);

/* The status flags that the manual leaves undefined after this run. */
uint64_t undefined_flags(const struct code *c, const struct regs *in);
bool undefined_result(const struct code *c, const struct regs *in);

/* Whether a row touches the stack by RSP, and is a near branch by register or memory. */
bool row_uses_stack(const struct row *row);
bool row_is_indirect(const struct row *row);
/* Whether an operand in the read-only page would make a run end elsewhere than in our code. */
bool avoids_read_only(const struct form *f);
/* Whether a store that faults may have stored a part on the host, but none in ringv. */
bool stores_half(const struct row *row);
/* Whether a row has to do with x87 or MMX registers; is BT or its like with a bit's number in a
 * register, so that memory far from the operand is meant; wants operands that are not just random.
 */
bool row_is_x87(const struct row *row);
bool row_is_bit_string(const struct row *row);
bool row_is_special(const struct row *row);
/* Whether a row transfers to another CS; loads or looks at a selector. */
bool row_is_far(const struct row *row);
bool row_takes_selector(const struct row *row);
bool row_has_kind(const struct row *row, const char *kinds);
bool row_has_size(const struct row *row, char size);
bool row_is(const struct row *row, const char *name);

#endif
