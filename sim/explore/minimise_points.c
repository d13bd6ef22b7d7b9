/* minimise_points.c - moves points to what happens there: probes, else instructions. */
#include "sim/explore/minimise_parts.h"

/* Who is preempted: the vcore rather than whoever is on the pcore. */
static void name_stimulated(struct minimiser *m, unsigned n)
{
	struct forcing f = m->now.at[n];

	if (f.kind != FORCING_DO || f.stimulation.kind != STIMULATE_PREEMPT ||
		f.stimulation.stream.kind != STREAM_PCORE)
		return;
	f.stimulation.stream = spell_owner(m, n, f.stimulation.stream.number);
	if (f.stimulation.stream.kind == STREAM_VCORE)
		minimise_choose(m, n, &f, 1);
}

/* Where it can begin as well, as long as its point is a step. */
static struct window window_of(struct minimiser *m, unsigned n)
{
	const struct moment *began = &m->forcings[n].began;
	struct window w = {(unsigned)began->core, began->step, began->step};
	struct schedule s = m->now;
	uint64_t *number = &s.at[n].at.number;

	if (s.at[n].at.kind != POINT_EXACT)
		return w;
	w.last = attempt_stretch(&m->tries, &s, number, began->step, true, 0);
	w.first = attempt_stretch(&m->tries, &s, number, began->step, false, 1);
	return w;
}

static void move_begin(struct minimiser *m, const struct trail *t, unsigned n)
{
	struct point points[SPELLINGS_WITH_CODE];
	struct forcing list[SPELLINGS_WITH_CODE];
	struct window w = window_of(m, n);
	unsigned count = spell_begin(m, t, n, &w, points);

	for (unsigned i = 0; i < count; i++) {
		list[i] = m->now.at[n];
		list[i].at = points[i];
		if (list[i].kind != FORCING_DO)
			list[i].stream = points[i].stream;
	}
	minimise_choose(m, n, list, count);
}

static void move_end(struct minimiser *m, const struct trail *t, unsigned n)
{
	struct point points[SPELLINGS_MAX];
	struct forcing list[SPELLINGS_MAX + 1];
	unsigned count = spell_end(m, t, n, points);

	for (unsigned i = 0; i <= count; i++) {
		list[i] = m->now.at[n];
		list[i].until = i < count ? (struct until){.kind = UNTIL_POINT, .point = points[i]}
					  : (struct until){.kind = UNTIL_IDLE};
	}
	minimise_choose(m, n, list, count + 1);
}

static bool is_exact(const struct forcing *f)
{
	return f->at.kind == POINT_EXACT;
}

static bool ends_exactly(const struct forcing *f)
{
	return f->kind != FORCING_DO &&
	       (f->until.kind == UNTIL_CYCLES ||
		       (f->until.kind == UNTIL_POINT && f->until.point.kind == POINT_EXACT));
}

static void move(struct minimiser *m, unsigned n, bool again)
{
	struct trail t;

	name_stimulated(m, n);
	trail_make(&t, m->tries.bed, &m->now);
	if (again || is_exact(&m->now.at[n]))
		move_begin(m, &t, n);
	trail_free(&t);
	trail_make(&t, m->tries.bed, &m->now);
	if (m->now.at[n].kind != FORCING_DO && (again || ends_exactly(&m->now.at[n])))
		move_end(m, &t, n);
	trail_free(&t);
}

/* The last ones first: they no longer hang on what the first ones do to the numbers of steps. Once
 * more if it does not pass on the correct programs, where exact points mean something else. */
void minimise_points(struct minimiser *m)
{
	for (int again = 0; again < 2; again++) {
		for (unsigned n = m->now.count; n-- > 0 && !attempts_over(&m->tries);)
			move(m, n, again != 0);
		if (m->passes || m->work->correct == NULL)
			return;
	}
}
