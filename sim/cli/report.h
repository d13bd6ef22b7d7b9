/* report.h - how a run ended, in words, in JSON, and as an exit code.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "sim/cli/options.h"
#include "sim/machine/machine.h"
#include "sim/symbols/symbols.h"

/* "pass", "fail" (another exit status), "idle", "shutdown", "unimplemented", "stuck", "stopped"
 * (where it was asked to, or by the user). */
const char *boot_verdict_name(struct stop stop);

/* DESIGN section 6; of a debug exit its status, of which a process has 8 bits. */
int boot_exit_code(struct stop stop);

struct report {
	const struct session *session;
	const struct args *args;
	struct machine *machine;
	const struct symbols *symbols; /* may be NULL */
	struct stop stop;
	struct digest digest;
	double seconds;
	uint64_t runs;
};

/* For people, on standard error: nothing for a pass but one line. */
void report_text(const struct report *r);
void report_json(const struct report *r, FILE *out);

#endif
