/* cases_x87.c - the x87 FPU's registers for a run: numbers of every kind, in pairs that meet. */
#include "tests/oracle/oracle.h"

#define BIAS 0x3fff

/* Ends of what an extended, double and single number, and integers can be, and what is near one. */
static unsigned random_exponent(struct rng *r)
{
	static const uint16_t interesting[] = {0, 0, 1, 2, 0x7ffe, 0x7fff, 0x7fff, BIAS - 1, BIAS,
		BIAS + 1, BIAS + 15, BIAS + 31, BIAS + 52, BIAS + 59, BIAS + 62, BIAS + 63,
		BIAS + 64, BIAS + 127, BIAS + 128, BIAS - 126, BIAS - 149, BIAS + 1023, BIAS + 1024,
		BIAS - 1022, BIAS - 1074, BIAS - 64, 64, 0x6000, 0x7fbf};

	switch (draw(r, 4)) {
	case 0:
		return (unsigned)draw(r, 0x8000);
	case 1:
		return BIAS - 66 + (unsigned)draw(r, 132);
	default:
		return interesting[draw(r, ARRAY_LEN(interesting))];
	}
}

/* Few have the integer bit wrong: pseudo-denormals, unnormals and such. */
static uint64_t random_significand(struct rng *r, unsigned exponent)
{
	static const uint64_t interesting[] = {0, 0, 0, 1, UINT64_MAX, BIT(62), BIT(62) - 1,
		BIT(39), BIT(40), BIT(40) - 1, BIT(10), BIT(11), BIT(11) - 1};
	static const uint64_t cuts[] = {UINT64_MAX, UINT64_MAX, ~UINT64_C(0x7ff), ~UINT64_C(0x3ff),
		~(BIT(40) - 1), ~(BIT(39) - 1)};
	uint64_t v = rng_next(r) & cuts[draw(r, ARRAY_LEN(cuts))];

	if (draw(r, 2))
		v = interesting[draw(r, ARRAY_LEN(interesting))];
	if (draw(r, 8) == 0)
		v = BIT(draw(r, 64));
	if (draw(r, 16) == 0)
		return v;
	return exponent == 0 ? v & ~BIT(63) : v | BIT(63);
}

static struct xmm random_number(struct rng *r)
{
	unsigned exponent = random_exponent(r);

	return (struct xmm){
		{random_significand(r, exponent), exponent | (unsigned)draw(r, 2) << 15}};
}

/* A number near another's exponent. */
static struct xmm random_neighbour(struct rng *r, const struct xmm *of)
{
	unsigned exponent = (unsigned)(of->q[1] + draw(r, 140) - 70) & 0x7fff;
	struct xmm v = {{random_significand(r, exponent), exponent | draw(r, 2) << 15}};

	if (draw(r, 4) == 0)
		v.q[0] = of->q[0] + draw(r, 3) - 1;
	if (draw(r, 4) == 0)
		v.q[1] = of->q[1] ^ draw(r, 2) << 15;
	return v;
}

static void random_registers(struct rng *r, struct fx_image *fx)
{
	for (unsigned i = 0; i < 8; i++)
		fx->st[i] =
			i == 0 || draw(r, 2) ? random_number(r) : random_neighbour(r, &fx->st[0]);
}

static void random_mmx(struct rng *r, struct fx_image *fx)
{
	struct xmm v;

	for (unsigned i = 0; i < 8; i++) {
		random_vector(r, &v);
		fx->st[i] = (struct xmm){{v.q[0], rng_next(r) & 0xffff}};
	}
}

void random_x87(struct rng *r, struct fx_image *fx, bool mmx)
{
	fx->fcw = (uint16_t)((rng_next(r) & 0x1f3f) | 0x40);
	if (draw(r, 2))
		fx->fcw |= 0x3f;
	fx->fsw = (uint16_t)(rng_next(r) & 0x7f7f);
	if (draw(r, 8))
		fx->fsw &= ~0x3f | fx->fcw;
	if (fx->fsw & ~fx->fcw & 0x3f)
		fx->fsw |= 0x8080;
	fx->ftw = draw(r, 3) ? 0xff : (uint8_t)rng_next(r);
	fx->fop = rng_next(r) & 0x7ff;
	fx->fip = rng_next(r) >> 17;
	fx->fdp = ~(rng_next(r) >> 17);
	if (mmx)
		random_mmx(r, fx);
	else
		random_registers(r, fx);
}

void keep_x87_in_range(struct rng *r, const struct row *row, struct fx_image *fx)
{
	unsigned most = row_is(row, "f2xm1") ? BIAS - 1 : BIAS - 3;
	unsigned exponent = (unsigned)fx->st[0].q[1] & 0x7fff;

	if (exponent <= 1 && fx->st[0].q[0] == BIT(63) && strncmp(row->name, "fsin", 4) == 0)
		fx->st[0].q[0] |= 1;
	if (!row_is(row, "f2xm1") && !row_is(row, "fyl2xp1"))
		return;
	if (exponent > most && exponent != 0x7fff)
		fx->st[0].q[1] -= exponent - (most - draw(r, 70));
}

/* --- operands in memory --- */

static bool is_whole_state(const struct row *row)
{
	return row_is(row, "frstor") || row_is(row, "fnsave");
}

static bool is_environment(const struct row *row)
{
	return is_whole_state(row) || row_is(row, "fldenv") || row_is(row, "fnstenv");
}

static unsigned environment_bytes(unsigned width)
{
	return 7 * (width == 2 ? 2 : 4);
}

unsigned x87_access_bytes(const struct row *row, unsigned width)
{
	if (!is_environment(row))
		return 10;
	return environment_bytes(width) + (is_whole_state(row) ? 80 : 0);
}

/* Digits, some of which are none. */
static void random_decimals(struct rng *r, uint8_t bytes[10])
{
	for (unsigned i = 0; i < 10; i++)
		bytes[i] = (uint8_t)(draw(r, 10) << 4 | draw(r, 10));
	if (draw(r, 4) == 0)
		bytes[draw(r, 10)] = (uint8_t)rng_next(r);
}

void random_x87_operand(
	struct rng *r, const struct row *row, unsigned width, uint8_t bytes[X87_ACCESS_MOST])
{
	struct xmm v = random_number(r);
	unsigned at = environment_bytes(width), field = at / 7;
	struct fx_image fx;

	for (unsigned i = 0; i < X87_ACCESS_MOST; i++)
		bytes[i] = (uint8_t)rng_next(r);
	if (is_environment(row)) {
		random_x87(r, &fx, false);
		memcpy(bytes, &fx.fcw, 2);
		memcpy(bytes + field, &fx.fsw, 2);
		for (unsigned i = 0; i < 8 && is_whole_state(row); i++)
			memcpy(bytes + at + 10 * i, &fx.st[i], 10);
	} else if (row_is(row, "fbld")) {
		random_decimals(r, bytes);
	} else {
		memcpy(bytes, &v, 10);
	}
}
