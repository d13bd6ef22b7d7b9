/* minimise_shorten.c - makes holds shorter, and what is done smaller. */
#include "sim/explore/minimise_parts.h"

static void try_forcing(struct minimiser *m, unsigned n, const struct forcing *f)
{
	struct schedule s = m->now;

	s.at[n] = *f;
	minimise_take(m, &s);
}

/* From good, where it fails, towards least. number is one of forcing n in s. */
static void reduce(
	struct minimiser *m, struct schedule *s, uint64_t *number, uint64_t good, uint64_t least)
{
	*number = least;
	if (minimise_take(m, s))
		return;
	attempt_bisect(&m->tries, s, number, good, least);
	minimise_take(m, s);
}

/* As so many cycles it can be made shorter; a point that somebody named is better than that. */
static void shorten_hold(struct minimiser *m, unsigned n)
{
	const struct forcing_state *was = &m->forcings[n];
	struct forcing f = m->now.at[n];
	struct schedule s;

	f.expires = SCHEDULE_EXPIRES;
	if (f.until.kind == UNTIL_POINT && f.until.point.kind == POINT_EXACT &&
		was->ended.cycle > was->began.cycle)
		f.until = (struct until){
			.kind = UNTIL_CYCLES, .cycles = was->ended.cycle - was->began.cycle};
	try_forcing(m, n, &f);
	s = m->now;
	if (s.at[n].until.kind == UNTIL_CYCLES)
		reduce(m, &s, &s.at[n].until.cycles, s.at[n].until.cycles, 1);
}

/* A core that stays away for ever needs no number either. */
static void shorten_preempt(struct minimiser *m, unsigned n)
{
	static const uint64_t plain[] = {0, UINT64_MAX};
	uint64_t given = m->now.at[n].stimulation.number;
	struct schedule s = m->now;

	for (unsigned i = 0; i < ARRAY_LEN(plain); i++) {
		if (given == plain[i])
			return;
		s.at[n].stimulation.number = plain[i];
		if (minimise_take(m, &s))
			return;
	}
	reduce(m, &s, &s.at[n].stimulation.number, given, 1);
}

static void shorten_delay(struct minimiser *m, unsigned n)
{
	struct schedule s = m->now;
	uint64_t *cycles = &s.at[n].stimulation.cycles;

	reduce(m, &s, cycles, *cycles, 1);
}

void minimise_shorten(struct minimiser *m)
{
	for (unsigned n = m->now.count; n-- > 0 && !attempts_over(&m->tries);) {
		const struct forcing *f = &m->now.at[n];

		if (f->kind != FORCING_DO)
			shorten_hold(m, n);
		else if (f->stimulation.kind == STIMULATE_PREEMPT)
			shorten_preempt(m, n);
		else if (f->stimulation.kind == STIMULATE_DELAY)
			shorten_delay(m, n);
	}
}
