/* sse2.c - the SSE2 phase: what gcc makes of loops over double, float and small integers, scalar
 * and packed. Every operation is one of IEEE 754, so that checksums agree everywhere.
 */
#include "bench/image/core.h"
#include "bench/image/lib.h"

enum { VECTOR = 1024, MATRIX = 24, BODIES = 6, STEPS = 60, PIXELS = 4096, REPEAT = 10 };

struct body {
	double at[3], speed[3], mass;
};

struct data {
	double x[VECTOR], y[VECTOR];
	float f[VECTOR], g[VECTOR];
	double a[MATRIX][MATRIX], b[MATRIX][MATRIX], c[MATRIX][MATRIX];
	struct body bodies[BODIES];
	uint8_t p[PIXELS], q[PIXELS];
	int16_t s[PIXELS], t[PIXELS];
	int32_t i[VECTOR], j[VECTOR];
} __attribute__((aligned(64)));

static void daxpy(double *restrict y, const double *restrict x, double a)
{
	for (int i = 0; i < VECTOR; i++)
		y[i] = y[i] * 0.5 + a * x[i];
}

static void saxpy(float *restrict g, const float *restrict f, float a)
{
	for (int i = 0; i < VECTOR; i++)
		g[i] = (g[i] - f[i]) * a + 1.0f / (f[i] + 2.0f);
}

static double dot(const double *x, const double *y)
{
	double sum = 0;

	for (int i = 0; i < VECTOR; i++)
		sum += x[i] * y[i];
	return sum;
}

static void dgemm(struct data *d)
{
	for (int i = 0; i < MATRIX; i++) {
		for (int j = 0; j < MATRIX; j++)
			d->c[i][j] *= 0.25;
		for (int k = 0; k < MATRIX; k++)
			for (int j = 0; j < MATRIX; j++)
				d->c[i][j] += d->a[i][k] * d->b[k][j];
	}
}

static double root(double v)
{
	double result;

	__asm__("sqrtsd %1, %0" : "=x"(result) : "xm"(v));
	return result;
}

static void attract(struct body *a, struct body *b, double step)
{
	double way[3], square = 0.01, pull;

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

static void move_bodies(struct body *bodies)
{
	const double step = 0.001;

	for (int i = 0; i < BODIES; i++)
		for (int j = i + 1; j < BODIES; j++)
			attract(&bodies[i], &bodies[j], step);
	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++)
			bodies[i].at[k] += step * bodies[i].speed[k];
}

static void blend(uint8_t *restrict p, const uint8_t *restrict q)
{
	for (int i = 0; i < PIXELS; i++) {
		uint8_t most = p[i] > q[i] ? p[i] : q[i];

		p[i] = (uint8_t)(most - (q[i] >> 1) + 3);
	}
}

static void filter(int16_t *restrict s, const int16_t *restrict t)
{
	for (int i = 0; i < PIXELS; i++)
		s[i] = (int16_t)((s[i] * 3 + t[i] * 5) >> 3);
}

static void select(int32_t *restrict i, const int32_t *restrict j)
{
	for (int k = 0; k < VECTOR; k++)
		i[k] = (i[k] > j[k] ? i[k] - j[k] : i[k] + (j[k] ^ 0x55)) & 0xffffff;
}

static void convert(struct data *d)
{
	for (int k = 0; k < VECTOR; k++)
		d->f[k] = (float)d->i[k] * 0.0009765625f;
	for (int k = 0; k < VECTOR; k++)
		d->j[k] = (int32_t)(d->g[k] * 100.0f);
	for (int k = 0; k < VECTOR; k++)
		d->x[k] = (double)d->i[k] * 0.5;
	for (int k = 0; k < VECTOR; k++)
		d->i[k] += (int32_t)d->y[k];
}

static void fill(struct data *d, uint64_t seed)
{
	uint64_t random = seed;

	for (int k = 0; k < VECTOR; k++) {
		d->x[k] = (double)(next_random(&random) & 0xffff) * 0.25;
		d->y[k] = (double)(int32_t)random * 0.000030517578125;
		d->f[k] = (float)(random >> 50);
		d->g[k] = (float)(random & 0xff);
		d->i[k] = (int32_t)(random >> 40);
		d->j[k] = (int32_t)(random >> 44);
	}
	for (int k = 0; k < MATRIX * MATRIX; k++) {
		d->a[k / MATRIX][k % MATRIX] = (double)(next_random(&random) & 0xff) / 256;
		d->b[k / MATRIX][k % MATRIX] = (double)(random >> 56) / 256;
		d->c[k / MATRIX][k % MATRIX] = 0;
	}
	for (int k = 0; k < BODIES; k++)
		d->bodies[k] = (struct body){{k, k * k % 5, 7 - k}, {0, 0.25 * k, 0}, 1.0 + k};
	for (int k = 0; k < PIXELS; k++) {
		d->p[k] = (uint8_t)next_random(&random);
		d->q[k] = (uint8_t)(random >> 8);
		d->s[k] = (int16_t)(random >> 16);
		d->t[k] = (int16_t)(random >> 32);
	}
}

uint64_t phase_sse2(struct core *c, uint64_t n)
{
	struct data *d = (struct data *)c->arena;
	double product = 0;

	memset(d, 0, sizeof(*d));
	fill(d, 88172645463325252 + c->id);
	for (uint64_t k = 0; k < n * REPEAT; k++) {
		daxpy(d->y, d->x, 0.75);
		saxpy(d->g, d->f, 0.625f);
		product = product * 0.5 + dot(d->x, d->y);
		dgemm(d);
		for (int step = 0; step < STEPS; step++)
			move_bodies(d->bodies);
		blend(d->p, d->q);
		filter(d->s, d->t);
		select(d->i, d->j);
		convert(d);
	}
	d->x[0] += product;
	return checksum(d, sizeof(*d));
}
