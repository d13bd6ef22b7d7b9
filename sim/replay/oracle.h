/* oracle.h - watches a run from outside and says what is wrong with it: the first verdict wins.
 *
 * Fed with probe hits (watch.h), and asked to look at the machine now and then and where it comes
 * to rest. The target knows nothing of it. Each oracle is a row of the table in oracle.c: name,
 * verdict, the probes without which it is blind, and what it claims when it speaks.
 *
 * What the oracles remember is one plain struct, so that it can be saved and restored together with
 * a snapshot of the machine.
 */
#ifndef REPLAY_ORACLE_H
#define REPLAY_ORACLE_H

#include "sim/replay/verdict.h"
#include "sim/replay/watch.h"

/* What an oracle has found: where, and why, in a sentence that names process, vcore, function and
 * line. */
struct finding {
	enum verdict verdict; /* VERDICT_PASS: nothing */
	char oracle[24];      /* "double-run", or the name of the invariant */
	uint64_t steps;       /* of the machine */
	unsigned core;
	uint64_t core_step, cycle, rip;
	char reason[640];

	/* whom it concerns, for the explanation */
	int pid;         /* 0: nobody in particular */
	uint64_t vcores; /* a bit each */
	uint64_t cores;
	uint64_t object; /* a lock, a mailbox, a context; or 0 */
};

struct oracle_limits {
	uint64_t period;   /* steps of the machine from one look to the next */
	uint64_t patience; /* cycles without a sign of life, after which who waits does so for ever
			    */
	uint64_t livelock; /* steps without progress, of a program that has the probe */
};

struct oracles;

/* Listens from now on: w must go before it, m after it. */
struct oracles *oracles_create(struct machine *m, struct watch *w, struct oracle_limits limits);
void oracles_destroy(struct oracles *o);

/* From now on the oracle `race` looks at every access, which takes time. rules is a file of race
 * rules beside those of the images, or NULL. False: a rule is wrong. */
MUST_CHECK bool oracles_watch_races(struct oracles *o, const char *rules, struct error *e);

/* A race rule, and for how many accesses or races it was needed; false where there is none of that
 * number. */
struct oracle_race_rule {
	const char *where, *name;
	uint64_t used;
};
bool oracles_race_rule(const struct oracles *o, unsigned number, struct oracle_race_rule *rule);

/* What the watch tells; tests may too. */
void oracles_hit(struct oracles *o, const struct probe_hit *hit);

/* NULL: nothing so far. */
const struct finding *oracles_finding(const struct oracles *o);

/* Looks at the machine between two steps. */
void oracles_look(struct oracles *o);

/* The machine has come to rest by itself: judges why. */
void oracles_rest(struct oracles *o, struct stop stop);

/* Who waits for whom just now, as sentences; "" for nobody. For verdicts made elsewhere (stuck). */
void oracles_describe_waits(const struct oracles *o, char *text, size_t size);

/* What there was no room to remember all of, "events" for instance: an oracle may have been blind.
 * NULL: nothing. */
const char *oracles_overflow(const struct oracles *o);

/* All that the oracles remember, but for accesses: restored oracles know no race with what came
 * before. */
size_t oracles_state_size(void);
void oracles_save(const struct oracles *o, void *state);
void oracles_restore(struct oracles *o, const void *state);

/* Can this verdict be found with these images? The error names the probes that are missing. */
MUST_CHECK bool oracles_can_find(
	const struct images *images, enum verdict verdict, struct error *e);

/* Rows of the table, for lists. */
struct oracle_row {
	const char *name;
	enum verdict verdict;
	const char *probes; /* that it needs, with blanks between */
	const char *claim;
};
unsigned oracles_count(void);
struct oracle_row oracles_row(unsigned number);

#endif
