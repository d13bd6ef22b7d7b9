/* results.h - the results of a campaign: each run with its verdict, and the findings, in an SQLite
 * database that only one campaign at a time can open.
 *
 * Runs are added in the order of their numbers. What results_commit has answered for is there
 * whatever happens to this process; a campaign that goes on later begins behind it. The tables are
 * described in docs/formats.md.
 */
#ifndef EXPLORE_RESULTS_H
#define EXPLORE_RESULTS_H

#include "sim/explore/testbed.h"

#define RESULTS_FORMAT 1

/* What makes two campaigns the same one: their runs of one number are the same. Texts are of the
 * caller. */
struct campaign {
	const char *scenario; /* digest of its text */
	const char *images;   /* digests of kernel and initrd */
	const char *build;    /* of ringv */
	const char *strategy, *options;
	uint64_t seed;
	uint64_t first, step; /* of its runs: a shard has every step-th */
};

struct results;

/* path NULL: in memory. A file must be new, or of the same campaign and go_on. NULL on error. */
struct results *results_open(
	const char *path, const struct campaign *c, bool go_on, struct error *e);
void results_close(struct results *r);

/* All shards of a campaign into a new file, as if it had never been split. NULL on error: then
 * there is no such file. */
struct results *results_merge(
	const char *path, const char *const from[], unsigned count, struct error *e);

/* The number of the last run that is there; 0: none but run 0, or none at all. */
uint64_t results_last(const struct results *r);
bool results_empty(const struct results *r);

/* kind is that of its finding, from 1 on; 0: it has passed. */
MUST_CHECK bool results_add(
	struct results *r, const struct testbed_run *run, unsigned kind, struct error *e);

/* A kind of finding, by its first run; file is what its scenario was saved as, text the scenario.
 */
MUST_CHECK bool results_add_kind(struct results *r, unsigned kind, const struct testbed_run *first,
	const char *file, const char *text, struct error *e);
MUST_CHECK bool results_commit(struct results *r, struct error *e);

/* Kinds that are there, in order; false: no more. Texts are the caller's to free. */
struct results_kind {
	uint64_t first, runs;   /* the first run, and how many */
	struct finding finding; /* verdict, oracle and reason */
	struct digest digest;
	char *file, *text;
};
MUST_CHECK bool results_kind(const struct results *r, unsigned kind, struct results_kind *k);
void results_kind_free(struct results_kind *k);

/* Over all runs but run 0. */
struct results_range {
	uint64_t sum, min, percentile1, median;
};
uint64_t results_runs(const struct results *r);
struct results_range results_steps(const struct results *r);
struct results_range results_preemptions(const struct results *r);

/* With run 0: how many, and the first; runs is 0 for none. */
struct results_tally {
	uint64_t runs, first;
};
struct results_tally results_verdicts(const struct results *r, enum verdict v);
struct results_tally results_gone(const struct results *r);
struct results_tally results_unwatched(const struct results *r);

/* Of all runs in order. */
struct digest results_digest(const struct results *r);

#endif
