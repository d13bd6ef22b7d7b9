/* shared.h - which instructions touch memory that several pcores touch, one of them writing: learnt
 * from runs that it listens to.
 *
 * Memory counts in words of eight bytes, by its physical address. What changes hands with its
 * memory, a stack that another pcore goes on with for instance, counts as shared too.
 */
#ifndef EXPLORE_SHARED_H
#define EXPLORE_SHARED_H

#include "sim/replay/watch.h"

struct shared;

struct shared *shared_create(struct machine *m, struct watch *w);
void shared_destroy(struct shared *s);

/* Listens to the machine from one to the other: runs are slow in between. */
void shared_listen(struct shared *s);
void shared_stop(struct shared *s);

/* Asks the watch for hits at all those instructions; answers how many there are. */
size_t shared_mark(struct shared *s);

#endif
