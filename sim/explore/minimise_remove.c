/* minimise_remove.c - leaves forcings out. */
#include "sim/explore/minimise_parts.h"

struct removing {
	struct minimiser *m;
	bool spelling;           /* try other spellings, too */
	struct schedule spelled; /* each forcing of m->now by what happens there */
};

static void drop(struct schedule *s, unsigned from, unsigned count)
{
	memmove(&s->at[from], &s->at[from + count], (s->count - from - count) * sizeof(s->at[0]));
	s->count -= count;
}

/* What comes after a forcing that is gone happens at other steps: there it is to be found by what
 * happens. */
static bool try_spelled(struct removing *r, unsigned from, unsigned count)
{
	struct schedule s = r->m->now;

	drop(&s, from, count);
	for (unsigned i = from; i < s.count; i++)
		s.at[i] = r->spelled.at[i + count];
	return minimise_take(r->m, &s);
}

static bool try_without(struct removing *r, unsigned from, unsigned count)
{
	struct schedule s = r->m->now;
	bool good;

	drop(&s, from, count);
	good = minimise_take(r->m, &s) || (r->spelling && try_spelled(r, from, count));
	if (good && r->spelling)
		drop(&r->spelled, from, count);
	return good;
}

/* Pieces of half of all, of a quarter, and so on; the last ones first, since all before stays as it
 * is without them. */
static void remove_pieces(struct removing *r)
{
	struct schedule *now = &r->m->now;
	bool any = true;

	for (unsigned piece = now->count; piece != 0 && !attempts_over(&r->m->tries);) {
		any = false;
		for (unsigned end = now->count; end != 0;) {
			unsigned from = end > piece ? end - piece : 0;

			any |= try_without(r, from, end - from);
			end = from;
		}
		if (piece > 1)
			piece = min_u64((piece + 1) / 2, now->count);
		else if (!any)
			piece = 0;
		piece = min_u64(piece, now->count);
	}
}

/* What is of no use alone may be so with another one. */
static bool remove_pair(struct removing *r)
{
	for (unsigned b = r->m->now.count; b-- > 1;)
		for (unsigned a = b; a-- > 0;) {
			struct schedule s = r->m->now;

			drop(&s, b, 1);
			drop(&s, a, 1);
			if (minimise_take(r->m, &s))
				return true;
		}
	return false;
}

#define PAIRS_BELOW 14 /* forcings: 91 pairs */

/* The instruction there, without a try. */
static void spell(struct minimiser *m, unsigned n, struct forcing *f)
{
	const struct forcing_state *was = &m->forcings[n];

	if (f->at.kind == POINT_EXACT && spell_instruction(m, n, &f->at) && f->kind != FORCING_DO)
		f->stream = f->at.stream;
	if (f->kind != FORCING_DO && f->until.kind == UNTIL_POINT && was->ended.cycle != 0)
		f->until = (struct until){
			.kind = UNTIL_CYCLES, .cycles = was->ended.cycle - was->began.cycle};
}

static void spell_all(struct removing *r)
{
	r->spelled = r->m->now;
	for (unsigned n = 0; n < r->spelled.count; n++)
		spell(r->m, n, &r->spelled.at[n]);
}

void minimise_remove(struct minimiser *m)
{
	struct removing r = {.m = m};

	remove_pieces(&r);
	if (m->now.count > 1 && !attempts_over(&m->tries)) {
		spell_all(&r);
		r.spelling = true;
		remove_pieces(&r);
		r.spelling = false;
	}
	while (m->now.count < PAIRS_BELOW && !attempts_over(&m->tries) && remove_pair(&r))
		remove_pieces(&r);
}
