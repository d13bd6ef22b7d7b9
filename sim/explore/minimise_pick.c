/* minimise_pick.c - where too many forcings are left that hang on each other: picks up to three of
 * them, as if there had never been others.
 *
 * Without what came before, the same thing happens another how-manieth time, and somebody who comes
 * back may be in the way. So these are varied too. What begins last is mostly what counts, and is
 * always among those that are picked.
 */
#include "sim/explore/minimise_parts.h"

#define TIMES_MAX 4 /* the how-manieth time: as it is, or 1 to so many */
#define VARIANTS  (2 * (TIMES_MAX + 1))

/* False: there is no such variant, or it is one of those before. */
static bool vary(const struct forcing *f, unsigned variant, struct forcing *out)
{
	bool for_ever = variant > TIMES_MAX;
	uint64_t times = for_ever ? variant - TIMES_MAX - 1 : variant;

	*out = *f;
	if (for_ever) {
		if (f->kind != FORCING_DO || f->stimulation.kind != STIMULATE_PREEMPT ||
			f->stimulation.number == UINT64_MAX)
			return false;
		out->stimulation.number = UINT64_MAX;
	}
	if (times == 0)
		return true;
	out->at.number = times;
	return f->at.kind != POINT_EXACT && f->at.number != times;
}

static bool take(struct minimiser *m, const struct forcing *const list[], unsigned count)
{
	struct schedule s = {.count = count};

	for (unsigned i = 0; i < count; i++)
		s.at[i] = *list[i];
	return minimise_take(m, &s);
}

static bool pick_one(struct minimiser *m, const struct schedule *all)
{
	struct forcing f;

	for (unsigned n = all->count; n-- > 0;)
		for (unsigned v = 0; v < VARIANTS; v++) {
			const struct forcing *list[1] = {&f};

			if (vary(&all->at[n], v, &f) && take(m, list, 1))
				return true;
		}
	return false;
}

static bool pick_two(struct minimiser *m, const struct schedule *all, const struct forcing *last)
{
	struct forcing f;

	for (unsigned n = all->count - 1; n-- > 0;)
		for (unsigned v = 0; v < VARIANTS; v++) {
			const struct forcing *list[2] = {&f, last};

			if (vary(&all->at[n], v, &f) && take(m, list, 2))
				return true;
		}
	return false;
}

static bool pick_three(struct minimiser *m, const struct schedule *all, const struct forcing *last)
{
	for (unsigned b = all->count - 1; b-- > 1;)
		for (unsigned a = b; a-- > 0;) {
			const struct forcing *list[3] = {&all->at[a], &all->at[b], last};

			if (take(m, list, 3))
				return true;
		}
	return false;
}

bool minimise_pick(struct minimiser *m)
{
	const struct schedule all = m->now;
	struct forcing last;

	if (pick_one(m, &all))
		return true;
	for (unsigned v = 0; v < VARIANTS; v++)
		if (vary(&all.at[all.count - 1], v, &last) &&
			(pick_two(m, &all, &last) || pick_three(m, &all, &last)))
			return true;
	return false;
}
