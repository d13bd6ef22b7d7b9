/* trial_snapshot.h - keeps where a trial stands, the machine and all that watches it, and puts it
 * back: so that the boot is made once for many runs.
 *
 * Restoring costs the pages written since (snapshot.h); decoded code stays.
 */
#ifndef REPLAY_TRIAL_SNAPSHOT_H
#define REPLAY_TRIAL_SNAPSHOT_H

#include "sim/replay/trial.h"

struct trial_snapshot;

/* The trial has been stopped, without a verdict; it must outlive the snapshot. NULL: no memory. */
struct trial_snapshot *trial_snapshot_take(struct trial *t);
void trial_snapshot_destroy(struct trial_snapshot *s);

/* trial_run goes on from there. Its links are a beginning of those that the trial has now. */
void trial_snapshot_restore(const struct trial_snapshot *s);

#endif
