/* replay.h - runs a recording again and compares, window by window and at the end.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "sim/replay/record.h"

/* Feeds m the inputs of r at their positions. r must outlive the run. */
void replay_feed(struct machine *m, const struct recording *r);

/* Where to stop at the latest, so that a run which diverged ends too. */
struct run_limit replay_limit(const struct recording *r);

struct replay_result {
	bool same;
	char difference[160];
	struct stop stop;
	struct digest end;
};

/* Runs m, fresh from record_session and session_start, to its end. watch may be NULL. */
void replay_run(const struct recording *r, struct machine *m, const struct chain_watch *watch,
	struct replay_result *result);

#endif
