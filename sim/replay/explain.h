/* explain.h - what the streams did before a failure, side by side: a column a pcore, a row an
 * event, in the machine's order.
 *
 * Keeps the last probe hits and notes of a run. Shown are those that have to do with the finding.
 */
#ifndef REPLAY_EXPLAIN_H
#define REPLAY_EXPLAIN_H

#include <stdio.h>

#include "sim/replay/oracle.h"

#define EXPLAIN_RECORDS 4096 /* of each weight */
#define EXPLAIN_ROWS    28   /* of events, at most */
#define EXPLAIN_NOTES   24   /* rows of forcings, at most */
#define EXPLAIN_NOTE    128  /* bytes of a text */
#define EXPLAIN_WIDTH   118  /* characters of a line */

struct explain;

/* Listens from now on: w must go before it. */
struct explain *explain_create(struct machine *m, struct watch *w);
void explain_destroy(struct explain *x);

/* Something that no probe tells: a forcing acted before that step of a pcore. Only for what is
 * printed from now on; restore forgets it. */
void explain_note(
	struct explain *x, unsigned core, uint64_t core_step, uint64_t cycle, const char *text);

void explain_print(const struct explain *x, const struct finding *f, FILE *out);

/* The same rows as a JSON array. */
void explain_json(const struct explain *x, const struct finding *f, FILE *out);

/* All that it remembers, to go with a snapshot of the machine. */
size_t explain_state_size(void);
void explain_save(const struct explain *x, void *state);
void explain_restore(struct explain *x, const void *state);

#endif
