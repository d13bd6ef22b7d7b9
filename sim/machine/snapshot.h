/* snapshot.h - keeps a machine's whole state in memory, and puts it back in place.
 *
 * Snapshots of one machine share the RAM pages that did not change between them: taking one costs
 * the pages written since the last was taken or restored, and so does restoring. A snapshot may be
 * restored any number of times, in any order, as long as its store lives.
 */
#ifndef MACHINE_SNAPSHOT_H
#define MACHINE_SNAPSHOT_H

#include "sim/machine/machine.h"

struct snapshot;

/* All snapshots of one machine. NULL: no memory. */
struct snapshot_store *snapshot_store_create(struct machine *m);
void snapshot_store_destroy(struct snapshot_store *store);

/* NULL: no memory. */
struct snapshot *snapshot_take(struct snapshot_store *store);
void snapshot_restore(struct snapshot_store *store, const struct snapshot *s);
void snapshot_drop(struct snapshot_store *store, struct snapshot *s);

#endif
