/* verdict.h - how a run can end, by name (DESIGN section 6).
 */
#ifndef REPLAY_VERDICT_H
#define REPLAY_VERDICT_H

#include "sim/base/error.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_PANIC,
	VERDICT_DEADLOCK,
	VERDICT_LIVELOCK,
	VERDICT_LOST_EVENT,
	VERDICT_LOST_WAKEUP,
	VERDICT_DOUBLE_RUN,
	VERDICT_CONTEXT_CORRUPT,
	VERDICT_INVARIANT,
	VERDICT_RACE,
	VERDICT_ENTRY_FAIL,
	VERDICT_STUCK,
	VERDICT_INFEASIBLE,
	VERDICT_UNEXPECTED_OUTPUT,
	VERDICTS
};

/* "lost-event" */
const char *verdict_name(enum verdict v);

/* What it says of a run, as the rest of a sentence: "an event whose delivery ... was never
 * handled". */
const char *verdict_meaning(enum verdict v);

/* The error lists those that can be expected. */
MUST_CHECK bool verdict_read(const char *name, enum verdict *v, struct error *e);

/* The exit code of a command that expected one verdict and got another. */
int verdict_exit_code(enum verdict expected, enum verdict got);

#endif
