/* float80.h - arithmetic on the x87 FPU's extended precision numbers, in integers: the same bits on
 * every host.
 *
 * A function takes any operands, numbers or not, and gives the result that a register gets, with
 * what was raised beside it. Masked exceptions have their default results; an unmasked overflow or
 * underflow gives the number with its exponent moved back into range, as a register gets it. Other
 * unmasked exceptions leave the result without meaning: who stores it looks at what was raised.
 *
 * SDM "x87 FPU Data Types", "x87 FPU Floating-Point Exception Conditions";
 * docs/decisions/0012-x87.md.
 */
#ifndef CPU_FLOAT80_H
#define CPU_FLOAT80_H

#include "sim/base/core.h"

#define FSW_IE    0x0001
#define FSW_DE    0x0002
#define FSW_ZE    0x0004
#define FSW_OE    0x0008
#define FSW_UE    0x0010
#define FSW_PE    0x0020
#define FSW_FLAGS 0x003f
#define FSW_SF    0x0040
#define FSW_ES    0x0080
#define FSW_C0    0x0100
#define FSW_C1    0x0200
#define FSW_C2    0x0400
#define FSW_TOP   0x3800
#define FSW_C3    0x4000
#define FSW_B     0x8000
#define FSW_CODES (FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3)

#define FCW_PC 0x0300
#define FCW_RC 0x0c00

enum rounding { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_ZERO };

struct float80 {
	uint64_t significand;
	uint16_t head; /* the sign in bit 15, the biased exponent below */
};

struct float80_env {
	uint16_t control; /* FCW: masks, precision, rounding */
	uint16_t raised;  /* FSW_IE to FSW_PE, FSW_SF; FSW_C1 when a result was rounded up */
};

enum float80_kind {
	FLOAT80_ZERO,
	FLOAT80_DENORMAL, /* and pseudo-denormal */
	FLOAT80_NORMAL,
	FLOAT80_INFINITE,
	FLOAT80_NAN,
	FLOAT80_UNSUPPORTED, /* pseudo-NaN, pseudo-infinity, unnormal */
};

enum float80_kind float80_kind(struct float80 v);
struct float80 float80_indefinite(void);

static inline bool float80_is_negative(struct float80 v)
{
	return v.head >> 15;
}

/* --- SDM "x87 FPU Basic Arithmetic Instructions": rounded as the precision control says --- */

typedef struct float80 (*float80_fn)(struct float80_env *e, struct float80 a, struct float80 b);

struct float80 float80_add(struct float80_env *e, struct float80 a, struct float80 b);
struct float80 float80_sub(struct float80_env *e, struct float80 a, struct float80 b);
struct float80 float80_mul(struct float80_env *e, struct float80 a, struct float80 b);
struct float80 float80_div(struct float80_env *e, struct float80 a, struct float80 b);
struct float80 float80_sqrt(struct float80_env *e, struct float80 a);

/* a times 2 to the integer part of b. */
struct float80 float80_scale(struct float80_env *e, struct float80 a, struct float80 b);
/* The exponent of a, as a number; *significand is a with the exponent 0. */
struct float80 float80_extract(
	struct float80_env *e, struct float80 a, struct float80 *significand);
struct float80 float80_round(struct float80_env *e, struct float80 a);

/* The partial remainder by a quotient that is truncated, or rounded to nearest. *codes gets FSW_C2
 * when it is not complete, else the quotient's low bits; it stays if there is no quotient. */
struct float80 float80_remainder(
	struct float80_env *e, struct float80 a, struct float80 b, bool nearest, uint16_t *codes);

enum float80_order { FLOAT80_LESS, FLOAT80_EQUAL, FLOAT80_GREATER, FLOAT80_UNORDERED };

/* A signalling comparison raises IE for quiet NaNs too. */
enum float80_order float80_compare(
	struct float80_env *e, struct float80 a, struct float80 b, bool signalling);

/* --- other formats --- */

/* From single or double precision. A denormal raises DE; a signalling NaN stays one, for the
 * operation that follows. */
struct float80 float80_widen(struct float80_env *e, uint64_t v, unsigned width);
/* As a load has it: raises IE for a signalling NaN, which becomes quiet. */
struct float80 float80_quieten(struct float80_env *e, struct float80 v);
/* To single or double precision. A denormal raises no DE. */
uint64_t float80_narrow(struct float80_env *e, struct float80 v, unsigned width);

struct float80 float80_from_integer(int64_t v);
/* To a signed integer of 2, 4 or 8 bytes; what does not fit becomes the integer indefinite. */
uint64_t float80_to_integer(
	struct float80_env *e, struct float80 v, unsigned width, enum rounding how);

#define BCD_BYTES 10
struct float80 float80_from_bcd(const uint8_t bcd[BCD_BYTES]);
void float80_to_bcd(struct float80_env *e, struct float80 v, uint8_t bcd[BCD_BYTES]);

/* --- constants, rounded by the rounding control --- */

enum float80_constant {
	FLOAT80_1,
	FLOAT80_L2T,
	FLOAT80_L2E,
	FLOAT80_PI,
	FLOAT80_LG2,
	FLOAT80_LN2,
	FLOAT80_0
};
struct float80 float80_constant(const struct float80_env *e, enum float80_constant which);

/* --- SDM "Transcendental Instructions": float80_function.c --- */

struct float80 float80_2xm1(struct float80_env *e, struct float80 x);
struct float80 float80_yl2x(struct float80_env *e, struct float80 y, struct float80 x);
struct float80 float80_yl2xp1(struct float80_env *e, struct float80 y, struct float80 x);
struct float80 float80_atan(struct float80_env *e, struct float80 y, struct float80 x);

/* *in_range is false, and the result is x, when |x| is 2^63 or more. */
enum float80_circular { FLOAT80_SIN, FLOAT80_COS, FLOAT80_TAN };
struct float80 float80_circular(
	struct float80_env *e, enum float80_circular which, struct float80 x, bool *in_range);

#endif
