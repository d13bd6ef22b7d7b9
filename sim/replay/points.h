/* points.h - finds what a schedule names: functions, probes and data of the images of a run.
 */
#ifndef REPLAY_POINTS_H
#define REPLAY_POINTS_H

#include "sim/replay/schedule.h"
#include "sim/symbols/probes.h"

/* A point's place. Probes are known by their name, exact points need none. */
struct place {
	const struct elf_image *image; /* of code and data */
	uint64_t address;              /* of code */
	struct data_place data;
	bool in_processes; /* the data: each process of the image has it, or each process at all */
};

struct placed_forcing {
	struct place at, until;
};

/* What the names in a schedule mean in a run of these images on so many pcores. program is the one
 * that the run is about, where a name without a stream may come from; it may be NULL. An error
 * begins with where the forcing was read. */
MUST_CHECK bool schedule_place(const struct schedule *s, const struct images *images,
	const char *program, unsigned cpu_count, struct placed_forcing placed[FORCINGS_MAX],
	struct error *e);

/* Only the errors. */
MUST_CHECK bool schedule_check(const struct schedule *s, const struct images *images,
	const char *program, unsigned cpu_count, struct error *e);

#endif
