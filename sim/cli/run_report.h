/* run_report.h - what `ringv run` says of a scenario that it ran.
 */
#ifndef CLI_RUN_REPORT_H
#define CLI_RUN_REPORT_H

#include "sim/cli/options.h"
#include "sim/replay/trial.h"

struct scenario_run {
	const struct args *args;
	struct scenario scenario;
	struct serial_output serial;
	struct trial trial;
	uint64_t time; /* which of --times, from 0 */
	double seconds;
	int code;
};

void run_report_text(const struct scenario_run *r, FILE *out);
void run_report_json(const struct scenario_run *r, FILE *out);

#endif
