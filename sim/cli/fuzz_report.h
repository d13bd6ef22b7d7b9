/* fuzz_report.h - counts the runs of a fuzzer, and says what came of them.
 */
#ifndef CLI_FUZZ_REPORT_H
#define CLI_FUZZ_REPORT_H

#include "sim/cli/options.h"
#include "sim/explore/fuzz.h"

#define FUZZ_KINDS_MAX 64

/* A kind of finding: its first run, and how many more there were. */
struct fuzz_kind {
	struct testbed_run first;
	uint64_t runs;
	char *file; /* that it is saved in */
};

struct fuzz_tally {
	uint64_t runs, first;
};

struct fuzz_report {
	const struct args *args;
	const struct testbed *bed;
	const char *title;
	struct testbed_run plain; /* run 0 */
	uint64_t jobs;
	uint64_t count; /* runs from 1 on */
	uint64_t *steps, *preemptions;
	struct fuzz_tally verdicts[VERDICTS], gone, unwatched; /* with run 0 */
	unsigned kind_count;
	struct fuzz_kind kinds[FUZZ_KINDS_MAX];
	uint64_t more_kinds;  /* runs whose kind found no room */
	struct digest digest; /* of all results */
	double seconds;
};

void fuzz_report_init(struct fuzz_report *r, const struct args *args);
void fuzz_report_free(struct fuzz_report *r);

/* One run more, in the order of their numbers. The kind, if it is the first of it; else NULL. */
struct fuzz_kind *fuzz_report_add(struct fuzz_report *r, const struct testbed_run *run);

/* The command that makes the same runs. */
void fuzz_report_command(const struct fuzz_report *r, FILE *out);

void fuzz_report_kind(const struct fuzz_report *r, const struct fuzz_kind *k, FILE *out);
void fuzz_report_text(struct fuzz_report *r, FILE *out);
void fuzz_report_json(struct fuzz_report *r, FILE *out);

#endif
