/* trace.h - writes what the cores do as lines of text: instructions, memory accesses, interrupts,
 * exceptions, probes. docs/formats.md describes the lines.
 *
 * Watching a machine changes nothing in its run. Filters choose pcores, kinds and addresses of
 * instructions; an access belongs to the instruction that makes it.
 */
#ifndef DEBUG_TRACE_H
#define DEBUG_TRACE_H

#include <limits.h>
#include <stdio.h>

#include "sim/debug/disasm.h"
#include "sim/replay/watch.h"

enum trace_kind {
	TRACE_INSN,
	TRACE_ACCESS,
	TRACE_INTERRUPT,
	TRACE_EXCEPTION,
	TRACE_PROBE,
	TRACE_KINDS
};

#define TRACE_RANGES_MAX 64
#define TRACE_PROBES_MAX 64
#define TRACE_ALL_CPUS   UINT_MAX

struct trace_filter {
	unsigned cpu;         /* or TRACE_ALL_CPUS */
	unsigned kinds;       /* 1 << enum trace_kind */
	bool source;          /* file and line too */
	unsigned range_count; /* 0: everywhere */
	struct {
		uint64_t first, last;
	} ranges[TRACE_RANGES_MAX];
	unsigned probe_count; /* 0: all */
	const char *probes[TRACE_PROBES_MAX];
};

struct trace;

/* Everything, everywhere. */
struct trace_filter trace_everything(void);
MUST_CHECK bool trace_filter_kind(struct trace_filter *f, const char *name, struct error *e);

/* A function's name, or two addresses FROM-TO. */
MUST_CHECK bool trace_filter_range(
	struct trace_filter *f, const struct symbols *s, const char *text, struct error *e);

/* Probes whose names match, with * and ? as in file names; there must be one. The text stays the
 * caller's. */
MUST_CHECK bool trace_filter_probe(
	struct trace_filter *f, const struct images *images, const char *pattern, struct error *e);

/* symbols and watch may be NULL; without a watch there are no probes, and no names for the
 * addresses of programs. All of them, and out, must outlive the trace. */
struct trace *trace_create(struct machine *m, const struct trace_filter *f,
	const struct symbols *symbols, struct watch *watch, FILE *out);

/* Watches the cores from now on; and no longer. */
void trace_start(struct trace *t);
void trace_stop(struct trace *t);
void trace_destroy(struct trace *t);

#endif
