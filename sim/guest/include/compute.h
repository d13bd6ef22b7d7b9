/* compute.h - a computation that keeps its state in general and in floating-point registers for a
 * while: done twice, it gives the same if nobody disturbs them.
 */
#ifndef GUEST_COMPUTE_H
#define GUEST_COMPUTE_H

struct result {
	unsigned long mixed;
	double sum;
};

static __attribute__((noinline)) struct result compute(unsigned long seed, int steps)
{
	struct result r = {seed, 0};

	for (int i = 1; i <= steps; i++) {
		r.mixed = r.mixed * 6364136223846793005 + 1442695040888963407;
		r.sum += 1.0 / i;
	}
	return r;
}

static inline int result_equal(const struct result *a, const struct result *b)
{
	return a->mixed == b->mixed && a->sum == b->sum;
}

#endif
