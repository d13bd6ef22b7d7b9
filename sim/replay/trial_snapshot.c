#include "sim/replay/trial_snapshot.h"

#include <stdlib.h>

#include "sim/machine/snapshot.h"

struct trial_snapshot {
	struct trial *trial;
	struct snapshot_store *store;
	struct snapshot *machine;
	struct watch_state watch;
	struct director_state director;
	void *oracles, *explain;
	size_t links, output;
};

struct trial_snapshot *trial_snapshot_take(struct trial *t)
{
	struct trial_snapshot *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->trial = t;
	s->store = snapshot_store_create(t->machine);
	s->machine = s->store != NULL ? snapshot_take(s->store) : NULL;
	s->oracles = malloc(oracles_state_size());
	s->explain = t->explain != NULL ? malloc(explain_state_size()) : NULL;
	if (s->machine == NULL || s->oracles == NULL ||
		(t->explain != NULL && s->explain == NULL)) {
		trial_snapshot_destroy(s);
		return NULL;
	}
	s->watch = *watch_state(t->watch);
	if (t->director != NULL)
		s->director = *director_state(t->director);
	oracles_save(t->oracles, s->oracles);
	if (t->explain != NULL)
		explain_save(t->explain, s->explain);
	s->links = t->chain.count;
	s->output = t->output.size;
	return s;
}

void trial_snapshot_destroy(struct trial_snapshot *s)
{
	if (s == NULL)
		return;
	if (s->store != NULL)
		snapshot_drop(s->store, s->machine);
	snapshot_store_destroy(s->store);
	free(s->oracles);
	free(s->explain);
	free(s);
}

void trial_snapshot_restore(const struct trial_snapshot *s)
{
	struct trial *t = s->trial;

	oracles_restore(t->oracles, s->oracles);
	if (t->explain != NULL)
		explain_restore(t->explain, s->explain);
	*watch_state(t->watch) = s->watch;
	snapshot_restore(s->store, s->machine);
	if (t->director != NULL) {
		*director_state(t->director) = s->director;
		director_state_changed(t->director);
	}
	t->machine->please = 0; /* who found something in a look has asked in vain */
	t->chain.count = s->links;
	t->output.size = s->output;
	if (t->output.text != NULL)
		t->output.text[s->output] = '\0';
	t->stop = (struct stop){.why = STOP_NONE};
	t->finding = (struct finding){.verdict = VERDICT_PASS};
	t->digest = (struct digest){0};
}
