/* stimulate.h - does what a schedule's `do` says to a machine, between two steps.
 */
#ifndef REPLAY_STIMULATE_H
#define REPLAY_STIMULATE_H

#include "sim/replay/director.h"

/* m->run.now is the time. *sent counts the bytes of a text that are already sent; where the serial
 * line cannot take the rest, *again says after how many cycles to call once more. */
MUST_CHECK enum forcing_failure stimulate(struct machine *m, const struct identity *identity,
	const struct stimulation *what, uint64_t *sent, uint64_t *again);

#endif
