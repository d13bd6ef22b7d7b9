/* error.h - how bad input is reported: one line that names file, line, cause and what was expected.
 *
 * A function that reads input takes a struct error and returns false (or NULL) after filling it.
 * The caller prints error.text and leaves with SIM_USAGE. Nothing is half-written by then.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "sim/base/base.h"

struct error {
	char text[512];
};

/* Fills e (which may be NULL) and returns false, so that a reader can `return fail(e, ...)`. */
bool fail(struct error *e, const char *format, ...) PRINTF(2, 3);

#endif
