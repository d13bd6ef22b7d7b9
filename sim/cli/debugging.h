/* debugging.h - what `ringv boot` and `ringv run` offer to look into a run: trace, gdb, and
 * differences in words.
 */
#ifndef CLI_DEBUGGING_H
#define CLI_DEBUGGING_H

#include "sim/cli/options.h"
#include "sim/debug/trace.h"
#include "sim/replay/diff.h"
#include "sim/symbols/symbols.h"

struct debugging {
	struct images *images;
	struct watch *watch; /* its own; NULL: none, or somebody else's is used */
	struct symbols *symbols;
	struct trace *trace;
	FILE *trace_file;
};

/* Symbols of the image (which may have none) and of --symbols. */
MUST_CHECK bool load_symbols(
	struct symbols **symbols, const char *image, const struct text_list *more, struct error *e);

/* Prepares the trace, if one is asked for; tracing starts with trace_start. The machine is fresh,
 * and has been made of the session; both outlive the debugging. watch: who watches the machine
 * already; NULL: nobody. */
MUST_CHECK bool debugging_open(struct debugging *d, const struct args *args,
	const struct session *s, struct machine *m, struct watch *watch, struct error *e);
MUST_CHECK bool debugging_close(struct debugging *d, struct error *e);

/* The step and the field in which a and b differ first. */
void print_difference(const struct difference *d, struct machine *a, struct machine *b,
	const struct symbols *symbols, FILE *out);

#endif
