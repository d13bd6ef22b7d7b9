/* trial.h - one run of a scenario, watched by the oracles: from a file to a verdict.
 *
 * Everything that the scenario names is checked before the first step. A trial looks at the machine
 * every oracle.period steps, at positions that the scenario alone decides, so that two trials of
 * one scenario are equal bit for bit.
 */
#ifndef REPLAY_TRIAL_H
#define REPLAY_TRIAL_H

#include "sim/replay/chain.h"
#include "sim/replay/director.h"
#include "sim/replay/explain.h"
#include "sim/replay/scenario.h"
#include "sim/replay/session.h"

/* What the serial line said. */
struct trial_output {
	struct byte_sink tee; /* is told too; put may be NULL */
	size_t size, room;
	char *text; /* always ends in a zero */
};

struct trial_setup {
	const char *kernel, *initrd; /* where the scenario names none */
	bool without_faults;         /* leave the faults out: the correct programs */
	bool without_schedule;       /* and the forcings: somebody else directs, and judges that */
	bool without_explanation;    /* keep nothing for one: explain is NULL */
	struct byte_sink tee;
	uint64_t drop_every, drop_from; /* drop all caches every so many steps, from a step on */
};

struct trial {
	const struct scenario *scenario;
	enum verdict expected;
	struct session session;
	struct images *images;
	struct machine *machine;
	struct watch *watch;
	struct director *director;
	struct oracles *oracles;
	struct explain *explain;
	struct trial_output output;
	struct chain chain;
	uint64_t drop_every, drop_from;

	/* how it ended */
	struct stop stop;
	struct finding finding; /* its reason is "" for a pass */
	struct digest digest;
};

/* Checks all and builds the machine. On error nothing is left. The scenario must outlive it. */
MUST_CHECK bool trial_create(struct trial *t, const struct scenario *s,
	const struct trial_setup *setup, struct error *e);
void trial_destroy(struct trial *t);

/* To the verdict. please may be NULL; when it becomes 1 the run ends with STOP_INTERRUPTED and no
 * verdict. */
void trial_run(struct trial *t, const volatile int *please);

static inline enum verdict trial_verdict(const struct trial *t)
{
	return t->finding.verdict;
}

#endif
