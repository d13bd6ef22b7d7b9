/* marks.h - the linear addresses at which the cores of a machine ask before they go on: in order,
 * each with the number of those who want it.
 */
#ifndef CPU_MARKS_H
#define CPU_MARKS_H

#include "sim/base/base.h"

struct mark {
	uint64_t la, users;
};

struct marks {
	struct mark *at;
	size_t count, room;
};

bool marks_has(const struct marks *m, uint64_t la);

/* True if the set has changed. */
bool marks_add(struct marks *m, uint64_t la);
bool marks_remove(struct marks *m, uint64_t la);

/* The number of the first at or beyond la; count if there is none. */
size_t marks_from(const struct marks *m, uint64_t la);

#endif
