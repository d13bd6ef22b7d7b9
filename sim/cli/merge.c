/* merge.c - `ringv merge`: the shards of a campaign become one. */
#include "sim/cli/explore_report.h"

int merge_command(const struct args *args, struct error *e)
{
	struct results *r;

	if (args->explore.results == NULL) {
		fail(e, "expected --output FILE");
		return SIM_USAGE;
	}
	r = results_merge(args->explore.results, args->names.at, args->names.count, e);
	if (r == NULL)
		return SIM_USAGE;
	if (args->json)
		explore_report_merged_json(r, args->explore.results, stdout);
	else if (!args->quiet)
		explore_report_merged_text(r, args->explore.results, stdout);
	results_close(r);
	return SIM_PASS;
}
