/* stage.h - what stands around a machine while its session's schedule is applied: the images, who
 * watches them, and the director. Nothing, where the session has no schedule.
 */
#ifndef REPLAY_STAGE_H
#define REPLAY_STAGE_H

#include "sim/replay/director.h"
#include "sim/replay/session.h"

struct stage {
	struct images *images;
	struct watch *watch;
	struct director *director;
};

/* m is fresh from session_start. Both must outlive the stage. On error nothing is left. */
MUST_CHECK bool stage_set(
	struct stage *stage, const struct session *s, struct machine *m, struct error *e);
void stage_clear(struct stage *stage);

#endif
