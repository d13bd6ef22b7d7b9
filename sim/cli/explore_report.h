/* explore_report.h - says what came of a campaign.
 */
#ifndef CLI_EXPLORE_REPORT_H
#define CLI_EXPLORE_REPORT_H

#include "sim/cli/options.h"
#include "sim/explore/results.h"
#include "sim/explore/strategy.h"

struct explore_report {
	const struct args *args;
	const struct testbed *bed;
	const struct strategy *strategy;
	const void *state; /* of the strategy */
	const struct results *results;
	const char *title;
	uint64_t plain_steps;       /* of run 0 */
	uint64_t jobs, ended, slow; /* workers; those that ended before their time */
	uint64_t more_kinds;        /* runs whose kind found no room */
	uint64_t made;              /* runs, by this process and its workers */
	double seconds;
};

/* The command that makes the same runs. */
void explore_report_command(const struct args *a, const struct strategy *s, FILE *out);

/* The first run of a kind. */
void explore_report_finding(const struct testbed_run *run, const char *file, FILE *out);

void explore_report_text(const struct explore_report *r, FILE *out);
void explore_report_json(const struct explore_report *r, FILE *out);

/* Of shards that have become one campaign, in the file of that name. */
void explore_report_merged_text(const struct results *r, const char *path, FILE *out);
void explore_report_merged_json(const struct results *r, const char *path, FILE *out);

#endif
