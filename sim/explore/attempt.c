#include "sim/explore/attempt.h"

bool attempts_over(const struct attempts *a)
{
	return a->runs >= a->limit || (a->please != NULL && *a->please != 0);
}

static bool is_wanted(const struct attempts *a, const struct finding *f)
{
	if (a->loose)
		return f->verdict == a->target.verdict && strcmp(f->oracle, a->target.oracle) == 0;
	return testbed_same_kind(f, &a->target);
}

bool attempt_fails(struct attempts *a, const struct schedule *s)
{
	struct testbed_run r;

	if (attempts_over(a))
		return false;
	r = testbed_run_spelled(a->bed, s, a->please);
	a->runs++;
	if (!r.applied || r.interrupted || !is_wanted(a, &r.finding))
		return false;
	a->last = r.finding;
	a->steps = r.steps;
	return true;
}

uint64_t attempt_bisect(
	struct attempts *a, struct schedule *s, uint64_t *number, uint64_t good, uint64_t bad)
{
	while (good + 1 < bad || bad + 1 < good) {
		uint64_t middle = min_u64(good, bad) + (good > bad ? good - bad : bad - good) / 2;

		*number = middle;
		*(attempt_fails(a, s) ? &good : &bad) = middle;
	}
	*number = good;
	return good;
}

#define STRETCH_MAX (UINT64_C(1) << 20)

uint64_t attempt_stretch(struct attempts *a, struct schedule *s, uint64_t *number, uint64_t good,
	bool up, uint64_t least)
{
	for (uint64_t by = 1; by <= STRETCH_MAX && !attempts_over(a); by *= 2) {
		uint64_t next = up ? good + by : good - min_u64(by, good - least);

		if (next == good)
			break;
		*number = next;
		if (!attempt_fails(a, s))
			return attempt_bisect(a, s, number, good, next);
		good = next;
	}
	*number = good;
	return good;
}
