/* x87.c - the x87 phase: what gcc makes of loops over long double. Every operation is one of IEEE
 * 754, rounded to 64 bits, so that checksums agree everywhere.
 */
#include "bench/image/core.h"
#include "bench/image/lib.h"

enum { VECTOR = 1024, PLANETS = 5, MOVES = 40, REPEAT = 10 };

struct planet {
	long double at[3], speed[3], mass;
};

struct numbers {
	long double x[VECTOR], y[VECTOR];
	double narrow[VECTOR];
	int64_t whole[VECTOR];
	struct planet planets[PLANETS];
};

static long double root(long double v)
{
	__asm__("fsqrt" : "+t"(v));
	return v;
}

static void scale(long double *restrict y, const long double *restrict x, long double a)
{
	for (int i = 0; i < VECTOR; i++)
		y[i] = y[i] * 0.5L + a * x[i];
}

static long double horner(const long double *x, long double at)
{
	long double sum = 0;

	for (int i = 0; i < VECTOR; i++)
		sum = sum * at + x[i];
	return sum;
}

static void convert(struct numbers *d)
{
	for (int i = 0; i < VECTOR; i++)
		d->narrow[i] = (double)(d->x[i] / (d->y[i] + 3.0L));
	for (int i = 0; i < VECTOR; i++)
		d->whole[i] = (int64_t)(d->y[i] * 1000.0L);
	for (int i = 0; i < VECTOR; i++)
		d->x[i] = (long double)d->whole[i] * 0.0009765625L + (long double)d->narrow[i];
}

static void attract(struct planet *a, struct planet *b, long double step)
{
	long double way[3], square = 0.01L, pull;

	for (int k = 0; k < 3; k++) {
		way[k] = a->at[k] - b->at[k];
		square += way[k] * way[k];
	}
	pull = step / (square * root(square));
	for (int k = 0; k < 3; k++) {
		a->speed[k] -= way[k] * b->mass * pull;
		b->speed[k] += way[k] * a->mass * pull;
	}
}

static void move_planets(struct planet *planets)
{
	const long double step = 0.001L;

	for (int i = 0; i < PLANETS; i++)
		for (int j = i + 1; j < PLANETS; j++)
			attract(&planets[i], &planets[j], step);
	for (int i = 0; i < PLANETS; i++)
		for (int k = 0; k < 3; k++)
			planets[i].at[k] += step * planets[i].speed[k];
}

static void fill(struct numbers *d, uint64_t seed)
{
	uint64_t random = seed;

	for (int k = 0; k < VECTOR; k++) {
		d->x[k] = (long double)(next_random(&random) & 0xffff) * 0.25L;
		d->y[k] = (long double)(int64_t)(random >> 34) * 0.000030517578125L;
	}
	for (int k = 0; k < PLANETS; k++) {
		d->planets[k].at[0] = k;
		d->planets[k].at[1] = k * k % 5;
		d->planets[k].at[2] = 7 - k;
		d->planets[k].speed[1] = 0.25L * k;
		d->planets[k].mass = 1.0L + k;
	}
}

/* The six bytes behind each long double are 0, and stay so. */
uint64_t phase_x87(struct core *c, uint64_t n)
{
	struct numbers *d = (struct numbers *)c->arena;

	__asm__ volatile("fninit");
	memset(d, 0, sizeof(*d));
	fill(d, 88172645463325252 + c->id);
	for (uint64_t k = 0; k < n * REPEAT; k++) {
		scale(d->y, d->x, 0.75L);
		d->y[k % VECTOR] += horner(d->x, 0.998L);
		convert(d);
		for (int step = 0; step < MOVES; step++)
			move_planets(d->planets);
	}
	return checksum(d, sizeof(*d));
}
