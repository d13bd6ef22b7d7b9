/* store_places.h - where the data of store points lies in physical memory just now.
 */
#ifndef REPLAY_STORE_PLACES_H
#define REPLAY_STORE_PLACES_H

#include "sim/replay/points.h"
#include "sim/replay/watch.h"

struct store_place {
	const struct place *place;
	uint64_t pa, size;
};

struct store_places {
	unsigned count; /* of the data that is asked for */
	const struct place *wanted[2 * FORCINGS_MAX];
	size_t found_count, room;
	struct store_place *found; /* each piece that is mapped, in one page */
};

/* place must stay where it is. */
void store_places_add(struct store_places *s, const struct place *place);
void store_places_free(struct store_places *s, struct machine *m);

/* Looks the data up anew: in each process of its program, or in the kernel; and has stores to it
 * asked about. What is not mapped is left out. */
void store_places_find(struct store_places *s, struct machine *m, const struct watch *w);

bool places_touch(
	const struct store_places *s, const struct place *place, uint64_t pa, unsigned size);

#endif
